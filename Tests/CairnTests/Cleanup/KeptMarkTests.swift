import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@testable import Cairn

@Suite("A kept mark")
struct KeptMarkTests {
    /// Snapshots of a folder in which one file after the other is edited.
    struct Bench {
        let backup: BackupBench<FaultyStore<MemoryStore>>
        let cache: ScratchFolder

        init(seed: UInt64) async throws {
            cache = try ScratchFolder()
            backup = try await BackupBench(
                FaultyStore(MemoryStore()),
                seed: seed,
                options: BackupTesting.options(seed: seed, cache: cache.path)
            )
            try backup.writeFiles(seed: seed)
        }

        /// Edits a file and saves a snapshot.
        func save(_ number: Int) async throws -> SessionID {
            try backup.source.write("folder-\(number % 5)/edited", [UInt8(number & 255), 1, 2])
            return try #require(try await backup.backUp().snapshot)
        }

        /// What a mark reads of trees and lists, and the plan that it leads to.
        func plan(_ repository: Repository? = nil) throws -> (plan: CleanupPlan, read: UInt64) {
            let core = (repository ?? backup.repository).core
            let meter = CleanupMeter(core.environment.time)
            var options = CleanupOptions()
            options.maxUnused = .percent(0)
            let plan = try CleanupPlanner(core: core, options: options)
                .plan(context: JobContext(), meter: meter)
            return (plan, meter.progress.bytesDone)
        }

        /// Whether what is kept is what a full count gives.
        func isRight() throws -> Bool? {
            try Marking.proveKept(backup.repository.core, context: JobContext())
        }

        /// What a mark needs of every pack, without and with the set of what is needed.
        func usages() throws -> (short: [String], long: [String]) {
            let core = backup.repository.core
            let records = RecordStore(core)
            let (view, index) = try RepositoryView.open(records, context: JobContext())
            let meter = CleanupMeter(core.environment.time)
            var marking = try Marking(core, index, context: JobContext(), meter: meter)
            try marking.count(Set(view.snapshots.map(\.session)), view)
            return (
                try marking.usage().all.map { "\($0)" },
                try marking.live().usage().all.map { "\($0)" }
            )
        }

        /// How many trees wait in what the machine has kept.
        func waiting(_ machine: Repository) throws -> Int {
            let records = RecordStore(machine.core)
            let (_, index) = try RepositoryView.open(records, context: JobContext())
            let kept = try machine.core.indexCache.marks.load(IndexPlaces(index))
            return kept?.adding.count ?? 0
        }

        /// Takes a part of what the guides admit away, but for the first chunk of a run.
        ///
        /// - Returns: How many chunks are hidden.
        func hideChunks(_ part: Int, of partCount: Int) throws -> Int {
            let core = backup.repository.core
            let (_, index) = try RepositoryView.open(RecordStore(core), context: JobContext())
            var hiddenCount = 0
            for live in index.storedRuns {
                let (run, layout) = (live.run, live.run.layout)
                let name = try #require(run.name)
                let path = try #require(cache.names("index", name).first)
                let bytes = try #require(Disk.bytes(Array("\(cache.path)/\(path)".utf8)))
                let keys = (0..<run.entryCount).compactMap { run.entry(at: $0).map(PrefixKey.init) }
                var guide = bytes
                for place in layout.guidePage * 4096..<layout.entryPage * 4096
                where guide[place] != 0 && place % partCount == part {
                    let before = guide[place]
                    guide[place] = 0
                    let buffer = ByteBuffer()
                    buffer.append(guide)
                    let changed = try IndexRun(
                        RunStorage(buffer),
                        repository: core.format.repository,
                        key: core.keys.cache
                    )
                    // A mark is given up where not even its first chunk is found.
                    if keys.prefix(4).contains(where: { changed.firstIndex(of: $0) == nil }) {
                        guide[place] = before
                    } else {
                        hiddenCount += keys.count { changed.firstIndex(of: $0) == nil }
                    }
                }
                Disk.remove("\(cache.path)/\(path)")
                #expect(Disk.write("\(cache.path)/\(path)", guide))
            }
            return hiddenCount
        }

