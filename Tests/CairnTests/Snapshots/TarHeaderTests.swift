import CairnCore
import CairnFormat
import Testing

@testable import Cairn

@Suite("Headers of tar archives")
struct TarHeaderTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private func entry(_ change: (inout TreeEntry) -> Void = { _ in }) -> LeafEntry {
        var entry = TreeEntry(
            name: Array("name".utf8),
            mode: 0o4755,
            userID: 1000,
            groupID: 100,
            modified: Timestamp(seconds: 1),
            changed: Timestamp(seconds: 1),
            inode: 1,
            node: .pipe
        )
        change(&entry)
        return LeafEntry(entry, users: [], groups: [])
    }

    @Test("a record counts the digits of its own length")
    func records() {
        // Examples of POSIX.1-2017, pax, and the lengths around more digits.
        #expect(text(TarHeader.record(Array("mtime".utf8), Array("1".utf8))) == "11 mtime=1\n")
        for size in 80...110 {
            let record = TarHeader.record([97], [UInt8](repeating: 98, count: size))
            #expect(text(record).hasPrefix("\(record.count) a="))
        }
    }

    @Test("times before 1970 have a fraction that counts downwards")
    func times() {
        let cases: [(Int64, UInt32, String)] = [
            (0, 1, "0.000000001"), (5, 500_000_000, "5.500000000"), (-1, 0, "-1.000000000"),
            (-1, 500_000_000, "-0.500000000"), (-2, 300_000_000, "-1.700000000"),
        ]
        for (seconds, nanoseconds, expected) in cases {
            let time = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
            #expect(text(TarHeader.decimal(time)) == expected)
        }
    }

    @Test("the sum of a header is that of its bytes with spaces in place of the sum")
    func sums() throws {
        let header = TarHeader(entry(), path: Array("a/name".utf8)).encode()
        #expect(header.count == 512)
        let stated = try #require(Int(text(Array(header[148..<154])), radix: 8))
        let others = header.enumerated().filter { !(148..<156).contains($0.offset) }
        #expect(stated == others.reduce(8 * 32) { $0 + Int($1.element) })
        #expect(text(Array(header[0..<6])) == "a/name" && header[6] == 0)
        #expect(text(Array(header[100..<107])) == "0004755")
        #expect(header[156] == UInt8(ascii: "6"))
        #expect(text(Array(header[257..<262])) == "ustar")
    }

    @Test("what does not fit into a header goes into records before it")
    func extended() {
        let long = [UInt8](repeating: UInt8(ascii: "p"), count: 101)
        let leaf = entry { entry in
            entry.userID = 3_000_000
            entry.modified = Timestamp(seconds: -1)
            entry.node = .symbolicLink(target: long)
            entry.attributes = [ExtendedAttribute(name: Array("user.a=b".utf8), value: [0, 10])]
        }
        let bytes = TarHeader(leaf, path: long).encode()
        #expect(bytes.count == 3 * 512)
        #expect(bytes[156] == UInt8(ascii: "x") && bytes[1024 + 156] == UInt8(ascii: "2"))
        let records = text(Array(bytes[512..<1024]))
        for part in [
            "path=\(text(long))\n", "linkpath=\(text(long))\n", "uid=3000000\n",
            "mtime=-1.000000000\n", "SCHILY.xattr.user.a%3Db=\0\n",
        ] {
            #expect(records.contains(part), "\(part)")
        }
        #expect(!records.contains("hdrcharset"))
        let raw = TarHeader(leaf, path: long + [0xff]).encode()
        #expect(text(Array(raw[512..<1024])).hasPrefix("21 hdrcharset=BINARY\n"))
    }

    /// Takes nothing in.
    private struct NoSink: ByteSink {
        func write(_ bytes: Span<UInt8>) {}
    }

    @Test("a further name of a file is a link, unless its content is another")
    func links() throws {
        var writer = TarWriter(NoSink())
        /// A file of three names of which the content has so many bytes.
        func begin(_ path: String, size: UInt64, inode: UInt64 = 1) throws -> Bool {
            let leaf = entry { entry in
                entry.inode = inode
                entry.hardLink = HardLink(device: 1, count: 3)
                let root = ChunkID(words: (size, 0, 0, 0))
                let content = ContentReference(length: size, depth: 0, root: root)
                entry.node = .regular(content: content, layout: nil)
            }
            return try writer.begin(leaf, path: Array(path.utf8))
        }
        #expect(try begin("a", size: 5))
        #expect(try !begin("b", size: 5))
        // The file changed between two looks at it: neither content may stand for the other.
        #expect(try begin("c", size: 6))
        #expect(try !begin("d", size: 5))
        #expect(try !begin("e", size: 6))
        // All names were met: whatever comes now under this number is another file.
        #expect(try begin("f", size: 5))
        #expect(try begin("g", size: 5, inode: 2))
    }
}
