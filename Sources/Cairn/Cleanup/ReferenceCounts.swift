internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Counts, for every chunk, how many live trees, lists and snapshots refer to it: two bytes a
/// chunk, on disk where that is much.
///
/// A chunk that is reached as several kinds is counted for each. What a tree or list holds follows
/// from its ID, so a node counts once, however many snapshots have it: what is first referred to is
/// opened and its parts counted, what is no longer referred to is opened and its parts are counted
/// off. One thread at a time.
final class ReferenceCounts {
    typealias Kind = SnapshotReferences.Kind

    /// What a reference more or less did.
    enum Outcome {
        /// It was the first, or the last; the chunk has so many bytes.
        case turned(IndexPlaces.Place)
        /// There were others.
        case counted
        /// The index does not know the chunk, or it was not counted.
        case missing
    }

    /// Where the counts are that do not fit into the table, or that are of a second kind.
    private struct Key: Hashable {
        let number: Int
        let kind: Kind
    }

    /// The low 14 bits of a number of the table; all of them set mean "too many for here".
    private static let countMask: UInt16 = 1 << 14 - 1

    let places: IndexPlaces
    // One thread uses it, through two functions below of which neither calls anything else: looking
    // for accesses that overlap took a good part of the time.
    @exclusivity(unchecked) private var table: ScratchArray<UInt16>
    private var others: [Key: UInt32] = [:]

    /// Nothing is counted.
    init(_ places: IndexPlaces) throws(CairnError) {
        self.places = places
        unsafe table = try places.table(of: 0, count: places.count)
    }

    /// Counts a reference more.
    func retain(_ id: ChunkID, as kind: Kind) -> Outcome {
        guard let place = places.first(PrefixKey(id)) else { return .missing }
        let number = places.number(place)
        let count = count(number, kind)
        // At the most it stays, and the chunk until everything is counted anew.
        if count < .max { set(number, kind, count + 1) }
        return count == 0 ? .turned(place) : .counted
    }

    /// Counts a reference off.
    func release(_ id: ChunkID, as kind: Kind) -> Outcome {
        guard let place = places.first(PrefixKey(id)) else { return .missing }
        let number = places.number(place)
        let count = count(number, kind)
        guard count > 0 else { return .missing }
        if count < .max { set(number, kind, count - 1) }
        return count == 1 ? .turned(place) : .counted
    }

    /// Takes a count over that was kept.
    ///
    /// - Parameter last: The place of the count that was taken over last.
    /// - Returns: Whether the index knows the chunk and nothing was counted for it before.
    func restore(
        _ key: PrefixKey,
        _ kind: Kind,
        _ count: UInt32,
        after last: inout IndexPlaces.Place?
    ) -> Bool {
        guard count > 0, let place = places.first(key, after: &last) else { return false }
        let number = places.number(place)
        guard self.count(number, kind) == 0 else { return false }
        set(number, kind, count)
        return true
    }

    /// Whether anything refers to the place.
    func isCounted(_ number: Int) -> Bool {
        entry(number) != 0
            || !others.isEmpty && Kind.allCases.contains { count(number, $0) > 0 }
    }

    /// How many counts are not 0.
    var entryCount: Int {
        (0..<places.count).reduce(0) { sum, number in
            guard isCounted(number) else { return sum }
            return others.isEmpty
                ? sum + 1 : sum + Kind.allCases.count { count(number, $0) > 0 }
        }
    }

    /// Visits every count that is not 0, in the order of the index's runs.
    func forEach<Failure: Error>(
        _ body: (PrefixKey, Kind, UInt32) throws(Failure) -> Void
    ) throws(Failure) {
        try forEachPlace { place, kind, count throws(Failure) in
            try body(PrefixKey(place.value), kind, count)
        }
    }

    /// Visits every count that is not 0 with the first place of its chunk, in the order of the
    /// index's runs.
    func forEachPlace<Failure: Error>(
        _ body: (IndexPlaces.Place, Kind, UInt32) throws(Failure) -> Void
    ) throws(Failure) {
        for run in places.runs.indices {
            let start = places.starts[run]
            for entry in 0..<places.runs[run].run.entryCount where isCounted(start + entry) {
                guard let place = places.place(run: run, entry: entry) else { continue }
                let value = self.entry(start + entry)
                if others.isEmpty, let kind = Kind(rawValue: Int(value >> 14) - 1) {
                    try body(place, kind, UInt32(value & ReferenceCounts.countMask))
                    continue
                }
                for kind in Kind.allCases {
                    let count = count(start + entry, kind)
                    if count > 0 { try body(place, kind, count) }
                }
            }
        }
    }

    /// Whether both count the same; they are of one index.
    func isSame(as other: ReferenceCounts) -> Bool {
        places.runs.indices.allSatisfy { run in
            (0..<places.runs[run].run.entryCount).allSatisfy { entry in
                let number = places.starts[run] + entry
                return Kind.allCases.allSatisfy { count(number, $0) == other.count(number, $0) }
            }
        }
    }

    /// How many bytes trees and lists have together, those referred to and those not.
    var metadataSizes: (counted: UInt64, uncounted: UInt64) {
        var sizes: (counted: UInt64, uncounted: UInt64) = (0, 0)
        places.forEach { place in
            guard place.note.contains(.counts), place.value.type != .data else { return }
            if isCounted(places.number(place)) {
                sizes.counted += UInt64(place.value.length)
            } else {
                sizes.uncounted += UInt64(place.value.length)
            }
        }
        return sizes
    }

    private func entry(_ number: Int) -> UInt16 { unsafe table[number] }

    private func setEntry(_ number: Int, _ value: UInt16) { unsafe table[number] = value }

    private func count(_ number: Int, _ kind: Kind) -> UInt32 {
        let value = entry(number)
        let low = value & ReferenceCounts.countMask
        if Int(value >> 14) == kind.rawValue + 1, low < ReferenceCounts.countMask {
            return UInt32(low)
        }
        if others.isEmpty { return 0 }
        return others[Key(number: number, kind: kind)] ?? 0
    }

    private func set(_ number: Int, _ kind: Kind, _ count: UInt32) {
        let value = entry(number)
        let owner = Int(value >> 14)
        let key = Key(number: number, kind: kind)
        guard owner == 0 || owner == kind.rawValue + 1 else {
            others[key] = count > 0 ? count : nil
            return
        }
        let fits = count < ReferenceCounts.countMask
        if !others.isEmpty || !fits { others[key] = fits ? nil : count }
        let low = fits ? UInt16(count) : ReferenceCounts.countMask
        setEntry(number, count == 0 ? 0 : UInt16(kind.rawValue + 1) << 14 | low)
    }
}
