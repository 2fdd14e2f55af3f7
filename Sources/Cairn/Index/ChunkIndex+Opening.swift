internal import CairnCore
package import CairnFormat
internal import CairnIO

extension ChunkIndex {
    /// Reads every index object of a view into one index.
    ///
    /// An object that is missing or damaged is left out and reported: chunks that only it knows
    /// are then stored again, and reading them fails until the index is rebuilt.
    package static func open(
        _ core: RepositoryCore, view: RepositoryView, context: JobContext
    ) throws(CairnError) -> ChunkIndex {
        let records = RecordStore(core)
        let space = RunSpace(
            repository: core.format.repository, key: core.keys.cache,
            environment: core.environment)
        var builder = space.makeBuilder()
        for source in view.indexes {
            try context.checkCancelled()
            do throws(CairnError) {
                let object = try records.index(source)
                builder.add(object, from: source)
            } catch {
                guard error.code == .damaged else { throw error }
                context.report(.notice(error.message))
            }
        }
        do throws(IndexError) {
            let run = try space.write(builder)
            return ChunkIndex(runs: [LiveRun(run)], space: space)
        } catch {
            throw CairnError(.store, "the local index could not be made", cause: error)
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
