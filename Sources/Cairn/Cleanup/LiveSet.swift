internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Which entries of an index are needed, and as what: three bits an entry, on disk where that is
/// much.
///
/// A chunk that is stored several times is needed in one place: outside the packs to avoid, if
/// there is one. Only the engine's cleanup and its reports use it, one thread at a time.
struct LiveSet {
    typealias Kind = SnapshotReferences.Kind

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
    // A bit an entry, of each kind.
    private var data: ScratchArray<UInt64>
    private var trees: ScratchArray<UInt64>
    private var lists: ScratchArray<UInt64>

    /// Of no index.
    init() {
        places = IndexPlaces()
        let none = ScratchArray<UInt64>(directory: nil)
        (data, trees, lists) = (none, none, none)
    }

    /// Nothing is needed.
    init(_ places: IndexPlaces) throws(CairnError) {
        self.places = places
        let count = (places.count + 63) / 64
        data = try places.table(of: 0, count: count)
        trees = try places.table(of: 0, count: count)
        lists = try places.table(of: 0, count: count)
    }

    private func isMarked(_ place: IndexPlaces.Place, as kind: Kind) -> Bool {
        let number = places.number(place)
        let word =
            switch kind {
            case .data: data[number >> 6]
            case .tree: trees[number >> 6]
            case .list: lists[number >> 6]
            }
        return word >> UInt64(number & 63) & 1 == 1
    }

    private func isMarked(_ number: Int) -> Bool {
        let word = number >> 6
        return (data[word] | trees[word] | lists[word]) >> UInt64(number & 63) & 1 == 1
    }

    private mutating func set(_ place: IndexPlaces.Place, as kind: Kind) {
        let number = places.number(place)
        let bit = 1 << UInt64(number & 63) as UInt64
        switch kind {
        case .data: data[number >> 6] |= bit
        case .tree: trees[number >> 6] |= bit
        case .list: lists[number >> 6] |= bit
        }
    }

    /// Says that a chunk is needed. Of each kind it is new once.
    mutating func mark(_ key: PrefixKey, as kind: Kind) -> Outcome {
        let found = places.all(key)
        guard let chosen = found.first(where: { !$0.note.contains(.isAvoided) }) ?? found.first
        else { return .missing }
        if isMarked(chosen, as: kind) { return .again }
        let pack = places.pack(chosen)?.id
        for place in found where places.pack(place)?.id == pack {
            // Two index objects may list one pack.
            let isSame =
                place.value.segmentOffset == chosen.value.segmentOffset
                && place.value.place == chosen.value.place
            if isSame { set(place, as: kind) }
        }
        return .new(size: chosen.value.length)
    }

    /// The same for a chunk of which the first place is known, which is then most often the only
    /// one that matters.
    ///
    /// - Throws: `.damaged` where the local index denies what it has said.
    mutating func mark(
        first place: IndexPlaces.Place,
        as kind: Kind
    ) throws(CairnError) {
        if !place.note.contains(.isAvoided) && places.isAlone(place) {
            return set(place, as: kind)
        }
        if case .missing = mark(PrefixKey(place.value), as: kind) {
            throw CairnError(
                .damaged,
                "the local index contradicts itself, and nothing is removed. Remove the cache "
                    + "folder and try again"
            )
        }
    }

    /// Whether the chunk is needed in this pack; from now on it is needed nowhere.
    mutating func take(_ id: ChunkID, in pack: PackID) -> Bool {
        let found = places.all(PrefixKey(id))
        let isNeeded = found.contains {
            isMarked(places.number($0)) && places.pack($0)?.id == pack
        }
        if isNeeded { unmark(found) }
        return isNeeded
    }

    /// Says that a chunk is needed nowhere any more.
    mutating func unmark(_ id: ChunkID) { unmark(places.all(PrefixKey(id))) }

    private mutating func unmark(_ found: [IndexPlaces.Place]) {
        for place in found {
            let number = places.number(place)
            let (word, others) = (number >> 6, ~(1 << UInt64(number & 63) as UInt64))
            data[word] &= others
            trees[word] &= others
            lists[word] &= others
        }
    }

    /// What is needed of every pack that the index lists.
    func usage() throws(CairnError) -> PackUsages {
        try PackUsages(places) { isMarked($0) }
    }

    /// The packs that hold chunks which nothing outside the avoided packs holds.
    func neededOfAvoided() throws(CairnError) -> PackUsages {
        try PackUsages(places, of: { $0.contains(.isAvoided) }, onlyNeeded: true) { isMarked($0) }
    }
}
