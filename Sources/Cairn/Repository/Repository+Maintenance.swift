public import CairnFormat

extension Repository {
    /// Checks the repository without changing it.
    ///
    /// Whatever is damaged or missing is a finding of the report, with the files it touches; only
    /// cancellation and a store that cannot be reached end the check.
    public func check(_ request: CheckRequest) -> Operation<CheckReport> {
        Operation("cairn-check") { [core, currentSlot] context throws(CairnError) in
            try CheckRun.run(core, request, slot: currentSlot, context: context)
        }
    }

    /// Tells of every source how old its snapshots are, and what is unfinished or left over.
    ///
    /// A source is stale if its newest snapshot is older than `staleAfter` nanoseconds.
    public func status(staleAfter: Int64?) -> Operation<StatusReport> {
        Operation("cairn-status") { [core] context throws(CairnError) in
            try StatusRun.run(core, staleAfter: staleAfter, context: context)
        }
    }

    /// Writes index objects for all packs whose chunks no readable index object knows.
    ///
    /// The job fails with `.notFound` if there is no snapshot: then nothing needs an index.
    public func rebuildIndex() -> Operation<IndexRebuildReport> {
        Operation("cairn-rebuild") { [core] context throws(CairnError) in
            try IndexRebuild.run(core, context: context)
        }
    }

    /// Measures snapshots; all that are not forgotten if none are named.
    ///
    /// The job fails with `.notFound` if one of them is not there.
    public func statistics(_ snapshots: [SessionID]) -> Operation<StatisticsReport> {
        Operation("cairn-statistics") { [core] context throws(CairnError) in
            try StatisticsRun.run(core, snapshots, context: context)
        }
    }

    /// Replaces a snapshot by one of the same tree and time with other tags.
    ///
    /// - Returns: The new snapshot, which keeps the old one's ID as its original.
    /// - Throws: `.notFound` if there is no such snapshot.
    public func retag(
        _ id: SessionID,
        tags: [[UInt8]]
    ) async throws(CairnError) -> SessionID {
        try await Operation("cairn-tag") { [core] context throws(CairnError) in
            try SnapshotChanges(core).restate(id, tags: tags, reason: "tags", context: context)
        }.value
    }

    /// The forgotten snapshot that a text names: an ID or the beginning of one.
    ///
    /// - Throws: `.notFound`; `.invalidRequest` where several are named.
    public func forgottenSnapshot(_ text: String) async throws(CairnError) -> Snapshot {
        try await Operation("cairn-list") { [records] context throws(CairnError) in
            let view = try RepositoryView.load(records, context: context)
            let gone = view.records.values.filter { view.forgotten.contains($0.session) }
                .sorted { ($0.started, $0.session) < ($1.started, $1.session) }
            return try SnapshotSelector.choose(
                text,
                filter: SnapshotFilter(),
                among: gone.map { Snapshot($0) }
            )
        }.value
    }

    /// Brings a forgotten snapshot back: commits one with the same tree and facts.
    ///
    /// - Returns: The new snapshot, which has the old one's ID as its original.
    /// - Throws: `.notFound` if there is no such snapshot, or a cleanup has removed data of it.
    public func restoreForgotten(_ id: SessionID) async throws(CairnError) -> SessionID {
        try await Operation("cairn-recall") { [core] context throws(CairnError) in
            try SnapshotChanges(core).recall(id, context: context)
        }.value
    }

    /// Takes snapshots out of the list.
    ///
    /// What only they need stays stored until a cleanup; until then ``restoreForgotten(_:)`` brings
    /// them back.
    ///
    /// - Throws: `.notFound` if there is no such snapshot; none is forgotten then.
    public func forget(_ ids: [SessionID]) async throws(CairnError) {
        try await Operation("cairn-forget") { [core] context throws(CairnError) in
            try SnapshotChanges(core).forget(ids, reason: "forget", context: context)
        }.value
    }
}
