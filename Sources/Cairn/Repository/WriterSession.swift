internal import CairnCore
package import CairnFormat
internal import CairnIO
internal import Synchronization

/// A writer session: what one process adds to the repository until its one commit.
///
/// The order of its steps is what makes it safe (Specs/Durability.md#commit): register, read the
/// view, write packs, barrier, write index objects, barrier, create the snapshot record, barrier.
package final class WriterSession: Sendable {
    /// What changes while the session runs.
    struct State: Sendable {
        var registration: SessionRegistration
        /// The newest view.
        var view: RepositoryView
        /// Packs taken over, which a cleanup may have condemned.
        var packs: Set<PackID> = []
        /// From here on only the commit itself rolls over.
        var isCommitting = false
    }

    package let core: RepositoryCore
    /// The repository as it was when the session began.
    package let view: RepositoryView
    package let index: ChunkIndex
    package let counters: BackupCounters
    package let dataPacks: PackWriter
    package let metadataPacks: PackWriter
    package let cancellation: Cancellation
    let name: SessionName
    let state: Mutex<State>
    package let publisher: PackPublisher
    let deltas: IndexDeltaWriter
    let records: RecordStore
    private let started: Int64
    let isDryRun: Bool
    /// Held while the session rolls over.
    let turn = Mutex<Void>(())
    private let mayHaveCommitted = Atomic<Bool>(false)

    /// How many packs may be in memory at once: one open of each kind and one being written.
    private static let bufferCount = 3

    private init(
        core: RepositoryCore,
        registration: SessionRegistration,
        view: RepositoryView,
        index: ChunkIndex,
        counters: BackupCounters,
        cancellation: Cancellation,
        isDryRun: Bool
    ) throws(CairnError) {
        self.core = core
        self.view = view
        self.index = index
        self.counters = counters
        self.cancellation = cancellation
        self.isDryRun = isDryRun
        started = core.environment.time.wallNanoseconds
        name = SessionName(registration.id)
        state = Mutex(State(registration: registration, view: view))
        records = RecordStore(core)
        let deltas = IndexDeltaWriter(records: records, name: name, index: index)
        self.deltas = deltas
        publisher = try PackPublisher(
            core: core,
            name: name,
            cancellation: cancellation,
            bufferCount: WriterSession.bufferCount,
            isDryRun: isDryRun
        ) { closed, pack throws(CairnError) in
            index.place(try closed.directory.entries(), in: pack)
            if !isDryRun, index.undrainedCount >= ChunkIndex.drainCount { try deltas.write() }
        }
        dataPacks = PackWriter(core: core, kind: .data, publisher: publisher)
        metadataPacks = PackWriter(core: core, kind: .metadata, publisher: publisher)
        if !core.options.faults.contains(.ignoredCondemned) {
            index.condemn(view.cleanup.condemned)
        }
    }

    /// How often a session registers anew because what it relies on has gone.
    private static let registrationCountMax = 4

    /// Registers a session and reads the repository's state, in this order.
    ///
    /// - Parameters:
    ///   - isDryRun: Whether nothing is to be written, the registration included; then the
    ///     session cannot commit.
    ///   - chooseRoots: Names the snapshots that whole parts will be taken from, at most 16. It is
    ///     asked before registering; ``roots`` has what may be relied on.
    package static func begin(
        _ core: RepositoryCore,
        context: JobContext,
        counters: BackupCounters = BackupCounters(),
        isDryRun: Bool = false,
        roots chooseRoots: (RepositoryView) throws(CairnError) -> Set<SessionID> = { _ in [] }
    ) throws(CairnError) -> WriterSession {
        let records = RecordStore(core)
        let dead = isDryRun ? [] : try SessionAdoption.findDead(records, context: context)
        let (registration, view, index) = try register(
            records,
            holding: Set(dead.flatMap { [$0.id] + $0.predecessors }),
            isDryRun: isDryRun,
            context: context,
            chooseRoots
        )
        let ended = try SessionAdoption.end(dead, records, successor: registration.id)
        let adopted = try SessionAdoption.adopt(
            ended,
            but: view.cleanup.condemned,
            into: index,
            core,
            context: context
        )
        if adopted.bytes > 0 {
            context.report(.notice("took over \(adopted.bytes) bytes of an interrupted backup"))
        }
        let session = try WriterSession(
            core: core,
            registration: registration,
            view: view,
            index: index,
            counters: counters,
            cancellation: context.cancellation,
            isDryRun: isDryRun
        )
        session.state.withLock { $0.packs = adopted.packs }
        return session
    }

    /// Registers and then reads the view, until the view has what the registration relies on.
    private static func register(
        _ records: RecordStore,
        holding predecessors: Set<SessionID>,
        isDryRun: Bool,
        context: JobContext,
        _ chooseRoots: (RepositoryView) throws(CairnError) -> Set<SessionID>
    ) throws(CairnError) -> (SessionRegistration, RepositoryView, ChunkIndex) {
        var before = try RepositoryView.load(records, context: context)
        var count = 0
        while true {
            count += 1
            // In the end without roots: a source that is read whole needs none.
            let roots = count < registrationCountMax ? try chooseRoots(before) : []
            let registration = SessionRegistration(
                id: try SessionRegistration.nextID(records),
                generation: before.generation,
                roots: roots,
                predecessors: predecessors
            )
            let isLate = records.core.options.faults.contains(.lateRegistration)
            if !isDryRun && !isLate { try registration.create(records) }
            do throws(CairnError) {
                let (view, index) = try RepositoryView.open(records, context: context)
                if isLate { try registration.create(records) }
                if let damage = view.cleanup.damage, !isDryRun {
                    throw CairnError(
                        .damaged,
                        "nothing can be written while \(damage.object)/ is damaged: "
                            + damage.reason
                    )
                }
                let areThere = roots.allSatisfy {
                    view.records[$0] != nil
                        && view.forgotten.contains($0) == before.forgotten.contains($0)
                }
                if areThere { return (registration, view, index) }
                before = view
            } catch {
                if !isDryRun { registration.remove(records) }
                throw error
            }
            if !isDryRun { registration.remove(records) }
        }
    }

    /// The session's present ID.
    package var id: SessionID { name.current }

    /// The snapshots that whole parts may be taken from.
    package var roots: Set<SessionID> { state.withLock { $0.registration.roots } }

    /// Places chunks of a pack that is already in the store, as this session's own.
    package func place(
        _ entries: [IndexEntry],
        in pack: IndexedPack
    ) throws(CairnError) {
        state.withLock { _ = $0.packs.insert(pack.id) }
        index.place(entries, in: pack)
        if index.undrainedCount >= ChunkIndex.drainCount { try deltas.write() }
    }

    /// Why packs could no longer be written, where that is what ended the session: other threads
    /// only see that it is over.
    package var failure: CairnError? { publisher.failure }

    /// Bytes of packs written so far.
    package var bytesStored: UInt64 { publisher.bytesStored }

    /// Makes everything durable and visible with the one create that commits.
    ///
    /// - Parameter snapshot: The record, complete but for what the session itself knows.
    /// - Throws: `.fenced` if another process ended the session and what it held is no longer
    ///   there; nothing is lost but this commit, and a new session takes over what is left.
    package func commit(_ snapshot: SnapshotRecord) throws(CairnError) -> SnapshotRecord {
        // Waits for a roll-over that another thread is at: what it stores must be in the packs.
        turn.withLock { _ in state.withLock { $0.isCommitting = true } }
        try rollOverIfNeeded()
        try dataPacks.finish()
        try metadataPacks.finish()
        try publisher.drain()
        guard isDryRun || !index.hasPending else {
            throw CairnError(
                .fenced,
                "chunks could not be stored again beside a cleanup; run the backup again"
            )
        }
        try records.barrier()
        try deltas.write()
        try records.barrier()
        for _ in 0..<WriterSession.commitCountMax {
            if let record = try create(snapshot) { return record }
            // Fenced. What the session holds may all be there still.
            try rollOver(mayStore: false)
        }
        throw CairnError(.fenced, "other processes keep ending this session; run the backup again")
    }

    /// How often a session that is fenced tries to commit as another.
    private static let commitCountMax = 8

    /// Creates the snapshot record; nil where a tombstone is in its place.
    private func create(_ snapshot: SnapshotRecord) throws(CairnError) -> SnapshotRecord? {
        let id = id
        let newest = state.withLock { $0.view }
        var record = snapshot
        record.session = id
        record.indexes = deltas.written
        record.started = snapshot.started == 0 ? started : snapshot.started
        record.ended = core.environment.time.wallNanoseconds
        record.statistics.bytesStored = publisher.bytesStored
        record.frontier = SnapshotRecord.frontier(of: newest.records.keys)
        record.cleanupGeneration = newest.generation
        record.previous = previousOfWriter(newest)
        let name = ObjectNames.snapshot(id)
        mayHaveCommitted.store(true, ordering: .relaxed)
        let sealed = try records.seal(.snapshot, record.encode(), named: name)
        if try createUnlessThere(name, sealed) == .exists {
            // A lost response looks like this too: then the record is ours.
            guard try records.bytes(name) == sealed else { return nil }
        }
        try records.barrier()
        // The commit stands; a session record left behind is tidied up by cleanup.
        state.withLock { $0.registration }.remove(records)
        core.recordCache.store(sealed, of: id)
        core.indexCache.keepSession(of: index)
        return record
    }

    /// Creates the record that commits. Where the store failed it may be there all the same, and
    /// then the backup did not fail.
    private func createUnlessThere(
        _ name: String,
        _ sealed: [UInt8]
    ) throws(CairnError) -> CreateOutcome {
        do throws(CairnError) {
            return try records.create(name, sealed)
        } catch {
            guard let found = try? records.bytes(name) else { throw error }
            return found == sealed ? .created : .exists
        }
    }

    private func previousOfWriter(
        _ view: RepositoryView
    ) -> SnapshotRecord.PreviousSnapshot? {
        let mine = view.records.keys.filter { $0.writer == name.current.writer }
        guard let last = mine.max(), let digest = view.digests[last] else { return nil }
        return SnapshotRecord.PreviousSnapshot(session: last, digest: digest)
    }

    /// Ends the session without a commit. Packs already written stay for the next session.
    package func abandon() {
        publisher.abandon()
        // A session that left nothing, and whose commit cannot turn up late, needs no trace.
        if !isDryRun && publisher.isUnused && !mayHaveCommitted.load(ordering: .relaxed) {
            try? records.delete(ObjectNames.session(id))
        } else {
            core.noteAbandoned(id)
        }
    }
}
