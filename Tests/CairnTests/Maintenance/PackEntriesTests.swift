import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@testable import Cairn

@Suite("Memory of a check")
struct PackEntriesTests {
    @Test(
        "Few entries of many are held in memory, and each pack gets its own",
        arguments: ["here", "nowhere", nil]
    )
    func entriesByPack(place: String?) throws {
        let folder = try TestFolder()
        var world = IndexWorld(seed: 41)
        for chunkCount in [1, 70_000, 5, 90_001] { world.addObject(chunkCount: chunkCount) }
        let path = place.map { $0 == "here" ? folder.path : folder.path + "/" + $0 }
        var entries = PackEntries(directory: path.map { Array($0.utf8) })
        var expected: [PackID: Set<IndexEntry>] = [:]
        let objects = world.objects.sorted { $0.key.id < $1.key.id }.map(\.value)
        let masked = objects[1].packs[1].id
        for object in objects {
            try entries.add(object, but: [masked])
            #expect(entries.heldCount <= 1 << 15)
            for entry in object.entries where object.packs[Int(entry.pack)].id != masked {
                expected[object.packs[Int(entry.pack)].id, default: []]
                    .insert(entry.moved(toPack: 0))
            }
        }
        entries.sort()
        #expect(entries.count == expected.values.reduce(0) { $0 + $1.count })
        for pack in objects.flatMap({ $0.packs.map(\.id) }) {
            let list = try entries.list(of: pack)
            #expect(list.count == expected[pack]?.count ?? 0)
            #expect(Set(list) == expected[pack] ?? [])
        }
        #expect(try folder.names().isEmpty)
    }

    @Test("A pack that two index objects list has the entries of both, each once when in order")
    func repeatedPack() throws {
        var world = IndexWorld(seed: 42)
        let source = world.addObject(chunkCount: 300, packCount: 1)
        let object = try #require(world.objects[source])
        let half = IndexObject(
            packs: object.packs,
            entries: Array(object.entries[..<150])
        )
        var entries = PackEntries(directory: nil)
        for object in [object, half] { try entries.add(object, but: []) }
        entries.sort()
        var list = try entries.list(of: object.packs[0].id)
        #expect(list.count == 450)
        list.sortInPackOrder()
        #expect(Set(list) == Set(object.entries))
        #expect(list.count == 300)
        #expect(zip(list, list.dropFirst()).allSatisfy { $0.packPlace <= $1.packPlace })
    }

    @Test("Every index entry that leads to no chunk of its pack's directory is counted once")
    func falseEntries() async throws {
        let small = try await SmallRepository(seed: 44)
        let core = small.repository.core
        let records = RecordStore(core)
        let view = try RepositoryView.load(records, context: JobContext())
        for source in view.indexes {
            let object = try records.index(source)
            for (ordinal, pack) in object.packs.enumerated() {
                let right = object.entries.filter { Int($0.pack) == ordinal }
                    .map { $0.moved(toPack: 0) }
                #expect(try inspect(pack, right + right, core).messages.isEmpty)
                var wrong: [IndexEntry] = []
                var world = IndexWorld(seed: 45)
                for entry in right {
                    // Another chunk at the place of one, and places that no chunk has.
                    let other = try #require(
                        IndexEntry(
                            id: world.chunkID(),
                            pack: 0,
                            segmentOffset: entry.segmentOffset,
                            segmentStoredSize: entry.segmentStoredSize,
                            type: entry.type,
                            place: entry.isGrouped ? entry.place : nil,
                            length: entry.length
                        )
                    )
                    wrong += [other, world.entry(world.chunkID(), pack: 0)]
                }
                let finding = try inspect(pack, right + wrong + wrong, core)
                let text = "\(wrong.count) index entries lead to no chunk of its directory"
                #expect(finding.messages == [text])
                #expect(Set(finding.badChunks) == Set(wrong.map { PrefixKey($0) }))
                #expect(finding.badChunks.count == wrong.count)
            }
        }
    }

    /// Inspects a pack of which an index would have these entries.
    private func inspect(
        _ pack: IndexedPack,
        _ list: [IndexEntry],
        _ core: RepositoryCore
    ) throws -> PackFinding {
        var entries = PackEntries(directory: nil)
        try entries.add(IndexObject(packs: [pack], entries: list), but: [])
        entries.sort()
        let inspector = PackInspector(
            core: core,
            entries: entries,
            cancellation: Cancellation()
        )
        return try inspector.inspect(pack, size: pack.size, readsData: true)
    }
}
