internal import CairnCore
internal import CairnFormat
internal import CairnIO
internal import Synchronization

/// Writes the session's index deltas.
final class IndexDeltaWriter: Sendable {
    private let records: RecordStore
    private let name: SessionName
    private let index: ChunkIndex
    private let references = Mutex<[SnapshotRecord.IndexReference]>([])

    init(records: RecordStore, name: SessionName, index: ChunkIndex) {
        self.records = records
        self.name = name
        self.index = index
    }

    /// The deltas written, as the snapshot names them.
    var written: [SnapshotRecord.IndexReference] {
        references.withLock { $0.sorted { $0.id < $1.id } }
    }

    /// Writes the chunks placed since the last delta.
    func write() throws(CairnError) {
        while let delta = index.takeDelta(limit: ChunkIndex.drainCount * 2) {
            // Numbers go on across roll-overs, so no name comes twice.
            let id = IndexID(session: name.current, number: UInt32(written.count))
            let name = ObjectNames.index(id)
            do throws(CairnError) {
                let sealed = try records.seal(.index, delta.encode(), named: name)
                guard try records.create(name, sealed) == .created else {
                    throw CairnError(.damaged, "\(name) exists already; run 'check'")
                }
                let digest = SHA256.hash(sealed.span)
                references.withLock {
                    $0.append(SnapshotRecord.IndexReference(id: id, digest: digest))
                }
                try keep(delta, as: IndexSource(id: id, digest: digest))
            } catch {
                index.putBack()
                throw error
            }
        }
    }

    private func keep(_ delta: IndexObject, as source: IndexSource) throws(CairnError) {
        do {
            try index.keep(delta, as: source)
        } catch {
            throw CairnError(.store, "the local index could not be kept", cause: error)
        }
    }
}
