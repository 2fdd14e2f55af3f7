package import CairnCore
package import CairnFormat
package import CairnIO
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
    private let records: RecordStore
    private let started: Int64

    /// How many packs may be in memory at once: one open of each kind and one being written.
    private static let bufferCount = 3

    private init(
        core: RepositoryCore, id: SessionID, view: RepositoryView, index: ChunkIndex,
        counters: BackupCounters, cancellation: Cancellation, started: Int64
    ) throws(CairnError) {
        self.core = core
        self.id = id
        self.view = view
        self.index = index
        self.counters = counters
        self.cancellation = cancellation
        self.started = started
        records = RecordStore(core)
        publisher = try PackPublisher(
            core: core, cancellation: cancellation, bufferCount: WriterSession.bufferCount)
        dataPacks = PackWriter(core: core, session: id, kind: .data, publisher: publisher)
        metadataPacks = PackWriter(core: core, session: id, kind: .metadata, publisher: publisher)
    }

    /// Registers a session and reads the repository's state, in this order.
    package static func begin(
        _ core: RepositoryCore, cache: RecordCache, context: JobContext,
        counters: BackupCounters = BackupCounters()
    ) throws(CairnError) -> WriterSession {
        let records = RecordStore(core)
        let writer = WriterSession.writerID(core)
        let counter = try WriterSession.nextCounter(writer, records)
        let id = SessionID(writer: writer, counter: counter, random: try core.randomBytes(12))
        let host = core.environment.host
        let process = host.process
        let started = core.environment.time.wallNanoseconds
        let record = SessionRecord(
            host: Array(host.hostName.utf8), user: Array(host.userName.utf8),
            bootID: Array(process.bootID.utf8), processID: UInt32(process.processID),
            processStart: process.startTime, started: started, cleanupGeneration: 0)
        let name = ObjectNames.session(id)
        _ = try records.create(
            name, try records.seal(.session, record.encode(), named: name))
        let view = try RepositoryView.load(records, cache: cache, context: context)
        let index = try ChunkIndex.open(core, view: view, context: context)
        return try WriterSession(
            core: core, id: id, view: view, index: index, counters: counters,
            cancellation: context.cancellation, started: started)
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
        _ writer: UInt64, _ records: RecordStore
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

    /// Claims a chunk for the caller to store.
    ///
    /// - Returns: False where the repository or this session has it, or another thread of this
    ///   session is storing it.
    package func claim(_ id: ChunkID) throws(CairnError) -> Bool {
        index.claim(id)
    }

    /// Notes where claimed chunks were put.
    package func place(
        _ chunks: [PackChunk], type: ChunkType, at segment: SegmentPlace
    ) throws(CairnError) {
        var place = 0
        for chunk in chunks {
            guard
                let entry = IndexEntry(
                    id: chunk.id, pack: segment.pack.number, segmentOffset: segment.offset,
                    segmentStoredSize: segment.storedSize, type: type,
                    place: chunks.count > 1 ? place : nil, length: Int(chunk.length))
            else {
                throw CairnError(.invalidRequest, "a chunk's place does not fit into the index")
            }
            index.place(chunk.id, entry)
            place += Int(chunk.length)
        }
    }

    /// Bytes of packs written so far.
    package var bytesStored: UInt64 { publisher.bytesStored }

    /// Makes everything durable and visible with the one create that commits.
    ///
    /// - Parameter snapshot: The record, complete but for what the session itself knows.
    /// - Throws: `.fenced` if another process ended the session; nothing is lost but this commit.
    package func commit(_ snapshot: SnapshotRecord) throws(CairnError) -> SnapshotRecord {
        try dataPacks.finish()
        try metadataPacks.finish()
        let packs = try publisher.drain()
        try records.barrier()
        var record = snapshot
        record.session = id
        record.indexes = try writeIndexes(packs)
        try records.barrier()
        record.started = snapshot.started == 0 ? started : snapshot.started
        record.ended = core.environment.time.wallNanoseconds
        record.statistics.bytesStored = publisher.bytesStored
        record.frontier = SnapshotRecord.frontier(of: view.records.keys)
        record.cleanupGeneration = view.generation
        record.previous = previousOfWriter()
        let name = ObjectNames.snapshot(id)
        let sealed = try records.seal(.snapshot, record.encode(), named: name)
        if try records.create(name, sealed) == .exists {
            // A lost response looks like this too: then the record is ours.
            guard try records.bytes(name) == sealed else {
                throw CairnError(
                    .fenced, "another process ended this session; run the backup again")
            }
        }
        try records.barrier()
        // The commit stands; a session record left behind is tidied up by cleanup.
        try? records.delete(ObjectNames.session(id))
        return record
    }

    private func previousOfWriter() -> SnapshotRecord.PreviousSnapshot? {
        let mine = view.records.keys.filter { $0.writer == id.writer }
        guard let last = mine.max(), let digest = view.digests[last] else { return nil }
        return SnapshotRecord.PreviousSnapshot(session: last, digest: digest)
    }

    private func writeIndexes(
        _ packs: [IndexedPack]
    ) throws(CairnError) -> [SnapshotRecord.IndexReference] {
        var written: [SnapshotRecord.IndexReference] = []
        for object in index.sessionObjects(packs: packs) {
            let id = IndexID(session: id, number: UInt32(written.count))
            let name = ObjectNames.index(id)
            let sealed = try records.seal(.index, object.encode(), named: name)
            guard try records.create(name, sealed) == .created else {
                throw CairnError(.damaged, "\(name) exists already; run 'check'")
            }
            written.append(
                SnapshotRecord.IndexReference(number: id.number, digest: SHA256.hash(sealed.span)))
        }
        return written
    }

    /// Ends the session without a commit. Packs already written stay for the next session.
    package func abandon() {
        publisher.abandon()
    }
}
