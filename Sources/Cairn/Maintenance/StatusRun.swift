internal import CairnCore
internal import CairnFormat

/// Tells the state of a repository: its sources, what is unfinished and what is left over.
enum StatusRun {
    /// Reads the lists, the small records and the index objects.
    static func run(
        _ core: RepositoryCore,
        staleAfter: Int64?,
        context: JobContext
    ) throws(CairnError) -> StatusReport {
        let core = try core.withoutCache()
        let records = RecordStore(core)
        let inventory = try RepositoryInventory.load(records, context: context)
        let census = try IndexCensus(
            records,
            view: inventory.view,
            keepsEntries: false,
            context: context
        )
        var report = StatusReport(repository: core.format.repository)
        report.sources = sources(
            of: inventory.view.snapshots.map { Snapshot($0) },
            now: core.environment.time.wallNanoseconds,
            staleAfter: staleAfter
        )
        report.sessions = inventory.sessions.map { session in
            StatusReport.OpenSession(
                id: session.id,
                host: session.record.host,
                started: session.record.started,
                processID: session.record.processID,
                isDead: session.isDead
            )
        }
        // Packs of sessions whose index is lost are not left over; they need a rebuilt index.
        let unindexed = Set(census.lost.map { $0.id.session })
        let known = Set(census.packs.keys).union(
            inventory.packs.lazy.map(\.id).filter { unindexed.contains($0.session) }
        )
        report.orphans = inventory.orphans(indexed: known)
        report.foreign = inventory.foreign
        report.orphanBytes = report.orphans.reduce(0) { $0 + $1.size }
        report.damaged = inventory.view.damaged
        report.damaged.merge(inventory.damagedSessions) { first, _ in first }
        for (id, reason) in census.lost { report.damaged[ObjectNames.index(id)] = reason }
        report.objectCount = inventory.objectCount
        report.totalBytes = inventory.totalBytes
        let cleanup = inventory.view.cleanup
        if cleanup.isOpen { report.openCleanup = cleanup.isDoomed ? "deleting" : "waiting" }
        report.hasAtomicCreate = core.store.capabilities.hasAtomicCreate
        return report
    }

    /// A host and its paths.
    private struct SourceKey: Hashable {
        let host: [UInt8]
        let paths: [[UInt8]]
    }

    private static func sources(
        of snapshots: [Snapshot],
        now: Int64,
        staleAfter: Int64?
    ) -> [StatusReport.Source] {
        // The oldest come first, so that each later one takes the place of those before.
        var sources: [SourceKey: StatusReport.Source] = [:]
        for snapshot in snapshots {
            let key = SourceKey(host: snapshot.host, paths: snapshot.paths)
            let (difference, overflow) = now.subtractingReportingOverflow(snapshot.time)
            let age = overflow ? Int64.max : difference
            let before = sources[key]
            sources[key] = StatusReport.Source(
                host: key.host,
                paths: key.paths,
                snapshotCount: (before?.snapshotCount ?? 0) + 1,
                lastComplete: snapshot.isComplete ? snapshot : before?.lastComplete,
                last: snapshot,
                age: age,
                isStale: staleAfter.map { age > $0 } ?? false
            )
        }
        return sources.values.sorted { first, second in
            if first.host != second.host {
                return first.host.lexicographicallyPrecedes(second.host)
            }
            return first.paths.lexicographicallyPrecedes(second.paths) {
                $0.lexicographicallyPrecedes($1)
            }
        }
    }
}
