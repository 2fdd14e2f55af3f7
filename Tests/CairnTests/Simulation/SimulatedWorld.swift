import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Synchronization

/// Writers, readers, a forgetter and cleanups on one store, under a scheduler, and what must hold.
final class SimulatedWorld: Sendable {
    /// What was acknowledged and what became of it.
    struct State: Sendable {
        var files: [SessionID: [Int: Int]] = [:]
        var forgotten: Set<SessionID> = []
        var violation: String?
        var counts: [String: Int] = [:]
        var process: Int32 = 1
        var packCount = 0
    }

    let seed: UInt64
    let faults: ProtocolFaults
    let store = MemoryStore()
    let scheduler: Scheduler
    let state = Mutex(State())
    /// What the cleanups of each of two machines keep.
    let marks = [MarkMemory(), MarkMemory()]

    /// The store's create is not atomic.
    static let lookThenCreate = ProtocolFaults(rawValue: 1 << 31)
    /// Forgetting deletes the snapshot's record.
    static let deletedRecords = ProtocolFaults(rawValue: 1 << 30)

    /// How many different contents there are, and how many files a snapshot has at the most.
    static let contentCount = 9
    static let fileCountMax = 4

    init(seed: UInt64, faults: ProtocolFaults = [], crashes: Int = 4, logs: Bool = false) {
        self.seed = seed
        self.faults = faults
        var chances = Scheduler.Faults()
        chances.crashes = crashes
        scheduler = Scheduler(seed: seed, faults: chances, logs: logs)
    }

    /// Runs a history and gives what was violated, if anything was.
    func run() throws -> String? {
        var options = RepositoryOptions()
        options.environment = .virtual(seed: seed)
        _ = try RepositoryCreation.run(store, SimulatedWorld.settings, nil, options)
        let actors = [writer, writer, writer, cleaner, cleaner, forgetter, reader]
        try SimulatedWorld.processors.withProcessor { processor in
            try scheduler.run(actors, processor: processor) { [self] in
                // Only a pack that goes can take a snapshot with it.
                let now = store.objectCount(in: "packs")
                let before = state.withLock { state in
                    defer { state.packCount = now }
                    return state.packCount
                }
                if now < before { checkAcknowledged("after a delete") }
            }
        }
        checkAcknowledged("at the end")
        if violation == nil { try checkRest() }
        return violation
    }

    /// Histories that run side by side.
    private static let processors = ProcessorShare()

    private static let settings: RepositorySettings = {
        var settings = RepositorySettings()
        settings.packSize = 4 << 20
        return settings
    }()

    var violation: String? { state.withLock { $0.violation } }

    func note(_ event: String) { state.withLock { $0.counts[event, default: 0] += 1 } }

    func violate(_ what: String) { state.withLock { $0.violation = $0.violation ?? what } }

    private func draw(_ bound: Int) -> Int { scheduler.draw(bound) }

    /// A process of its own for an actor.
    func open(_ actor: Int) throws -> (core: RepositoryCore, store: ScheduledStore) {
        let process = state.withLock { state in
            state.process += 1
            return state.process
        }
        let way = ScheduledStore(
            store,
            scheduler,
            actor: actor,
            isAtomic: !faults.contains(SimulatedWorld.lookThenCreate)
        )
        let own = seed &* 1000 &+ UInt64(process)
        let core = try SimulatedFiles.core(
            way,
            seed: own,
            process: process,
            faults: faults,
            marks: marks[actor % 2]
        )
        return (core, way)
    }

    // MARK: - Actors

    @Sendable func writer(_ actor: Int) {
        for _ in 0..<3 where violation == nil {
            var files: [Int: Int] = [:]
            for _ in 0...draw(SimulatedWorld.fileCountMax) {
                files[draw(5)] = draw(SimulatedWorld.contentCount)
            }
            let usesParent = draw(2) == 0
            do {
                let (core, _) = try open(actor)
                let record = try SimulatedFiles.save(core, files, usesParent: usesParent) {
                    session throws(CairnError) in
                    guard draw(2) == 0 else { return }
                    let before = session.id
                    try session.lookForCleanup()
                    if session.id != before { note("roll-overs") }
                }
                note("commits")
                let saved = files
                state.withLock { $0.files[record.session] = saved }
            } catch {
                noteFailure(error)
            }
        }
    }

    private func noteFailure(_ error: any Error) {
        guard let error = error as? CairnError else { return violate("error \(error)") }
        switch error.code {
        case .fenced: note("losses")
        case .store, .unavailable: note("crashes and lost answers")
        case .damaged: note("damage seen by a writer or cleanup: \(general(error))")
        default: note("other: \(general(error))")
        }
    }

    /// What an error says, without the names that differ from history to history.
    private func general(_ error: CairnError) -> String {
        error.message.split(separator: " ").filter { $0.count < 32 }.joined(separator: " ")
    }

