internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Where the index has each chunk, by number: entries of packs that are masked or that the view
/// does not see are passed over.
///
/// Memory: a byte a pack, and eight more while it is made, those on disk where that is much.
struct IndexPlaces {
    /// What is to be known of a pack of a run.
    struct PackNote: OptionSet {
        let rawValue: UInt8

        /// Its entries count.
        static let counts = PackNote(rawValue: 1)
        /// It is used only for chunks that no other pack holds.
        static let isAvoided = PackNote(rawValue: 2)
        /// The index may list it several times; most often it does not.
        static let isRepeated = PackNote(rawValue: 4)
    }

    /// A place of a chunk: its run and where it stands there.
    struct Place {
        let run: Int
        let entry: Int
        let value: IndexEntry
        let note: PackNote
    }

    let runs: [LiveRun]
    /// For each run, a note on each of its packs.
    let packs: [[PackNote]]
    /// The number of the first entry of each run.
    let starts: [Int]
    /// How many entries there are, of masked packs too.
    let count: Int
    /// Where large tables of places and packs may lie; nil for memory.
    let directory: [UInt8]?

    /// Of no index.
    init() {
        (runs, packs, starts, count, directory) = ([], [], [], 0, nil)
    }

    /// The places of an index.
    ///
    /// - Parameter avoided: Packs that are used only for chunks that no other pack holds.
    init(
        _ index: ChunkIndex,
        avoiding avoided: Set<PackID> = [],
        directory: [UInt8]? = nil
    ) {
        self.directory = directory
        runs = index.storedRuns
        packs = IndexPlaces.notes(runs, masked: index.maskedPacks, avoided, directory)
        var starts: [Int] = []
        var count = 0
        for live in runs {
            starts.append(count)
            count += live.run.entryCount
        }
        (self.starts, self.count) = (starts, count)
    }

    private static func notes(
        _ runs: [LiveRun],
        masked: Set<PackID>,
        _ avoided: Set<PackID>,
        _ directory: [UInt8]?
    ) -> [[PackNote]] {
        var digests = ScratchArray<Int>(directory: directory)
        digests.reserveCapacity(runs.reduce(0) { $0 + $1.run.packCount })
        var notes = runs.map { live in
            (0..<UInt32(live.run.packCount)).map { ordinal -> PackNote in
                guard live.isLive(pack: ordinal), let pack = live.run.pack(ordinal),
                    !masked.contains(pack.id)
                else { return [] }
                digests.append(pack.id.hashValue)
                return avoided.contains(pack.id) ? [.counts, .isAvoided] : .counts
            }
        }
        // Two index objects may list one pack. Like digests of unlike packs do no harm.
        digests.sort(by: <)
        var repeated: Set<Int> = []
        for (before, digest) in zip(digests, digests.dropFirst()) where before == digest {
            repeated.insert(digest)
        }
        if repeated.isEmpty { return notes }
        for (number, live) in runs.enumerated() {
            for ordinal in notes[number].indices where notes[number][ordinal].contains(.counts) {
                guard let pack = live.run.pack(UInt32(ordinal)),
                    repeated.contains(pack.id.hashValue)
                else { continue }
                notes[number][ordinal].insert(.isRepeated)
            }
        }
        return notes
    }

    /// A table with a number for each place or pack.
    func table<T>(of element: T, count: Int) throws(CairnError) -> ScratchArray<T> {
        do throws(FileFailure) {
            return try ScratchArray(repeating: element, count: count, directory: directory)
        } catch {
            throw CairnError(.target, "there is no memory for a cleanup", cause: error)
        }
    }

    /// Every place of a chunk, in the order of the runs.
    func all(_ key: PrefixKey) -> [Place] {
        var found: [Place] = []
        forEach(key) { place in
            found.append(place)
            return true
        }
        return found
    }

    /// The first place of a chunk.
    func first(_ key: PrefixKey) -> Place? {
        var found: Place?
        forEach(key) { place in
            found = place
            return false
        }
        return found
    }

    /// The first place of a chunk, for chunks in about the order in which the runs have them.
    ///
    /// - Parameter last: The place that was found last, which this one takes.
    func first(_ key: PrefixKey, after last: inout Place?) -> Place? {
        var found: Place?
        forEach(key, after: last) { place in
            found = place
            return false
        }
        if let found { last = found }
        return found
    }

    /// Asks for the memory in which the places of chunks are looked for: of many chunks at once
    /// that takes about as long as of one.
    func prefetch(_ keys: some Collection<PrefixKey>) {
        for live in runs { for key in keys { live.run.prefetchGuide(of: key) } }
        for live in runs { for key in keys { live.run.prefetchEntry(of: key) } }
    }

    private func forEach(
        _ key: PrefixKey,
        after last: Place? = nil,
        _ body: (Place) -> Bool
    ) {
        let isFound = visit(key, body) { number in
            let run = runs[number].run
            guard let last, last.run == number else { return run.firstIndex(of: key) }
            return run.firstIndex(of: key, from: last.entry)
        }
        if isFound { return }
        // A guide may be wrong, and what is not found here may be taken for not needed.
        _ = visit(key, body) { runs[$0].run.firstIndexIgnoringGuide(of: key) }
    }

    /// Visits the places of a chunk that count.
    ///
    /// - Parameter first: Where a run has the chunk's first entry.
    /// - Returns: Whether there were any.
    private func visit(
        _ key: PrefixKey,
        _ body: (Place) -> Bool,
        _ first: (Int) -> Int?
    ) -> Bool {
        var isFound = false
        for number in runs.indices {
            guard var entry = first(number) else { continue }
            while entry < runs[number].run.entryCount,
                let place = place(run: number, entry: entry), PrefixKey(place.value) == key
            {
                if place.note.contains(.counts) {
                    isFound = true
                    guard body(place) else { return true }
                }
                entry += 1
            }
        }
        return isFound
    }

    /// What stands at a place of a run, also of a pack that does not count; nil where that is
    /// damaged.
    func place(run: Int, entry: Int) -> Place? {
        guard let value = runs[run].run.entry(at: entry) else { return nil }
        return Place(run: run, entry: entry, value: value, note: packs[run][Int(value.pack)])
    }

    /// Visits every entry, run by run; also those of packs that do not count.
    func forEach(_ body: (Place) -> Void) {
        for run in runs.indices {
            for entry in 0..<runs[run].run.entryCount {
                if let place = place(run: run, entry: entry) { body(place) }
            }
        }
    }

    /// Whether the index may list a pack several times.
    var hasRepeated: Bool { packs.contains { $0.contains { $0.contains(.isRepeated) } } }

    /// Whether the place is known to be the only one of its chunk in its pack, which is listed
    /// once.
    func isAlone(_ place: Place) -> Bool {
        let next = place.entry + 1
        if place.note.contains(.isRepeated) { return false }
        guard next < runs[place.run].run.entryCount else { return true }
        guard let value = runs[place.run].run.entry(at: next) else { return false }
        return PrefixKey(value) != PrefixKey(place.value)
    }

    /// The pack of a place; nil where its entries do not count.
    func pack(_ place: Place) -> IndexedPack? { pack(run: place.run, place.value.pack) }

    /// A pack of a run; nil where its entries do not count.
    func pack(run: Int, _ ordinal: UInt32) -> IndexedPack? {
        guard packs[run][Int(ordinal)].contains(.counts) else { return nil }
        return runs[run].run.pack(ordinal)
    }

    /// The number of a place.
    func number(_ place: Place) -> Int { starts[place.run] + place.entry }
}
