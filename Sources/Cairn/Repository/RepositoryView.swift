package import CairnCore
package import CairnFormat
internal import CairnIO

/// What a repository held at one moment: which snapshots are committed, which index objects they
/// made visible, and which packs an open cleanup has condemned.
///
/// Loading reads, in this order, `gc/`, `snapshots/` and `forgotten/` (Specs/Durability.md#view).
/// A record that cannot be read is set aside by name and never hides the others.
package struct RepositoryView: Sendable {
    /// Committed snapshots, forgotten ones too.
    package var records: [SessionID: SnapshotRecord] = [:]
    /// SHA-256 of each snapshot object as stored.
    package var digests: [SessionID: ChunkID] = [:]
    /// Sessions that ended without a snapshot.
    package var tombstones: Set<SessionID> = []
    /// Snapshots that retention took out.
    package var forgotten: Set<SessionID> = []
    /// Objects that could not be read, with the reason.
    package var damaged: [String: String] = [:]
    /// The highest number of a cleanup seen.
    package var generation: UInt64 = 0

    /// Snapshots that are committed and not forgotten, oldest first.
    package var snapshots: [SnapshotRecord] {
        records.values.filter { !forgotten.contains($0.session) }
            .sorted { ($0.started, $0.session) < ($1.started, $1.session) }
    }

    /// Every index object that a commit made visible, with its SHA-256.
    package var indexes: [IndexSource] {
        records.values.flatMap { record in
            record.indexes.map {
                IndexSource(
                    id: IndexID(session: record.session, number: $0.number),
                    digest: $0.digest
                )
            }
        }
    }
}

extension RepositoryView {
    /// Reads the repository's present state.
    package static func load(
        _ store: RecordStore,
        context: JobContext = JobContext()
    ) throws(CairnError) -> RepositoryView {
        let cache = store.core.recordCache
        var view = RepositoryView()
        for object in try store.list(ObjectNames.cleanupFolder) {
            guard case .cleanup(let generation, _)? = ObjectNames.parse(object.name.text) else {
                continue
            }
            view.generation = max(view.generation, generation)
        }
        for object in try store.list(ObjectNames.snapshotFolder) {
            try context.checkCancelled()
            try view.add(object.name.text, store, cache)
        }
        for object in try store.list(ObjectNames.forgottenFolder) {
            guard case .forgotten(let session)? = ObjectNames.parse(object.name.text) else {
                continue
            }
            view.forgotten.insert(session)
        }
        cache.keep(only: Set(view.records.keys).union(view.tombstones))
        return view
    }

    /// Reads one object of `snapshots/`: a snapshot or a tombstone.
    private mutating func add(
        _ name: String,
        _ store: RecordStore,
        _ cache: RecordCache
    ) throws(CairnError) {
        guard case .snapshot(let session)? = ObjectNames.parse(name) else { return }
        do throws(CairnError) {
            let cached = cache.bytes(of: session)
            var bytes = cached ?? []
            if cached == nil { bytes = try store.bytes(name) }
            var record: (type: RecordType, payload: ByteBuffer)
            do throws(CairnError) {
                record = try store.open(bytes, named: name)
            } catch {
                guard cached != nil else { throw error }
                // The cache is a hint: what it holds may be damaged.
                bytes = try store.bytes(name)
                record = try store.open(bytes, named: name)
            }
            try add(session, record, name: name)
            digests[session] = SHA256.hash(bytes.span)
            if cached == nil { cache.store(bytes, of: session) }
        } catch {
            guard error.code == .damaged || error.code == .unsupported else { throw error }
            damaged[name] = error.message
        }
    }

    private mutating func add(
        _ session: SessionID,
        _ record: (type: RecordType, payload: ByteBuffer),
        name: String
    ) throws(CairnError) {
        do throws(DecodingFailure) {
            switch record.type {
            case .snapshot:
                let snapshot = try SnapshotRecord(decoding: record.payload.span)
                guard snapshot.session == session else {
                    throw .inconsistent("it is the record of another session")
                }
                records[session] = snapshot
            case .tombstone:
                _ = try Tombstone(decoding: record.payload.span)
                tombstones.insert(session)
            default:
                throw .inconsistent("it is neither a snapshot nor a tombstone")
            }
        } catch {
            throw CairnError.decoding(error, of: name)
        }
    }
}
