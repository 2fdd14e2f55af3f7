internal import CairnCore
internal import CairnFormat

/// Keeps the index in step with what a generation deletes (Specs/Cleanup.md#index).
///
/// Entries of deleted packs are masked. An index object of which a quarter is masked is rewritten
/// without them, and many small ones are joined, so that a cleanup rewrites what changed and not
/// the whole index. Entries of packs that stay are never dropped, needed or not: a session that
/// runs may count on them.
struct IndexUpkeep {
    let view: RepositoryView
    let index: ChunkIndex
    /// Index objects that nobody named when the generation began.
    let condemned: Set<IndexID>
    /// Whether nothing is to be replaced, because there is no room or another generation follows.
    var masksOnly = false

    /// With more masked packs than these the index is rewritten even if another generation follows.
    static let maskedCountMax = 4096

    /// Index objects of fewer entries are small.
    private static let smallCount = 1 << 16
    /// So many small ones are joined, not fewer.
    private static let smallObjectsMin = 32
    /// The most entries of an object written here: 16 MiB.
    private static let entryCountMax = 1 << 19

    /// Writes index objects for copied packs and for those that are replaced, and completes the
    /// record but for the packs it dooms.
    ///
    /// - Returns: How many index objects were replaced.
    func write(
        into record: inout DoomedRecord,
        copied: [CopiedPack],
        _ records: RecordStore,
        context: JobContext
    ) throws(CairnError) -> Int {
        let gone = Set(record.packs).union(view.maskedPacks)
        let counts = sourceCounts(gone)
        let chosen = choose(counts)
        var writer = IndexMerge(records, executor: record.executor, limit: Self.entryCountMax)
        for pack in copied { try writer.add(pack.entries, of: pack.pack) }
        for source in chosen {
            try context.checkCancelled()
            let object = try records.index(source)
            try writer.add(object, without: gone)
        }
        try writer.finish()
        let replaced = Set(chosen.map { $0.id })
        let added = Set((view.cleanup.doomed?.added ?? []).map { $0.id })
        record.added =
            ((view.cleanup.doomed?.added ?? []).filter { !replaced.contains($0.id) }
            + writer.written).sorted { $0.id < $1.id }
        let superseded = Set(view.cleanup.doomed?.superseded ?? []).union(replaced)
            .subtracting(added)
        record.superseded = superseded.sorted()
        record.retired = retired(replaced, superseded, record.added)
        // Only what an index object that counts still lists needs a mask. One that cannot be read
        // may list any.
        var masked: Set<PackID> = index.isComplete ? [] : gone
        for (source, count) in counts where !replaced.contains(source.id) {
            masked.formUnion(count.gonePacks)
        }
        record.masked = masked.sorted()
        return chosen.count
    }

    /// How much of an index object is of packs that are gone.
    private struct SourceCount {
        var entries = 0
        var goneEntries = 0
        var gonePacks: Set<PackID> = []
    }

    private func sourceCounts(_ gone: Set<PackID>) -> [IndexSource: SourceCount] {
        var counts: [IndexSource: SourceCount] = [:]
        for live in index.storedRuns {
            let sources = live.run.sources
            var found = [SourceCount](repeating: SourceCount(), count: sources.count)
            var owner: [Int] = []
            owner.reserveCapacity(live.run.packCount)
            for (number, source) in sources.enumerated() {
                owner += [Int](repeating: number, count: source.packCount)
            }
            var isGone = [Bool](repeating: false, count: live.run.packCount)
            for ordinal in owner.indices where live.isLive(pack: UInt32(ordinal)) {
                guard let pack = live.run.pack(UInt32(ordinal))?.id, gone.contains(pack) else {
                    continue
                }
                isGone[ordinal] = true
                found[owner[ordinal]].gonePacks.insert(pack)
            }
            for position in 0..<live.run.entryCount {
                guard let entry = live.run.entry(at: position) else { continue }
                let ordinal = Int(entry.pack)
                found[owner[ordinal]].entries += 1
                if isGone[ordinal] { found[owner[ordinal]].goneEntries += 1 }
            }
            for number in sources.indices where live.isLive(source: number) {
                counts[sources[number].source] = found[number]
            }
        }
        return counts
    }

