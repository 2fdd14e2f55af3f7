internal import CairnCore
package import CairnFormat
internal import CairnIO
internal import Synchronization

/// One check: the small objects, then packs by workers beside a walk through the trees.
///
/// Nothing found ends a check; only cancellation and a store that cannot be reached do.
/// Memory: at most 160 MiB of buffers in all, up to 100 bytes for each chunk of the packs under
/// inspection, 50 bytes a distinct tree and some 300 a pack. The index and its entries by pack lie
/// in files (``IndexCensus``).
package final class CheckRun: Sendable {
    /// Bytes that the buffers of all workers may take together.
    static let bufferBudget = 160 << 20

    private let core: RepositoryCore
    private let request: CheckRequest
    private let context: JobContext
    private let findings = CheckFindings()
    private let inventory: RepositoryInventory
    private let census: IndexCensus
    /// Sizes of indexed packs; those that are missing have none.
    private let sizes: [PackID: UInt64]
    private let progress: Mutex<(next: Int, report: CheckReport, failure: CairnError?)>
    private let jobs: [PackJob]

    /// A pack to inspect.
    private struct PackJob {
        let pack: IndexedPack
        let readsData: Bool
    }

    private init(
        _ core: RepositoryCore,
        _ request: CheckRequest,
        _ context: JobContext
    ) throws(CairnError) {
        self.core = try core.withoutCache()
        self.request = request
        self.context = context
        let records = RecordStore(self.core)
        inventory = try RepositoryInventory.load(records, context: context)
        census = try IndexCensus(
            records,
            view: inventory.view,
            keepsEntries: true,
            context: context
        )
        var sizes: [PackID: UInt64] = [:]
        for pack in census.packs.keys {
            // A pack that was published since the listing is found by asking.
            if let size = inventory.packs[pack] {
                sizes[pack] = size
            } else {
                sizes[pack] = try records.size(ObjectNames.pack(pack))
            }
        }
        self.sizes = sizes
        let selection = try PackSelection(request.data, core)
        jobs = census.packs.values.sorted { $0.id < $1.id }.map {
            PackJob(pack: $0, readsData: selection.contains($0.id))
        }
        progress = Mutex((0, CheckReport(), nil))
    }

    /// Checks a repository; `slot` is the key slot that opened it.
    package static func run(
        _ core: RepositoryCore,
        _ request: CheckRequest,
        slot: KeySlotID?,
        context: JobContext
    ) throws(CairnError) -> CheckReport {
        for _ in 1..<repeatCountMax {
            let records = RecordStore(core)
            let before = try CleanupView.generation(records)
            var report = try runOnce(core, request, slot: slot, context: context)
            // What a cleanup removes meanwhile looks like damage.
            if report.isSound {
                try proveMark(core, context, &report)
                return report
            }
            let after = try CleanupView.load(records)
            if after.generation == before && !after.isOpen { return report }
        }
        return try runOnce(core, request, slot: slot, context: context)
    }

    /// Looks whether this machine's cleanups begin with what is true.
    private static func proveMark(
        _ core: RepositoryCore,
        _ context: JobContext,
        _ report: inout CheckReport
    ) throws(CairnError) {
        do throws(CairnError) {
            let isRight = try CleanupRun.watched(core, context) { meter throws(CairnError) in
                try Marking.proveKept(core, context: context, meter: meter)
            }
            guard isRight == false else { return }
            report.notices.append(
                "the mark that the last cleanup kept on this machine was wrong; it is removed, and "
                    + "the next cleanup counts everything anew. Please report this"
            )
        } catch {
            // A cleanup went on meanwhile; there is nothing left to compare.
            guard error.code == .damaged || error.isMissingObject else { throw error }
        }
    }

    /// How often a check begins again because a cleanup ran beside it.
    private static let repeatCountMax = 4

    private static func runOnce(
        _ core: RepositoryCore,
        _ request: CheckRequest,
        slot: KeySlotID?,
        context: JobContext
    ) throws(CairnError) -> CheckReport {
        let clock = core.environment.time
        let start = clock.monotonicNanoseconds
        let run = try CheckRun(core, request, context)
        let ticker = try ProgressTicker(clock, start: start) { elapsed in
            run.reportProgress(elapsed)
        }
        defer { ticker.stop() }
        var report = try run.perform(slot: slot)
        report.duration = clock.monotonicNanoseconds - start
        return report
    }

    private func perform(slot: KeySlotID?) throws(CairnError) -> CheckReport {
        let objects = ObjectInspector(core, inventory, findings)
        try objects.inspect(slot: slot)
        for pack in census.contradictions {
            findings.add(ObjectNames.pack(pack), "two index objects describe it differently")
        }
        let (threads, trees) = try inspectPacks(beside: inspectTrees)
        threads.join()
        try context.checkCancelled()
        if let failure = progress.withLock({ $0.failure }) { throw failure }
        try judgeLostIndexes()
        var report = progress.withLock { $0.report }
        report.snapshotsChecked = snapshots.count
        report.treesChecked = trees
        report.orphans =
            inventory.orphans(indexed: Set(census.packs.keys)) + inventory.foreign
        findings.fill(&report, affected: try affectedFiles())
        return report
    }

    // MARK: - Packs

    private func inspectPacks(
        beside work: () throws(CairnError) -> Int
    ) throws(CairnError) -> (ThreadGroup, Int) {
        let threads: ThreadGroup
        do throws(StoreError) {
            threads = try ThreadGroup(name: "cairn-check", count: workerCount) { _ in
                self.worker()
            }
        } catch {
            throw CairnError.store(error, "starting a thread")
        }
        do throws(CairnError) {
            return (threads, try work())
        } catch {
            fail(error)
            threads.join()
            throw error
        }
    }

    /// As many workers as there are cores, and as the largest chunks leave memory for.
    private var workerCount: Int {
        let each = 3 * PackInspector.pieceSize + 3 * core.chunker.parameters.sizeMax
        return max(1, min(core.workerCount, CheckRun.bufferBudget / each))
    }

    private func worker() {
        let inspector = PackInspector(
            core: core,
            entries: census.entries,
            cancellation: context.cancellation
        )
        while let job = takeJob() {
            do throws(CairnError) {
                let finding = try inspector.inspect(
                    job.pack,
                    size: sizes[job.pack.id],
                    readsData: job.readsData
                )
                findings.add(job.pack.id, finding)
                count(finding)
            } catch {
                return fail(error)
            }
        }
    }

    private func takeJob() -> PackJob? {
        progress.withLock { progress in
            guard progress.failure == nil, progress.next < jobs.count else { return nil }
            defer { progress.next += 1 }
            return jobs[progress.next]
        }
    }

    private func count(_ finding: PackFinding) {
        progress.withLock { progress in
            progress.report.packsChecked += 1
            progress.report.packsRead += finding.isRead ? 1 : 0
            progress.report.chunksRead += finding.chunksRead
            progress.report.bytesRead += finding.bytesRead
        }
    }

    private func fail(_ error: CairnError) {
        progress.withLock { $0.failure = $0.failure ?? error }
    }

    private func reportProgress(_ elapsed: UInt64) {
        let report = progress.withLock { $0.report }
        var event = Progress()
        event.phase = request.data == .none ? "checking" : "reading"
        event.bytesDone = report.bytesRead
        event.bytesTotal = jobs.reduce(0) { $0 + ($1.readsData ? $1.pack.size : 0) }
        event.itemsDone = UInt64(report.packsChecked)
        event.itemsTotal = UInt64(jobs.count)
        event.problems = UInt64(findings.damageCount)
        event.elapsed = elapsed
        event.totalsAreFinal = true
        context.report(.progress(event))
    }

    // MARK: - Trees

    private var trees: TreeLoader { TreeLoader(ChunkReader(core: core, index: census.index)) }

    /// Every snapshot that can be read; forgotten ones too, as long as no cleanup may have taken
    /// what they need.
    private var snapshots: [SnapshotRecord] {
        let view = inventory.view
        if view.cleanup.doomed != nil { return view.snapshots }
        return view.records.values.sorted {
            ($0.started, $0.session) < ($1.started, $1.session)
        }
    }

    private func inspectTrees() throws(CairnError) -> Int {
        let missing = Set(census.packs.keys.filter { sizes[$0] == nil })
        var inspector = TreeInspector(
            trees,
            findings: findings,
            missingPacks: missing,
            context: context
        )
        for snapshot in snapshots { try inspector.inspect(snapshot) }
        return inspector.treeCount
    }

    /// A lost index object costs nothing if no snapshot lacks a chunk and others know every chunk
    /// that it may have named.
    private func judgeLostIndexes() throws(CairnError) {
        guard !census.lost.isEmpty else { return }
        let isComplete = findings.lostChunks(census.index).isEmpty
        for (id, reason) in census.lost {
            let name = ObjectNames.index(id)
            if isComplete, try isCovered(id.session) {
                findings.notice("\(reason); other index objects cover it")
            } else {
                findings.add(name, reason + "; run 'rebuild-index'")
            }
        }
    }

    /// Whether the index knows all chunks of the packs that a session wrote or took over.
    private func isCovered(_ session: SessionID) throws(CairnError) -> Bool {
        for (pack, size) in inventory.packs where census.packs[pack] == nil {
            guard pack.session == session || inventory.view.tombstones.contains(pack.session)
            else { continue }
            do throws(CairnError) {
                let tail = try PackTail(of: pack, size: size, core: core)
                guard tail.directory.chunks.allSatisfy({ census.index.contains($0.id) }) else {
                    return false
                }
            } catch {
                guard error.isFinding else { throw error }
                return false
            }
        }
        return true
    }

    private func affectedFiles() throws(CairnError) -> AffectedFiles? {
        let lost = findings.lostChunks(census.index)
        guard !lost.isEmpty else { return nil }
        return try AffectedFiles(trees, lost: lost, snapshots: snapshots, context: context)
    }
}

