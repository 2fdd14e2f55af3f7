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
    /// Ends every dead session and returns the IDs of those whose packs may be taken over.
    package static func endDeadSessions(
        _ records: RecordStore,
        successor: SessionID,
        context: JobContext
    ) throws(CairnError) -> [SessionID] {
        var ended: [SessionID] = []
        for object in try records.list(ObjectNames.sessionFolder) {
            try context.checkCancelled()
            guard case .session(let session)? = ObjectNames.parse(object.name.text),
                session != successor, isDead(session, records)
            else { continue }
            let environment = records.core.environment
            let tombstone = Tombstone(
                reason: .abandoned,
                successor: successor,
                time: environment.time.wallNanoseconds,
                host: Array(environment.host.hostName.utf8.prefix(FormatLimits.nameSizeMax))
            )
            let name = ObjectNames.snapshot(session)
            let sealed = try records.seal(.tombstone, tombstone.encode(), named: name)
            if try records.create(name, sealed) == .created {
                try records.barrier()
                ended.append(session)
            }
            // Its outcome is decided either way: the registration has served.
            try records.delete(ObjectNames.session(session))
        }
        return ended
    }

    private static func isDead(_ session: SessionID, _ records: RecordStore) -> Bool {
        if records.core.wasAbandoned(session) { return true }
        // A registration that cannot be read says nothing about its process.
        guard let (type, payload) = try? records.read(ObjectNames.session(session)),
            type == .session, let record = try? SessionRecord(decoding: payload.span)
        else { return false }
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
    /// - Returns: How many bytes of packs were taken over.
    package static func adopt(
        _ sessions: [SessionID],
        into index: ChunkIndex,
        _ core: RepositoryCore,
        context: JobContext
    ) throws(CairnError) -> UInt64 {
        guard !sessions.isEmpty else { return 0 }
        let ended = Set(sessions)
        var size: UInt64 = 0
        for object in try RecordStore(core).list(ObjectNames.packFolder) {
            try context.checkCancelled()
            guard case .pack(let pack)? = ObjectNames.parse(object.name.text),
                ended.contains(pack.session)
            else { continue }
            do throws(CairnError) {
                let tail = try PackTail(of: pack, size: object.size, core: core)
                index.place(
                    try tail.directory.entries(),
                    in: IndexedPack(id: pack, kind: tail.opener.header.kind, size: object.size)
                )
                size += object.size
            } catch {
                // A pack that was not finished properly stays an orphan.
                guard error.code == .damaged else { throw error }
            }
        }
        return size
    }
}
