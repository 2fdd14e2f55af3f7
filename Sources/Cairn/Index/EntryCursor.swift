internal import CairnFormat

/// Goes through one sorted input of a merge.
struct EntryCursor {
    private enum Entries {
        case run(IndexRun)
        case list([IndexEntry])
    }

    private let entries: Entries
    private let packs: PackMap
    private let count: Int
    private var next = 0
    /// The entry at hand; none before the first ``advance()`` and after the last.
    private(set) var entry: IndexEntry?

    /// Goes through a run.
    init(_ run: IndexRun, _ packs: PackMap) {
        entries = .run(run)
        self.packs = packs
        count = run.entryCount
    }

    /// Goes through a list.
    init(_ list: [IndexEntry], _ packs: PackMap) {
        entries = .list(list)
        self.packs = packs
        count = list.count
    }

    /// Moves to the next entry whose pack is kept; false at the end.
    mutating func advance() throws(IndexError) -> Bool {
        while next < count {
            let found: IndexEntry
            switch entries {
            case .run(let run):
                guard let entry = run.entry(at: next) else { throw .damaged }
                found = entry
            case .list(let list):
                found = list[next]
            }
            next += 1
            if let pack = packs.ordinal(of: found.pack) {
                entry = found.moved(toPack: pack)
                return true
            }
        }
        entry = nil
        return false
    }
}

/// The cursors of a merge, the one with the smallest entry first.
struct CursorHeap {
    private var cursors: [EntryCursor] = []
    // The keys apart from the cursors, so that sifting moves little. Ties go by slot, which keeps
    // the outcome the same from run to run.
    private var heap: [(key: PrefixKey, slot: Int)] = []

    /// The smallest entry, or nil at the end.
    var first: IndexEntry? {
        guard let top = heap.first else { return nil }
        return cursors[top.slot].entry
    }

    /// Adds a cursor that stands at its first entry.
    mutating func insert(_ cursor: EntryCursor) {
        guard let entry = cursor.entry else { return }
        heap.append((PrefixKey(entry), cursors.count))
        cursors.append(cursor)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(heap[child], heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Moves past the smallest entry.
    mutating func advance() throws(IndexError) {
        guard let top = heap.first else { return }
        if try cursors[top.slot].advance(), let entry = cursors[top.slot].entry {
            heap[0].key = PrefixKey(entry)
        } else if let last = heap.popLast(), !heap.isEmpty {
            heap[0] = last
        }
        siftDown()
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { return }
            var smallest = precedes(heap[left], heap[parent]) ? left : parent
            if left + 1 < heap.count, precedes(heap[left + 1], heap[smallest]) {
                smallest = left + 1
            }
            guard smallest != parent else { return }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }

    private func precedes(
        _ a: (key: PrefixKey, slot: Int),
        _ b: (key: PrefixKey, slot: Int)
    ) -> Bool {
        a.key < b.key || (a.key == b.key && a.slot < b.slot)
    }
}
