internal import CairnCore
internal import CairnFormat

/// Which entries of an index are needed, and as what: three bits an entry, so 37.5 MB at 10^8
/// chunks.
///
/// A chunk that is stored several times is needed in one place: outside the packs to avoid, if
/// there is one. Only the engine's cleanup and its reports use it, one thread at a time.
struct LiveSet {
    /// What ``mark(_:)`` found.
    enum Outcome {
        /// It is needed now, and was not before; the chunk has so many bytes.
        case new(size: Int)
        /// It was needed already.
        case again
        /// The index does not know the chunk.
        case missing
    }

    private let runs: [LiveRun]
    /// Of each kind and run, a bit an entry.
    private var bits: [[[UInt64]]] = []
    /// For each run, what is to be known of each of its packs.
    private let packs: [[PackNote]]

    private struct PackNote {
        let pack: IndexedPack?
        let isAvoided: Bool
    }

    /// Of no index.
    init() {
        runs = []
        packs = []
    }

    /// Nothing is needed.
    ///
    /// - Parameter avoided: Packs that are used only for chunks that no other pack holds.
    init(_ index: ChunkIndex, avoiding avoided: Set<PackID> = []) {
        let runs = index.storedRuns
        let masked = index.maskedPacks
        self.runs = runs
        bits = SnapshotReferences.Kind.allCases.map { _ in
            runs.map { [UInt64](repeating: 0, count: ($0.run.entryCount + 63) / 64) }
        }
        packs = runs.map { live in
            (0..<UInt32(live.run.packCount)).map { ordinal in
                guard live.isLive(pack: ordinal), let pack = live.run.pack(ordinal),
                    !masked.contains(pack.id)
                else { return PackNote(pack: nil, isAvoided: false) }
                return PackNote(pack: pack, isAvoided: avoided.contains(pack.id))
            }
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

    /// A place of an entry: its run and where it stands there.
    private struct Place {
        let run: Int
        let entry: Int
        let value: IndexEntry
        let note: PackNote
    }

    /// Every place of a chunk, in the order of the runs.
    private func places(of id: ChunkID) -> [Place] {
        let key = PrefixKey(id)
        var found: [Place] = []
        for (number, live) in runs.enumerated() {
            guard var entry = live.run.firstIndex(of: key) else { continue }
            while entry < live.run.entryCount, let value = live.run.entry(at: entry),
                PrefixKey(value) == key
            {
                let note = packs[number][Int(value.pack)]
                if note.pack != nil {
                    found.append(Place(run: number, entry: entry, value: value, note: note))
                }
                entry += 1
            }
        }
        return found
    }

    /// Says that a chunk is needed. Of each kind it is new once.
    mutating func mark(_ id: ChunkID, as kind: SnapshotReferences.Kind) -> Outcome {
        let places = places(of: id)
        guard let chosen = places.first(where: { !$0.note.isAvoided }) ?? places.first else {
            return .missing
        }
        if isMarked(chosen.run, chosen.entry, as: kind) { return .again }
        for place in places where place.note.pack?.id == chosen.note.pack?.id {
            // Two index objects may list one pack.
            let isSame =
                place.value.segmentOffset == chosen.value.segmentOffset
                && place.value.place == chosen.value.place
            guard isSame else { continue }
            bits[kind.rawValue][place.run][place.entry >> 6] |= 1 << UInt64(place.entry & 63)
        }
        return .new(size: chosen.value.length)
    }

    /// How many bytes trees and lists have together, needed or not.
    var metadataSize: UInt64 {
        var size: UInt64 = 0
        forEach { _, entry, _ in
            if entry.type != .data { size += UInt64(entry.length) }
        }
        return size
    }

    /// Whether the chunk is needed in this pack.
    func isNeeded(_ id: ChunkID, in pack: PackID) -> Bool {
        places(of: id).contains { $0.note.pack?.id == pack && isMarked($0.run, $0.entry) }
    }

    /// What is needed of every pack that the index lists.
    func usage() -> [PackID: PackUsage] {
        var usage: [PackID: PackUsage] = [:]
        forEach { pack, entry, isNeeded in
            usage[pack.id, default: PackUsage(pack: pack)].count(entry, isNeeded: isNeeded)
        }
        return usage
    }

    /// Visits every entry that counts, run by run.
    private func forEach(_ body: (IndexedPack, IndexEntry, Bool) -> Void) {
        for (number, live) in runs.enumerated() {
            for position in 0..<live.run.entryCount {
                guard let entry = live.run.entry(at: position),
                    let pack = packs[number][Int(entry.pack)].pack
                else { continue }
                body(pack, entry, isMarked(number, position))
            }
        }
    }

    /// The packs that hold chunks which nothing outside the avoided packs holds.
    func neededOfAvoided() -> [PackID: PackUsage] {
        var usage: [PackID: PackUsage] = [:]
        for (number, live) in runs.enumerated()
        where packs[number].contains(where: { $0.isAvoided }) {
            for position in 0..<live.run.entryCount where isMarked(number, position) {
                guard let entry = live.run.entry(at: position) else { continue }
                let note = packs[number][Int(entry.pack)]
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
        return UInt64(Double(pack.size) * (Double(liveBytes) / Double(bytes)))
    }

    /// About how many bytes of the stored pack nothing needs.
    var deadSize: UInt64 { pack.size - min(liveSize, pack.size) }
}
