internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Every readable index object of a view, by chunk and by pack.
///
/// Memory: 32 bytes a chunk for the index and, where asked for, 32 more for the entries by pack.
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

    /// Reads the index objects.
    ///
    /// - Parameter keepsEntries: Whether to keep the entries by pack.
    init(
        _ records: RecordStore, view: RepositoryView, keepsEntries: Bool, context: JobContext
    ) throws(CairnError) {
        let core = records.core
        let space = RunSpace(
            repository: core.format.repository, key: core.keys.cache,
            environment: core.environment)
        var builder = space.makeBuilder()
        var packs: [PackID: IndexedPack] = [:]
        var entries: [PackID: [IndexEntry]] = [:]
        var lost: [(id: IndexID, reason: String)] = []
        var contradictions: [PackID] = []
        for source in view.indexes.sorted(by: { $0.id < $1.id }) {
            try context.checkCancelled()
            do throws(CairnError) {
                let object = try records.index(source)
                builder.add(object, from: source)
                for pack in object.packs {
                    if let known = packs.updateValue(pack, forKey: pack.id), known != pack {
                        contradictions.append(pack.id)
                    }
                }
                guard keepsEntries else { continue }
                for entry in object.entries {
                    let pack = object.packs[Int(entry.pack)].id
                    entries[pack, default: []].append(entry.moved(toPack: 0))
                }
            } catch {
                guard error.isFinding else { throw error }
                lost.append((source.id, error.message))
            }
        }
        do throws(IndexError) {
            index = ChunkIndex(runs: [LiveRun(try space.write(builder))], space: space)
        } catch {
            throw CairnError(.store, "the local index could not be made", cause: error)
        }
        self.packs = packs
        self.entries = entries
        self.lost = lost
        self.contradictions = contradictions
    }
}

extension PackDirectory {
    /// The index entries of the pack's chunks, with ordinal 0.
    func indexEntries() throws(CairnError) -> [IndexEntry] {
        var entries: [IndexEntry] = []
        entries.reserveCapacity(chunks.count)
        for segment in segments {
            let chunks = chunks(of: segment)
            var place = 0
            for chunk in chunks {
                guard
                    let entry = IndexEntry(
                        id: chunk.id, pack: 0, segmentOffset: Int(segment.offset),
                        segmentStoredSize: Int(segment.storedSize), type: segment.type,
                        place: chunks.count > 1 ? place : nil, length: Int(chunk.length))
                else {
                    throw CairnError(.damaged, "a chunk's place does not fit the index")
                }
                entries.append(entry)
                place += Int(chunk.length)
            }
        }
        return entries
    }
}
