import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@Suite("rebuildIndex")
struct RebuildIndexTests {
    @Test("Lost index objects are made anew from the packs", arguments: 0..<3)
    func lostIndexes(which: Int) async throws {
        let small = try await SmallRepository(seed: 20)
        let indexes = small.store.names("indexes")
        #expect(indexes.count == 2)
        let lost = which < indexes.count ? [indexes[which]] : indexes
        for name in lost { small.store[name] = nil }
        let before = try small.check()
        #expect(!before.isSound)
        #expect(before.damages.contains { !$0.affected.isEmpty })
        let report = try await small.repository.rebuildIndex().value
        #expect(report.lostIndexes.count == lost.count)
        #expect(report.packs > 0)
        #expect(report.damaged.isEmpty)
        let after = try small.check()
        #expect(after.isSound, "\(after.text)")
        #expect(after.notices.count == lost.count)
        #expect(after.orphans.isEmpty)
        let list = try await small.repository.snapshots().snapshots
        #expect(list.count == 2)
        #expect(list.last?.original == report.replaced)
        #expect(list.last?.id == report.snapshot)
    }

    @Test("A whole index is left alone")
    func wholeIndex() async throws {
        let small = try await SmallRepository(seed: 21)
        let contents = small.store.contents
        let report = try await small.repository.rebuildIndex().value
        #expect(report.snapshot == nil)
        #expect(report.packsRead == small.store.names("packs").count)
        #expect(small.store.contents == contents)
    }

    @Test("A damaged index object is replaced like a lost one")
    func damagedIndex() async throws {
        let small = try await SmallRepository(seed: 22)
        for name in small.store.names("indexes") { small.store[name]?[150] ^= 1 }
        _ = try await small.repository.rebuildIndex().value
        let report = try small.check()
        #expect(report.isSound, "\(report.text)")
        let again = try await small.repository.rebuildIndex().value
        #expect(again.snapshot == nil)
    }

    @Test("Without a snapshot there is nothing to index")
    func noSnapshot() async throws {
        let repository = try await Repository.create(in: MemoryStore(), credential: nil)
        await #expect(throws: CairnError.self) { try await repository.rebuildIndex().value }
    }
}
