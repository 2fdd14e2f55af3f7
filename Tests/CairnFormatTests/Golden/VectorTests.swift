import CairnCore
import Foundation
import Testing

@testable import CairnFormat

@Suite("Golden vectors")
struct VectorTests {
    typealias Values = VectorValues

    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Vectors")
    static let specification =
        folder.deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Specs/Format.md")

    /// The bytes in a file of hexadecimal digits and spaces.
    static func load(_ name: String) throws -> [UInt8] {
        let text = try String(contentsOf: folder.appending(path: name + ".hex"), encoding: .utf8)
        return try #require(HexText.decode(text.filter { !$0.isWhitespace }))
    }

    @Test("are what the encoders write", arguments: Vector.all)
    func encoding(vector: Vector) throws {
        let bytes = try vector.make()
        if ProcessInfo.processInfo.environment["CAIRN_RECORD_VECTORS"] != nil {
            try Self.store(bytes, vector.name)
        }
        #expect(try Self.load(vector.name) == bytes)
    }

    private static func store(_ bytes: [UInt8], _ name: String) throws {
        let lines = stride(from: 0, to: bytes.count, by: 32).map {
            HexText.encode(bytes[$0..<min($0 + 32, bytes.count)])
        }
        let text = lines.joined(separator: "\n") + "\n"
        let url = folder.appending(path: name + ".hex")
        try text.write(to: url, atomically: true, encoding: .utf8)
    }

    private static func decode<T: StoredValue>(_: T.Type, _ name: String) throws -> T {
        let bytes = try load(name)
        return try T(decoding: bytes.span)
    }

    @Test("hold the values they were made of")
    func decoding() throws {
        #expect(try Self.decode(RepositoryFormat.self, "format-encrypted") == Values.format)
        #expect(try Self.decode(RepositoryFormat.self, "format-plain") == Values.formatPlain)
        #expect(try Self.decode(SnapshotRecord.self, "snapshot-record") == Values.snapshot)
        #expect(try Self.decode(SessionRecord.self, "session-record") == Values.sessionRecord)
        #expect(try Self.decode(Tombstone.self, "tombstone") == Values.tombstone)
        #expect(try Self.decode(ForgottenRecord.self, "forgotten-record") == Values.forgotten)
        #expect(try Self.decode(CondemnedRecord.self, "condemned-record") == Values.condemned)
        #expect(try Self.decode(DoomedRecord.self, "doomed-record") == Values.doomed)
        #expect(try Self.decode(DoneRecord.self, "done-record") == Values.done)
        #expect(try Self.decode(ProblemList.self, "problem-list") == Values.problems)
        #expect(try Self.decode(ContentList.self, "content-list") == Values.contentList)
        #expect(try Self.decode(TreeLeaf.self, "tree-leaf") == Values.treeLeaf)
        #expect(try Self.decode(TreeInner.self, "tree-inner") == Values.treeInner)
        #expect(try Self.decode(PackDirectory.self, "pack-directory") == Values.directory)
        #expect(try Self.decode(IndexObject.self, "index-object") == Values.indexObject)
    }

    @Test("open with their keys")
    func opening() throws {
        let slot = try Self.decode(KeySlot.self, "key-slot-passphrase")
        let bundle = try slot.open(with: Values.code)
        #expect(bundle.masterSecret == Values.master)
        #expect(bundle.formatDigest == Values.format.digest)
        let record = try Self.load("record-encrypted")
        let key = try Values.keys().record
        let opened = try RecordEnvelope.open(
            record.span,
            name: Values.recordName(.session),
            key: key,
            repository: Values.repository
        )
        #expect(opened.type == .session)
        #expect(try SessionRecord(decoding: opened.payload.span) == Values.sessionRecord)
    }

    @Test("are the worked examples of the specification")
    func workedExamples() throws {
        let text = try String(contentsOf: Self.specification, encoding: .utf8)
        var current: String?
        var digits = ""
        var count = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```hex ") {
                current = String(line.dropFirst(7))
                digits = ""
            } else if line.hasPrefix("```"), let name = current {
                let bytes = try #require(HexText.decode(digits), "\(name) in Format.md")
                #expect(try Self.load(name) == bytes, "\(name) in Format.md")
                current = nil
                count += 1
            } else if current != nil {
                let hex = line.split(separator: "|", maxSplits: 1).first ?? ""
                digits += hex.filter { !$0.isWhitespace }
            }
        }
        #expect(count >= 12)
    }
}
