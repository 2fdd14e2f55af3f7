import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Synchronization
import Testing

@Suite("A cleanup")
struct CleanupTests {
    /// A repository in memory whose snapshots are written and read without a file system.
    struct Bench {
        let store = FaultyStore(MemoryStore())
        let seed: UInt64

        init(seed: UInt64) throws {
            self.seed = seed
            var settings = RepositorySettings()
            settings.packSize = 4 << 20
            var options = RepositoryOptions()
            options.environment = .virtual(seed: seed)
            _ = try RepositoryCreation.run(store, settings, nil, options)
        }

        /// The repository as a process of its own sees it.
        func core(process: Int32 = 1) throws -> RepositoryCore {
            try SimulatedFiles.core(
                store,
                seed: seed &* 100 &+ UInt64(process),
                process: process
            )
        }

        func save(_ files: [Int: Int], process: Int32 = 1) throws -> SessionID {
            try SimulatedFiles.save(try core(process: process), files, usesParent: true).session
        }

        func forget(_ ids: [SessionID]) throws {
            try SnapshotChanges(try core()).mark(ids, reason: "test")
        }

        @discardableResult
        func cleanUp(
            _ plan: CleanupPlan? = nil,
            process: Int32 = 1,
            _ change: (inout CleanupOptions) -> Void = { _ in }
        ) throws -> CleanupReport {
            let core = try core(process: process)
            var options = CleanupOptions()
            options.maxUnused = .percent(0)
            options.fenceAfter = 0
            change(&options)
            if let plan { try CleanupRun.expect(plan, core) }
            return try CleanupRun.perform(
                core,
                plan,
                options,
                context: JobContext(),
                meter: CleanupMeter(core.environment.time)
            )
        }

        func plan() throws -> CleanupPlan {
            let core = try core()
            var options = CleanupOptions()
            options.maxUnused = .percent(0)
            return try CleanupPlanner(core: core, options: options).plan(
                context: JobContext(),
                meter: CleanupMeter(core.environment.time)
            )
        }

        /// Whether the snapshot can be read and holds these files.
        func holds(_ id: SessionID, _ files: [Int: Int]) throws -> Bool {
            let opened = try OpenedSnapshot(id, RecordStore(try core()), JobContext())
            return try SimulatedFiles.holds(opened.chunks, opened.record, files)
        }

        func names(_ folder: String) throws -> [String] {
            try store.list(folder: folder).objects.map(\.name.text).sorted()
        }
    }

    @Test("frees what only forgotten snapshots needed, and nothing else")
    func frees() throws {
        let bench = try Bench(seed: 1)
        let old = try bench.save([1: 1, 2: 2])
        let new = try bench.save([2: 2, 4: 4])
        let before = try bench.names("packs")
        #expect(try bench.cleanUp().packsDeleted == 0)
        #expect(try bench.names("gc").isEmpty, "there was nothing to do")
        try bench.forget([old])
        let report = try bench.cleanUp()
        #expect(report.packsDeleted > 0 && report.bytesUnused == 0)
        #expect(try bench.names("packs") != before)
        #expect(try bench.holds(new, [2: 2, 4: 4]))
        #expect(try bench.plan().isEmpty)
        let chunks = try bench.plan().packs.reduce(0) { $0 + $1.chunks }
        // Two contents and one tree are needed.
        #expect(chunks == 3)
        let error = #expect(throws: CairnError.self) { try bench.holds(old, [1: 1, 2: 2]) }
        #expect(error?.code == .forgotten)
    }

    @Test("takes the packs of sessions that ended without a snapshot")
    func orphans() throws {
        let bench = try Bench(seed: 2)
        let kept = try bench.save([1: 1])
        bench.store.plan(.error(.failed(reason: "gone")), for: .create, at: 3, lasting: true)
        #expect(throws: CairnError.self) { try bench.save([3: 3, 6: 6], process: 9) }
        bench.store.clearPlans()
        let before = try bench.names("packs").count
        #expect(try bench.plan().packs.contains { $0.reason == .orphan } == false)
        let report = try bench.cleanUp()
        #expect(report.sessionsFenced == 1)
        #expect(try bench.names("packs").count < before)
        #expect(try bench.names("sessions").isEmpty)
        #expect(try bench.holds(kept, [1: 1]))
    }

