internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// A cleanup from the plan to the last delete.
package enum CleanupRun {
    /// How often a run looks again because others went on with the same work.
    private static let tryCountMax = 64

    /// Makes a plan.
    static func plan(
        _ core: RepositoryCore,
        _ options: CleanupOptions,
        context: JobContext
    ) throws(CairnError) -> CleanupPlan {
        try watched(core, context) { meter throws(CairnError) in
            try CleanupPlanner(core: core, options: options)
                .plan(context: context, meter: meter)
        }
    }

    /// Goes on with a cleanup that was begun, and then does what the plan says.
    ///
    /// - Parameter plan: What was looked at before; nil to make a plan now.
    static func run(
        _ core: RepositoryCore,
        _ plan: CleanupPlan?,
        _ options: CleanupOptions,
        context: JobContext
    ) throws(CairnError) -> CleanupReport {
        try watched(core, context) { meter throws(CairnError) in
            if let plan { try expect(plan, core) }
            // A cleanup that fails goes on where it was.
            let report = try SpaceReserve.whenFull(core) { () throws(CairnError) in
                try perform(core, plan, options, context: context, meter: meter)
            }
            SpaceReserve.fill(core)
            return report
        }
    }

    /// The same without a thread that reports how far it is, for a plan that still holds, or of
    /// which a part has been done.
    package static func perform(
        _ core: RepositoryCore,
        _ plan: CleanupPlan?,
        _ options: CleanupOptions,
        context: JobContext,
        meter: CleanupMeter
    ) throws(CairnError) -> CleanupReport {
        guard core.store.capabilities.hasAtomicCreate || options.isExclusive else {
            throw CairnError(
                .invalidRequest,
                "this store cannot keep a cleanup and backups apart. See to it that nobody else "
                    + "uses the repository, and say so (--exclusive)"
            )
        }
        let start = core.environment.time.monotonicNanoseconds
        var report = CleanupReport()
        if !core.options.faults.contains(.staleSessions) {
            try endDeadSessions(core, context, &report)
        }
        try removeDrafts(core, context, &report)
        try helpOpenGeneration(core, options, context, meter, &report)
        let chosen: CleanupPlan
        if let plan {
            chosen = plan
        } else {
            chosen = try CleanupPlanner(core: core, options: options)
                .plan(context: context, meter: meter)
        }
        report.bytesUnused = chosen.unusedSizeAfter
        var isFirst = true
        try forEachSlice(of: chosen) { packs, isLast throws(CairnError) in
            let indexes = isFirst ? Set(chosen.indexes.prefix(sliceCountMax)) : []
            try generation(packs, indexes, core, options, context, meter, &report, isLast)
            isFirst = false
        }
        // A session elsewhere that is silent shows life only when a generation is open.
        if isFirst, try SessionGate.hasStale(RecordStore(core), after: options.fenceAfter) {
            try generation([], [], core, options, context, meter, &report)
        }
        try helpOpenGeneration(core, options, context, meter, &report)
        let end = core.environment.time.monotonicNanoseconds
        report.duration = end > start ? end - start : 0
        return report
    }

    /// So many packs, and index objects, one generation condemns: half of what a record holds.
    private static let sliceCountMax = CondemnedRecord.countMax / 2

    /// Gives `body` the packs to condemn together, slice by slice, and whether that is the last:
    /// first those that go without copying, then slices of copies.
    private static func forEachSlice(
        of plan: CleanupPlan,
        _ body: (Set<PackID>, _ isLast: Bool) throws(CairnError) -> Void
    ) throws(CairnError) {
        var slice: Set<PackID> = []
        let hasCopies = !plan.packs(.rewrite).isEmpty
        if plan.packs(.delete).isEmpty && !plan.indexes.isEmpty { try body([], !hasCopies) }
        for action in [CleanupPlan.Action.delete, .rewrite] {
            var size: UInt64 = 0
            for pack in plan.packs(action) {
                let copied = action == .rewrite ? pack.usedSize : 0
                let isFull =
                    size + copied > CleanupPlanner.sliceSize || slice.count >= sliceCountMax
                if !slice.isEmpty && isFull {
                    try body(slice, false)
                    (slice, size) = ([], 0)
                }
                slice.insert(pack.id)
                size += copied
            }
            if !slice.isEmpty { try body(slice, action == .rewrite || !hasCopies) }
            slice = []
        }
    }

    /// Refuses a plan that the repository has moved on from.
    package static func expect(
        _ plan: CleanupPlan,
        _ core: RepositoryCore
    ) throws(CairnError) {
        guard plan.repository == core.format.repository else {
            throw CairnError(.invalidRequest, "the plan is for another repository")
        }
        let view = try RepositoryView.load(RecordStore(core))
        guard CleanupPlanner.basis(view) == plan.basis else {
            throw CairnError(
                .viewChanged,
                "the repository has changed since the plan was made; make a new one"
            )
        }
    }

    /// Brings a generation to its end that an earlier cleanup has begun.
    ///
    /// - Returns: The highest generation, which is over.
    @discardableResult
    private static func helpOpenGeneration(
        _ core: RepositoryCore,
        _ options: CleanupOptions,
        _ context: JobContext,
        _ meter: CleanupMeter,
        _ report: inout CleanupReport
    ) throws(CairnError) -> UInt64 {
        for _ in 0..<tryCountMax {
            let cleanup = try CleanupView.load(RecordStore(core))
            guard cleanup.isOpen else { return cleanup.generation }
            if let damage = cleanup.damage {
                throw CairnError(
                    .damaged,
                    "a record in \(damage.object)/ cannot be read: \(damage.reason)"
                )
            }
            var executor = try CleanupExecutor(
                core,
                generation: cleanup.generation,
                options: options,
                context: context,
                meter: meter
            )
            try finish(&executor, &report)
        }
        throw CairnError(.unavailable, "other cleanups keep beginning; try again later")
    }

    /// Opens a generation with these packs and brings it to its end. Where another cleanup was
    /// first, its generation is brought to its end and then this is tried again.
    private static func generation(
        _ packs: Set<PackID>,
        _ indexes: Set<IndexID>,
        _ core: RepositoryCore,
        _ options: CleanupOptions,
        _ context: JobContext,
        _ meter: CleanupMeter,
        _ report: inout CleanupReport,
        _ isLast: Bool = true
    ) throws(CairnError) {
        for _ in 0..<tryCountMax {
            try context.checkCancelled()
            // The next generation may only be opened once this one is over.
            let newest = try helpOpenGeneration(core, options, context, meter, &report)
            var executor = try CleanupExecutor(
                core,
                generation: newest + 1,
                options: options,
                context: context,
                meter: meter,
                leavesIndex: !isLast
            )
            guard try executor.open(packs, indexes) else { continue }
            return try finish(&executor, &report)
        }
        throw CairnError(.unavailable, "other cleanups keep being first; try again later")
    }

    private static func finish(
        _ executor: inout CleanupExecutor,
        _ report: inout CleanupReport
    ) throws(CairnError) {
        do throws(CairnError) {
            try executor.finish()
        } catch {
            // Another executor has brought it to its end and tidied up.
            guard error.isMissingObject || error.code == .viewChanged else { throw error }
            let phases = try CleanupView.phases(executor.records)
            let isOver =
                phases.keys.contains { $0 > executor.generation }
                || phases[executor.generation]?.contains(.done) == true
            guard isOver || error.code == .viewChanged else { throw error }
        }
        report.add(executor.report)
    }

    /// Shuts sessions of this host out whose process is gone, so that what they left can go, and
    /// removes registrations that have served.
    private static func endDeadSessions(
        _ core: RepositoryCore,
        _ context: JobContext,
        _ report: inout CleanupReport
    ) throws(CairnError) {
        let records = RecordStore(core)
        for session in try SessionAdoption.findDead(records, context: context) {
            if try SessionAdoption.entomb(session.id, .abandoned, successor: nil, records) {
                report.sessionsFenced += 1
            }
            try records.delete(ObjectNames.session(session.id))
        }
        for object in try records.list(ObjectNames.sessionFolder) {
            guard case .session(let session)? = ObjectNames.parse(object.name.text),
                try records.exists(ObjectNames.snapshot(session))
            else { continue }
            try records.delete(object.name.text)
        }
    }

    /// Removes files that were never given an object's name, unless a session may be writing them.
    /// Whoever writes one without being registered writes it anew.
    private static func removeDrafts(
        _ core: RepositoryCore,
        _ context: JobContext,
        _ report: inout CleanupReport
    ) throws(CairnError) {
        do throws(StoreError) {
            let files = try core.store.temporaryFiles()
            guard !files.isEmpty,
                try core.store.list(folder: ObjectNames.sessionFolder).objects.isEmpty
            else { return }
            for file in files {
                try core.store.removeTemporaryFile(file.name)
                report.temporaryFilesDeleted += 1
            }
        } catch {
            context.report(.notice("files of interrupted runs in tmp/ stay: \(error)"))
        }
        try context.checkCancelled()
    }

    /// Reports how far the work is, several times a second, while `body` runs.
    static func watched<T>(
        _ core: RepositoryCore,
        _ context: JobContext,
        _ body: (CleanupMeter) throws(CairnError) -> T
    ) throws(CairnError) -> T {
        let time = core.environment.time
        let meter = CleanupMeter(time)
        meter.begin("preparing", total: 0)
        let ticker = try ProgressTicker(time, start: time.monotonicNanoseconds) { _ in
            context.report(.progress(meter.progress))
        }
        defer { ticker.stop() }
        return try body(meter)
    }
}

