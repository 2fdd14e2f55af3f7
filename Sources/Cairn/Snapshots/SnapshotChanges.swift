internal import CairnCore
internal import CairnFormat

/// Replaces and forgets snapshots.
///
/// Records never change: a snapshot is stated anew, and the old record gets a mark beside it.
package struct SnapshotChanges {
    private let core: RepositoryCore
    private let records: RecordStore

    /// Changes snapshots of one repository.
    package init(_ core: RepositoryCore) {
        self.core = core
        records = RecordStore(core)
    }

    /// Commits the snapshot anew with other tags and forgets the old one.
    func restate(
        _ id: SessionID,
        tags: [[UInt8]],
        reason: String,
        context: JobContext
    ) throws(CairnError) -> SessionID {
        let sorted = Set(tags).sorted { $0.lexicographicallyPrecedes($1) }
        guard sorted.count <= SnapshotRecord.tagCountMax,
            sorted.allSatisfy({ (1...SnapshotRecord.tagSizeMax).contains($0.count) })
        else {
            throw CairnError(.invalidRequest, "at most 256 tags of 1 to 256 bytes are possible")
        }
        let session = try WriterSession.begin(core, context: context) { _ in [id] }
        let new: SessionID
        do throws(CairnError) {
            let old = try SnapshotChanges.snapshot(id, session.view)
            guard session.roots.contains(id) else { throw SnapshotChanges.moved }
            new = try session.commit(old.restated(tags: sorted)).session
        } catch {
            session.abandon()
            throw error
        }
        try mark([id], reason: reason)
        return new
    }

    /// Commits a forgotten snapshot anew, as long as no cleanup has removed what it needs.
    ///
    /// - Returns: The new snapshot, which has the old one's ID as its original.
    /// - Throws: `.notFound` if there is no such snapshot, or a part of it is gone.
    package func recall(
        _ id: SessionID,
        context: JobContext
    ) throws(CairnError) -> SessionID {
        let session = try WriterSession.begin(core, context: context) { _ in [id] }
        do throws(CairnError) {
            guard let old = session.view.records[id] else {
                throw CairnError(.notFound, "there is no snapshot \(id)")
            }
            guard session.view.forgotten.contains(id) else {
                throw CairnError(.invalidRequest, "the snapshot \(id) is not forgotten")
            }
            guard session.roots.contains(id) else { throw SnapshotChanges.moved }
            try session.secureForgotten(old)
            return try session.commit(old.restated(tags: old.tags)).session
        } catch {
            session.abandon()
            throw error
        }
    }

    /// Forgets snapshots: all of them, or none if one is not there.
    func forget(
        _ ids: [SessionID],
        reason: String,
        context: JobContext
    ) throws(CairnError) {
        let view = try RepositoryView.load(records, context: context)
        for id in ids { _ = try SnapshotChanges.snapshot(id, view) }
        try mark(ids, reason: reason, context: context)
    }

    private static var moved: CairnError {
        CairnError(.viewChanged, "the repository keeps changing; try again")
    }

    private static func snapshot(
        _ id: SessionID,
        _ view: RepositoryView
    ) throws(CairnError) -> SnapshotRecord {
        guard let record = view.records[id], !view.forgotten.contains(id) else {
            throw CairnError(.notFound, "there is no snapshot \(id)")
        }
        return record
    }

    /// Creates the marks and makes them durable.
    package func mark(
        _ ids: [SessionID],
        reason: String,
        context: JobContext = JobContext()
    ) throws(CairnError) {
        let host = core.environment.host
        let record = ForgottenRecord(
            time: core.environment.time.wallNanoseconds,
            host: Array(host.hostName.utf8.prefix(FormatLimits.nameSizeMax)),
            user: Array(host.userName.utf8.prefix(FormatLimits.nameSizeMax)),
            reason: Array(reason.utf8.prefix(ForgottenRecord.reasonSizeMax))
        )
        let payload = record.encode()
        let mark: @Sendable (SessionID) throws(CairnError) -> Void = {
            [records] id throws(CairnError) in
            let name = ObjectNames.forgotten(id)
            // A mark that is there already says the same.
            _ = try records.create(name, try records.seal(.forgotten, payload, named: name))
        }
        do throws(CairnError) {
            try records.forEach(ids, context: context, mark)
        } catch {
            guard error.code == .outOfSpace else { throw error }
            // One at a time, since only the first of several would see the reserve go.
            for id in ids {
                try SpaceReserve.whenFull(core) { () throws(CairnError) in try mark(id) }
            }
        }
        try records.barrier()
    }
}

extension SnapshotRecord {
    /// The record of a session that states this snapshot anew and adds nothing.
    func restated(tags: [[UInt8]]) -> SnapshotRecord {
        var record = self
        record.tags = tags
        record.original = original ?? session
        record.programVersion = Array(CairnVersion.text.utf8)
        record.indexes = []
        record.statistics.chunksAdded = 0
        record.statistics.bytesAdded = 0
        return record
    }
}