    @Sendable func cleaner(_ actor: Int) {
        for _ in 0..<3 where violation == nil {
            do {
                let (core, _) = try open(actor)
                var options = CleanupOptions()
                options.maxUnused = draw(2) == 0 ? .percent(0) : .percent(20)
                // In the model's time a session is silent soon.
                options.fenceAfter = UInt64(draw(8)) * 100_000_000
                let report = try CleanupRun.perform(
                    core,
                    nil,
                    options,
                    context: JobContext(),
                    meter: CleanupMeter(core.environment.time)
                )
                if report.generations > 0 { note("generations") }
                if report.sessionsFenced > 0 { note("fences") }
                if report.packsWritten > 0 { note("rescues") }
            } catch {
                noteFailure(error)
            }
        }
    }

    @Sendable func forgetter(_ actor: Int) {
        for _ in 0..<5 where violation == nil {
            do {
                let (core, _) = try open(actor)
                let records = RecordStore(core)
                let view = try RepositoryView.load(records)
                let list = view.snapshots.map { $0.session }.sorted()
                guard !list.isEmpty else { continue }
                // Often the one that a writer may be taking parts from.
                let newest = view.snapshots.last?.session
                let chosen = draw(2) == 0 ? newest ?? list[0] : list[draw(list.count)]
                // Whatever becomes of the call, the snapshot may be gone.
                state.withLock { _ = $0.forgotten.insert(chosen) }
                if faults.contains(SimulatedWorld.deletedRecords) {
                    try records.delete(ObjectNames.snapshot(chosen))
                } else {
                    try SnapshotChanges(core).mark([chosen], reason: "simulated")
                }
                note("forgotten")
                if draw(3) == 0 {
                    let undone = try SnapshotChanges(core).recall(chosen, context: JobContext())
                    note("recalled")
                    state.withLock { $0.files[undone] = $0.files[chosen] }
                }
            } catch {
                noteFailure(error)
            }
        }
    }

    @Sendable func reader(_ actor: Int) {
        for _ in 0..<6 where violation == nil {
            do {
                let (core, way) = try open(actor)
                scheduler.spare(actor)
                var known = state.withLock { $0.files }
                for _ in 0..<60 where known.isEmpty || draw(3) > 0 {
                    _ = try way.list(folder: "snapshots")
                    known = state.withLock { $0.files }
                }
                guard !known.isEmpty else { continue }
                let ids = known.keys.sorted()
                let id = ids[draw(ids.count)]
                do throws(CairnError) {
                    let opened = try OpenedSnapshot(id, RecordStore(core), JobContext())
                    let files = known[id] ?? [:]
                    if try !SimulatedFiles.holds(opened.chunks, opened.record, files) {
                        violate("a reader got other bytes of \(id)")
                    }
                    note("reads")
                } catch {
                    let isForgotten = state.withLock { $0.forgotten.contains(id) }
                    if !isForgotten && !way.hasCrashed && error.code != .unavailable {
                        violate("a reader of \(id): \(error)")
                    }
                }
            } catch {
                noteFailure(error)
            }
        }
    }

    // MARK: - What must hold

    /// Every acknowledged snapshot that is not forgotten can be read.
    private func checkAcknowledged(_ when: String) {
        guard violation == nil else { return }
        let (files, forgotten) = state.withLock { ($0.files, $0.forgotten) }
        do {
            let core = try SimulatedFiles.core(store, seed: 1, process: 0, faults: faults)
            let (view, index) = try RepositoryView.open(RecordStore(core), context: JobContext())
            let reader = ChunkReader(core: core, index: index)
            for (id, expected) in files where !forgotten.contains(id) {
                guard let record = view.records[id], !view.forgotten.contains(id) else {
                    return violate("\(when), \(id) has vanished")
                }
                if try !SimulatedFiles.holds(reader, record, expected) {
                    return violate("\(when), \(id) has other bytes")
                }
            }
        } catch {
            violate("\(when): \(error)")
        }
    }

    /// At rest two cleanups leave nothing that nobody needs, and no generation open.
    private func checkRest() throws {
        let core = try SimulatedFiles.core(
            store,
            seed: 2,
            process: 0,
            faults: faults,
            marks: marks[0]
        )
        var options = CleanupOptions()
        options.maxUnused = .percent(0)
        options.fenceAfter = 0
        do {
            for _ in 0..<2 {
                _ = try CleanupRun.perform(
                    core,
                    nil,
                    options,
                    context: JobContext(),
                    meter: CleanupMeter(core.environment.time)
                )
                checkAcknowledged("after the last cleanup")
            }
            let plan = try CleanupPlanner(core: core, options: options).plan(
                context: JobContext(),
                meter: CleanupMeter(core.environment.time)
            )
            if !plan.packs(.delete).isEmpty { violate("packs are left that nothing needs") }
            let cleanup = try CleanupView.load(RecordStore(core))
            if cleanup.isOpen { violate("a generation is left open") }
            let sessions = try store.list(folder: "sessions").objects
            if !sessions.isEmpty { violate("\(sessions.count) registrations are left") }
            for (number, memory) in marks.enumerated() {
                let machine = try SimulatedFiles.core(
                    store,
                    seed: 3,
                    process: 0,
                    faults: faults,
                    marks: memory
                )
                if try Marking.proveKept(machine, context: JobContext()) == false {
                    violate("the mark that machine \(number) has kept is wrong")
                }
            }
        } catch {
            violate("the last cleanup: \(error)")
        }
    }
}
