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
    /// What cleanups have done and are doing.
    package var cleanup = CleanupView()
    /// The highest generation of a cleanup that counts, 0 where there was none.
    package var generation: UInt64 { cleanup.generation }

    /// Snapshots that are committed and not forgotten, oldest first.
    package var snapshots: [SnapshotRecord] {
        records.values.filter { !forgotten.contains($0.session) }
            .sorted { ($0.started, $0.session) < ($1.started, $1.session) }
    }

    /// Every index object that counts, with its SHA-256.
    package var indexes: [IndexSource] {
        let superseded = Set(cleanup.doomed?.superseded ?? [])
        let committed = records.values.flatMap(\.indexes).filter { !superseded.contains($0.id) }
        // A snapshot that is stated anew may name what another names.
        return Array(
            Set(
                (committed + (cleanup.doomed?.added ?? [])).map {
                    IndexSource(id: $0.id, digest: $0.digest)
                }
            )
        )
    }

    /// Packs whose index entries do not count.
    package var maskedPacks: Set<PackID> { Set(cleanup.doomed?.masked ?? []) }
}

extension RepositoryView {
    /// How often reading begins again because a cleanup went on meanwhile.
    private static let tryCountMax = 32

    /// Reads the repository's present state.
    package static func load(
        _ store: RecordStore,
        context: JobContext = JobContext()
    ) throws(CairnError) -> RepositoryView {
        for _ in 1..<tryCountMax {
            do throws(CairnError) {
                return try read(store, context)
            } catch {
                // What was listed and is gone: each time a generation has ended.
                guard error.isMissingObject else { throw error }
            }
        }
        return try read(store, context)
    }

    private static func read(
        _ store: RecordStore,
        _ context: JobContext
    ) throws(CairnError) -> RepositoryView {
        let cache = store.core.recordCache
        var view = RepositoryView()
        view.cleanup = try CleanupView.load(store)
        if let damage = view.cleanup.damage { view.damaged[damage.object] = damage.reason }
        let objects = try store.list(ObjectNames.snapshotFolder)
        view.records.reserveCapacity(objects.count)
        view.digests.reserveCapacity(objects.count)
        for object in objects {
            try context.checkCancelled()
            try view.add(object.name.text, store, cache)
        }
        view.forgotten = try forgotten(store)
        if store.core.options.faults.contains(.forgottenIndex) {
            for session in view.forgotten { view.records[session]?.indexes = [] }
        }
        cache.keep(only: Set(view.records.keys).union(view.tombstones))
        return view
    }

    /// Whether the session ended without a snapshot.
    package static func isTombstone(
        _ session: SessionID,
        _ store: RecordStore
    ) throws(CairnError) -> Bool {
        try store.read(ObjectNames.snapshot(session)).type == .tombstone
    }

    /// Reads one object of `snapshots/`: a snapshot or a tombstone.
    private mutating func add(
        _ name: String,
        _ store: RecordStore,
        _ cache: RecordCache
    ) throws(CairnError) {
        guard case .snapshot(let session)? = ObjectNames.parse(name) else { return }
        if let known = cache.opened(session) {
            records[session] = known.record
            digests[session] = known.digest
            return
        }
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
            let digest = SHA256.hash(bytes.span)
            digests[session] = digest
            if let opened = records[session] {
                cache.keep(opened, digest: digest, size: record.payload.count)
            }
            if cached == nil { cache.store(bytes, of: session) }
        } catch {
            guard error.code == .damaged || error.code == .unsupported,
                !error.isMissingObject
            else { throw error }
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
