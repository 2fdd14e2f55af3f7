internal import CairnCore
package import CairnFormat
internal import CairnIO

/// Takes over what interrupted sessions of this host have stored, so that no acknowledged upload
/// is repeated (Specs/Durability.md#adoption).
///
/// A session is dead for sure only if it ended in this very process, or its process is gone on
/// this very host. Its fate is fixed
/// first, by creating its tombstone; only if that create wins are its packs read.
package enum SessionAdoption {
    /// A session whose process is gone, and the sessions that it held packs of.
    package struct DeadSession: Sendable {
        let id: SessionID
        let predecessors: [SessionID]
    }

    /// The most sessions that one session takes over; others wait for the next.
    private static let heldCountMax = SessionRecord.predecessorCountMax / 2

    /// Finds sessions of this host that ended without an outcome.
    package static func findDead(
        _ records: RecordStore,
        context: JobContext
    ) throws(CairnError) -> [DeadSession] {
        var dead: [DeadSession] = []
        var held = 0
        for object in try records.list(ObjectNames.sessionFolder) {
            try context.checkCancelled()
            guard case .session(let session)? = ObjectNames.parse(object.name.text) else {
                continue
            }
            // A registration that cannot be read says nothing about its process.
            let record = try? records.session(object.name.text)
            let isOver = records.core.wasAbandoned(session)
            guard isOver || record.map({ isGone($0, records) }) == true else { continue }
            let predecessors = record?.predecessors ?? []
            held += 1 + predecessors.count
            guard held <= heldCountMax else { break }
            dead.append(DeadSession(id: session, predecessors: predecessors))
        }
        return dead
    }

    /// Fixes the fate of dead sessions and returns the IDs of those whose packs may be taken over.
    package static func end(
        _ dead: [DeadSession],
        _ records: RecordStore,
        successor: SessionID
    ) throws(CairnError) -> Set<SessionID> {
        var ended: Set<SessionID> = []
        for session in dead {
            // A session that has committed after all is in the view that is read next.
            var isOver = try entomb(session.id, .abandoned, successor: successor, records)
            if !isOver { isOver = try RepositoryView.isTombstone(session.id, records) }
            if isOver {
                ended.insert(session.id)
                ended.formUnion(session.predecessors)
            }
            // Its outcome is decided either way: the registration has served.
            try records.delete(ObjectNames.session(session.id))
        }
        return ended
    }

    /// Creates a session's tombstone and makes it durable; false if it has an outcome already.
    package static func entomb(
        _ session: SessionID,
        _ reason: Tombstone.Reason,
        successor: SessionID?,
        _ records: RecordStore
    ) throws(CairnError) -> Bool {
        let environment = records.core.environment
        let tombstone = Tombstone(
            reason: reason,
            successor: successor,
            time: environment.time.wallNanoseconds,
            host: Array(environment.host.hostName.utf8.prefix(FormatLimits.nameSizeMax))
        )
        let name = ObjectNames.snapshot(session)
        let sealed = try records.seal(.tombstone, tombstone.encode(), named: name)
        let isCreated = try records.create(name, sealed) == .created
        try records.barrier()
        return isCreated
    }

    /// Whether the process that registered is known to be gone.
    package static func isGone(_ record: SessionRecord, _ records: RecordStore) -> Bool {
        let host = records.core.environment.host
        guard record.host == Array(host.hostName.utf8.prefix(FormatLimits.nameSizeMax)) else {
            return false
        }
        let process = ProcessIdentity(
            processID: Int32(truncatingIfNeeded: record.processID),
            startTime: record.processStart,
            bootID: String(decoding: record.bootID, as: UTF8.self)
        )
        return !host.isAlive(process)
    }

    /// Places the chunks of the sessions' packs into the index, as this session's own.
    ///
    /// - Parameter condemned: Packs that a cleanup may delete; they are left alone.
    /// - Returns: The packs that were taken over, and their bytes.
    package static func adopt(
        _ ended: Set<SessionID>,
        but condemned: Set<PackID>,
        into index: ChunkIndex,
        _ core: RepositoryCore,
        context: JobContext
    ) throws(CairnError) -> (packs: Set<PackID>, bytes: UInt64) {
        var packs: Set<PackID> = []
        var size: UInt64 = 0
        guard !ended.isEmpty else { return (packs, size) }
        for object in try RecordStore(core).list(ObjectNames.packFolder) {
            try context.checkCancelled()
            guard case .pack(let pack)? = ObjectNames.parse(object.name.text),
                ended.contains(pack.session), !condemned.contains(pack)
            else { continue }
            do throws(CairnError) {
                let tail = try PackTail(of: pack, size: object.size, core: core)
                index.place(
                    try tail.directory.entries(),
                    in: IndexedPack(id: pack, kind: tail.opener.header.kind, size: object.size)
                )
                packs.insert(pack)
                size += object.size
            } catch {
                // A pack that was not finished properly stays an orphan.
                guard error.code == .damaged else { throw error }
            }
        }
        return (packs, size)
    }
}
