internal import CairnCore
internal import CairnFormat
internal import CairnIO
internal import Synchronization

/// What a session does when a cleanup begins, or has shut it out (Specs/Cleanup.md#writer).
extension WriterSession {
    /// Looks for a cleanup that began after the session registered, and rolls over if there is one,
    /// so that the cleanup need not wait.
    ///
    /// - Throws: `.fenced` if something that the session relies on is gone.
    package func lookForCleanup() throws(CairnError) {
        if state.withLock({ $0.isCommitting }) { return }
        try rollOverIfNeeded(unlessCommitting: true)
    }

    /// Rolls over if there is a generation that the session did not know when it registered.
    func rollOverIfNeeded(unlessCommitting: Bool = false) throws(CairnError) {
        guard !isDryRun, !core.options.faults.contains(.lateRegistration) else { return }
        let known = state.withLock { $0.registration.generation }
        guard try CleanupView.generation(records) > known else { return }
        try rollOver(mayStore: true, unlessCommitting: unlessCommitting)
    }

    /// Goes on as another session.
    ///
    /// - Parameters:
    ///   - mayStore: Whether chunks that only condemned packs hold can be stored again; without it
    ///     they end the session.
    ///   - unlessCommitting: Whether to leave it to the commit if that has begun meanwhile.
    func rollOver(mayStore: Bool, unlessCommitting: Bool = false) throws(CairnError) {
        let outcome = turn.withLock { _ -> Result<Void, CairnError> in
            if unlessCommitting && state.withLock({ $0.isCommitting }) { return .success(()) }
            do throws(CairnError) {
                try rollOverNow(mayStore: mayStore)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    /// So many predecessors are named before those are left out that have served.
    private static let predecessorCountMax = SessionRecord.predecessorCountMax / 2

    private func rollOverNow(mayStore: Bool) throws(CairnError) {
        let old = state.withLock { $0.registration }
        let next = try successor(of: old)
        var isEnded: Bool?
        if core.options.faults.contains(.earlyTombstone) { isEnded = try end(old, next) }
        try next.create(records)
        do throws(CairnError) {
            let (view, fresh) = try RepositoryView.open(
                records,
                context: JobContext(cancellation: cancellation)
            )
            if let damage = view.cleanup.damage {
                throw CairnError(.damaged, "a record of a cleanup is damaged: \(damage.reason)")
            }
            try secure(view, fresh, mayStore: mayStore)
            let own = ownPacks
            let deltas = Set(deltas.written.map { $0.id })
            guard own.isDisjoint(with: view.cleanup.condemned),
                deltas.isDisjoint(with: view.cleanup.condemnedIndexes)
            else { throw WriterSession.lost }
            if isEnded == nil { isEnded = try end(old, next) }
            if isEnded == false && !core.options.faults.contains(.ignoredFence) {
                // A cleanup was first. What we hold counts as far as it is still there.
                let (packs, indexes) = try listed()
                guard own.isSubset(of: packs), deltas.isSubset(of: indexes) else {
                    throw WriterSession.lost
                }
            }
            state.withLock { state in
                state.registration = next
                state.view = view
            }
            name.current = next.id
            old.remove(records)
        } catch {
            next.remove(records)
            throw error
        }
    }

    /// The registration under which the session goes on.
    private func successor(
        of old: SessionRegistration
    ) throws(CairnError) -> SessionRegistration {
        var next = old
        next.generation = try CleanupView.generation(records)
        next.id = SessionID(
            writer: old.id.writer,
            counter: old.id.counter &+ 1,
            random: try core.randomBytes(12)
        )
        if next.predecessors.count >= WriterSession.predecessorCountMax {
            // Those of which nothing is held need no mention.
            let held = Set(ownPacks.map(\.session)).union(deltas.written.map { $0.id.session })
            next.predecessors.formIntersection(held)
        }
        next.predecessors.insert(old.id)
        return next
    }

    /// Gives the old session up; false if somebody else was first.
    private func end(
        _ old: SessionRegistration,
        _ next: SessionRegistration
    ) throws(CairnError) -> Bool {
        try SessionAdoption.entomb(old.id, .rolledOver, successor: next.id, records)
    }

    private static var lost: CairnError {
        CairnError(
            .fenced,
            "a cleanup ended this session and removed what it had stored; run the backup again"
        )
    }

    /// Packs whose chunks this session counts as its own.
    private var ownPacks: Set<PackID> { publisher.written.union(state.withLock { $0.packs }) }

    /// The packs and index objects that are there now.
    private func listed() throws(CairnError) -> (packs: Set<PackID>, indexes: Set<IndexID>) {
        var packs: Set<PackID> = []
        var indexes: Set<IndexID> = []
        for folder in [ObjectNames.packFolder, ObjectNames.indexFolder] {
            try records.forEachObject(in: folder, cancellation) { object in
                switch ObjectNames.parse(object.name.text) {
                case .pack(let id): packs.insert(id)
                case .index(let id): indexes.insert(id)
                default: break
                }
            }
        }
        return (packs, indexes)
    }

    // MARK: - What was reused

    /// Makes sure that everything the session refers to has a place that a cleanup leaves alone.
    private func secure(
        _ view: RepositoryView,
        _ fresh: ChunkIndex,
        mayStore: Bool
    ) throws(CairnError) {
        let condemned = view.cleanup.condemned
        var gone = condemned.union(view.maskedPacks)
        let hasMoved = view.cleanup.doomedGeneration > index.generation
        if hasMoved { gone.formUnion(index.packs.subtracting(fresh.packs)) }
        gone.subtract(ownPacks)
        if core.options.faults.contains(.ignoredCondemned) { return }
        // From here on nobody counts on them, so the log has all that did.
        index.condemn(gone)
        let isCareless = core.options.faults.contains(.ignoredForgottenRoots)
        let roots = isCareless ? [] : roots.filter { view.forgotten.contains($0) }
        guard !roots.isEmpty || !index.reuse.packs.isDisjoint(with: gone) else { return }
        let rescue = ChunkRescue(self, fresh, condemned: condemned, mayStore: mayStore)
        try index.reuse.forEach { id throws(CairnError) in try rescue.secure(id) }
        for root in roots {
            guard let record = view.records[root] else { throw WriterSession.lost }
            try SnapshotReferences(rescue.reader, cancellation).forEach(record) {
                id throws(CairnError) in try rescue.secure(id)
            }
        }
        try rescue.finish()
    }

    /// Makes sure of a snapshot that is forgotten and is to be stated anew.
    ///
    /// - Throws: `.notFound` if a part of it is gone.
    package func secureForgotten(_ record: SnapshotRecord) throws(CairnError) {
        let rescue = ChunkRescue(
            self,
            index,
            condemned: state.withLock { $0.view.cleanup.condemned },
            mayStore: true
        )
        do throws(CairnError) {
            try SnapshotReferences(rescue.reader, cancellation).forEach(record) {
                id throws(CairnError) in try rescue.secure(id)
            }
            try rescue.finish()
        } catch {
            guard error.code == .fenced || error.code == .damaged else { throw error }
            throw CairnError(
                .notFound,
                "a cleanup has removed data of the snapshot \(record.session)",
                cause: error
            )
        }
    }
}

/// Stores chunks again that only condemned packs hold.
private final class ChunkRescue {
    let reader: ChunkReader
    private let session: WriterSession
    private let fresh: ChunkIndex
    private let condemned: Set<PackID>
    private let mayStore: Bool
    private var savers: [ChunkType: ChunkSaver] = [:]
    private let buffer = ByteBuffer()

    init(
        _ session: WriterSession,
        _ fresh: ChunkIndex,
        condemned: Set<PackID>,
        mayStore: Bool
    ) {
        self.session = session
        self.fresh = fresh
        self.condemned = condemned
        self.mayStore = mayStore
        reader = ChunkReader(core: session.core, index: fresh)
    }

    /// Sees to it that the chunk has a place outside the condemned packs.
    func secure(_ id: ChunkID) throws(CairnError) {
        try session.cancellation.check()
        let places = fresh.locations(of: id)
        if places.contains(where: { !condemned.contains($0.pack.id) }) { return }
        // Stored by this session, or about to be.
        if session.index.isOwn(id) { return }
        guard mayStore, let place = places.first else {
            throw CairnError(.fenced, "chunk \(id) is no longer there; run the backup again")
        }
        buffer.truncate(to: 0)
        do throws(CairnError) {
            try reader.read(id, into: buffer)
        } catch {
            guard error.code == .damaged else { throw error }
            throw CairnError(.fenced, "chunk \(id) cannot be read any more", cause: error)
        }
        let saver = saver(place.type)
        let bytes = buffer
        try saver.save(id, bytes.span)
    }

    private func saver(_ type: ChunkType) -> ChunkSaver {
        if let saver = savers[type] { return saver }
        let saver = ChunkSaver(
            session,
            packs: type == .data ? session.dataPacks : session.metadataPacks,
            type: type,
            compression: type == .data ? CompressionSetting.default : .zstd(level: 3)
        )
        savers[type] = saver
        return saver
    }

    /// Hands over what the savers hold back.
    func finish() throws(CairnError) {
        for type in ChunkType.allCases { try savers[type]?.flush() }
    }
}
