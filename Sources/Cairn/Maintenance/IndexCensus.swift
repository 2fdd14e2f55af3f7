internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Every readable index object of a view, by chunk and by pack.
///
/// Memory: that of some index objects, since the index lies in a file of the cache folder that has
/// no name; without such a folder 34 bytes a chunk. Where asked for, 32 more for the entries.
struct IndexCensus {
    let index: ChunkIndex
    /// Packs that the index objects name.
    let packs: [PackID: IndexedPack]
    /// The entries of each pack, with ordinal 0; empty unless asked for.
    let entries: [PackID: [IndexEntry]]
    /// Index objects that could not be read, with the reason.
    let lost: [(id: IndexID, reason: String)]
    /// Packs that two index objects describe differently.
    let contradictions: [PackID]

    /// Reads the index objects and, if `keepsEntries`, keeps their entries by pack.
    ///
    /// The repository must be read ``RepositoryCore/withoutCache()``: index objects that a cached
    /// run covers would not be read.
    init(
        _ records: RecordStore,
        view: RepositoryView,
        keepsEntries: Bool,
        context: JobContext
    ) throws(CairnError) {
        var packs: [PackID: IndexedPack] = [:]
        var entries: [PackID: [IndexEntry]] = [:]
        var lost: [(id: IndexID, reason: String)] = []
        var contradictions: [PackID] = []
        let masked = view.maskedPacks
        let sources = view.indexes.sorted { $0.id < $1.id }
        let opened = try records.core.indexCache.open(
            view: sources,
            generation: view.cleanup.doomedGeneration,
            maskedPacks: view.maskedPacks
        ) { source throws(CairnError) -> IndexObject? in
            try context.checkCancelled()
            let object: IndexObject
            do throws(CairnError) {
                object = try records.index(source)
            } catch {
                guard error.isFinding else { throw error }
                lost.append((source.id, error.message))
                return nil
            }
            for pack in object.packs where !masked.contains(pack.id) {
                if let known = packs.updateValue(pack, forKey: pack.id), known != pack {
                    contradictions.append(pack.id)
                }
            }
            guard keepsEntries else { return object }
            for entry in object.entries {
                let pack = object.packs[Int(entry.pack)].id
                if masked.contains(pack) { continue }
                entries[pack, default: []].append(entry.moved(toPack: 0))
            }
            return object
        }
        index = opened.index
        self.packs = packs
        self.entries = entries
        self.lost = lost
        self.contradictions = contradictions
    }
}

extension RepositoryCore {
    /// The same repository read from its store alone; the cache folder only holds files without
    /// a name.
    func withoutCache() throws(CairnError) -> RepositoryCore {
        guard options.cacheDirectory != nil else { return self }
        return try RepositoryCore(
            store: store,
            format: format,
            keys: keys,
            options: options,
            readsCache: false
        )
    }
}
