internal import CairnCore
internal import CairnFormat

/// Merges sorted inputs, runs and decoded index objects, into one run.
///
/// Reads every input front to back and writes the run front to back, so that memory use does not
/// depend on how much there is to merge.
struct IndexBuilder {
    /// Something sorted to be merged.
    private struct Input {
        let entries: Entries
        /// Where the input's packs come to stand in the new run.
        let packs: PackMap

        enum Entries {
            case run(IndexRun)
            case list([IndexEntry])
        }
    }

    private let repository: RepositoryID
    private let key: SecretBytes
    private var inputs: [Input] = []
    private var packLists: [PackList] = []
    private var sources: [RunSource] = []
    private var packCount = 0
    /// Whether nothing was added.
    var isEmpty: Bool { inputs.isEmpty }
    /// How many entries the run will have.
    private(set) var entryCount = 0

    private enum PackList {
        case run(IndexRun, Range<Int>)
        case list([IndexedPack])
    }

    /// Starts with nothing to merge.
    ///
    /// - Parameters:
    ///   - repository: The repository.
    ///   - key: Its cache key.
    init(repository: RepositoryID, key: SecretBytes) {
        self.repository = repository
        self.key = key
    }

    /// Adds what `run` holds of the sources in `live`.
    mutating func add(_ run: LiveRun) {
        var map = PackMap()
        var ordinal = 0
        for (index, source) in run.run.sources.enumerated() {
            let range = ordinal..<ordinal + source.packCount
            ordinal = range.upperBound
            guard run.isLive(source: index) else {
                map.drop(range)
                continue
            }
            map.move(range, to: packCount)
            packLists.append(.run(run.run, range))
            add(source)
        }
        inputs.append(Input(entries: .run(run.run), packs: map))
    }

    /// Adds an index object.
    mutating func add(_ object: IndexObject, from source: IndexSource) {
        var map = PackMap()
        map.move(0..<object.packs.count, to: packCount)
        packLists.append(.list(object.packs))
        inputs.append(Input(entries: .list(object.entries), packs: map))
        add(
            RunSource(
                source: source,
                packCount: object.packs.count,
                entryCount: object.entries.count
            )
        )
    }

    private mutating func add(_ source: RunSource) {
        sources.append(source)
        packCount += source.packCount
        entryCount += source.entryCount
    }

    /// Merges everything added.
    ///
    /// - Parameters:
    ///   - salt: 32 bytes never used before.
    ///   - makeTarget: Makes a place for a run of the size given.
    /// - Returns: The run's bytes.
    /// - Throws: ``IndexError/damaged`` where an input run is; the caller looks which.
    func build(
        salt: [UInt8],
        into makeTarget: (_ size: Int) throws(IndexError) -> RunTarget
    ) throws(IndexError) -> RunStorage {
        guard
            let layout = RunLayout(
                sourceCount: sources.count,
                packCount: packCount,
                lineCount: RunLayout.lineCount(for: entryCount),
                entryCount: entryCount
            )
        else { throw .tooLarge }
        var writer = try RunWriter(
            target: makeTarget(layout.fileSize),
            repository: repository,
            key: key,
            salt: salt,
            sources: sources,
            layout: layout
        )
        for list in packLists {
            switch list {
            case .list(let packs):
                for pack in packs { try writer.add(pack) }
            case .run(let run, let range):
                for ordinal in range {
                    guard let pack = run.pack(UInt32(ordinal)) else { throw .damaged }
                    try writer.add(pack)
                }
            }
        }
        try merge(into: &writer)
        return try writer.finish()
    }

    private func merge(into writer: inout RunWriter) throws(IndexError) {
        var heap = CursorHeap()
        for input in inputs {
            var cursor =
                switch input.entries {
                case .run(let run): EntryCursor(run, input.packs)
                case .list(let entries): EntryCursor(entries, input.packs)
                }
            if try cursor.advance() { heap.insert(cursor) }
        }
        while let entry = heap.first {
            try writer.add(entry)
            try heap.advance()
        }
    }
}

/// Where the packs of one input come to stand in a merged run.
struct PackMap {
    private struct Segment {
        let start: Int
        let delta: Int?
    }

    private var segments: [Segment] = []
    private var end = 0

    /// The packs at `range`, which follows the last range, keep their order from `target` on.
    mutating func move(_ range: Range<Int>, to target: Int) {
        append(range, target - range.lowerBound)
    }

    /// The packs at `range`, which follows the last range, and their entries are left out.
    mutating func drop(_ range: Range<Int>) {
        append(range, nil)
    }

    private mutating func append(_ range: Range<Int>, _ delta: Int?) {
        end = range.upperBound
        guard !range.isEmpty, segments.isEmpty || segments[segments.count - 1].delta != delta else {
            return
        }
        segments.append(Segment(start: range.lowerBound, delta: delta))
    }

    /// The new ordinal of a pack, or nil where it is left out.
    func ordinal(of pack: UInt32) -> UInt32? {
        let old = Int(pack)
        guard old < end else { return nil }
        var (low, high) = (0, segments.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if segments[middle].start <= old { low = middle } else { high = middle }
        }
        guard low < segments.count, let delta = segments[low].delta else { return nil }
        return UInt32(exactly: old + delta)
    }
}
