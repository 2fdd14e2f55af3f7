internal import CairnFormat

/// The chunks of this session in one shard of the key space: an open-addressing hash table in flat
/// memory, 33 bytes a slot, at most three quarters full.
struct ClaimTable {
    /// What is known about a chunk.
    enum State: UInt8 {
        /// The slot is free.
        case free
        /// Someone is storing the chunk.
        case pending
        /// The chunk has a place in a pack.
        case placed
        /// The chunk has a place and is being moved to a run.
        case draining
    }

    private var entries: [IndexEntry] = []
    private var states: [State] = []
    /// Slots that are not free.
    private(set) var count = 0
    /// Slots in state `placed`.
    private(set) var placedCount = 0

    private static let capacityMin = 16

    /// The slot of `key`, or the free slot where it would go; nil while there are no slots.
    @inline(__always)
    private func slot(of key: PrefixKey) -> Int? {
        guard !states.isEmpty else { return nil }
        let mask = states.count &- 1
        var slot = Int(truncatingIfNeeded: key.low) & mask
        while states[slot] != .free {
            if PrefixKey(entries[slot]) == key { return slot }
            slot = (slot &+ 1) & mask
        }
        return slot
    }

    /// Whether any chunk is claimed and has no place yet.
    var hasPending: Bool { states.contains(.pending) }

    /// What is known about `key`.
    func state(of key: PrefixKey) -> State {
        guard let slot = slot(of: key) else { return .free }
        return states[slot]
    }

    /// The entry of `key` once it has a place.
    func entry(of key: PrefixKey) -> IndexEntry? {
        guard let slot = slot(of: key), states[slot] == .placed || states[slot] == .draining else {
            return nil
        }
        return entries[slot]
    }

    /// Marks `key` as pending; the slot was free.
    mutating func claim(_ key: PrefixKey) {
        put(.placeless(prefix0: key.high, prefix1: key.low), .pending)
    }

    /// Gives `entry` its place, claimed or not.
    ///
    /// A second place for a placed chunk is ignored.
    mutating func place(_ entry: IndexEntry) {
        guard let slot = slot(of: PrefixKey(entry)), states[slot] != .free else {
            put(entry, .placed)
            placedCount += 1
            return
        }
        guard states[slot] == .pending else { return }
        entries[slot] = entry
        states[slot] = .placed
        placedCount += 1
    }

    private mutating func put(_ entry: IndexEntry, _ state: State) {
        if 4 * (count + 1) > 3 * states.count {
            resize(to: max(2 * states.count, ClaimTable.capacityMin))
        }
        guard let slot = slot(of: PrefixKey(entry)) else { return }
        entries[slot] = entry
        states[slot] = state
        count += 1
    }

    private mutating func resize(to capacity: Int) {
        let (oldEntries, oldStates) = (entries, states)
        entries = Array(repeating: .placeless(prefix0: 0, prefix1: 0), count: capacity)
        states = Array(repeating: .free, count: capacity)
        count = 0
        for (slot, state) in oldStates.enumerated() where state != .free {
            put(oldEntries[slot], state)
        }
    }

    /// Forgets `key` if it is pending.
    mutating func release(_ key: PrefixKey) {
        guard let found = slot(of: key), states[found] == .pending else { return }
        // Close the gap, so that no later search ends at it.
        let mask = states.count - 1
        var (gap, slot) = (found, (found + 1) & mask)
        while states[slot] != .free {
            let home = Int(truncatingIfNeeded: entries[slot].prefix1) & mask
            if (slot &- home) & mask >= (slot &- gap) & mask {
                entries[gap] = entries[slot]
                states[gap] = states[slot]
                gap = slot
            }
            slot = (slot + 1) & mask
        }
        states[gap] = .free
        count -= 1
    }

    /// Marks up to `limit` placed chunks as draining and appends them, in key order, to `list`.
    mutating func beginDrain(limit: Int, into list: inout [IndexEntry]) {
        let start = list.count
        for slot in states.indices where states[slot] == .placed {
            guard list.count - start < limit else { break }
            states[slot] = .draining
            list.append(entries[slot])
        }
        placedCount -= list.count - start
        list[start...].sort()
    }

    /// Forgets the draining chunks, or makes them placed again.
    mutating func endDrain(keeping: Bool) {
        if keeping {
            for slot in states.indices where states[slot] == .draining {
                states[slot] = .placed
                placedCount += 1
            }
            return
        }
        let (oldEntries, oldStates) = (entries, states)
        (entries, states, count) = ([], [], 0)
        for (slot, state) in oldStates.enumerated()
        where state == .pending || state == .placed {
            put(oldEntries[slot], state)
        }
    }

    /// The lowest pack ordinal among chunks that have a place.
    var packMin: UInt32? {
        states.indices.lazy.filter { states[$0] == .placed }.map { entries[$0].pack }.min()
    }
}
