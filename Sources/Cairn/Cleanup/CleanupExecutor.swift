internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Brings one generation of a cleanup to its end (Specs/Cleanup.md#executor).
///
/// Any number of executors may work at a generation; each step is a create that one of them wins.
package struct CleanupExecutor {
    let core: RepositoryCore
    let records: RecordStore
    let options: CleanupOptions
    let context: JobContext
    let meter: CleanupMeter
    let generation: UInt64
    /// Whether another generation follows, which will rewrite the index.
    let leavesIndex: Bool
    /// Names what this executor writes.
    let id: SessionID
    private(set) var report = CleanupReport()

    /// Works at a generation.
    package init(
        _ core: RepositoryCore,
        generation: UInt64,
        options: CleanupOptions,
        context: JobContext,
        meter: CleanupMeter,
        leavesIndex: Bool = false
    ) throws(CairnError) {
        self.core = core
        records = RecordStore(core)
        self.options = options
        self.context = context
        self.meter = meter
        self.generation = generation
        self.leavesIndex = leavesIndex
        id = SessionID(
            writer: SessionID.executorWriter,
            counter: UInt32(truncatingIfNeeded: generation),
            random: try core.randomBytes(12)
        )
    }

    /// Opens the generation.
    ///
    /// - Returns: Whether this call opened it; if not, somebody else has, with packs of their own.
    package func open(_ packs: Set<PackID>, _ indexes: Set<IndexID>) throws(CairnError) -> Bool {
        let record = CondemnedRecord(
            executor: id,
            packs: packs.sorted(),
            indexes: indexes.sorted()
        )
        return try create(.condemned, record)
    }

    /// Creates a record of the generation and makes it durable; false if there is one.
    private func create(
        _ phase: CleanupPhase,
        _ record: some StoredValue
    ) throws(CairnError) -> Bool {
        do throws(DecodingFailure) {
            try record.validate()
        } catch {
            throw CairnError(
                .invalidRequest,
                "this is more than one cleanup can record; prune with --max-repack-size first",
                cause: error
            )
        }
        let name = ObjectNames.cleanup(generation: generation, phase)
        let sealed = try records.seal(phase.recordType, record.encode(), named: name)
        let outcome = try records.create(name, sealed)
        try records.barrier()
        return outcome == .created
    }

    private func has(_ phase: CleanupPhase) throws(CairnError) -> Bool {
        try records.exists(ObjectNames.cleanup(generation: generation, phase))
    }

    /// Takes the generation from where it stands to its end.
    ///
    /// An executor may have slept for any time. `done` records are never deleted, so one that is
    /// there says for sure that the generation is over, and that whatever this executor has settled
    /// or settles now says nothing.
    package mutating func finish() throws(CairnError) {
        if try has(.done) { return }
        if try !has(.doomed) {
            let condemned: CondemnedRecord = try CleanupView.read(records, generation, .condemned)
            var gate = SessionGate(records, generation, options, context, meter)
            if !core.options.faults.contains(.noWaiting) { try gate.decideAll() }
            report.sessionsFenced += gate.fencedCount
            try doom(Set(condemned.packs), Set(condemned.indexes))
        }
        let doomed: DoomedRecord = try CleanupView.read(records, generation, .doomed)
        // The record may have been created anew after others had tidied the first one up.
        if try has(.done) { return }
        try delete(doomed)
        report.generations += 1
    }

    // MARK: - Settling what goes

    /// Marks once more, now that every older session is decided, copies what is needed out of the
    /// condemned packs, and settles what is deleted.
    private mutating func doom(
        _ condemned: Set<PackID>,
        _ indexes: Set<IndexID>
    ) throws(CairnError) {
        // The order matters: what is forgotten is read first, then who runs, then what there is.
        var forgotten = try RepositoryView.forgotten(records)
        let roots = try SessionGate.roots(records)
        let (view, index) = try RepositoryView.open(records, context: context)
        if core.options.faults.contains(.lateForgotten) { forgotten = view.forgotten }
        try CleanupPlanner.expectReadable(view)
        let isSettled = try has(.doomed)
        if isSettled { return }
        var marking = try Marking(
            core,
            index,
            avoiding: condemned,
            context: context,
            meter: meter
        )
        try marking.count(Set(view.records.keys).subtracting(forgotten), view)
        let relied = roots.intersection(forgotten).sorted().compactMap { view.records[$0] }
        let live = try marking.live(relied: relied)
        report.bytesUnused = try live.usage().all.reduce(0) { sum, usage in
            condemned.contains(usage.pack.id) ? sum : sum + usage.deadSize
        }
        let isCareless = core.options.faults.contains(.noSecondMark)
        let needed = isCareless ? PackUsages() : try live.neededOfAvoided()
        var upkeep = IndexUpkeep(view: view, index: index, condemned: indexes)
        upkeep.masksOnly =
            leavesIndex
            && condemned.count + view.maskedPacks.count <= IndexUpkeep.maskedCountMax
        do throws(CairnError) {
            let (kept, copied) = try copy(needed, live)
            try settle(condemned.subtracting(kept), copied, upkeep)
        } catch {
            guard error.code == .outOfSpace else { throw error }
            // Without room, what is needed stays where it is, and the index as well: what nothing
            // needs can go all the same.
            context.report(.notice("the store is full; only packs that nothing needs are freed"))
            upkeep.masksOnly = true
            try settle(condemned.subtracting(needed.all.map { $0.pack.id }), [], upkeep)
            report.packsReprieved = needed.all.count
        }
    }

    /// Copies what is needed out of condemned packs.
    ///
    /// - Returns: Packs that have to stay, and the copies.
    private mutating func copy(
        _ needed: PackUsages,
        _ live: LiveSet
    ) throws(CairnError) -> (kept: Set<PackID>, copied: [CopiedPack]) {
        let copier = try SegmentCopier(self, live)
        let kept = try copier.copy(needed)
        report.packsReprieved += kept.count
        report.packsWritten += copier.packsWritten
        report.bytesWritten += copier.bytesWritten
        return (kept, core.options.faults.contains(.unindexedCopies) ? [] : copier.entries)
    }

    private mutating func settle(
        _ doomed: Set<PackID>,
        _ entries: [CopiedPack],
        _ upkeep: IndexUpkeep
    ) throws(CairnError) {
        meter.begin("committing", total: 0, items: 1)
        try records.barrier()
        var record = DoomedRecord(executor: id)
        record.packs = doomed.sorted()
        let replaced = try upkeep.write(
            into: &record,
            copied: entries,
            records,
            context: context
        )
        try records.barrier()
        try context.checkCancelled()
        // Everything above has read the index: a part that turned out to be damaged may have hidden
        // what is needed, or which packs an index object lists.
        try core.indexCache.expectSound(upkeep.index)
        if try create(.doomed, record) { report.indexesReplaced += replaced }
    }

    // MARK: - Deleting

    /// Deletes what the generation settled, and the records that have served.
    private mutating func delete(_ doomed: DoomedRecord) throws(CairnError) {
        let there = try stored(of: doomed.packs)
        let total = there.reduce(0) { $0 + $1.size }
        meter.begin("deleting", total: total, items: UInt64(there.count))
        try records.forEach(there, context: context) {
            [records, meter] pack throws(CairnError) in
            try records.delete(ObjectNames.pack(pack.id))
            meter.add(pack.size, items: 1)
        }
        report.packsDeleted += there.count
        report.bytesDeleted += total
        try records.forEach(doomed.retired, context: context) {
            [records] index throws(CairnError) in
            try records.delete(ObjectNames.index(index))
        }
        try records.barrier()
        let record = DoneRecord(
            executor: id,
            time: core.environment.time.wallNanoseconds,
            packCount: UInt64(there.count),
            bytes: total
        )
        _ = try create(.done, record)
        try tidy()
    }

    /// Those of the packs that are stored.
    ///
    /// - Parameter packs: Ascending.
    private func stored(of packs: [PackID]) throws(CairnError) -> PackSizes {
        var sizes = PackSizes(directory: core.indexCache.directory)
        try records.forEachObject(in: ObjectNames.packFolder, context.cancellation) { object in
            guard case .pack(let id)? = ObjectNames.parse(object.name.text) else { return }
            let place = packs.partitionPoint { $0 < id }
            if place < packs.count, packs[place] == id { sizes.append(id, size: object.size) }
        }
        sizes.sort()
        return sizes
    }

    /// Removes registrations of decided sessions, and what generations before this one have
    /// recorded but for that they are done.
    private func tidy() throws(CairnError) {
        for object in try records.list(ObjectNames.sessionFolder) {
            guard case .session(let session)? = ObjectNames.parse(object.name.text) else {
                continue
            }
            guard try records.exists(ObjectNames.snapshot(session)) else { continue }
            try records.delete(object.name.text)
            if core.options.faults.contains(.droppedTombstones),
                try RepositoryView.isTombstone(session, records)
            {
                try records.delete(ObjectNames.snapshot(session))
            }
        }
        for object in try records.list(ObjectNames.cleanupFolder) {
            guard case .cleanup(let number, let phase)? = ObjectNames.parse(object.name.text),
                number < generation, phase != .done
            else { continue }
            try records.delete(object.name.text)
        }
        try records.barrier()
    }
}

extension RepositoryView {
    /// The snapshots that are forgotten now.
    static func forgotten(_ records: RecordStore) throws(CairnError) -> Set<SessionID> {
        var forgotten: Set<SessionID> = []
        for object in try records.list(ObjectNames.forgottenFolder) {
            if case .forgotten(let session)? = ObjectNames.parse(object.name.text) {
                forgotten.insert(session)
            }
        }
        return forgotten
    }
}
