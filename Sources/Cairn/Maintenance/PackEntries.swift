internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// The index entries of each pack, in a file without a name, so that the index may be of any size.
///
/// One thread adds index objects and calls ``sort()``; then any thread may ask. Memory: 1 MiB of
/// entries, and 56 bytes for each pack that an index object lists. Where there is no folder, or no
/// room on its disk, the file lies in memory.
struct PackEntries {
    /// So many entries are held before they are written.
    static let heldCountMax = 1 << 15

    /// Entries of a pack that follow each other.
    private struct Extent {
        let pack: PackID
        let entries: Range<Int>
    }

    private let directory: [UInt8]?
    private var extents: [Extent] = []
    /// The entries from `spilledCount` on.
    private var held: [IndexEntry] = []
    private var file: SpillFile?
    private var isInMemory = false
    private var spilledCount = 0

    /// Starts without entries.
    ///
    /// - Parameter directory: Where the file may lie; nil for memory.
    init(directory: [UInt8]?) {
        self.directory = directory
    }

    /// How many entries are held outside the file.
    var heldCount: Int { held.count }

    /// How many entries were added.
    var count: Int { spilledCount + held.count }

    /// Adds the entries of an index object, but for those of packs in `masked`.
    mutating func add(
        _ object: IndexObject,
        but masked: Set<PackID>
    ) throws(CairnError) {
        let entries = object.entries
        var starts = [Int](repeating: 0, count: object.packs.count + 1)
        for entry in entries { starts[Int(entry.pack) + 1] += 1 }
        for pack in object.packs.indices { starts[pack + 1] += starts[pack] }
        // Sorting numbers takes an eighth of the room that sorting entries would.
        var order = [UInt32](repeating: 0, count: entries.count)
        var next = starts
        for index in entries.indices {
            let pack = Int(entries[index].pack)
            order[next[pack]] = UInt32(truncatingIfNeeded: index)
            next[pack] += 1
        }
        for (ordinal, pack) in object.packs.enumerated() where !masked.contains(pack.id) {
            let places = starts[ordinal]..<starts[ordinal + 1]
            if places.isEmpty { continue }
            extents.append(Extent(pack: pack.id, entries: count..<count + places.count))
            for place in places {
                held.append(entries[Int(order[place])].moved(toPack: 0))
                if held.count >= PackEntries.heldCountMax { try spill() }
            }
        }
    }

    /// Makes ready for ``list(of:)``, now that all is added.
    mutating func sort() {
        extents.sort { $0.pack < $1.pack }
    }

    /// The entries of a pack, with ordinal 0, in no order; those that several index objects list,
    /// several times.
    func list(of pack: PackID) throws(CairnError) -> [IndexEntry] {
        var (low, high) = (0, extents.count)
        while low < high {
            let middle = (low + high) / 2
            if extents[middle].pack < pack { low = middle + 1 } else { high = middle }
        }
        let found = extents[low...].prefix { $0.pack == pack }
        var list: [IndexEntry] = []
        list.reserveCapacity(found.reduce(0) { $0 + $1.entries.count })
        for extent in found { try read(extent.entries, into: &list) }
        return list
    }

    private func read(
        _ range: Range<Int>,
        into list: inout [IndexEntry]
    ) throws(CairnError) {
        let spilled = range.clamped(to: 0..<spilledCount)
        let sizeMax = PackEntries.heldCountMax * IndexEntry.size
        let piece = ByteBuffer(capacity: min(spilled.count * IndexEntry.size, sizeMax))
        var next = spilled.lowerBound
        while let file, next < spilled.upperBound {
            let end = min(next + PackEntries.heldCountMax, spilled.upperBound)
            piece.truncate(to: 0)
            do throws(FileFailure) {
                try file.read(PackEntries.bytes(of: next..<end), into: piece)
            } catch {
                throw CairnError(.target, "a temporary file cannot be read", cause: error)
            }
            for index in 0..<end - next {
                list.append(IndexEntry(loading: piece.span, at: index * IndexEntry.size))
            }
            next = end
        }
        let rest = range.clamped(to: spilledCount..<count)
        list += held[rest.lowerBound - spilledCount..<rest.upperBound - spilledCount]
    }

    // MARK: - File

    /// Where entries lie in the file.
    private static func bytes(of entries: Range<Int>) -> Range<UInt64> {
        UInt64(entries.lowerBound * IndexEntry.size)..<UInt64(entries.upperBound * IndexEntry.size)
    }

    private mutating func spill() throws(CairnError) {
        let bytes = ByteBuffer(capacity: held.count * IndexEntry.size)
        for entry in held {
            _ = bytes.append(upTo: IndexEntry.size) { place in
                entry.store(into: &place)
                return IndexEntry.size
            }
        }
        do throws(FileFailure) {
            try append(bytes)
        } catch {
            throw CairnError(.target, "a temporary file cannot be written", cause: error)
        }
        spilledCount += held.count
        held.removeAll(keepingCapacity: true)
    }

    private mutating func append(_ bytes: ByteBuffer) throws(FileFailure) {
        if file == nil, let directory { file = try? SpillFile(directory: directory) }
        if !isInMemory {
            // A disk that is full must not stop a check.
            if let file, (try? file.append(bytes.span)) != nil { return }
            file = try copyToMemory()
            isInMemory = true
        }
        try file?.append(bytes.span)
    }

    /// What is in the file so far, in a file in memory.
    private func copyToMemory() throws(FileFailure) -> SpillFile {
        let copy = try SpillFile()
        let piece = ByteBuffer()
        var start = 0
        while let file, start < spilledCount {
            let end = min(start + PackEntries.heldCountMax, spilledCount)
            piece.truncate(to: 0)
            try file.read(PackEntries.bytes(of: start..<end), into: piece)
            try copy.append(piece.span)
            start = end
        }
        return copy
    }
}

extension IndexEntry {
    /// Orders the chunks of one pack as they lie in it.
    var packPlace: UInt64 {
        // A place has 21 bits at the most.
        UInt64(truncatingIfNeeded: segmentOffset) << 21 | UInt64(truncatingIfNeeded: place)
    }
}

extension [IndexEntry] {
    /// Puts the entries of one pack in the order of the pack, each once.
    mutating func sortInPackOrder() {
        sort { first, second in
            let (a, b) = (first.packPlace, second.packPlace)
            return a != b ? a < b : first < second
        }
        var kept = 0
        for index in indices {
            if kept > 0, self[kept - 1] == self[index] { continue }
            self[kept] = self[index]
            kept += 1
        }
        removeLast(count - kept)
    }
}
