internal import CairnCore
internal import CairnFormat

/// Which entries of an index are needed, and as what: three bits an entry, so 37.5 MB at 10^8
/// chunks.
///
/// A chunk that is stored several times is needed in one place: outside the packs to avoid, if
/// there is one. Only the engine's cleanup and its reports use it, one thread at a time.
struct LiveSet {
    /// What ``mark(_:as:)`` found.
    enum Outcome {
        /// It is needed now, and was not before; the chunk has so many bytes.
        case new(size: Int)
        /// It was needed already.
        case again
        /// The index does not know the chunk.
        case missing
    }

    private let places: IndexPlaces
    /// Of each kind and run, a bit an entry.
    private var bits: [[[UInt64]]] = []

    /// Of no index.
    init() {
        places = IndexPlaces()
    }

    /// Nothing is needed.
    init(_ places: IndexPlaces) {
        self.places = places
        bits = SnapshotReferences.Kind.allCases.map { _ in
            places.runs.map { [UInt64](repeating: 0, count: ($0.run.entryCount + 63) / 64) }
        }
    }

    private func isMarked(
        _ run: Int,
        _ entry: Int,
        as kind: SnapshotReferences.Kind
    ) -> Bool {
        bits[kind.rawValue][run][entry >> 6] >> UInt64(entry & 63) & 1 == 1
    }

    private func isMarked(_ run: Int, _ entry: Int) -> Bool {
        SnapshotReferences.Kind.allCases.contains { isMarked(run, entry, as: $0) }
    }

    /// Says that a chunk is needed. Of each kind it is new once.
    mutating func mark(_ key: PrefixKey, as kind: SnapshotReferences.Kind) -> Outcome {
        let found = places.all(key)
        guard let chosen = found.first(where: { !$0.note.isAvoided }) ?? found.first else {
            return .missing
        }
        if isMarked(chosen.run, chosen.entry, as: kind) { return .again }
        for place in found where place.note.pack?.id == chosen.note.pack?.id {
            // Two index objects may list one pack.
            let isSame =
                place.value.segmentOffset == chosen.value.segmentOffset
                && place.value.place == chosen.value.place
            guard isSame else { continue }
            bits[kind.rawValue][place.run][place.entry >> 6] |= 1 << UInt64(place.entry & 63)
        }
        return .new(size: chosen.value.length)
    }

    /// Whether the chunk is needed in this pack.
    func isNeeded(_ id: ChunkID, in pack: PackID) -> Bool {
        places.all(PrefixKey(id)).contains {
            $0.note.pack?.id == pack && isMarked($0.run, $0.entry)
        }
    }

    /// What is needed of every pack that the index lists.
    func usage() -> [PackID: PackUsage] {
        var usage: [PackID: PackUsage] = [:]
        places.forEach { place in
            guard let pack = place.note.pack else { return }
            let isNeeded = isMarked(place.run, place.entry)
            usage[pack.id, default: PackUsage(pack: pack)].count(place.value, isNeeded: isNeeded)
        }
        return usage
    }

    /// The packs that hold chunks which nothing outside the avoided packs holds.
    func neededOfAvoided() -> [PackID: PackUsage] {
        var usage: [PackID: PackUsage] = [:]
        for (number, live) in places.runs.enumerated()
        where places.packs[number].contains(where: { $0.isAvoided }) {
            for position in 0..<live.run.entryCount where isMarked(number, position) {
                guard let entry = live.run.entry(at: position) else { continue }
                let note = places.packs[number][Int(entry.pack)]
                guard note.isAvoided, let pack = note.pack else { continue }
                usage[pack.id, default: PackUsage(pack: pack)].count(entry, isNeeded: true)
            }
        }
        return usage
    }
}

/// How much of a pack is needed. Bytes are those of chunks before compression.
struct PackUsage {
    let pack: IndexedPack
    private(set) var chunks = 0
    private(set) var liveChunks = 0
    private(set) var bytes: UInt64 = 0
    private(set) var liveBytes: UInt64 = 0

    init(pack: IndexedPack) {
        self.pack = pack
    }

    mutating func count(_ entry: IndexEntry, isNeeded: Bool) {
        chunks += 1
        bytes += UInt64(entry.length)
        guard isNeeded else { return }
        liveChunks += 1
        liveBytes += UInt64(entry.length)
    }

    /// About how many bytes of the stored pack are needed.
    var liveSize: UInt64 {
        guard liveChunks > 0, bytes > 0 else { return 0 }
        if liveChunks == chunks { return pack.size }
        return stored(liveBytes)
    }

    /// About how many bytes of the stored pack nothing needs.
    var deadSize: UInt64 { pack.size - min(liveSize, pack.size) }

    /// About how many bytes of the stored pack so many bytes of its chunks take.
    func stored(_ length: UInt64) -> UInt64 {
        guard bytes > 0 else { return 0 }
        return UInt64(Double(pack.size) * min(1, Double(length) / Double(bytes)))
    }
}