extension CleanupReport {
    /// Adds what another generation did.
    mutating func add(_ other: CleanupReport) {
        packsDeleted += other.packsDeleted
        packsWritten += other.packsWritten
        bytesDeleted += other.bytesDeleted
        bytesWritten += other.bytesWritten
        packsReprieved += other.packsReprieved
        sessionsFenced += other.sessionsFenced
        indexesReplaced += other.indexesReplaced
        generations += other.generations
        bytesUnused = other.bytesUnused
    }
}

extension Repository {
    /// Says what a cleanup would do, and does nothing.
    public func planCleanup(_ options: CleanupOptions = CleanupOptions()) -> Operation<CleanupPlan>
    {
        Operation("cairn-plan") { [core] context throws(CairnError) in
            try CleanupRun.plan(core, options, context: context)
        }
    }

    /// Frees what only forgotten snapshots, and backups that did not end, have needed.
    ///
    /// Backups, restores and other cleanups may run meanwhile. An interrupted cleanup is gone on
    /// with by the next.
    ///
    /// - Parameter plan: What ``planCleanup(_:)`` gave; the job fails with `.viewChanged` if the
    ///   repository has changed since. Without one, a plan is made now.
    public func cleanUp(
        _ plan: CleanupPlan? = nil,
        options: CleanupOptions = CleanupOptions()
    ) -> Operation<CleanupReport> {
        Operation("cairn-cleanup") { [core] context throws(CairnError) in
            try CleanupRun.run(core, plan, options, context: context)
        }
    }
}
