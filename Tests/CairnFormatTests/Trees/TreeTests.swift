import CairnCore
import Testing

@testable import CairnFormat

@Suite("Trees")
struct TreeTests {
    @Test("read entry by entry are the same as read whole")
    func reader() throws {
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let leaf = TreeLeaf.sample(&random)
            let bytes = leaf.encode()
            var reader = try TreeLeafReader(bytes.span)
            #expect(reader.users == leaf.users && reader.groups == leaf.groups, "seed \(seed)")
            var entries: [TreeEntry] = []
            while let entry = try reader.next() { entries.append(entry) }
            #expect(entries == leaf.entries, "seed \(seed)")
        }
    }

    @Test("read entry by entry refuse what reading whole refuses")
    func readerIsStrict() {
        func sees(_ bytes: [UInt8]) -> Bool {
            do {
                var reader = try TreeLeafReader(bytes.span)
                while try reader.next() != nil {}
                return true
            } catch {
                return false
            }
        }
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var bytes = TreeLeaf.sample(&random).encode()
            for offset in bytes.indices {
                let mask = UInt8.random(in: 1...255, using: &random)
                bytes[offset] ^= mask
                let decodes = (try? TreeLeaf(decoding: bytes.span)) != nil
                if sees(bytes) != decodes { Issue.record("seed \(seed), byte \(offset)") }
                bytes[offset] ^= mask
            }
            #expect(!sees(bytes + [0]))
        }
    }

    @Test(
        "hold no name that could lead elsewhere",
        arguments: [
            [], [0x2e], [0x2e, 0x2e], [0x61, 0x2f], [0x2f], [0x61, 0], [0],
            [UInt8](repeating: 0x61, count: 256),
        ] as [[UInt8]]
    )
    func names(name: [UInt8]) {
        #expect(!TreeEntry.isStorable(name: name))
        var entry = VectorValues.treeLeaf.entries[0]
        entry.name = name
        #expect(throws: DecodingFailure.self) { try TreeEntry(decoding: entry.encode().span) }
        let inner = TreeInner(level: 1, children: [.init(firstName: name, id: VectorValues.id(1))])
        #expect(throws: DecodingFailure.self) { try TreeInner(decoding: inner.encode().span) }
    }

    @Test("hold any other name, whatever its encoding")
    func strangeNames() throws {
        let names: [[UInt8]] = [
            [0xff, 0xfe], [0x2e, 0x2e, 0x2e], [0x0a], [0x5c], [UInt8](repeating: 0xc3, count: 255),
        ]
        for name in names {
            var entry = VectorValues.treeLeaf.entries[0]
            entry.name = name
            #expect(try TreeEntry(decoding: entry.encode().span) == entry)
        }
    }

    @Test("refuse sparse layouts that lie")
    func layouts() {
        typealias Extent = SparseLayout.Extent
        let most = FormatLimits.lengthMax
        let cases: [(UInt64, [Extent], UInt64)] = [
            (100, [], 1), (100, [Extent(gap: 0, length: 100)], 100),
            (100, [Extent(gap: 50, length: 51)], 51), (100, [Extent(gap: 1, length: 0)], 0),
            (100, [Extent(gap: 1, length: 5), Extent(gap: 0, length: 5)], 10),
            (100, [Extent(gap: 1, length: 5)], 6), (0, [], 0), (most + 1, [], 0),
            (most, [Extent(gap: .max, length: 2)], 2), (most, [Extent(gap: 2, length: .max)], 2),
            (most, [Extent(gap: most, length: 1)], 1),
        ]
        for (size, extents, length) in cases {
            let content = ContentReference(length: length, depth: 1, root: VectorValues.id(1))
            let layout = SparseLayout(logicalSize: size, extents: extents)
            let entry = VectorValues.entry("a", .regular(content: content, layout: layout))
            #expect(throws: DecodingFailure.self, "\(size) \(extents) \(length)") {
                try TreeEntry(decoding: entry.encode().span)
            }
        }
    }

    @Test("refuse entries out of order or twice")
    func order() {
        let entries = VectorValues.treeLeaf.entries
        for list in [[entries[1], entries[0]], [entries[0], entries[0]]] {
            let leaf = TreeLeaf(entries: list)
            #expect(throws: DecodingFailure.self) { try TreeLeaf(decoding: leaf.encode().span) }
        }
        let owners = [OwnerName(id: 2, name: [1]), OwnerName(id: 2, name: [2])]
        let leaf = TreeLeaf(users: owners, entries: [])
        #expect(throws: DecodingFailure.self) { try TreeLeaf(decoding: leaf.encode().span) }
    }

    @Test("do not take memory for what is not there")
    func hostileCounts() {
        let claims: [[UInt8]] = [
            [1, 0, 0x80, 0x20], [1, 0, 0, 0x80, 0x20], [1, 0, 0, 0, 0x80, 0x20],
            [1, 0, 0, 0, 0x81, 0x20], [1, 1, 0x80, 0x20], [1, 9, 1], [2, 0, 0, 0, 0], [1, 1, 0],
        ]
        for bytes in claims {
            #expect(throws: DecodingFailure.self) { try TreeNode(decoding: bytes.span) }
        }
    }

    @Test("of an empty directory are one leaf without entries")
    func emptyDirectory() throws {
        let bytes = TreeLeaf(entries: []).encode()
        #expect(bytes == [1, 0, 0, 0, 0])
        #expect(try TreeNode(decoding: bytes.span) == .leaf(TreeLeaf(entries: [])))
    }

    @Test("lead to the child whose range holds a name")
    func children() {
        let names = ["b", "d", "f"].map { Array($0.utf8) }
        let children = names.map { TreeInner.Child(firstName: $0, id: VectorValues.id($0[0])) }
        let inner = TreeInner(level: 1, children: children)
        for (name, expected) in [
            ("a", nil), ("b", "b"), ("c", "b"), ("d", "d"), ("e", "d"), ("f", "f"), ("zz", "f"),
        ] {
            let found = inner.child(holding: Array(name.utf8))?.firstName
            #expect(found == expected.map { Array($0.utf8) }, "\(name)")
        }
    }
}

