import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Synchronization
import Testing

@testable import Cairn

@Suite("What a cleanup puts together anew")
struct RegroupTests {
    /// Workers that write to a store in memory, and what came into its packs.
    private struct Bench {
        final class Seen: Sendable {
            let chunks = Mutex<[ChunkID]>([])
        }

        let store = MemoryStore()
        let core: RepositoryCore
        let seen = Seen()
        let publisher: PackPublisher
        let writer: PackWriter
        let workers: RegroupWorkers

        init(seed: UInt64, isInline: Bool = false) throws {
            var options = RepositoryOptions()
            options.environment = .virtual(seed: seed)
            options.workerCount = 3
            options.publishesInline = isInline
            _ = try RepositoryCreation.run(store, RepositorySettings(), nil, options)
            core = try RepositoryOpening.run(store, nil, options).core
            let seen = seen
            publisher = try PackPublisher(
                core: core,
                name: SessionName(
                    SessionID(writer: 1, counter: 1, random: [UInt8](repeating: 7, count: 12))
                ),
                cancellation: Cancellation(),
                bufferCount: 3
            ) { pack, _ in
                let ids = pack.directory.chunks.map { $0.id }
                seen.chunks.withLock { $0 += ids }
            }
            writer = PackWriter(core: core, kind: .data, publisher: publisher)
            workers = try RegroupWorkers(core, writers: [.data: writer], publisher: publisher)
        }

        /// Hands over a group of three chunks, the last of them perhaps under another's name.
        func put(_ random: inout SeededRandom, isWrong: Bool = false) throws -> [ChunkID] {
            var group = try workers.begin(.data)
            for number in 0..<3 {
                let bytes = random.bytes(count: Int.random(in: 1...60_000, using: &random))
                let named = isWrong && number == 2 ? bytes.reversed() + [1] : bytes
                let id = core.identifier.identify(named.span)
                group.bytes.append(bytes.span)
                group.chunks.append(PackChunk(id: id, length: UInt32(bytes.count)))
            }
            try workers.put(group)
            return group.chunks.map { $0.id }
        }
    }

    @Test("every group becomes a segment, on whichever thread", arguments: [71, 72] as [UInt64])
    func all(seed: UInt64) throws {
        let bench = try Bench(seed: seed)
        var random = SeededRandom(seed: seed)
        var expected: Set<ChunkID> = []
        for _ in 0..<200 { expected.formUnion(try bench.put(&random)) }
        try bench.workers.finish()
        try bench.writer.finish()
        try bench.publisher.drain()
        let stored = bench.seen.chunks.withLock { $0 }
        #expect(Set(stored) == expected && stored.count == 600, "seed \(seed)")
    }

    @Test("a chunk that changed in memory ends the copy for good", arguments: [false, true])
    func damaged(isInline: Bool) throws {
        let bench = try Bench(seed: 73, isInline: isInline)
        var random = SeededRandom(seed: 73)
        var ids: [ChunkID] = []
        let error = #expect(throws: CairnError.self) {
            ids = try bench.put(&random, isWrong: true)
            // However the threads run, one of these sees what the first group did.
            for _ in 0..<200 { _ = try bench.put(&random) }
            try bench.workers.finish()
        }
        // Whoever takes the failure for that of one pack must not get to the end.
        #expect(throws: CairnError.self) { try bench.workers.finish() }
        bench.publisher.abandon()
        bench.workers.abandon()
        #expect(error?.code == .damaged)
        #expect(error?.message.contains("RAM") == true)
        #expect(bench.seen.chunks.withLock { Set($0) }.isDisjoint(with: ids))
    }
}