    @Test("goes on where it was interrupted, at any operation, twice, and leaves nothing behind")
    func interrupted() throws {
        let files = [2: 2, 3: 3, 4: 4]
        var number = 0
        while true {
            number += 1
            let bench = try Bench(seed: 3)
            let old = try bench.save([1: 1, 2: 2, 3: 3])
            let new = try bench.save(files)
            try bench.forget([old])
            let start = bench.store.count()
            var hits = 0
            for process in [5, 6] as [Int32] {
                bench.store.plan(
                    .error(.failed(reason: "crash")),
                    for: nil,
                    at: number,
                    lasting: true
                )
                if (try? bench.cleanUp(process: process)) == nil { hits += 1 }
                bench.store.clearPlans()
                #expect(try bench.holds(new, files), "interrupted at \(number)")
            }
            _ = start
            try bench.cleanUp(process: 7)
            #expect(try bench.holds(new, files), "interrupted at \(number)")
            let plan = try bench.plan()
            #expect(plan.isEmpty, "interrupted at \(number)")
            #expect(plan.packs.reduce(0) { $0 + $1.chunks } == 4, "interrupted at \(number)")
            guard hits > 0, number < 300 else { break }
        }
        #expect(number > 20)
    }

    @Test("is refused with a plan once the repository has moved on, and does what a fresh one says")
    func plans() throws {
        let bench = try Bench(seed: 4)
        let old = try bench.save([1: 1])
        let new = try bench.save([2: 2])
        try bench.forget([old])
        let stale = try bench.plan()
        let later = try bench.save([5: 5])
        let error = #expect(throws: CairnError.self) { try bench.cleanUp(stale) }
        #expect(error?.code == .viewChanged)
        let fresh = try bench.plan()
        #expect(!fresh.isEmpty && fresh.freedSize > 0)
        let report = try bench.cleanUp(fresh)
        #expect(report.packsDeleted == fresh.packs(.delete).count + fresh.packs(.rewrite).count)
        #expect(try bench.holds(new, [2: 2]) && bench.holds(later, [5: 5]))
    }

    @Test("waits for a session that runs, which rolls over and stores again what would go")
    func runningSession() throws {
        let bench = try Bench(seed: 5)
        let old = try bench.save([1: 1, 2: 2])
        let other = try bench.core(process: 3)
        let cleaner = try bench.core(process: 1)
        let pauses = Mutex(0)
        let executor = Mutex<CleanupExecutor?>(nil)
        let record = try SimulatedFiles.save(other, [1: 1, 2: 2, 7: 7], usesParent: false) {
            session throws(CairnError) in
            let count = pauses.withLock { count in
                count += 1
                return count
            }
            // Both old contents are known by now, and nothing else needs them.
            guard count == 4 else { return }
            try SnapshotChanges(cleaner).mark([old], reason: "test")
            let opened = try CleanupExecutor(
                cleaner,
                generation: 1,
                options: CleanupOptions(),
                context: JobContext(),
                meter: CleanupMeter(cleaner.environment.time)
            )
            let packs = try RecordStore(cleaner).list("packs").compactMap { object in
                if case .pack(let id)? = ObjectNames.parse(object.name.text) { id } else { nil }
            }
            let mine = session.publisher.written
            #expect(try opened.open(Set(packs).subtracting(mine), []))
            let before = session.id
            try session.lookForCleanup()
            #expect(session.id != before)
            var running = opened
            try running.finish()
            executor.withLock { $0 = running }
        }
        #expect(executor.withLock { $0 != nil })
        #expect(try bench.holds(record.session, [1: 1, 2: 2, 7: 7]))
        #expect(try CleanupView.load(RecordStore(cleaner)).isOpen == false)
    }

    @Test("shuts a session elsewhere out once it has been silent for long enough")
    func silentSession() throws {
        let bench = try Bench(seed: 6)
        let old = try bench.save([1: 1])
        let new = try bench.save([2: 2])
        try bench.forget([old])
        // Processes 1 and 2 run on different hosts.
        let session = try WriterSession.begin(try bench.core(process: 2), context: JobContext())
        let report = try bench.cleanUp { $0.fenceAfter = 5_000_000_000 }
        #expect(report.sessionsFenced == 1 && report.generations == 1)
        #expect(try bench.holds(new, [2: 2]))
        // What was shut out goes on as another.
        let before = session.id
        try session.lookForCleanup()
        #expect(session.id != before)
        session.abandon()
    }

