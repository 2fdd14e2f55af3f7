import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@testable import Cairn

@Suite("The places of an index")
struct IndexPlacesTests {
    /// A large run and a small one, which share chunks, with some packs masked.
    private struct Bench {
        var world: IndexWorld
        let places: IndexPlaces
        var random: SeededRandom

        init(seed: UInt64) throws {
            let folder = try TestFolder()
            var world = IndexWorld(seed: seed)
            var random = SeededRandom(seed: seed)
            world.addObject(chunkCount: 8 * IndexCache.smallRunCount + 1, packCount: 40)
            _ = try Bench.open(world, folder)
            let shared = Array(world.places.keys.sorted { $0.word0 < $1.word0 }.prefix(900))
            world.addObject(chunkCount: 1500, packCount: 7, including: shared)
            world.addObject(chunkCount: 700, packCount: 7, including: Array(shared.suffix(500)))
            let all = Set(world.places.values.flatMap { $0 }).sorted()
            let masked = Set(all.filter { _ in random.next() % 4 == 0 })
            let index = try Bench.open(world, folder, masked)
            (self.world, self.random, places) = (world, random, IndexPlaces(index))
        }

        private static func open(
            _ world: IndexWorld,
            _ folder: TestFolder,
            _ masked: Set<PackID> = []
        ) throws -> ChunkIndex {
            let cache = IndexCache(
                path: folder.path,
                repository: IndexWorld.repository,
                key: IndexWorld.key,
                environment: .system
            )
            return try cache.open(view: world.view, maskedPacks: masked) { world.objects[$0] }.index
        }
    }

    @Test("are found from the last place as without it, in any order", arguments: 1...3)
    func afterAnother(seed: UInt64) throws {
        var bench = try Bench(seed: seed)
        let places = bench.places
        #expect(places.runs.count == 2, "a small run is not merged into one of ten times its size")
        var stored: [PrefixKey] = []
        places.forEach { stored.append(PrefixKey($0.value)) }
        let shuffled = stored.shuffled(using: &bench.random).prefix(4000)
        let thin = stored.filter { _ in bench.random.next() % 9 == 0 }
        let absent = (0..<500).map { _ in PrefixKey(bench.world.chunkID()) }
        var hidden = 0
        for keys in [stored, Array(shuffled), thin, absent] {
            var last: IndexPlaces.Place?
            for key in keys {
                let expected = places.first(key)
                let found = places.first(key, after: &last)
                #expect(found?.run == expected?.run && found?.entry == expected?.entry)
                if expected == nil { hidden += 1 }
            }
        }
        #expect(hidden > absent.count, "some packs are masked")
    }
}
