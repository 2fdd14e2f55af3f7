public import CairnFormat
internal import CairnIO

/// What only some snapshots need: what the next cleanup frees if just these are forgotten.
public struct ExclusiveSize: Sendable, Hashable {
    /// The snapshots, oldest first.
    public let snapshots: [SessionID]
    /// Distinct chunks, of content and of trees.
    public internal(set) var chunks: UInt64 = 0
    /// Their bytes before compression.
    public internal(set) var bytes: UInt64 = 0
    /// About how many bytes of the packs they take.
    public internal(set) var storedBytes: UInt64 = 0
}

/// Measures what only some snapshots need, from the counts of a mark: only trees that nothing else
/// has are read.
struct ExclusiveRun {
    /// Measures each group on its own; each snapshot alone, oldest first, if none is given.
    static func run(
        _ core: RepositoryCore,
        _ groups: [[SessionID]],
        context: JobContext,
        meter: CleanupMeter
    ) throws(CairnError) -> [ExclusiveSize] {
        let (view, index) = try RepositoryView.open(RecordStore(core), context: context)
        let snapshots = view.snapshots
        let order = Dictionary(
            uniqueKeysWithValues: snapshots.enumerated().map { ($1.session, $0) }
        )
        guard groups.joined().allSatisfy({ order[$0] != nil }) else {
            throw CairnError(.notFound, "a snapshot asked for is not there")
        }
        var marking = try Marking(core, index, context: context, meter: meter)
        try marking.count(Set(order.keys), view)
        let usage = try marking.packs()
        var sizes: [ExclusiveSize] = []
        for group in groups.isEmpty ? snapshots.map({ [$0.session] }) : groups {
            let records = Set(group).compactMap { order[$0] }.sorted().map { snapshots[$0] }
            var size = ExclusiveSize(snapshots: records.map(\.session))
            var lengths: [PackID: UInt64] = [:]
            try marking.visitExclusive(records) { place, pack in
                size.chunks += 1
                size.bytes += UInt64(place.value.length)
                if let pack {
                    lengths[pack.id, default: 0] += UInt64(place.value.length)
                }
            }
            for (pack, length) in lengths { size.storedBytes += usage[pack]?.stored(length) ?? 0 }
            sizes.append(size)
        }
        try core.indexCache.expectSound(index)
        return sizes
    }
}

extension Repository {
    /// Measures what only some snapshots need, group by group; nothing is changed.
    ///
    /// Costs what came and went since the last cleanup of this machine, and what the groups hold
    /// that nothing else does.
    ///
    /// - Parameter groups: Snapshots to take together; empty for each snapshot alone. The job fails
    ///   with `.notFound` if one of them is not there.
    public func exclusiveSizes(_ groups: [[SessionID]] = []) -> Operation<[ExclusiveSize]> {
        Operation("cairn-exclusive") { [core] context throws(CairnError) in
            try CleanupRun.watched(core, context) { meter throws(CairnError) in
                try ExclusiveRun.run(core, groups, context: context, meter: meter)
            }
        }
    }
}