@Suite("Tree splitting")
struct TreeSplitterTests {
    static func split(_ names: [[UInt8]], entrySize: Int = 100) -> [[[UInt8]]] {
        var splitter = TreeSplitter()
        var nodes: [[[UInt8]]] = [[]]
        for name in names {
            nodes[nodes.count - 1].append(name)
            if splitter.endsLeaf(afterEntry: name, size: entrySize) { nodes.append([]) }
        }
        return nodes.filter { !$0.isEmpty }
    }

    static func names(_ count: Int, seed: UInt64) -> [[UInt8]] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in random.bytes(12) }.sorted { $0.lexicographicallyPrecedes($1) }
    }

    @Test("gives leaves of 64 to 4096 entries")
    func sizes() {
        let leaves = Self.split(Self.names(20_000, seed: 1))
        #expect(leaves.dropLast().allSatisfy { (64...4096).contains($0.count) })
        #expect(leaves.count > 8 && leaves.count < 60)
    }

    @Test("ends a leaf once its entries take 1 MiB")
    func largeEntries() {
        let leaves = Self.split(Self.names(40, seed: 2), entrySize: 400_000)
        #expect(leaves.dropLast().allSatisfy { $0.count == 3 })
    }

    @Test("changes few leaves when a name appears")
    func insertion() {
        for seed in 1...3 as ClosedRange<UInt64> {
            let names = Self.names(10_000, seed: seed)
            let before = Set(Self.split(names))
            let more = (names + [[0x80]]).sorted { $0.lexicographicallyPrecedes($1) }
            let after = Self.split(more)
            let changed = after.filter { !before.contains($0) }.count
            #expect(changed <= 4, "seed \(seed): \(changed) of \(after.count)")
        }
    }
}