    @Test("a forgotten snapshot can be brought back until a cleanup has removed its data")
    func recalled() throws {
        let bench = try Bench(seed: 7)
        let old = try bench.save([1: 1])
        let new = try bench.save([2: 2])
        try bench.forget([old])
        let back = try SnapshotChanges(try bench.core()).recall(old, context: JobContext())
        try bench.cleanUp()
        #expect(try bench.holds(back, [1: 1]) && bench.holds(new, [2: 2]))
        try bench.forget([back])
        try bench.cleanUp()
        let error = #expect(throws: CairnError.self) {
            try SnapshotChanges(try bench.core()).recall(back, context: JobContext())
        }
        #expect(error?.code == .notFound)
        #expect(try bench.holds(new, [2: 2]))
    }

    @Test("removes nothing while something that may need it cannot be read")
    func unreadable() throws {
        let bench = try Bench(seed: 8)
        let old = try bench.save([1: 1])
        let new = try bench.save([2: 2])
        try bench.forget([old])
        let name = try #require(ObjectName(ObjectNames.snapshot(new)))
        let buffer = ByteBuffer()
        try bench.store.read(name, nil, into: buffer)
        try bench.store.delete(name)
        _ = try bench.store.create(name, Array(buffer.array.dropLast()).span)
        let before = try bench.names("packs")
        let error = #expect(throws: CairnError.self) { try bench.cleanUp() }
        #expect(error?.code == .damaged)
        #expect(try bench.names("packs") == before)
    }

    @Test("many generations keep every snapshot and every entry of packs that stay")
    func manyGenerations() throws {
        let bench = try Bench(seed: 9)
        var random = SeededRandom(seed: 9)
        var kept: [SessionID: [Int: Int]] = [:]
        for round in 0..<60 {
            var files: [Int: Int] = [:]
            for _ in 0..<4 {
                files[Int.random(in: 0...5, using: &random)] = Int.random(
                    in: 0...30,
                    using: &random
                )
            }
            kept[try bench.save(files)] = files
            if round % 4 == 3 {
                let gone = kept.keys.sorted().prefix(3)
                try bench.forget(Array(gone))
                for id in gone { kept[id] = nil }
                try bench.cleanUp { $0.maxUnused = .percent(round % 8 == 3 ? 0 : 50) }
            }
        }
        for (id, files) in kept { #expect(try bench.holds(id, files), "seed 9") }
        try bench.cleanUp()
        #expect(try bench.plan().isEmpty)
        #expect(try bench.names("indexes").count < 60)
    }

    @Test("may begin and end while a backup commits: then nothing is committed that is not there")
    func duringCommit() throws {
        let base = MemoryStore()
        var options = RepositoryOptions()
        options.environment = .virtual(seed: 10)
        var settings = RepositorySettings()
        settings.packSize = 4 << 20
        _ = try RepositoryCreation.run(base, settings, nil, options)
        let cleaner = try SimulatedFiles.core(base, seed: 11, process: 1)
        let old = try SimulatedFiles.save(cleaner, [1: 1], usesParent: false).session
        let writer = Mutex<WriterSession?>(nil)
        let opened = Mutex<CleanupExecutor?>(nil)
        let store = HookedStore(base: base) { name in
            guard name.folder == "indexes", opened.withLock({ $0 == nil }) else { return }
            // The only other copy of content 1 is condemned, and nothing else needs it.
            do {
                try SnapshotChanges(cleaner).mark([old], reason: "test")
                let packs = try RecordStore(cleaner).list("packs").compactMap { object in
                    if case .pack(let id)? = ObjectNames.parse(object.name.text) { id } else { nil }
                }
                var hasty = CleanupOptions()
                hasty.fenceAfter = 0
                var executor = try CleanupExecutor(
                    cleaner,
                    generation: 1,
                    options: hasty,
                    context: JobContext(),
                    meter: CleanupMeter(cleaner.environment.time)
                )
                let ours = Set(packs.filter { $0.session == old })
                #expect(try executor.open(ours, []))
                opened.withLock { $0 = executor }
                // The session's watch may look at this very moment.
                try writer.withLock { $0 }?.lookForCleanup()
                try executor.finish()
            } catch {
                Issue.record(error)
            }
        }
        let other = try SimulatedFiles.core(store, seed: 12, process: 3)
        let files = [1: 1, 5: 5]
        do throws(CairnError) {
            let record = try SimulatedFiles.save(other, files, usesParent: false) { session in
                writer.withLock { $0 = session }
            }
            let snapshot = try OpenedSnapshot(record.session, RecordStore(cleaner), JobContext())
            let isWhole = try SimulatedFiles.holds(snapshot.chunks, snapshot.record, files)
            #expect(isWhole)
        } catch {
            #expect(error.code == .fenced)
        }
        #expect(opened.withLock { $0 != nil })
        let again = try SimulatedFiles.save(cleaner, files, usesParent: false)
        let snapshot = try OpenedSnapshot(again.session, RecordStore(cleaner), JobContext())
        #expect(try SimulatedFiles.holds(snapshot.chunks, snapshot.record, files))
    }

    @Test("a session with a chunk that could not be stored again commits nothing")
    func pendingClaim() throws {
        let bench = try Bench(seed: 13)
        let session = try WriterSession.begin(try bench.core(), context: JobContext())
        let sink = MetadataSink(session)
        var writer = DirectoryWriter(sink)
        let tree = try writer.finish()
        try sink.flush()
        let id = session.core.identifier.identify([1, 2, 3].span)
        #expect(session.index.claim(id) == .claimed)
        let error = #expect(throws: CairnError.self) {
            try session.commit(SnapshotRecord(session: session.id, tree: tree))
        }
        #expect(error?.code == .fenced)
        #expect(try bench.names("snapshots").isEmpty)
        session.abandon()
    }

    @Test("keeps what a tree refers to though a file holds the very bytes of that tree")
    func treeAsData() throws {
        let bench = try Bench(seed: 14)
        let core = try bench.core()
        let old = try bench.save([1: 1, 2: 2])
        let first = try OpenedSnapshot(old, RecordStore(core), JobContext())
        let tree = first.record.tree
        let bytes = try first.chunks.bytes(tree.root)
        // A file of these bytes comes before the folder that has this tree.
        let session = try WriterSession.begin(core, context: JobContext()) { _ in [old] }
        let sink = MetadataSink(session)
        var writer = DirectoryWriter(sink)
        let content = ContentReference(length: UInt64(bytes.count), depth: 0, root: tree.root)
        for (name, node) in [
            ("a-file", TreeEntry.Node.regular(content: content, layout: nil)),
            ("folder", .directory(tree)),
        ] {
            let time = Timestamp(seconds: 0, nanoseconds: 0)
            try writer.add(
                TreeEntry(
                    name: Array(name.utf8),
                    mode: 0o600,
                    userID: 0,
                    groupID: 0,
                    modified: time,
                    changed: time,
                    inode: 0,
                    node: node
                )
            )
        }
        let root = try writer.finish()
        try sink.flush()
        let new = try session.commit(SnapshotRecord(session: session.id, tree: root)).session
        try bench.forget([old])
        _ = try bench.save([7: 7])
        try bench.cleanUp()
        let opened = try OpenedSnapshot(new, RecordStore(try bench.core()), JobContext())
        for number in [1, 2] {
            let id = core.identifier.identify(SimulatedFiles.bytes(number).span)
            #expect(try opened.chunks.bytes(id) == SimulatedFiles.bytes(number))
        }
    }

    @Test("goes on though a session relies on a forgotten snapshot whose data is gone")
    func goneRoot() throws {
        let bench = try Bench(seed: 15)
        let gone = try bench.save([1: 1])
        let kept = try bench.save([2: 2])
        try bench.forget([gone])
        try bench.cleanUp()
        let old = try bench.save([3: 3])
        try bench.forget([old])
        // A process on another host names what is gone, and registers knowing every generation.
        let session = try WriterSession.begin(try bench.core(process: 2), context: JobContext()) {
            _ in [gone]
        }
        let report = try bench.cleanUp()
        #expect(report.packsDeleted > 0)
        #expect(try bench.holds(kept, [2: 2]))
        session.abandon()
    }

    @Test("masks all that it deletes while an index object cannot be read")
    func incompleteIndex() throws {
        let bench = try Bench(seed: 16)
        let old = try bench.save([1: 1])
        let new = try bench.save([2: 2])
        try bench.forget([old])
        let name = try #require(
            try bench.names("indexes").first { $0.contains(old.text) }.flatMap { ObjectName($0) }
        )
        try bench.store.delete(name)
        _ = try bench.store.create(name, [1, 2, 3].span)
        let packs = try bench.names("packs").filter { $0.contains(old.text) }
        try bench.cleanUp()
        #expect(try bench.names("packs").allSatisfy { !packs.contains($0) })
        let cleanup = try CleanupView.load(RecordStore(try bench.core()))
        let masked = cleanup.doomed?.masked.map { ObjectNames.pack($0) } ?? []
        #expect(Set(packs).isSubset(of: masked))
        #expect(try bench.holds(new, [2: 2]))
    }

    @Test("names in gc/ that no cleanup makes neither trap nor count")
    func hostileNames() throws {
        let bench = try Bench(seed: 17)
        let old = try bench.save([1: 1])
        let new = try bench.save([2: 2])
        try bench.forget([old])
        for leaf in ["0000000000000000-condemned", "ffffffffffffffff-done"] {
            _ = try bench.store.create(try #require(ObjectName("gc/\(leaf)")), [0].span)
        }
        #expect(try bench.cleanUp().packsDeleted > 0)
        #expect(try bench.holds(new, [2: 2]))
        _ = try bench.store.create(
            try #require(ObjectName("gc/fffffffffffffffe-condemned")),
            [0].span
        )
        let error = #expect(throws: CairnError.self) { try bench.cleanUp() }
        #expect(error?.code == .damaged)
    }

    @Test("any percentage makes a plan", arguments: [-1, 0, 99.999_999_999_999_99, 1e300, .nan])
    func percentages(percent: Double) throws {
        let bench = try Bench(seed: 18)
        let old = try bench.save([1: 1, 2: 2])
        let new = try bench.save([2: 2])
        try bench.forget([old])
        try bench.cleanUp { $0.maxUnused = .percent(percent) }
        #expect(try bench.holds(new, [2: 2]))
    }
}
