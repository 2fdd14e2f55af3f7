internal import CairnFormat

/// A run as one view sees it: entries of sources that the view does not have are passed over.
struct LiveRun: Sendable {
    /// The run.
    let run: IndexRun
    private let deadSources: Set<Int>
    /// Ordinals of packs of other sources, ascending and apart.
    private let deadPacks: [Range<UInt32>]
    /// How many entries the view sees.
    let entryCount: Int

    /// Masks the sources for which `isLive` is false.
    init(_ run: IndexRun, isLive: (IndexSource) -> Bool = { _ in true }) {
        var dead: Set<Int> = []
        var ranges: [Range<UInt32>] = []
        var ordinal: UInt32 = 0
        var count = 0
        for (index, source) in run.sources.enumerated() {
            // The counts add up to the run's, which have passed its limits.
            let end = ordinal + UInt32(source.packCount)
            if isLive(source.source) {
                count += source.entryCount
            } else {
                dead.insert(index)
                if let last = ranges.last, last.upperBound == ordinal {
                    ranges[ranges.count - 1] = last.lowerBound..<end
                } else if ordinal < end {
                    ranges.append(ordinal..<end)
                }
            }
            ordinal = end
        }
        self.run = run
        deadSources = dead
        deadPacks = ranges
        entryCount = count
    }

    /// Whether the view has the source at `index` of the run's list.
    func isLive(source index: Int) -> Bool { !deadSources.contains(index) }

    /// The sources that the view has.
    var sources: [IndexSource] {
        run.sources.enumerated().filter { isLive(source: $0.offset) }.map { $0.element.source }
    }

    /// Whether the view sees entries of the pack with this ordinal.
    @inline(__always)
    func isLive(pack ordinal: UInt32) -> Bool {
        deadPacks.isEmpty || isLiveAmong(ordinal)
    }

    private func isLiveAmong(_ ordinal: UInt32) -> Bool {
        var (low, high) = (0, deadPacks.count)
        while low < high {
            let middle = (low + high) / 2
            if deadPacks[middle].upperBound <= ordinal { low = middle + 1 } else { high = middle }
        }
        return low == deadPacks.count || !deadPacks[low].contains(ordinal)
    }
}
