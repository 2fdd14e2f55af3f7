import CairnCore
import Testing

@testable import CairnFormat

/// A named example of stored bytes; they must never change.
struct Vector: Sendable, CustomTestStringConvertible {
    let name: String
    let make: @Sendable () throws -> [UInt8]

    var testDescription: String { name }

    private init(_ name: String, _ make: @escaping @Sendable () throws -> [UInt8]) {
        self.name = name
        self.make = make
    }

    private typealias Values = VectorValues

    static let all: [Vector] = [
        Vector("format-encrypted") { Values.format.encode() },
        Vector("format-plain") { Values.formatPlain.encode() },
        Vector("key-slot-recovery-code") { try Values.keySlot(.recoveryCode).encode() },
        Vector("key-slot-passphrase") { try Values.keySlot(.passphrase).encode() },
        Vector("session-record") { Values.sessionRecord.encode() },
        Vector("tombstone") { Values.tombstone.encode() },
        Vector("forgotten-record") { Values.forgotten.encode() },
        Vector("condemned-record") { Values.condemned.encode() },
        Vector("doomed-record") { Values.doomed.encode() },
        Vector("done-record") { Values.done.encode() },
        Vector("snapshot-record") { Values.snapshot.encode() },
        Vector("problem-list") { Values.problems.encode() },
        Vector("content-list") { Values.contentList.encode() },
        Vector("tree-leaf") { Values.treeLeaf.encode() },
        Vector("tree-inner") { Values.treeInner.encode() },
        Vector("segment-one-chunk") { Values.plaintext(0) },
        Vector("segment-group") { Values.plaintext(1) },
        Vector("pack-directory") { Values.directory.encode() },
        Vector("pack-locator") { PackLocator(Values.directory).encode() },
        Vector("pack-encrypted") { try Values.packObject(encrypted: true) },
        Vector("pack-plain") { try Values.packObject(encrypted: false) },
        Vector("index-object") { Values.indexObject.encode() },
        Vector("record-encrypted") {
            try Values.record(Values.sessionRecord.encode(), .session, encrypted: true)
        },
        Vector("record-plain") {
            try Values.record(Values.forgotten.encode(), .forgotten, encrypted: false)
        },
    ]
}
