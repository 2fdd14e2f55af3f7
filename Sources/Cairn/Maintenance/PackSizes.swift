internal import CairnFormat

/// Packs that a store holds and their sizes, ascending by ID: a list of 40 bytes a pack, since a
/// dictionary takes twice the room, and several times as much while it grows.
struct PackSizes: RandomAccessCollection {
    private var list: [(id: PackID, size: UInt64)] = []

    var startIndex: Int { 0 }
    var endIndex: Int { list.count }

    subscript(position: Int) -> (id: PackID, size: UInt64) { list[position] }

    /// The size of a pack; nil where it is not there.
    subscript(id: PackID) -> UInt64? {
        var (low, high) = (0, list.count)
        while low < high {
            let middle = (low + high) / 2
            if list[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < list.count && list[low].id == id ? list[low].size : nil
    }

    /// Makes room for so many packs.
    mutating func reserveCapacity(_ count: Int) {
        list.reserveCapacity(count)
    }

    /// Adds a pack; ``sort()`` comes after the last one.
    mutating func append(_ id: PackID, size: UInt64) {
        list.append((id, size))
    }

    /// Puts the packs in order; one that a listing showed twice stays once.
    mutating func sort() {
        list.sort { $0.id < $1.id }
        var kept = 0
        for index in list.indices {
            if kept > 0, list[kept - 1].id == list[index].id { continue }
            list[kept] = list[index]
            kept += 1
        }
        list.removeLast(list.count - kept)
    }
}
