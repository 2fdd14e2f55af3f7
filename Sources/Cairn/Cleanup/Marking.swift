internal import CairnCore
internal import CairnFormat
package import CairnIO
internal import Synchronization

/// Finds out which chunks are needed (Specs/Cleanup.md#marking).
///
/// Counts the references from all snapshots, beginning with what the last mark has counted: only
/// snapshots that came and went since are gone through, and of these only what no other has.
package struct Marking {
    /// A mark is kept after so many bytes of trees and lists, so that little is lost.
    private static let saveSizeMin: UInt64 = 256 << 20
    /// A mark is kept after so many times the bytes that it takes: otherwise a large repository's
    /// would be written all the time.
    private static let saveFactor: UInt64 = 4
    /// A mark up to this size is written in a tenth of a second.
    private static let quickSize: UInt64 = 32 << 20

    private let references: SnapshotReferences
    private let ahead: ReferenceReadAhead
    private let cancellation: Cancellation
    private let shelf: MarkShelf
    private let places: IndexPlaces
    private let meter: CleanupMeter
    private var state: MarkState
    /// Whether the state began with what was kept.
    private var isKept: Bool
    /// Whether the state is no longer what was kept.
    private var isChanged = false
    private var savedSize: UInt64 = 0

    /// Begins with what was kept, if anything.
    ///
    /// - Parameters:
    ///   - avoided: Packs that are used only for chunks that no other pack holds.
    ///   - usesKept: False to count everything anew.
    init(
        _ core: RepositoryCore,
        _ index: ChunkIndex,
        avoiding avoided: Set<PackID> = [],
        context: JobContext,
        meter: CleanupMeter,
        usesKept: Bool = true
    ) throws(CairnError) {
        let chunks = ChunkReader(core: core, index: index)
        ahead = ReferenceReadAhead(chunks)
        cancellation = context.cancellation
        shelf = core.indexCache.marks
        let places = IndexPlaces(index, avoiding: avoided, directory: core.indexCache.directory)
        self.places = places
        references = SnapshotReferences(chunks, context.cancellation) { references in
            places.prefetch(references.lazy.map { PrefixKey($0.id) })
        }
        self.meter = meter
        meter.begin("preparing", total: 0)
        let kept = usesKept ? try shelf.load(places, context.cancellation) : nil
        isKept = kept != nil
        if let kept {
            state = kept
        } else {
            state = try Marking.empty(places, shelf)
        }
    }

    private static func empty(
        _ places: IndexPlaces,
        _ shelf: MarkShelf
    ) throws(CairnError) -> MarkState {
        MarkState(counts: try ReferenceCounts(places))
    }

    /// Counts what snapshots refer to, and no longer what others do.
    ///
    /// - Parameters:
    ///   - wanted: The snapshots.
    ///   - view: Has the record of each, and of those that were counted before.
    /// - Throws: `.damaged` if anything of a snapshot is missing or cannot be read: then nobody can
    ///   tell what else is needed.
    mutating func count(
        _ wanted: Set<SessionID>,
        _ view: RepositoryView
    ) throws(CairnError) {
        do throws(CairnError) {
            try update(wanted, view)
        } catch {
            guard isKept, error.code == .damaged else { throw error }
            // Another host may have removed what a snapshot that went had: count all anew.
            shelf.clear()
            isKept = false
            state = try Marking.empty(places, shelf)
            try update(wanted, view)
        }
        if isChanged { save() }
    }

    private mutating func update(
        _ wanted: Set<SessionID>,
        _ view: RepositoryView
    ) throws(CairnError) {
        let added = wanted.subtracting(state.snapshots).sorted()
        // The newest first: a tree then goes with the first snapshot that had it, together with
        // what was stored next to it.
        let removed = state.snapshots.subtracting(wanted).sorted(by: >)
        beginMeter(removed: removed.count)
        defer { ahead.end() }
        do throws(CairnError) {
            // First what comes: what it shares with what goes is then not opened twice.
            try drainAdding()
            for session in added {
                let record = try Marking.record(session, view)
                isChanged = true
                let visit = Marking.visitor(state, meter, isAdding: true)
                try references.begin(record, &state.adding, visit)
                state.snapshots.insert(session)
                try drainAdding()
            }
            try drainRemoving()
            for session in removed {
                let record = try Marking.record(session, view)
                isChanged = true
                let visit = Marking.visitor(state, meter, isAdding: false)
                try references.begin(record, &state.removing, visit)
                state.snapshots.remove(session)
                try drainRemoving()
            }
        } catch {
            // Where a chunk could not be read, the counts are whole but for what the stacks hold.
            // Whoever cancels does not wait for a large mark; the last save serves as well.
            let isSmall = markSize <= Marking.quickSize || error.code != .cancelled
            if error.code != .damaged && isChanged && isSmall { save() }
            throw error
        }
        state.bytesRead.value = 0
    }

    /// What is to be read: at the most all trees and lists that were not counted, and of snapshots
    /// that went about their part of those that were.
    private mutating func beginMeter(removed: Int) {
        let (counted, uncounted) = state.counts.metadataSizes
        let share = UInt64(removed) * (counted / UInt64(max(1, state.snapshots.count)))
        meter.begin("preparing", total: state.bytesRead.value + uncounted + share)
        meter.add(state.bytesRead.value)
        savedSize = state.bytesRead.value
    }

    private static func record(
        _ session: SessionID,
        _ view: RepositoryView
    ) throws(CairnError) -> SnapshotRecord {
        guard let record = view.records[session] else {
            throw CairnError(.damaged, "the kept mark does not fit the repository")
        }
        return record
    }

    private mutating func drainAdding() throws(CairnError) {
        let visit = Marking.visitor(state, meter, isAdding: true)
        while !state.adding.isEmpty {
            for index in references.gather(&state.adding, ahead).reversed() {
                try references.step(&state.adding, at: index, ahead, visit)
                isChanged = true
                saveIfDue()
            }
        }
    }

    private mutating func drainRemoving() throws(CairnError) {
        let visit = Marking.visitor(state, meter, isAdding: false)
        while !state.removing.isEmpty {
            for index in references.gather(&state.removing, ahead).reversed() {
                try references.step(&state.removing, at: index, ahead, visit)
                isChanged = true
                saveIfDue()
            }
        }
    }

    /// About how many bytes a kept mark takes.
    private var markSize: UInt64 { UInt64(places.count) * UInt64(KeptMark.entrySize) }

    private mutating func saveIfDue() {
        let due = max(Marking.saveSizeMin, Marking.saveFactor * markSize)
        if state.bytesRead.value - savedSize >= due { save() }
    }

    private mutating func save() {
        shelf.save(state)
        (savedSize, isChanged) = (state.bytesRead.value, false)
    }

    private typealias Visit = (ChunkID, ReferenceCounts.Kind) throws(CairnError) -> Bool

    /// Counts a reference, or counts it off; says of the first, or the last, to open what it leads
    /// to.
    private static func visitor(
        _ state: MarkState,
        _ meter: CleanupMeter,
        isAdding: Bool
    ) -> Visit {
        let (counts, bytesRead) = (state.counts, state.bytesRead)
        return { id, kind throws(CairnError) in
            switch isAdding ? counts.retain(id, as: kind) : counts.release(id, as: kind) {
            case .turned(let place):
                if kind == .data { return false }
                bytesRead.value += UInt64(place.value.length)
                meter.add(UInt64(place.value.length))
                return true
            case .counted:
                return false
            case .missing where isAdding:
                throw CairnError(
                    .damaged,
                    "chunk \(id) is needed and no index knows it; nothing is removed. Run "
                        + "'check', and 'rebuild-index' if that says so"
                )
            case .missing:
                throw CairnError(.damaged, "the kept mark does not fit chunk \(id)")
            }
        }
    }

    /// Visits every chunk that only these snapshots need, and counts as before afterwards.
    ///
    /// - Parameter records: Counted snapshots.
    func visitExclusive(
        _ records: [SnapshotRecord],
        _ body: (IndexPlaces.Place, IndexedPack?) -> Void
    ) throws(CairnError) {
        let (counts, places) = (state.counts, places)
        try goThrough(records) { id, kind in
            guard case .turned(let place) = counts.release(id, as: kind) else { return false }
            // What is a tree and content as well goes with the last of both.
            if !counts.isCounted(places.number(place)) { body(place, places.pack(place)) }
            return true
        }
        try goThrough(records) { id, kind in
            guard case .turned = counts.retain(id, as: kind) else { return false }
            return true
        }
    }

    /// The packs with their chunks, needed or not.
    func packs() throws(CairnError) -> PackUsages {
        try PackUsages(places) { _ in false }
    }

    private func goThrough(
        _ records: [SnapshotRecord],
        _ visit: (ChunkID, ReferenceCounts.Kind) -> Bool
    ) throws(CairnError) {
        var stack: [SnapshotReferences.Node] = []
        for record in records {
            try references.begin(record, &stack, visit)
            while !stack.isEmpty { try references.step(&stack, visit) }
        }
    }

    /// What is needed of every pack; of a chunk that is stored several times its first place.
    func usage() throws(CairnError) -> PackUsages {
        if places.hasRepeated { return try live().usage() }
        let counts = state.counts
        return try PackUsages(places) { counts.isCounted($0) }
    }

    /// What is needed: all that is counted, and what forgotten snapshots hold that running sessions
    /// may rely on. A part of those that is gone already is nobody's any more.
    func live(relied: [SnapshotRecord] = []) throws(CairnError) -> LiveSet {
        var live = try LiveSet(places)
        let cancellation = cancellation
        try state.counts.forEachPlace { place, kind, _ throws(CairnError) in
            if place.entry & 0x3fff == 0 { try cancellation.check() }
            try live.mark(first: place, as: kind)
        }
        for record in relied {
            try references.walk(record, skipsDamage: true) { id, kind throws(CairnError) in
                guard case .new = live.mark(PrefixKey(id), as: kind) else { return false }
                return true
            }
        }
        return live
    }
}