        func forget(_ ids: [SessionID]) throws {
            try SnapshotChanges(backup.repository.core).mark(ids, reason: "test")
        }

        /// A machine that has kept nothing.
        func other(seed: UInt64, cache: ScratchFolder) async throws -> Repository {
            try await backup.reopened(BackupTesting.options(seed: seed, cache: cache.path))
        }
    }

    @Test("makes a cleanup read only what came and went")
    func onlyChanges() async throws {
        let bench = try await Bench(seed: 1)
        let first = try await bench.save(1)
        let all = try bench.plan().read
        #expect(all > 0)
        #expect(try bench.plan().read == 0, "nothing came or went")
        let second = try await bench.save(2)
        let added = try bench.plan().read
        #expect(added > 0 && added < all)
        try bench.forget([first])
        let removed = try bench.plan().read
        #expect(removed > 0 && removed < all)
        #expect(try bench.isRight() == true)
        try bench.forget([second])
        #expect(try bench.plan().plan.packs(.keep).isEmpty)
        #expect(try bench.isRight() != false)
    }

    @Test(
        "is right after any history of backups, forgetting, cleanups and failures",
        arguments: 1...4 as ClosedRange<UInt64>
    )
    func anyHistory(seed: UInt64) async throws {
        let bench = try await Bench(seed: seed)
        var random = SeededRandom(seed: seed)
        var saved: [SessionID] = []
        for step in 0..<14 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1: saved.append(try await bench.save(Int(random.next() % 64)))
            case 2 where saved.count > 1:
                let place = Int.random(in: 0..<saved.count, using: &random)
                try bench.forget([saved.remove(at: place)])
            case 3:
                _ = try await bench.backup.repository.cleanUp().value
            default:
                // The store fails somewhere in the middle.
                let fault = StoreFault.error(.failed(reason: "gone"))
                let number = Int.random(in: 1..<12, using: &random)
                bench.backup.store.plan(fault, for: .read, at: number, lasting: true)
                _ = try? bench.plan()
                bench.backup.store.clearPlans()
            }
            #expect(try bench.isRight() != false, "seed \(seed), step \(step)")
            let (short, long) = try bench.usages()
            #expect(short == long, "seed \(seed), step \(step)")
        }
        let fresh = try ScratchFolder()
        let other = try await bench.other(seed: seed + 100, cache: fresh)
        #expect(
            try bench.plan().plan.packs == bench.plan(other).plan.packs,
            "seed \(seed): a machine that has kept nothing plans the same"
        )
    }

    @Test("goes on where it was interrupted, in the middle of a snapshot")
    func interrupted() async throws {
        let bench = try await Bench(seed: 5)
        var saved: [SessionID] = []
        for number in 0..<6 { saved.append(try await bench.save(number)) }
        // The trees of the one snapshot that is left lie in the packs of all six backups.
        try bench.forget(saved.dropLast())
        let whole = try ScratchFolder()
        let all = try bench.plan(try await bench.other(seed: 6, cache: whole)).read
        var number = 1
        var midway = 0
        while true {
            let cache = try ScratchFolder()
            let machine = try await bench.other(seed: 7 + UInt64(number), cache: cache)
            let fault = StoreFault.error(.failed(reason: "gone"))
            bench.backup.store.plan(fault, for: .read, at: number, lasting: true)
            let failed = (try? bench.plan(machine)) == nil
            bench.backup.store.clearPlans()
            midway += try bench.waiting(machine) > 0 ? 1 : 0
            let (plan, read) = try bench.plan(machine)
            #expect(plan.packs == (try bench.plan().plan.packs), "failed at read \(number)")
            #expect(read <= all)
            #expect(
                try Marking.proveKept(machine.core, context: JobContext()) == true,
                "failed at read \(number)"
            )
            guard failed else { break }
            number += 1
        }
        #expect(number > 4 && midway > 2)
    }

    @Test("is not believed where a byte of it has changed")
    func changedByte() async throws {
        let bench = try await Bench(seed: 8)
        for number in 0..<3 { _ = try await bench.save(number) }
        let (expected, all) = try bench.plan()
        let name = try #require(bench.cache.names("index", "mark-").first)
        let path = bench.cache.path + "/" + name
        let bytes = try #require(Disk.bytes(Array(path.utf8)))
        for offset in stride(from: 0, to: bytes.count, by: 509) {
            let old = try #require(bench.cache.names("index", "mark-").first)
            Disk.remove(bench.cache.path + "/" + old)
            var changed = bytes
            changed[offset] ^= 0x10
            #expect(Disk.write(path, changed))
            let (plan, read) = try bench.plan()
            #expect(plan.packs == expected.packs)
            #expect(read == all, "byte \(offset) was believed")
        }
        // A file that ends early is none.
        let old = try #require(bench.cache.names("index", "mark-").first)
        Disk.remove(bench.cache.path + "/" + old)
        #expect(Disk.write(path, Array(bytes.dropLast(4096))))
        #expect(try bench.plan().read == all || bytes.count == 4096)
    }

    @Test("is neither used nor lost by a cleanup that is cancelled while it reads it")
    func cancelled() async throws {
        let bench = try await Bench(seed: 14)
        _ = try await bench.save(1)
        _ = try bench.plan()
        let core = bench.backup.repository.core
        let (_, index) = try RepositoryView.open(RecordStore(core), context: JobContext())
        let cancellation = Cancellation()
        cancellation.cancel()
        let error = #expect(throws: CairnError.self) {
            try core.indexCache.marks.load(IndexPlaces(index), cancellation)
        }
        #expect(error?.code == .cancelled)
        #expect(try bench.plan().read == 0)
    }

    @Test("loses nothing where the index on this machine has a false guide")
    func falseGuide() async throws {
        var hiddenCount = 0
        var writtenCount = 0
        for part in 0..<16 {
            let bench = try await Bench(seed: 15)
            let old = try await bench.save(1)
            _ = try await bench.save(2)
            try bench.forget([old])
            _ = try bench.plan()
            hiddenCount += try bench.hideChunks(part, of: 16)
            var options = CleanupOptions()
            options.maxUnused = .percent(0)
            let report = try await bench.backup.repository.cleanUp(options: options).value
            writtenCount += report.packsWritten
            let fresh = try ScratchFolder()
            let other = try await bench.other(seed: 16, cache: fresh)
            let (view, index) = try RepositoryView.open(
                RecordStore(other.core),
                context: JobContext()
            )
            let chunks = ChunkReader(core: other.core, index: index)
            for snapshot in view.snapshots {
                try SnapshotReferences(chunks, Cancellation()).forEach(snapshot) { id in
                    if (try? chunks.bytes(id)) == nil {
                        Issue.record("part \(part): \(id) is lost")
                    }
                }
            }
        }
        #expect(hiddenCount > 16 && writtenCount >= 16)
    }

    @Test("of nothing is believed only with its tag, and no number in it is taken on trust")
    func empty() async throws {
        let bench = try await Bench(seed: 12)
        let only = try await bench.save(1)
        let core = bench.backup.repository.core
        try bench.forget([only])
        let (_, index) = try RepositoryView.open(RecordStore(core), context: JobContext())
        let places = IndexPlaces(index)
        let state = MarkState(counts: try ReferenceCounts(places))
        state.bytesRead.value = 1
        core.indexCache.marks.save(state)
        #expect(try core.indexCache.marks.load(places) != nil)
        state.bytesRead.value = .max
        core.indexCache.marks.save(state)
        #expect(try core.indexCache.marks.load(places) == nil, "no sum with it may overflow")
        state.bytesRead.value = 1
        core.indexCache.marks.save(state)
        let kept = try #require(bench.cache.names("index", "mark-").first)
        let path = bench.cache.path + "/" + kept
        var bytes = try #require(Disk.bytes(Array(path.utf8)))
        for place in 60..<68 { bytes[place] = 0xff }
        Disk.remove(path)
        #expect(Disk.write(path, bytes))
        #expect(try core.indexCache.marks.load(places) == nil)
        #expect(try bench.plan().plan.packs(.keep).isEmpty)
    }

    @Test("of which the last snapshot was being counted off gives way where its trees are gone")
    func lastGone() async throws {
        let bench = try await Bench(seed: 13)
        let only = try await bench.save(1)
        let core = bench.backup.repository.core
        _ = try bench.plan()
        let (view, index) = try RepositoryView.open(RecordStore(core), context: JobContext())
        let kept = try core.indexCache.marks.load(IndexPlaces(index))
        var state = try #require(kept)
        let tree = try #require(view.records[only]).tree
        _ = state.counts.release(tree.root, as: .tree)
        state.snapshots = []
        state.removing = [.init(id: tree.root, isList: false, level: tree.level)]
        core.indexCache.marks.save(state)
        try bench.forget([only])
        let pack = try #require(index.location(of: tree.root)).pack.id
        let name = try #require(ObjectName(ObjectNames.pack(pack)))
        try bench.backup.store.delete(name)
        #expect(try bench.plan().plan.packs(.keep).isEmpty)
    }

    @Test("gives way to a full count where another machine has removed what it counted")
    func removedElsewhere() async throws {
        let bench = try await Bench(seed: 9)
        let old = try await bench.save(1)
        _ = try await bench.save(2)
        let all = try bench.plan().read
        try bench.forget([old])
        let elsewhere = try ScratchFolder()
        let other = try await bench.other(seed: 10, cache: elsewhere)
        var options = CleanupOptions()
        options.maxUnused = .percent(0)
        #expect(try await other.cleanUp(options: options).value.packsDeleted > 0)
        let (plan, read) = try bench.plan()
        #expect(plan.packs(.delete).isEmpty && read > 0 && read <= all)
        #expect(try bench.isRight() == true)
    }

    @Test(
        "says what only some snapshots need: just what forgetting them frees",
        arguments: 20...22 as ClosedRange<UInt64>
    )
    func exclusive(seed: UInt64) async throws {
        let bench = try await Bench(seed: seed)
        var random = SeededRandom(seed: seed)
        var saved: [SessionID] = []
        for _ in 0..<6 { saved.append(try await bench.save(Int(random.next() % 64))) }
        let repository = bench.backup.repository
        let each = try await repository.exclusiveSizes().value
        #expect(each.map(\.snapshots) == saved.map { [$0] }, "seed \(seed)")
        let group = [saved[1]] + saved[2...].filter { _ in random.next() % 2 == 0 }
        let sizes = try await repository.exclusiveSizes([group, saved, []]).value
        #expect(sizes.count == 3 && sizes[2].chunks == 0)
        let alone = each.filter { group.contains($0.snapshots[0]) }
        #expect(alone.reduce(0) { $0 + $1.bytes } <= sizes[0].bytes, "seed \(seed)")
        #expect(try bench.isRight() == true, "measuring changes nothing")
        func used() throws -> (chunks: Int, size: UInt64) {
            try bench.plan().plan.packs.reduce((0, 0)) {
                ($0.0 + $1.usedChunks, $0.1 + $1.usedSize)
            }
        }
        let before = try used()
        try bench.forget(group)
        let after = try used()
        #expect(before.chunks - after.chunks == Int(sizes[0].chunks), "seed \(seed)")
        #expect(sizes[1].chunks == UInt64(before.chunks), "seed \(seed)")
        let freed = before.size - after.size
        // Each pack's share is rounded down.
        #expect(sizes[0].storedBytes <= freed + 32 && freed <= sizes[0].storedBytes + 32)
        let error = await #expect(throws: CairnError.self) {
            try await repository.exclusiveSizes([saved]).value
        }
        #expect(error?.code == .notFound)
    }

    @Test("that is wrong is found and removed by a check")
    func wrong() async throws {
        let bench = try await Bench(seed: 11)
        _ = try await bench.save(1)
        _ = try bench.plan()
        #expect(try await bench.backup.repository.check(CheckRequest()).value.notices.isEmpty)
        let core = bench.backup.repository.core
        let (_, index) = try RepositoryView.open(RecordStore(core), context: JobContext())
        let kept = try core.indexCache.marks.load(IndexPlaces(index))
        var state = try #require(kept)
        var first: PrefixKey?
        state.counts.forEach { key, kind, _ in if kind == .data { first = first ?? key } }
        let id = try #require(first).identifier
        #expect(state.counts.retain(id, as: .data).isCounted)
        state.adding = []
        core.indexCache.marks.save(state)
        #expect(try await bench.backup.repository.check(CheckRequest()).value.notices.count == 1)
        #expect(core.indexCache.marks.isEmpty)
        #expect(try await bench.backup.repository.check(CheckRequest()).value.isSound)
    }

    @Test(
        "counts as a dictionary does, of every kind and far beyond what fits into 14 bits",
        arguments: 1...3 as ClosedRange<UInt64>
    )
    func model(seed: UInt64) throws {
        var world = IndexWorld(seed: seed)
        world.addObject(chunkCount: 40)
        world.addObject(chunkCount: 30, including: Array(world.places.keys.prefix(10)))
        let cache = IndexCache(
            path: nil,
            repository: IndexWorld.repository,
            key: IndexWorld.key,
            environment: .system
        )
        let index = try cache.open(view: world.view) { world.objects[$0] }.index
        let counts = try ReferenceCounts(IndexPlaces(index))
        var random = SeededRandom(seed: seed)
        let ids = world.places.keys.sorted()
        var model: [String: UInt32] = [:]
        for _ in 0..<400 {
            let id = ids[Int.random(in: 0..<8, using: &random)]
            let kind = SnapshotReferences.Kind.allCases[Int(random.next() % 3)]
            let key = "\(PrefixKey(id))\(kind)"
            let repeats = random.next() % 16 == 0 ? 17_000 : 1
            let isMore = random.next() % 3 > 0
            for _ in 0..<repeats {
                let before = model[key, default: 0]
                let outcome = isMore ? counts.retain(id, as: kind) : counts.release(id, as: kind)
                if isMore {
                    #expect(outcome.isCounted == (before > 0), "seed \(seed)")
                    model[key] = before + 1
                } else if before == 0 {
                    guard case .missing = outcome else {
                        Issue.record("seed \(seed): what is not counted was counted off")
                        return
                    }
                } else {
                    #expect(outcome.isCounted == (before > 1), "seed \(seed)")
                    model[key] = before - 1
                }
            }
        }
        var found: [String: UInt32] = [:]
        counts.forEach { key, kind, count in found["\(key)\(kind)"] = count }
        #expect(found == model.filter { $0.value > 0 }, "seed \(seed)")
        let stranger = ChunkID(words: (1, 2, 3, 4))
        guard case .missing = counts.retain(stranger, as: .data) else {
            Issue.record("a chunk that no index knows was counted")
            return
        }
    }
}

extension ReferenceCounts.Outcome {
    /// Whether there were other references.
    fileprivate var isCounted: Bool {
        if case .counted = self { return true }
        return false
    }
}

extension ScratchFolder {
    /// The paths of files whose names begin like this, in folders of this name, from here.
    fileprivate func names(_ folder: String, _ prefix: String) -> [String] {
        let text = Disk.walk(Array(path.utf8)).map { String(decoding: $0, as: UTF8.self) }
        return text.filter { $0.contains("/\(folder)/\(prefix)") }
            .map { String($0.dropFirst(path.count + 1)) }
    }
}
