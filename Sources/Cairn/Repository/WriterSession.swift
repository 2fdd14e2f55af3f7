internal import CairnCore
package import CairnFormat
internal import CairnIO
internal import Synchronization

/// A writer session: what one process adds to the repository until its one commit.
///
/// The order of its steps is what makes it safe (Specs/Durability.md#commit): register, read the
/// view, write packs, barrier, write index objects, barrier, create the snapshot record, barrier.
package final class WriterSession: Sendable {
    package let core: RepositoryCore
    package let id: SessionID
    package let view: RepositoryView
    package let index: ChunkIndex
    package let counters: BackupCounters
    package let dataPacks: PackWriter
    package let metadataPacks: PackWriter
    package let cancellation: Cancellation
    private let publisher: PackPublisher
    private let deltas: IndexDeltaWriter
    private let records: RecordStore
    private let started: Int64
    private let isDryRun: Bool
    private let mayHaveCommitted = Atomic<Bool>(false)

    /// How many packs may be in memory at once: one open of each kind and one being written.
    private static let bufferCount = 3

    private init(
        core: RepositoryCore,
        id: SessionID,
        view: RepositoryView,
        index: ChunkIndex,
        counters: BackupCounters,
        cancellation: Cancellation,
        started: Int64,
        isDryRun: Bool
    ) throws(CairnError) {
        self.core = core
        self.id = id
        self.view = view
        self.index = index
        self.counters = counters
        self.cancellation = cancellation
        self.started = started
        self.isDryRun = isDryRun
        records = RecordStore(core)
        let deltas = IndexDeltaWriter(records: records, session: id, index: index)
        self.deltas = deltas
        publisher = try PackPublisher(
            core: core,
            cancellation: cancellation,
            bufferCount: WriterSession.bufferCount,
            isDryRun: isDryRun
        ) { closed, pack throws(CairnError) in
            index.place(try closed.directory.entries(), in: pack)
            if !isDryRun, index.undrainedCount >= ChunkIndex.drainCount { try deltas.write() }
        }
        dataPacks = PackWriter(core: core, session: id, kind: .data, publisher: publisher)
        metadataPacks = PackWriter(core: core, session: id, kind: .metadata, publisher: publisher)
    }

    /// Registers a session and reads the repository's state, in this order.
    ///
    /// - Parameter isDryRun: Whether nothing is to be written, the registration included; then the
    ///   session cannot commit.
    package static func begin(
        _ core: RepositoryCore,
        context: JobContext,
        counters: BackupCounters = BackupCounters(),
        isDryRun: Bool = false
    ) throws(CairnError) -> WriterSession {
        let records = RecordStore(core)
        let writer = WriterSession.writerID(core)
        let counter = try WriterSession.nextCounter(writer, records)
        let id = SessionID(writer: writer, counter: counter, random: try core.randomBytes(12))
        let started = core.environment.time.wallNanoseconds
        var ended: [SessionID] = []
        if !isDryRun {
            try register(id, started: started, records)
            ended = try SessionAdoption.endDeadSessions(records, successor: id, context: context)
        }
        let view = try RepositoryView.load(records, context: context)
        let index = try ChunkIndex.open(core, view: view, context: context)
        let adopted = try SessionAdoption.adopt(ended, into: index, core, context: context)
        if adopted > 0 {
            context.report(.notice("took over \(adopted) bytes of an interrupted backup"))
        }
        return try WriterSession(
            core: core,
            id: id,
            view: view,
            index: index,
            counters: counters,
            cancellation: context.cancellation,
            started: started,
            isDryRun: isDryRun
        )
    }

    /// Writes the record by which others know of the session.
    private static func register(
        _ id: SessionID,
        started: Int64,
        _ records: RecordStore
    ) throws(CairnError) {
        let host = records.core.environment.host
        let process = host.process
        let record = SessionRecord(
            host: Array(host.hostName.utf8),
            user: Array(host.userName.utf8),
            bootID: Array(process.bootID.utf8),
            processID: UInt32(process.processID),
            processStart: process.startTime,
            started: started,
            cleanupGeneration: 0
        )
        let name = ObjectNames.session(id)
        _ = try records.create(
            name,
            try records.seal(.session, record.encode(), named: name)
        )
    }

    /// The same for every session of one user on one host in one repository.
    private static func writerID(_ core: RepositoryCore) -> UInt64 {
        let host = core.environment.host
        let stream = SHA256Stream()
        stream.update(Array("cairn/v1/writer".utf8).span)
        stream.update(core.format.repository.bytes.span)
        stream.update(Array("\(host.userID)@\(host.hostName)".utf8).span)
        return stream.finish().word0
    }

    /// One more than any session of this writer so far.
    private static func nextCounter(
        _ writer: UInt64,
        _ records: RecordStore
    ) throws(CairnError) -> UInt32 {
        var counter: UInt32 = 0
        for object in try records.list(ObjectNames.snapshotFolder) {
            guard case .snapshot(let session)? = ObjectNames.parse(object.name.text),
                session.writer == writer
            else { continue }
            counter = max(counter, session.counter &+ 1)
        }
        return counter
    }

    /// Places chunks of a pack that is already in the store, as this session's own.
    package func place(
        _ entries: [IndexEntry],
        in pack: IndexedPack
    ) throws(CairnError) {
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
    /// - Throws: `.fenced` if another process ended the session; nothing is lost but this commit.
    package func commit(_ snapshot: SnapshotRecord) throws(CairnError) -> SnapshotRecord {
        try dataPacks.finish()
        try metadataPacks.finish()
        try publisher.drain()
        try records.barrier()
        var record = snapshot
        record.session = id
        try deltas.write()
        record.indexes = deltas.written
        try records.barrier()
        record.started = snapshot.started == 0 ? started : snapshot.started
        record.ended = core.environment.time.wallNanoseconds
        record.statistics.bytesStored = publisher.bytesStored
        record.frontier = SnapshotRecord.frontier(of: view.records.keys)
        record.cleanupGeneration = view.generation
        record.previous = previousOfWriter()
        let name = ObjectNames.snapshot(id)
        mayHaveCommitted.store(true, ordering: .relaxed)
        let sealed = try records.seal(.snapshot, record.encode(), named: name)
        if try createUnlessThere(name, sealed) == .exists {
            // A lost response looks like this too: then the record is ours.
            guard try records.bytes(name) == sealed else {
                throw CairnError(
                    .fenced,
                    "another process ended this session; run the backup again"
                )
            }
        }
        try records.barrier()
        // The commit stands; a session record left behind is tidied up by cleanup.
        try? records.delete(ObjectNames.session(id))
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

    private func previousOfWriter() -> SnapshotRecord.PreviousSnapshot? {
        let mine = view.records.keys.filter { $0.writer == id.writer }
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

/// Writes the session's index deltas.
private final class IndexDeltaWriter: Sendable {
    private let records: RecordStore
    private let session: SessionID
    private let index: ChunkIndex
    private let references = Mutex<[SnapshotRecord.IndexReference]>([])

    init(records: RecordStore, session: SessionID, index: ChunkIndex) {
        self.records = records
        self.session = session
        self.index = index
    }

    /// The deltas written, as the snapshot names them.
    var written: [SnapshotRecord.IndexReference] { references.withLock { $0 } }

    /// Writes the chunks placed since the last delta.
    func write() throws(CairnError) {
        while let delta = index.takeDelta(limit: ChunkIndex.drainCount * 2) {
            let id = IndexID(session: session, number: UInt32(written.count))
            let name = ObjectNames.index(id)
            do throws(CairnError) {
                let sealed = try records.seal(.index, delta.encode(), named: name)
                guard try records.create(name, sealed) == .created else {
                    throw CairnError(.damaged, "\(name) exists already; run 'check'")
                }
                let digest = SHA256.hash(sealed.span)
                references.withLock {
                    $0.append(SnapshotRecord.IndexReference(number: id.number, digest: digest))
                }
                try keep(delta, as: IndexSource(id: id, digest: digest))
            } catch {
                index.putBack()
                throw error
            }
        }
    }

    private func keep(_ delta: IndexObject, as source: IndexSource) throws(CairnError) {
        do {
            try index.keep(delta, as: source)
        } catch {
            throw CairnError(.store, "the local index could not be kept", cause: error)
        }
    }
}