extension Marking {
    /// Counts everything anew and compares it with what is kept, which goes if it is wrong.
    ///
    /// - Returns: Whether it is right; nil where nothing is kept that fits the repository.
    package static func proveKept(
        _ core: RepositoryCore,
        context: JobContext,
        meter: CleanupMeter? = nil
    ) throws(CairnError) -> Bool? {
        guard !core.indexCache.marks.isEmpty else { return nil }
        let (view, index) = try RepositoryView.open(RecordStore(core), context: context)
        let meter = meter ?? CleanupMeter(core.environment.time)
        let wanted = Set(view.snapshots.map(\.session))
        var kept = try Marking(core, index, context: context, meter: meter)
        guard kept.isKept else { return nil }
        try kept.count(wanted, view)
        var anew = try Marking(core, index, context: context, meter: meter, usesKept: false)
        try anew.update(wanted, view)
        let isRight = kept.state.counts.isSame(as: anew.state.counts)
        if !isRight { core.indexCache.marks.clear() }
        return isRight
    }
}

/// Counts what a phase of a cleanup has done; any thread may read.
package final class CleanupMeter: Sendable {
    private let state: Mutex<Progress>
    private let phaseStart = Atomic<UInt64>(0)
    private let time: any TimeSource

    /// Nothing is begun.
    package init(_ time: any TimeSource) {
        self.time = time
        state = Mutex(Progress())
    }

    /// Begins a phase.
    ///
    /// - Parameter total: How many bytes there are to do at the most.
    func begin(_ phase: String, total: UInt64, items: UInt64 = 0) {
        phaseStart.store(time.monotonicNanoseconds, ordering: .relaxed)
        state.withLock { state in
            state = Progress()
            state.phase = phase
            state.bytesTotal = total
            state.itemsTotal = items
            // Nothing to do of nothing known is no hundred per cent.
            state.totalsAreFinal = total > 0 || items > 0
        }
    }

    /// Counts bytes and items that are done.
    func add(_ bytes: UInt64, items: UInt64 = 0, current: String? = nil) {
        state.withLock { state in
            state.bytesDone += bytes
            state.itemsDone += items
            if let current { state.current = Array(current.utf8) }
        }
    }

    /// How far the phase is.
    package var progress: Progress {
        var progress = state.withLock { $0 }
        let now = time.monotonicNanoseconds
        let start = phaseStart.load(ordering: .relaxed)
        progress.elapsed = now > start ? now - start : 0
        return progress
    }
}
