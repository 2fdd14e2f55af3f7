internal import CairnCore
internal import CairnFormat

/// Where the index has each chunk, by number: entries of packs that are masked or that the view
/// does not see are passed over.
struct IndexPlaces {
    /// What is to be known of a pack of a run.
    struct PackNote {
        /// Nil where its entries do not count.
        let pack: IndexedPack?
        /// Whether it is used only for chunks that no other pack holds.
        let isAvoided: Bool
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

    /// Of no index.
    init() {
        (runs, packs, starts, count) = ([], [], [], 0)
    }

    /// The places of an index.
    ///
    /// - Parameter avoided: Packs that are used only for chunks that no other pack holds.
    init(_ index: ChunkIndex, avoiding avoided: Set<PackID> = []) {
        let runs = index.storedRuns
        let masked = index.maskedPacks
        self.runs = runs
        packs = runs.map { live in
            (0..<UInt32(live.run.packCount)).map { ordinal in
                guard live.isLive(pack: ordinal), let pack = live.run.pack(ordinal),
                    !masked.contains(pack.id)
                else { return PackNote(pack: nil, isAvoided: false) }
                return PackNote(pack: pack, isAvoided: avoided.contains(pack.id))
            }
        }
        var starts: [Int] = []
        var count = 0
        for live in runs {
            starts.append(count)
            count += live.run.entryCount
        }
        (self.starts, self.count) = (starts, count)
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

    private func forEach(_ key: PrefixKey, _ body: (Place) -> Bool) {
        for (number, live) in runs.enumerated() {
            guard var entry = live.run.firstIndex(of: key) else { continue }
            while entry < live.run.entryCount, let value = live.run.entry(at: entry),
                PrefixKey(value) == key
            {
                let note = packs[number][Int(value.pack)]
                if note.pack != nil {
                    let place = Place(run: number, entry: entry, value: value, note: note)
                    guard body(place) else { return }
                }
                entry += 1
            }
        }
    }

    /// Visits every entry, run by run; also those of packs that do not count.
    func forEach(_ body: (Place) -> Void) {
        for (number, live) in runs.enumerated() {
            for position in 0..<live.run.entryCount {
                guard let entry = live.run.entry(at: position) else { continue }
                let note = packs[number][Int(entry.pack)]
                body(Place(run: number, entry: position, value: entry, note: note))
            }
        }
    }

    /// The number of a place.
    func number(_ place: Place) -> Int { starts[place.run] + place.entry }
}