/// Which packs have their data read.
private struct PackSelection {
    private let data: CheckRequest.Data
    private let seed: UInt64

    init(_ data: CheckRequest.Data, _ core: RepositoryCore) throws(CairnError) {
        self.data = data
        switch data {
        case .slice(let part, let count):
            guard count >= 1, (1...count).contains(part) else {
                throw CairnError(.invalidRequest, "there is no part \(part) of \(count)")
            }
        case .percent(let percent):
            guard percent >= 0, percent <= 100 else {
                throw CairnError(.invalidRequest, "a share is 0 to 100 percent")
            }
        case .none, .all: break
        }
        seed = try core.randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    func contains(_ pack: PackID) -> Bool {
        switch data {
        case .none: false
        case .all: true
        case .slice(let part, let count):
            PackSelection.mix(pack, 0) % UInt64(count) == UInt64(part - 1)
        case .percent(let percent):
            Double(PackSelection.mix(pack, seed) >> 11) / Double(1 << 53 as UInt64) * 100 < percent
        }
    }

    /// The same for one pack and seed for ever, and evenly spread.
    private static func mix(_ pack: PackID, _ seed: UInt64) -> UInt64 {
        var writer = ByteWriter()
        writer.write(seed)
        pack.write(to: &writer)
        return SHA256.hash(writer.bytes.span).word0
    }
}
