internal import CairnCore
internal import CairnFormat
internal import CairnIO
internal import Synchronization

/// One restore: a planner and workers.
package final class RestoreRun: Sendable {
    private let request: RestoreRequest
    private let context: JobContext
    private let chunks: ChunkReader
    private let record: SnapshotRecord
    private let target: RestoreTarget
    private let counters: RestoreCounters
    private let queue = BoundedQueue<ReadGroup>(capacity: 1 << 30)
    private let failure = Mutex<CairnError?>(nil)

    private init(
        _ request: RestoreRequest,
        _ opened: OpenedSnapshot,
        _ tree: TargetTree?,
        _ counters: RestoreCounters,
        context: JobContext
    ) {
        self.request = request
        self.context = context
        self.counters = counters
        chunks = opened.chunks
        record = opened.record
        target = RestoreTarget(
            tree,
            request: request,
            host: opened.chunks.core.environment.host,
            counters: counters
        )
    }

    /// Restores what the request names.
    package static func run(
        _ records: RecordStore,
        _ request: RestoreRequest,
        context: JobContext
    ) throws(CairnError) -> RestoreSummary {
        let core = records.core
        let clock = core.environment.time
        let begin = clock.monotonicNanoseconds
        let opened = try OpenedSnapshot(request.snapshot, records, context)
        let start = try TreeLoader(opened.chunks).find(request.subtree, in: opened.record.tree)
        let counters = RestoreCounters(context: context, reportsItems: request.reportsItems)
        let tree = try openTarget(request)
        let run = RestoreRun(request, opened, tree, counters, context: context)
        let isWhole =
            request.subtree.isEmpty && request.includes.isEmpty && request.excludes.isEmpty
        if isWhole { run.checkSpace() }
        let expected = isWhole ? opened.record.statistics : nil
        let ticker = try ProgressTicker(clock, start: begin) { elapsed in
            context.report(.progress(counters.progress(expected: expected, elapsed: elapsed)))
        }
        defer { ticker.stop() }
        try run.restore(start)
        var summary = counters.summary
        summary.duration = clock.monotonicNanoseconds - begin
        return summary
    }

    private static func openTarget(_ request: RestoreRequest) throws(CairnError) -> TargetTree? {
        do throws(FileFailure) {
            if request.isDryRun {
                // Looking must not make the folder.
                guard (try? SourceDirectory.open(path: request.target)) != nil else { return nil }
            }
            return try TargetTree.open(path: request.target)
        } catch {
            throw CairnError(
                .target,
                "cannot restore to \(PathText.escaped(request.target)): \(error.reason)",
                cause: error
            )
        }
    }

    private func checkSpace() {
        guard !request.isDryRun, let space = try? target.tree?.freeSpace(),
            space.size < record.statistics.bytes
        else { return }
        context.report(
            .notice(
                "the target has \(space.size) bytes free and the snapshot holds "
                    + "\(record.statistics.bytes)"
            )
        )
    }

    private func restore(_ start: SubtreeStart) throws(CairnError) {
        let workers: ThreadGroup
        do throws(StoreError) {
            workers = try ThreadGroup(
                name: "cairn-restore",
                count: request.isDryRun ? 1 : chunks.core.workerCount
            ) { [self] _ in work() }
        } catch {
            throw CairnError.store(error, "starting a thread")
        }
        do throws(CairnError) {
            var planner = try RestorePlanner(
                request,
                target: target,
                chunks: chunks,
                totals: SnapshotTotals(record.statistics),
                context: context
            ) { [queue] group throws(CairnError) in
                guard queue.put(group) else { throw CairnError.cancelled }
            }
            try planner.run(start)
            queue.close()
        } catch {
            fail(error)
        }
        workers.join()
        if let error = failure.withLock({ $0 }) { throw error }
        try context.checkCancelled()
        if request.verifies && !request.isDryRun {
            try RestoreVerifier(request, target: target, chunks: chunks, context: context)
                .run(start, totals: record.statistics)
        }
    }

    private func work() {
        let worker = RestoreWorker(chunks, context: context)
        while let group = queue.take() {
            do throws(CairnError) {
                try worker.process(group)
            } catch {
                return fail(error)
            }
        }
    }

    /// Ends the restore; the first failure is the one that is told.
    private func fail(_ error: CairnError) {
        failure.withLock { if $0 == nil { $0 = error } }
        queue.cancel()
    }
}

/// A snapshot that is to be read, with the index of its repository.
package struct OpenedSnapshot: Sendable {
    package let record: SnapshotRecord
    package let chunks: ChunkReader

    /// Reads the repository's state and index.
    ///
    /// - Throws: `.notFound`, `.forgotten`.
    package init(
        _ id: SessionID,
        _ records: RecordStore,
        _ context: JobContext
    ) throws(CairnError) {
        let (view, index) = try RepositoryView.open(records, context: context)
        record = try view.snapshot(id)
        chunks = ChunkReader(core: records.core, index: index, snapshot: id)
    }
}

extension RepositoryView {
    /// The record of a snapshot.
    ///
    /// - Throws: `.notFound`, `.forgotten`, `.damaged`.
    package func snapshot(_ id: SessionID) throws(CairnError) -> SnapshotRecord {
        if let reason = damaged[ObjectNames.snapshot(id)] { throw CairnError(.damaged, reason) }
        guard let record = records[id] else {
            throw CairnError(.notFound, "there is no snapshot \(id)")
        }
        guard !forgotten.contains(id) else {
            throw CairnError(.forgotten, "the snapshot \(id) was forgotten")
        }
        return record
    }
}