    private func choose(_ counts: [IndexSource: SourceCount]) -> [IndexSource] {
        if masksOnly { return [] }
        var chosen: Set<IndexSource> = []
        for (source, count) in counts where count.goneEntries > 0 {
            if 4 * count.goneEntries >= count.entries { chosen.insert(source) }
        }
        let small = counts.filter { $0.value.entries < Self.smallCount }.map { $0.key }
        if small.count >= Self.smallObjectsMin { chosen.formUnion(small) }
        return chosen.sorted { $0.id < $1.id }
    }

    /// Objects to delete: those replaced, and those condemned that still nobody names.
    private func retired(
        _ replaced: Set<IndexID>,
        _ superseded: Set<IndexID>,
        _ added: [SnapshotRecord.IndexReference]
    ) -> [IndexID] {
        let named = Set(view.records.values.flatMap { $0.indexes }.map { $0.id })
            .subtracting(superseded)
            .union(added.map { $0.id })
        return replaced.union(condemned.subtracting(named)).subtracting(added.map { $0.id })
            .sorted()
    }
}

/// Gathers entries and writes them as index objects. Memory: 32 bytes an entry, up to the limit.
private struct IndexMerge {
    private let records: RecordStore
    private let executor: SessionID
    private let limit: Int
    private var packs: [IndexedPack] = []
    /// Where each pack stands in the list above; entries say it too until they are written.
    private var ordinals: [PackID: UInt32] = [:]
    private var entries: [IndexEntry] = []
    private(set) var written: [SnapshotRecord.IndexReference] = []

    init(_ records: RecordStore, executor: SessionID, limit: Int) {
        self.records = records
        self.executor = executor
        self.limit = limit
    }

    /// Adds the entries of one pack.
    mutating func add(_ new: [IndexEntry], of pack: IndexedPack) throws(CairnError) {
        if entries.count + new.count > limit { try flush() }
        for entry in new { append(entry, pack) }
    }

    /// Adds an object's entries but for those of some packs.
    mutating func add(_ object: IndexObject, without gone: Set<PackID>) throws(CairnError) {
        for entry in object.entries {
            let pack = object.packs[Int(entry.pack)]
            if gone.contains(pack.id) { continue }
            if entries.count >= limit { try flush() }
            append(entry, pack)
        }
    }

    private mutating func append(_ entry: IndexEntry, _ pack: IndexedPack) {
        let ordinal: UInt32
        if let known = ordinals[pack.id] {
            ordinal = known
        } else {
            ordinal = UInt32(packs.count)
            ordinals[pack.id] = ordinal
            packs.append(pack)
        }
        entries.append(entry.moved(toPack: ordinal))
    }

    /// Writes what is left.
    mutating func finish() throws(CairnError) { try flush() }

    private mutating func flush() throws(CairnError) {
        guard !entries.isEmpty else { return }
        let order = packs.indices.sorted { packs[$0].id < packs[$1].id }
        var places = [UInt32](repeating: 0, count: packs.count)
        for (place, index) in order.enumerated() { places[index] = UInt32(place) }
        for index in entries.indices {
            entries[index] = entries[index].moved(toPack: places[Int(entries[index].pack)])
        }
        entries.sort()
        // The same entry may come from two objects.
        var kept: [IndexEntry] = []
        kept.reserveCapacity(entries.count)
        for entry in entries where kept.last != entry { kept.append(entry) }
        let object = IndexObject(packs: order.map { packs[$0] }, entries: kept)
        do throws(DecodingFailure) {
            try object.validate()
        } catch {
            throw CairnError(.damaged, "an index object that was merged is not sound", cause: error)
        }
        let id = IndexID(session: executor, number: UInt32(written.count))
        let name = ObjectNames.index(id)
        let sealed = try records.seal(.index, object.encode(), named: name)
        guard try records.create(name, sealed) == .created else {
            throw CairnError(.damaged, "\(name) exists already; run 'check'")
        }
        written.append(.init(id: id, digest: SHA256.hash(sealed.span)))
        packs = []
        ordinals = [:]
        entries = []
    }
}
