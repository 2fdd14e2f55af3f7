import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Synchronization
import Testing

@testable import Cairn

/// Histories made by hand for rules whose breaking the simulator meets too rarely.
@Suite("A rule of the protocol")
struct ProtocolRuleTests {
    private struct Machine {
        let store = WatchedStore(MemoryStore())
        let faults: ProtocolFaults

        init(_ faults: ProtocolFaults) throws {
            self.faults = faults
            var options = RepositoryOptions()
            options.environment = .virtual(seed: 1)
            _ = try RepositoryCreation.run(store, RepositorySettings(), nil, options)
        }

        func core(_ process: Int32) throws -> RepositoryCore {
            try SimulatedFiles.core(store, seed: UInt64(process), process: process, faults: faults)
        }

        func executor(_ process: Int32, generation: UInt64) throws -> CleanupExecutor {
            let core = try core(process)
            var options = CleanupOptions()
            options.fenceAfter = 0
            return try CleanupExecutor(
                core,
                generation: generation,
                options: options,
                context: JobContext(),
                meter: CleanupMeter(core.environment.time)
            )
        }

        var packs: Set<PackID> {
            get throws {
                var packs: Set<PackID> = []
                for object in try store.list(folder: "packs").objects {
                    if case .pack(let id)? = ObjectNames.parse(object.name.text) {
                        packs.insert(id)
                    }
                }
                return packs
            }
        }

        func holds(_ record: SnapshotRecord, _ files: [Int: Int]) throws -> Bool {
            let core = try core(90)
            let (_, index) = try RepositoryView.open(RecordStore(core), context: JobContext())
            let reader = ChunkReader(core: core, index: index)
            return (try? SimulatedFiles.holds(reader, record, files)) ?? false
        }
    }

    /// A session that begins beside an open cleanup takes a part of a snapshot whole, and that
    /// snapshot is forgotten before the cleanup asks what is needed.
    private func takesFromForgotten(_ faults: ProtocolFaults) throws -> Bool {
        let machine = try Machine(faults)
        let old = [1: 1, 2: 4]
        let root = try SimulatedFiles.save(try machine.core(1), old, usesParent: false)
        var executor = try machine.executor(2, generation: 1)
        #expect(try executor.open(try machine.packs, []))
        let files = [1: 1, 5: 5]
        var isOver = false
        let saved = try SimulatedFiles.save(try machine.core(3), files, usesParent: true) {
            _ throws(CairnError) in
            if isOver { return }
            isOver = true
            do {
                try SnapshotChanges(try machine.core(4)).mark([root.session], reason: "test")
                try executor.finish()
            } catch {
                throw error as? CairnError ?? CairnError(.store, "\(error)")
            }
        }
        return try machine.holds(saved, files)
    }

    @Test("makes sessions name the snapshots that they take parts from")
    func namedRoots() throws {
        #expect(try takesFromForgotten([]))
        #expect(try !takesFromForgotten(.undeclaredRoots), "nobody would notice")
    }

