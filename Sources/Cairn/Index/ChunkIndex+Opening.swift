internal import CairnCore
package import CairnFormat
internal import CairnIO

extension ChunkIndex {
    /// Reads every index object of a view into one index.
    ///
    /// An object that is missing or damaged is left out and reported: chunks that only it knows
    /// are then stored again, and reading them fails until the index is rebuilt.
    package static func open(
        _ core: RepositoryCore,
        view: RepositoryView,
        context: JobContext
    ) throws(CairnError) -> ChunkIndex {
        let records = RecordStore(core)
        let opened = try core.indexCache.open(
            view: view.indexes,
            generation: view.cleanup.doomedGeneration,
            maskedPacks: view.maskedPacks
        ) { source throws(CairnError) in
            try context.checkCancelled()
            do throws(CairnError) {
                return try records.index(source)
            } catch {
                guard error.code == .damaged else { throw error }
                // Where a cleanup has superseded it meanwhile, the view is old.
                if error.isMissingObject,
                    try CleanupView.generation(records) != view.generation
                {
                    throw CairnError(.viewChanged, "a cleanup went on; look again")
                }
                context.report(.notice(error.message))
                return nil
            }
        }
        return opened.index
    }
}

extension RepositoryView {
    /// How often opening begins again because a cleanup went on meanwhile.
    private static let openCountMax = 32

    /// Reads the repository's present state and opens its index, from one moment.
    package static func open(
        _ records: RecordStore,
        context: JobContext
    ) throws(CairnError) -> (view: RepositoryView, index: ChunkIndex) {
        var count = 0
        while true {
            let view = try load(records, context: context)
            do throws(CairnError) {
                return (view, try ChunkIndex.open(records.core, view: view, context: context))
            } catch {
                count += 1
                guard error.code == .viewChanged, count < openCountMax else { throw error }
            }
        }
    }
}

extension RecordStore {
    /// Reads an index object and proves that it is the one its snapshot named.
    package func index(_ source: IndexSource) throws(CairnError) -> IndexObject {
        let name = ObjectNames.index(source.id)
        let sealed = try bytes(name)
        guard SHA256.hash(sealed.span) == source.digest else {
            throw CairnError(.damaged, "\(name) is not what its snapshot names; run 'check'")
        }
        let (type, payload) = try open(sealed, named: name)
        guard type == .index else {
            throw CairnError(.damaged, "\(name) is no index object; run 'check'")
        }
        do throws(DecodingFailure) {
            return try IndexObject(decoding: payload.span)
        } catch {
            throw CairnError.decoding(error, of: name)
        }
    }
}
