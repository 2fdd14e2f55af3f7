internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Every readable index object of a view, by chunk and by pack.
///
/// Memory: that of one index object; what is made of them lies in files of the cache folder that
/// have no name and of which nothing is left. Without such a folder it is 34 bytes a chunk for the
/// index and, where asked for, 32 more for the entries by pack.
struct IndexCensus {
    let index: ChunkIndex
    /// Packs that the index objects name.
    let packs: [PackID: IndexedPack]
    /// The entries of each pack; empty unless asked for.
    let entries: PackEntries
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
        var entries = PackEntries(directory: records.core.indexCache.directory)
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
            if keepsEntries { try entries.add(object, but: masked) }
            return object
        }
        entries.sort()
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
        try RepositoryCore(
            store: store,
            format: format,
            keys: keys,
            options: options,
            readsCache: false
        )
    }
}
