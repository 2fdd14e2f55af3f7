internal import CairnCore
package import CairnFormat
internal import CairnIO
internal import Synchronization

/// The name under which a session runs; a roll-over changes it.
package final class SessionName: Sendable {
    private let state: Mutex<SessionID>

    init(_ id: SessionID) {
        state = Mutex(id)
    }

    /// The session's present ID.
    package var current: SessionID {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// What a session says of itself before it reads anything (Specs/Cleanup.md#writer).
struct SessionRegistration: Sendable {
    /// Its ID.
    var id: SessionID
    /// The newest cleanup known before registering.
    var generation: UInt64
    /// The snapshots that it may take whole parts from.
    var roots: Set<SessionID>
    /// The sessions whose packs and index objects it holds.
    var predecessors: Set<SessionID>

    /// Draws the ID of a new session of this user on this host.
    static func nextID(_ records: RecordStore) throws(CairnError) -> SessionID {
        let core = records.core
        let writer = writerID(core)
        return SessionID(
            writer: writer,
            counter: try nextCounter(writer, records),
            random: try core.randomBytes(12)
        )
    }

    /// Creates the session's record.
    func create(_ records: RecordStore) throws(CairnError) {
        let host = records.core.environment.host
        let process = host.process
        let record = SessionRecord(
            host: Array(host.hostName.utf8.prefix(FormatLimits.nameSizeMax)),
            user: Array(host.userName.utf8.prefix(FormatLimits.nameSizeMax)),
            bootID: Array(process.bootID.utf8.prefix(SessionRecord.bootIDSizeMax)),
            processID: UInt32(process.processID),
            processStart: process.startTime,
            started: records.core.environment.time.wallNanoseconds,
            cleanupGeneration: generation,
            roots: records.core.options.faults.contains(.undeclaredRoots) ? [] : roots.sorted(),
            predecessors: predecessors.sorted()
        )
        let name = ObjectNames.session(id)
        let sealed = try records.seal(.session, record.encode(), named: name)
        _ = try records.create(name, sealed)
    }

    /// Removes the session's record; one left behind is tidied up by cleanup.
    func remove(_ records: RecordStore) {
        try? records.delete(ObjectNames.session(id))
    }

    /// The same for every session of one user on one host in one repository.
    private static func writerID(_ core: RepositoryCore) -> UInt64 {
        let host = core.environment.host
        let stream = SHA256Stream()
        stream.update(Array("cairn/v1/writer".utf8).span)
        stream.update(core.format.repository.bytes.span)
        stream.update(Array("\(host.userID)@\(host.hostName)".utf8).span)
        // All ones belongs to cleanups.
        return min(stream.finish().word0, SessionID.executorWriter - 1)
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
}
