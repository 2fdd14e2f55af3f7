import CairnCore
import Testing

@testable import CairnFormat

@Suite("Content lists")
struct ContentListTests {
    static func split(_ ids: [ChunkID]) -> [[ChunkID]] {
        var splitter = ContentListSplitter()
        var nodes: [[ChunkID]] = [[]]
        for id in ids {
            nodes[nodes.count - 1].append(id)
            if splitter.endsNode(after: id) { nodes.append([]) }
        }
        return nodes.filter { !$0.isEmpty }
    }

    @Test("are split into nodes of 128 to 4096 entries")
    func sizes() {
        var random = SeededRandom(seed: 1)
        let ids = (0..<20_000).map { _ in random.id() }
        let nodes = Self.split(ids)
        #expect(nodes.dropLast().allSatisfy { (128...4096).contains($0.count) })
        #expect(nodes.count > 8 && nodes.count < 60)
        let same = [ChunkID](repeating: VectorValues.id(1), count: 10_000)
        #expect(Self.split(same).map(\.count) == [4096, 4096, 1808])
        let zero = [ChunkID](repeating: ChunkID(words: (0, 1, 2, 3)), count: 300)
        #expect(Self.split(zero).map(\.count) == [128, 128, 44])
    }

    @Test("change in few nodes when a chunk is inserted")
    func insertion() {
        for seed in 1...3 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var ids = (0..<10_000).map { _ in random.id() }
            let before = Set(Self.split(ids))
            ids.insert(random.id(), at: random.count(0...ids.count))
            let after = Self.split(ids)
            let changed = after.filter { !before.contains($0) }.count
            #expect(changed <= 4, "seed \(seed): \(changed) of \(after.count)")
        }
    }

    @Test("must be what their parent says")
    func expectation() throws {
        let list = VectorValues.contentList
        try list.expect(depth: 1, length: 305)
        #expect(throws: DecodingFailure.self) { try list.expect(depth: 2, length: 305) }
        #expect(throws: DecodingFailure.self) { try list.expect(depth: 1, length: 304) }
    }

    @Test("with lengths that overflow, entries without bytes or none at all are refused")
    func hostile() {
        let id = VectorValues.id(1)
        let most = FormatLimits.lengthMax
        let bad = [
            ContentList(
                depth: 2,
                entries: [.init(id: id, length: most), .init(id: id, length: 1)]
            ),
            ContentList(depth: 2, entries: [.init(id: id, length: .max)]),
            ContentList(depth: 1, entries: [.init(id: id, length: 0)]),
            ContentList(depth: 1, entries: [.init(id: id, length: 64 << 20 | 1)]),
            ContentList(depth: 1, entries: []),
            ContentList(depth: 0, entries: [.init(id: id, length: 1)]),
            ContentList(depth: 9, entries: [.init(id: id, length: 1)]),
        ]
        for list in bad {
            #expect(throws: DecodingFailure.self) { try ContentList(decoding: list.encode().span) }
        }
        let claim: [UInt8] = [1, 1, 0x80, 0x20]  // 4096 entries, none of them there
        #expect(throws: DecodingFailure.self) { try ContentList(decoding: claim.span) }
    }

    @Test("are not needed for one chunk, which a reference states as it is")
    func references() {
        #expect(ContentReference.empty.encode() == [0])
        #expect(ContentReference(length: 0, depth: 3, root: VectorValues.id(1)) == .empty)
        let large = ContentReference(length: 64 << 20 | 1, depth: 0, root: VectorValues.id(1))
        #expect(throws: DecodingFailure.self) { try large.validate() }
    }
}
