internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// How much of a pack is needed. Bytes are those of chunks before compression.
struct PackUsage: BitwiseCopyable {
    let pack: IndexedPack
    private(set) var chunks: UInt32 = 0
    private(set) var liveChunks: UInt32 = 0
    private(set) var bytes: UInt64 = 0
    private(set) var liveBytes: UInt64 = 0

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

/// How much of each of many packs is needed: 64 bytes a pack, on disk where that is much.
struct PackUsages {
    /// Of packs that have chunks, ascending by the packs' IDs.
    private(set) var all: ScratchArray<PackUsage>

    /// Of no pack.
    init() {
        all = ScratchArray(directory: nil)
    }

    /// Counts the entries of packs that count.
    ///
    /// - Parameters:
    ///   - isWanted: Whether to look at a pack.
    ///   - onlyNeeded: Whether to pass over entries that are not needed.
    ///   - isNeeded: Says it of the place with a number.
    init(
        _ places: IndexPlaces,
        of isWanted: (IndexPlaces.PackNote) -> Bool = { _ in true },
        onlyNeeded: Bool = false,
        isNeeded: (Int) -> Bool
    ) throws(CairnError) {
        all = ScratchArray(directory: places.directory)
        all.reserveCapacity(places.packs.reduce(0) { $0 + $1.count(where: isWanted) })
        for run in places.runs.indices {
            let notes = places.packs[run]
            guard notes.contains(where: isWanted) else { continue }
            var counts = try places.table(of: Count(), count: notes.count)
            for entry in 0..<places.runs[run].run.entryCount {
                let isNeeded = isNeeded(places.starts[run] + entry)
                guard isNeeded || !onlyNeeded, let value = places.runs[run].run.entry(at: entry)
                else { continue }
                counts[Int(value.pack)].add(UInt64(value.length), isNeeded: isNeeded)
            }
            for (ordinal, count) in counts.enumerated() where count.chunks > 0 {
                guard isWanted(notes[ordinal]),
                    let pack = places.pack(run: run, UInt32(ordinal))
                else { continue }
                all.append(PackUsage(pack, count))
            }
        }
        sortAndJoin()
    }

    /// The usage of a pack; nil where it has no chunks.
    subscript(id: PackID) -> PackUsage? {
        let place = all.partitionPoint { $0.pack.id < id }
        return place < all.count && all[place].pack.id == id ? all[place] : nil
    }

    /// Two index objects may list one pack.
    private mutating func sortAndJoin() {
        guard !all.isEmpty else { return }
        all.sort { $0.pack.id < $1.pack.id }
        var last = 0
        for index in all.indices.dropFirst() {
            if all[index].pack.id == all[last].pack.id {
                all[last].add(all[index])
            } else {
                last += 1
                if last != index { all[last] = all[index] }
            }
        }
        all.truncate(to: last + 1)
    }

    /// What was counted of a pack of a run.
    fileprivate struct Count: BitwiseCopyable {
        var chunks: UInt32 = 0
        var liveChunks: UInt32 = 0
        var bytes: UInt64 = 0
        var liveBytes: UInt64 = 0

        mutating func add(_ length: UInt64, isNeeded: Bool) {
            chunks += 1
            bytes += length
            guard isNeeded else { return }
            liveChunks += 1
            liveBytes += length
        }
    }
}

extension PackUsage {
    fileprivate init(_ pack: IndexedPack, _ count: PackUsages.Count) {
        self.pack = pack
        (chunks, liveChunks) = (count.chunks, count.liveChunks)
        (bytes, liveBytes) = (count.bytes, count.liveBytes)
    }

    fileprivate mutating func add(_ other: PackUsage) {
        chunks += other.chunks
        liveChunks += other.liveChunks
        bytes += other.bytes
        liveBytes += other.liveBytes
    }
}
