import CairnCore
import CairnFormat
import CairnIO
import Synchronization
import Testing

@testable import Cairn

/// A world that several threads draw packs and entries from.
private final class SharedWorld: Sendable {
    private let world: Mutex<IndexWorld>

    init(seed: UInt64) { world = Mutex(IndexWorld(seed: seed)) }

    func pack() -> IndexedPack { world.withLock { $0.pack() } }
    func entry(_ id: ChunkID) -> IndexEntry { world.withLock { $0.entry(id, pack: 0) } }
}

@Suite("Chunk index")
struct ChunkIndexTests {
    private func index(_ world: IndexWorld, masking masked: Set<PackID> = []) throws -> ChunkIndex {
        let cache = IndexCache(
            path: nil,
            repository: IndexWorld.repository,
            key: IndexWorld.key,
            environment: .system
        )
        return try cache.open(view: world.view, maskedPacks: masked) { world.objects[$0] }.index
    }

    @Test(
        "claims, places and deltas agree with a dictionary",
        arguments: 1...6 as ClosedRange<UInt64>
    )
    func model(seed: UInt64) throws {
        var world = IndexWorld(seed: seed)
        world.addObject(chunkCount: 500)
        let index = try index(world)
        var generator = SeededGenerator(seed: seed)
        var places = world.places.mapValues { $0[0] }
        var pending: Set<ChunkID> = []
        let ids = Array(places.keys) + (0..<3000).map { _ in world.chunkID() }
        for step in 0..<6000 {
            let id = ids[Int.random(in: 0..<ids.count, using: &generator)]
            switch Int.random(in: 0..<100, using: &generator) {
            case 0..<50:
                let expected: ChunkIndex.Claim =
                    places[id] != nil ? .known : pending.contains(id) ? .pending : .claimed
                #expect(index.claim(id) == expected, "seed \(seed), step \(step)")
                if expected == .claimed { pending.insert(id) }
            case 50..<55:
                index.release(id)
                pending.remove(id)
            case 55..<60:
                let pack = world.pack()
                let some = pending.prefix(20)
                index.place(some.map { world.entry($0, pack: 0) }, in: pack)
                for id in some {
                    places[id] = pack.id
                    pending.remove(id)
                }
            case 60 where step % 7 == 0:
                guard let delta = index.takeDelta(limit: Int.random(in: 1...900, using: &generator))
                else { continue }
                try delta.validate()
                if Bool.random(using: &generator) {
                    index.putBack()
                } else {
                    let number = UInt32(step)
                    let session = SessionID(
                        writer: 5,
                        counter: 5,
                        random: [UInt8](repeating: 5, count: 12)
                    )
                    let source = IndexSource(
                        id: IndexID(session: session, number: number),
                        digest: world.chunkID()
                    )
                    try index.keep(delta, as: source)
                }
            default:
                #expect(index.contains(id) == (places[id] != nil), "seed \(seed), step \(step)")
                #expect(index.location(of: id)?.pack.id == places[id], "seed \(seed), step \(step)")
            }
        }
        for id in ids { #expect(index.location(of: id)?.pack.id == places[id], "seed \(seed)") }
    }

    @Test("of many threads that claim the same chunks exactly one gets each")
    func concurrentClaims() async throws {
        let index = try index(IndexWorld(seed: 1))
        var generator = SeededGenerator(seed: 77)
        let ids = (0..<4000).map { _ in generator.chunkID() }
        let world = SharedWorld(seed: 2)
        let claims = await withTaskGroup(of: [ChunkID].self) { group in
            for task in 0..<8 {
                group.addTask { @Sendable in
                    var mine: [ChunkID] = []
                    var unplaced: [ChunkID] = []
                    for step in ids.indices {
                        let id = ids[(step + task * 37) % ids.count]
                        if index.claim(id) == .claimed {
                            mine.append(id)
                            unplaced.append(id)
                        }
                        if unplaced.count == 10 || step == ids.count - 1 {
                            let pack = world.pack()
                            let entries = unplaced.map { world.entry($0) }
                            index.place(entries, in: pack)
                            unplaced = []
                        }
                        if task == 0 && step % 500 == 0, let delta = index.takeDelta() {
                            let session = SessionID(
                                writer: 5,
                                counter: 5,
                                random: [UInt8](repeating: 5, count: 12)
                            )
                            let source = IndexSource(
                                id: IndexID(session: session, number: UInt32(step)),
                                digest: id
                            )
                            do {
                                try index.keep(delta, as: source)
                            } catch {
                                Issue.record("no run: \(error)")
                            }
                        }
                    }
                    return mine
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(claims.count == ids.count)
        #expect(Set(claims) == Set(ids))
        for id in ids {
            #expect(index.contains(id))
            #expect(index.location(of: id) != nil)
        }
    }

    @Test("chunks that lie only in masked packs look missing")
    func masked() throws {
        var world = IndexWorld(seed: 21)
        let shared = (0..<100).map { _ in world.chunkID() }
        world.addObject(chunkCount: 200, including: shared)
        world.addObject(chunkCount: 150, including: shared)
        let all = Set(world.objects.values.flatMap { $0.packs.map(\.id) }).sorted()
        let masked = Set(all.prefix(3))
        let index = try index(world, masking: masked)
        for (id, packs) in world.places {
            let visible = Set(packs).subtracting(masked)
            #expect(index.contains(id) == !visible.isEmpty)
            #expect(Set(index.locations(of: id).map(\.pack.id)) == visible)
        }
    }

    @Test("a delta lists its packs in order and leaves no chunk out")
    func delta() throws {
        var world = IndexWorld(seed: 22)
        let index = try index(world)
        #expect(index.takeDelta() == nil)
        let packs = [world.pack(), world.pack(), world.pack()]
        for pack in packs.reversed() {
            let entries = (0..<100).map { _ in world.entry(world.chunkID(), pack: 7) }
            index.place(entries, in: pack)
        }
        #expect(index.undrainedCount == 300)
        let delta = try #require(index.takeDelta())
        try delta.validate()
        #expect(delta.packs == packs)
        #expect(delta.entries.count == 300)
        #expect(index.undrainedCount == 0)
    }

    @Test("a second delta while one is open is a programmer's error")
    func twoDeltas() async {
        await #expect(processExitsWith: .failure) {
            var world = IndexWorld(seed: 23)
            let cache = IndexCache(
                path: nil,
                repository: IndexWorld.repository,
                key: IndexWorld.key,
                environment: .system
            )
            let index = try cache.open(view: []) { _ in nil }.index
            index.place([world.entry(world.chunkID(), pack: 0)], in: world.pack())
            _ = index.takeDelta()
            _ = index.takeDelta()
        }
    }
}