    /// A session rolls over; when it is about to register anew, the open generation and another one
    /// come to their ends.
    ///
    /// - Returns: Whether all that was acknowledged is there.
    private func rollsOverBesideCleanups(_ faults: ProtocolFaults) throws -> Bool {
        let machine = try Machine(faults)
        let old = try SimulatedFiles.save(try machine.core(1), [1: 1], usesParent: false)
        try SnapshotChanges(try machine.core(1)).mark([old.session], reason: "test")
        let condemned = try machine.packs
        let isOpen = Mutex(false)
        let files = [3: 3, 4: 4]
        let (first, second) = (try machine.executor(2, generation: 1), try machine.core(4))
        let saved = try? SimulatedFiles.save(try machine.core(3), files, usesParent: false) {
            session throws(CairnError) in
            // With the first file its pack is stored.
            guard session.bytesStored > 0, !isOpen.withLock({ $0 }) else { return }
            isOpen.withLock { $0 = true }
            #expect(try first.open(condemned, []))
            machine.store.watch { operation, name in
                guard operation == .create, name.hasPrefix("sessions/") else { return }
                machine.store.watch { _, _ in }
                var executor = first
                var options = CleanupOptions()
                (options.maxUnused, options.fenceAfter) = (.percent(0), 0)
                let meter = CleanupMeter(second.environment.time)
                #expect(throws: Never.self) {
                    try executor.finish()
                    _ = try CleanupRun.perform(
                        second,
                        nil,
                        options,
                        context: JobContext(),
                        meter: meter
                    )
                }
            }
            try session.lookForCleanup()
        }
        #expect(isOpen.withLock { $0 })
        guard let saved else { return true }
        return try machine.holds(saved, files)
    }

    @Test("makes a session register anew before it gives its old registration up")
    func registersFirst() throws {
        #expect(try rollsOverBesideCleanups([]))
        #expect(try !rollsOverBesideCleanups(.earlyTombstone), "nobody would notice")
    }

    /// A session begins, and takes a part of a snapshot that is then forgotten, after a cleanup has
    /// asked who runs.
    private func forgetsAfterRoots(_ faults: ProtocolFaults) throws -> Bool {
        let machine = try Machine(faults)
        let root = try SimulatedFiles.save(try machine.core(1), [1: 1, 2: 4], usesParent: false)
        var executor = try machine.executor(2, generation: 1)
        #expect(try executor.open(try machine.packs, []))
        let (writer, forgetter) = (try machine.core(3), try machine.core(4))
        let files = [1: 1, 5: 5]
        let saved = Mutex<SnapshotRecord?>(nil)
        let (began, over) = (BoundedQueue<Bool>(capacity: 1), BoundedQueue<Bool>(capacity: 1))
        let thread = Mutex<WorkerThread?>(nil)
        let lists = Mutex<[String]>([])
        machine.store.watch { operation, folder in
            guard operation == .list else { return }
            lists.withLock { $0.append(folder) }
            guard lists.withLock({ $0.suffix(2) == ["forgotten", "sessions"] }) else { return }
            machine.store.watch { _, _ in }
            let started = try? WorkerThread(name: "writer") {
                var isPaused = false
                let record = try? SimulatedFiles.save(writer, files, usesParent: true) { _ in
                    if isPaused { return }
                    isPaused = true
                    began.put(true)
                    _ = over.take()
                }
                saved.withLock { $0 = record }
                began.close()
            }
            thread.withLock { $0 = started }
            #expect(began.take() == true)
            #expect(throws: Never.self) {
                try SnapshotChanges(forgetter).mark([root.session], reason: "test")
            }
        }
        try executor.finish()
        over.put(true)
        thread.withLock { $0 }?.join()
        let record = try #require(saved.withLock { $0 })
        return try machine.holds(record, files)
    }

    @Test("makes a cleanup read what is forgotten before it asks who runs")
    func forgottenFirst() throws {
        #expect(try forgetsAfterRoots([]))
        #expect(try !forgetsAfterRoots(.lateForgotten), "nobody would notice")
    }

    @Test("makes a session choose anew where its root was forgotten before it was registered")
    func forgottenBeforeRegistered() throws {
        let machine = try Machine([])
        let old = [1: 1, 2: 4]
        let root = try SimulatedFiles.save(try machine.core(1), old, usesParent: false)
        var views = 0
        let session = try WriterSession.begin(try machine.core(2), context: JobContext()) {
            view throws(CairnError) in
            views += 1
            let chosen = view.snapshots.last.map { $0.session }
            if views == 1 {
                do {
                    try SnapshotChanges(try machine.core(3)).mark([root.session], reason: "test")
                } catch {
                    throw error as? CairnError ?? CairnError(.store, "\(error)")
                }
            }
            return Set([chosen].compactMap { $0 })
        }
        #expect(views == 2 && session.roots.isEmpty)
        session.abandon()
    }
}
