internal import CairnCore
internal import CairnFormat
internal import CairnIO
internal import Synchronization

/// One backup: a scanner, a walker, workers and an assembler around a writer session.
package final class BackupRun: Sendable {
    private let core: RepositoryCore
    private let request: BackupRequest
    private let context: JobContext
    private let session: WriterSession
    private let counters: BackupCounters
    private let handles: SourceHandles
    private let seen = BoundedQueue<SightingBatch>(capacity: SourceHandles.sightingBatchCountMax)
    private let work: WorkQueue
    private let ordered: BoundedQueue<WalkBatch>
    private let sink: MetadataSink
    private let failure = Mutex<CairnError?>(nil)

    /// Batches that may wait for the assembler.
    private static let orderedCountMax = 64

    private init(
        core: RepositoryCore,
        request: BackupRequest,
        context: JobContext,
        session: WriterSession
    ) {
        self.core = core
        self.request = request
        self.context = context
        self.session = session
        counters = session.counters
        handles = SourceHandles(limit: DescriptorLimit.current, workerCount: core.workerCount)
        work = WorkQueue(batchCountMax: SourceHandles.jobBatchCountMax)
        ordered = BoundedQueue(capacity: BackupRun.orderedCountMax)
        sink = MetadataSink(session)
    }

    /// How often a backup that cleanups took everything from begins again.
    private static let tryCountMax = 4

    /// Runs a backup from the registration of its session to the commit.
    ///
    /// Where a cleanup has ended the session and removed what it held, the backup begins again; a
    /// stream can be read only once.
    package static func run(
        _ core: RepositoryCore,
        _ request: BackupRequest,
        context: JobContext
    ) throws(CairnError) -> BackupSummary {
        for _ in 1..<tryCountMax {
            // A loss cancels the try's threads, not the job.
            let cancellation = Cancellation(beneath: context.cancellation)
            do throws(CairnError) {
                return try runOnce(
                    core,
                    request,
                    context: JobContext(cancellation: cancellation, report: context.report)
                )
            } catch {
                guard error.code == .fenced, case .paths = request.source else { throw error }
                context.report(.notice("a cleanup ended the session; the backup begins again"))
            }
        }
        return try runOnce(core, request, context: context)
    }

    private static func runOnce(
        _ core: RepositoryCore,
        _ request: BackupRequest,
        context: JobContext
    ) throws(CairnError) -> BackupSummary {
        let clock = core.environment.time
        let start = clock.monotonicNanoseconds
        let roots = try SourceSet(request.source)
        let session = try WriterSession.begin(
            core,
            context: context,
            isDryRun: request.isDryRun
        ) { view throws(CairnError) in
            let parent = try BackupRun.parent(request, roots, core, view)
            return Set([parent?.session].compactMap { $0 })
        }
        let run = BackupRun(core: core, request: request, context: context, session: session)
        do throws(CairnError) {
            var summary = try run.watched { () throws(CairnError) in
                try run.perform(roots, start: start)
            }
            summary.duration = clock.monotonicNanoseconds - start
            return summary
        } catch {
            session.abandon()
            throw session.failure ?? error
        }
    }

    private func perform(_ source: SourceSet, start: UInt64) throws(CairnError) -> BackupSummary {
        let parent = session.roots.first.flatMap { session.view.records[$0] }
        let ticker = try ProgressTicker(core.environment.time, start: start) { [self] elapsed in
            context.report(
                .progress(
                    counters.progress(
                        expected: parent?.statistics.bytes ?? 0,
                        elapsed: elapsed
                    )
                )
            )
        }
        defer { ticker.stop() }
        let (tree, problems, assembled) = try assemble(source, parent: parent)
        var summary = assembled
        summary.parent = parent?.session
        summary.statistics.chunksAdded = counters.added.chunks
        summary.statistics.bytesAdded = counters.added.bytes
        if request.skipsIfUnchanged, let parent, parent.tree == tree {
            session.abandon()
            return summary
        }
        var record = SnapshotRecord(session: session.id, tree: tree)
        try record.describe(request, core)
        record.paths = source.paths
        record.statistics = summary.statistics
        record.parent = parent?.session
        record.problemCount = UInt64(summary.problemCount)
        record.problems = problems
        if request.isDryRun {
            session.abandon()
            return summary
        }
        let committed = try session.commit(record)
        summary.snapshot = committed.session
        summary.statistics = committed.statistics
        return summary
    }

    /// Walks, reads and builds the tree; on return every chunk is in a pack or queued for one.
    private func assemble(
        _ source: SourceSet,
        parent: SnapshotRecord?
    ) throws(CairnError) -> (TreeReference, ContentReference, BackupSummary) {
        let threads = try startThreads(source, parent: parent)
        var assembler = TreeAssembler(
            sink: sink,
            problemList: ProblemListWriter(sink),
            context: context,
            counters: counters,
            reportsItems: request.reportsItems
        )
        do throws(CairnError) {
            while let batch = ordered.take() { try assembler.add(batch) }
        } catch {
            fail(error)
        }
        for thread in threads { thread.join() }
        if let error = failure.withLock({ $0 }) { throw error }
        try context.checkCancelled()
        let (tree, problems) = try assembler.finish()
        try sink.flush()
        var summary = BackupSummary()
        summary.statistics = assembler.statistics
        summary.problems = assembler.problems
        summary.problemCount = assembler.problemCount
        return (tree, problems, summary)
    }

    private func startThreads(
        _ source: SourceSet,
        parent: SnapshotRecord?
    ) throws(CairnError) -> [WorkerThread] {
        let walking = try walking(source, parent: parent)
        var threads: [WorkerThread] = []
        do throws(StoreError) {
            for number in 0..<core.workerCount {
                threads.append(
                    try WorkerThread(name: "cairn-work-\(number)") { [self] in worker() }
                )
            }
            for (name, body) in walking { threads.append(try WorkerThread(name: name, body)) }
        } catch {
            fail(CairnError.store(error, "starting a thread"))
            for thread in threads { thread.join() }
            throw CairnError.store(error, "starting a thread")
        }
        return threads
    }

    /// What gives the workers and the assembler their work, each part for a thread of its own.
    private func walking(
        _ source: SourceSet,
        parent: SnapshotRecord?
    ) throws(CairnError) -> [(name: String, body: @Sendable () -> Void)] {
        let roots: SourceRoots
        switch source {
        case .stream(let name, let stream):
            let read: @Sendable () -> Void = { [self] in
                walked { () throws(CairnError) in try readStream(name, stream) }
            }
            return [("cairn-walk", read)]
        case .paths(let paths, _):
            roots = paths
        }
        let root: SourceDirectory
        do {
            root = try SourceDirectory.open(path: [UInt8(ascii: "/")])
        } catch {
            throw CairnError.unreadableSource([UInt8(ascii: "/")], error)
        }
        let scanBody: @Sendable () -> Void = { [self] in scan(roots, from: root) }
        let walkBody: @Sendable () -> Void = { [self] in
            walked { () throws(CairnError) in try walk(from: root, parent: parent) }
        }
        return [("cairn-scan", scanBody), ("cairn-walk", walkBody)]
    }

    /// Records the first failure and stops everybody.
    private func fail(_ error: CairnError) {
        failure.withLock { $0 = $0 ?? error }
        seen.cancel()
        work.cancel()
        ordered.cancel()
    }

    /// Says what lies in the source, ahead of the walk.
    private func scan(_ roots: SourceRoots, from root: SourceDirectory) {
        do throws(CairnError) {
            var scanner = try SourceScanner(
                request: request,
                repositoryIdentity: request.repositoryPath.flatMap {
                    try? SourceDirectory.open(path: $0).metadata().identity
                },
                handles: handles,
                context: context
            ) { [seen] batch throws(CairnError) in
                guard seen.put(batch) else { throw CairnError.cancelled }
            }
            try scanner.scan(roots, from: root)
            seen.close()
        } catch {
            fail(error)
        }
    }

    /// Compares what the scan says with the parent snapshot.
    private func walk(
        from root: SourceDirectory,
        parent: SnapshotRecord?
    ) throws(CairnError) {
        var walker = try SourceWalker(
            request: request,
            root: root,
            parent: parent?.tree,
            trees: TreeLoader(ChunkReader(core: core, index: session.index)),
            handles: handles,
            context: context,
            counters: counters
        ) { [self] batch throws(CairnError) in
            try send(batch)
        }
        while let batch = seen.take() { try walker.take(batch) }
        try walker.finish()
    }

    /// Does the walk, and lets the others end after it.
    private func walked(_ walk: () throws(CairnError) -> Void) {
        do throws(CairnError) {
            try walk()
            counters.walkEnded()
            work.close()
            ordered.close()
        } catch {
            fail(error)
        }
    }

    private func send(_ batch: WalkBatch) throws(CairnError) {
        guard ordered.put(batch) else {
            batch.abandon()
            throw CairnError.cancelled
        }
        if batch.hasJobs { try work.put(batch) }
    }

    /// Stores one stream as a file in the root.
    private func readStream(_ name: FileName, _ stream: any ByteSource) throws(CairnError) {
        let saver = makeSaver()
        var reader = StreamReader(
            core: core,
            queue: work,
            saver: saver,
            lists: sink,
            context: context,
            counters: counters
        )
        do throws(CairnError) {
            try reader.take { size, buffer throws(CairnError) in
                try stream.read(upTo: size, into: buffer)
            } failure: {
                $0
            }
            // A stream that did not end well must never become a shorter file.
            try stream.finish()
            let content = try reader.finish()
            try saver.flush()
            let now = core.environment.time.wallNanoseconds
            let host = core.environment.host
            let time = Timestamp(
                seconds: now / 1_000_000_000,
                nanoseconds: UInt32(now % 1_000_000_000)
            )
            let entry = TreeEntry(
                name: name,
                mode: 0o600,
                userID: host.userID,
                groupID: host.groupID,
                modified: time,
                changed: time,
                inode: 0,
                node: .regular(content: content, layout: nil)
            )
            let path = [UInt8(ascii: "/")] + name
            try send(WalkBatch(items: [.entry(entry, path: path, .new)], jobs: []))
            counters.fileFound(bytes: content.length)
            counters.fileDone(bytes: 0)
        } catch {
            reader.abandon()
            throw error
        }
    }

    private func makeSaver() -> ChunkSaver {
        ChunkSaver(
            session,
            packs: session.dataPacks,
            type: .data,
            compression: request.compression
        )
    }

    private func worker() {
        let saver = makeSaver()
        let reader = FileReader(
            core: core,
            saver: saver,
            lists: sink,
            queue: work,
            context: context,
            counters: counters
        )
        while let task = work.take() {
            switch task {
            case .stretch(let stretch):
                saver.process(stretch)
            case .batch(let batch):
                defer { work.endBatch() }
                do throws(CairnError) {
                    try reader.process(batch)
                } catch {
                    batch.abandon()
                    return fail(error)
                }
            }
        }
        do throws(CairnError) {
            try saver.flush()
        } catch {
            fail(error)
        }
    }

    /// The snapshot to compare with, if any.
    private static func parent(
        _ request: BackupRequest,
        _ source: SourceSet,
        _ core: RepositoryCore,
        _ view: RepositoryView
    ) throws(CairnError) -> SnapshotRecord? {
        switch request.parent {
        case .none:
            return nil
        case .snapshot(let id):
            return try view.snapshot(id)
        case .automatic:
            let host = request.host ?? Array(core.environment.host.hostName.utf8)
            return view.snapshots.last { $0.host == host && $0.paths == source.paths }
        }
    }

    /// Looks for cleanups while `body` runs.
    private func watched<T>(_ body: () throws(CairnError) -> T) throws(CairnError) -> T {
        if request.isDryRun { return try body() }
        let watch = try SessionWatch(session)
        defer { watch.stop() }
        return try body()
    }
}
