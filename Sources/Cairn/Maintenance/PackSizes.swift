internal import CairnFormat
internal import CairnIO

/// Packs that a store holds and their sizes, ascending by ID: 40 bytes a pack, on disk where that
/// is much.
struct PackSizes: RandomAccessCollection {
    private struct Entry: BitwiseCopyable {
        let id: PackID
        let size: UInt64
    }

    private var list: ScratchArray<Entry>

    /// Of no pack.
    ///
    /// - Parameter directory: Where a long list may lie; nil for memory.
    init(directory: [UInt8]? = nil) {
        list = ScratchArray(directory: directory)
    }

    var startIndex: Int { 0 }
    var endIndex: Int { list.count }

    subscript(position: Int) -> (id: PackID, size: UInt64) {
        let entry = list[position]
        return (entry.id, entry.size)
    }

    /// The size of a pack; nil where it is not there.
    subscript(id: PackID) -> UInt64? {
        let place = list.partitionPoint { $0.id < id }
        return place < list.count && list[place].id == id ? list[place].size : nil
    }

    /// Adds a pack; ``sort()`` comes after the last one.
    mutating func append(_ id: PackID, size: UInt64) {
        list.append(Entry(id: id, size: size))
    }

    /// Puts the packs in order; one that a listing showed twice stays once.
    mutating func sort() {
        list.sort { $0.id < $1.id }
        var kept = 0
        for index in list.indices {
            if kept > 0, list[kept - 1].id == list[index].id { continue }
            if kept != index { list[kept] = list[index] }
            kept += 1
        }
        list.truncate(to: kept)
    }
}

extension RandomAccessCollection where Index == Int {
    /// The first position from which on nothing comes before something else.
    ///
    /// - Parameter isBefore: Whether an element does; those that do stand first.
    func partitionPoint(_ isBefore: (Element) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
