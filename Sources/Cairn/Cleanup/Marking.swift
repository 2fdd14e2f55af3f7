internal import CairnCore
internal import CairnFormat
package import CairnIO
internal import Synchronization

/// Finds out which chunks are needed (Specs/Cleanup.md#marking).
///
/// Goes through the trees and lists of all snapshots, each one once, however many snapshots have
/// it. Memory: three bits a chunk, and a stack that grows with the depth of folders.
struct Marking {
    private let references: SnapshotReferences
    private let meter: CleanupMeter
    private(set) var live: LiveSet

    init(
        _ core: RepositoryCore,
        _ index: ChunkIndex,
        avoiding avoided: Set<PackID> = [],
        context: JobContext,
        meter: CleanupMeter
    ) {
        references = SnapshotReferences(
            ChunkReader(core: core, index: index),
            context.cancellation
        )
        self.meter = meter
        live = LiveSet(index, avoiding: avoided)
        meter.begin("preparing", total: live.metadataSize)
    }

    /// Marks everything that a snapshot refers to.
    ///
    /// - Parameter isForgotten: Whether the snapshot is forgotten, and marked only for a session
    ///   that may rely on it. A part that is gone already is then nobody's any more.
    /// - Throws: `.damaged` if anything of it is missing or cannot be read: then nobody can tell
    ///   what else is needed.
    mutating func add(
        _ record: SnapshotRecord,
        isForgotten: Bool = false
    ) throws(CairnError) {
        var live = live
        // One owner at a time, or each mark would copy all.
        self.live = LiveSet()
        defer { self.live = live }
        try references.walk(record, skipsDamage: isForgotten) { id, kind throws(CairnError) in
            switch live.mark(id, as: kind) {
            case .new(let size):
                if kind != .data { meter.add(UInt64(size)) }
                return true
            case .again:
                return false
            case .missing:
                if isForgotten { return false }
                throw CairnError(
                    .damaged,
                    "chunk \(id) is needed and no index knows it; nothing is removed. Run "
                        + "'check', and 'rebuild-index' if that says so"
                )
            }
        }
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
    var progress: Progress {
        var progress = state.withLock { $0 }
        let now = time.monotonicNanoseconds
        let start = phaseStart.load(ordering: .relaxed)
        progress.elapsed = now > start ? now - start : 0
        return progress
    }
}
