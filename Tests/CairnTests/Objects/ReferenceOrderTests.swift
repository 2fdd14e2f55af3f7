import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@testable import Cairn

@Suite("Going through a snapshot's trees")
struct ReferenceOrderTests {
    private struct Bench {
        let backup: BackupBench<MemoryStore>
        let record: SnapshotRecord
        let chunks: ChunkReader

        /// Some two hundred folders, changed here and there by further snapshots.
        init(seed: UInt64, isInline: Bool) async throws {
            var options = BackupTesting.options(seed: seed, workers: 3)
            options.publishesInline = isInline
            backup = try await BackupBench(MemoryStore(), seed: seed, options: options)
            var random = SeededRandom(seed: seed)
            for number in 0..<200 {
                try backup.source.write(
                    "a-\(number % 14)/b-\(number)/c/file",
                    random.bytes(count: 9)
                )
            }
            var last: SessionID?
            for _ in 0..<4 {
                for _ in 0..<20 {
                    let number = Int.random(in: 0..<200, using: &random)
                    let name = "a-\(number % 14)/b-\(number)/c/more-\(random.next() % 99)"
                    try backup.source.write(name, random.bytes(count: 9))
                }
                last = try await backup.backUp().snapshot
            }
            let (view, index) = try RepositoryView.open(
                backup.repository.records,
                context: JobContext()
            )
            let session = try #require(last)
            record = try #require(view.records[session])
            chunks = ChunkReader(core: backup.repository.core, index: index)
        }
    }

    @Test(
        "in the order of the store visits what going down does, each node once",
        arguments: [91, 92] as [UInt64],
        [false, true]
    )
    func gathers(seed: UInt64, isInline: Bool) async throws {
        let bench = try await Bench(seed: seed, isInline: isInline)
        let references = SnapshotReferences(bench.chunks, Cancellation())
        var expected: Set<ChunkID> = []
        try references.forEach(bench.record) { expected.insert($0) }
        // So few that threads wait for room again and again, or as many as there are.
        let ahead = ReferenceReadAhead(bench.chunks, foundCountMax: seed == 91 ? 3 : 1 << 16)
        var seen: Set<ChunkID> = []
        var opened: [SnapshotReferences.Node] = []
        var longest = 0
        let visit = { (id: ChunkID, _: SnapshotReferences.Kind) in seen.insert(id).inserted }
        // Ended and begun again, as when a mark begins anew.
        for _ in 0..<2 {
            (seen, opened) = ([], [])
            var stack: [SnapshotReferences.Node] = []
            try references.begin(bench.record, &stack, visit)
            while !stack.isEmpty {
                let gathered = references.gather(&stack, ahead)
                #expect(gathered.upperBound == stack.count && !gathered.isEmpty)
                longest = max(longest, gathered.count)
                let order = gathered.reversed().compactMap {
                    bench.chunks.index.location(of: stack[$0].id)
                }
                for (a, b) in zip(order, order.dropFirst()) {
                    #expect(!b.isStored(before: a), "seed \(seed)")
                }
                for index in gathered.reversed() {
                    opened.append(stack[index])
                    try references.step(&stack, at: index, ahead, visit)
                }
            }
            ahead.end()
            #expect(seen == expected, "seed \(seed)")
            #expect(Set(opened).count == opened.count && opened.count > 400, "seed \(seed)")
        }
        #expect(longest > 20)
    }

    @Test("what the threads cannot read fails for whoever comes to it, and nothing else does")
    func unreadable() async throws {
        let bench = try await Bench(seed: 94, isInline: false)
        let references = SnapshotReferences(bench.chunks, Cancellation())
        var all: [SnapshotReferences.Node] = []
        var stack: [SnapshotReferences.Node] = []
        var seen: Set<ChunkID> = []
        let visit = { (id: ChunkID, _: SnapshotReferences.Kind) in seen.insert(id).inserted }
        try references.begin(bench.record, &stack, visit)
        while let node = stack.last {
            all.append(node)
            try references.step(&stack, visit)
        }
        let index = bench.chunks.index
        let packs = Set(all.compactMap { index.location(of: $0.id)?.pack.id }).sorted()
        #expect(packs.count > 2)
        let gone = packs[1]
        try bench.backup.store.delete(try #require(ObjectName(ObjectNames.pack(gone))))
        // Nothing is decoded yet.
        let chunks = ChunkReader(core: bench.backup.repository.core, index: index)
        let ahead = ReferenceReadAhead(chunks)
        defer { ahead.end() }
        ahead.expect(all.reversed())
        for node in all {
            let isGone = index.location(of: node.id)?.pack.id == gone
            do throws(CairnError) {
                _ = try ahead.references(of: node)
                #expect(!isGone)
            } catch {
                #expect(isGone && error.code == .damaged)
            }
        }
    }

    @Test("threads that meet chunks which a cleanup has moved open the later index once")
    func moved() async throws {
        let seed: UInt64 = 95
        let bench = try await BackupBench(RecordingStore(MemoryStore()), seed: seed)
        try bench.writeFiles(seed: seed)
        let old = try #require(try await bench.backUp().snapshot)
        for folder in 0..<3 { try bench.source.write("folder-\(folder)/new", [1, 2, 3]) }
        let new = try #require(try await bench.backUp().snapshot)
        let core = bench.repository.core
        let (view, index) = try RepositoryView.open(RecordStore(core), context: JobContext())
        let record = try #require(view.records[new])
        var ids: [ChunkID] = []
        let fresh = ChunkReader(core: core, index: index)
        try SnapshotReferences(fresh, Cancellation()).forEach(record) { ids.append($0) }
        try SnapshotChanges(core).mark([old], reason: "test")
        var options = CleanupOptions()
        options.maxUnused = .percent(0)
        #expect(try await bench.repository.cleanUp(options: options).value.packsWritten > 0)
        bench.store.clear()
        let chunks = ChunkReader(core: core, index: index)
        let wanted = ids
        let threads = try (0..<4).map { number in
            try WorkerThread(name: "reader-\(number)") {
                for id in wanted where (try? chunks.bytes(id)) == nil {
                    Issue.record("\(id) is not read")
                }
            }
        }
        for thread in threads { thread.join() }
        let listings = bench.store.entries.count {
            $0.operation == .list && $0.folder == ObjectNames.snapshotFolder
        }
        #expect(listings == 1)
    }

    @Test("what cannot be opened stays on the stack and ends the walk")
    func missing() async throws {
        let bench = try await Bench(seed: 93, isInline: false)
        let references = SnapshotReferences(bench.chunks, Cancellation())
        let ahead = ReferenceReadAhead(bench.chunks)
        defer { ahead.end() }
        let missing = SnapshotReferences.Node(
            id: bench.backup.repository.core.identifier.identify([1, 2, 3].span),
            isList: false,
            level: 0
        )
        let tree = bench.record.tree
        let root = SnapshotReferences.Node(id: tree.root, isList: false, level: tree.level)
        var stack = [missing, root]
        let gathered = references.gather(&stack, ahead)
        #expect(stack.count == 2 && stack[gathered.upperBound - 1] == missing)
        let error = #expect(throws: CairnError.self) {
            try references.step(&stack, at: gathered.upperBound - 1, ahead) { _, _ in true }
        }
        #expect(error?.code == .damaged)
        #expect(Set(stack) == [missing, root])
    }
}
