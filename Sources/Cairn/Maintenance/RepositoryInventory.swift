internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// What lies in a store, and which sessions are still open.
///
/// The folders are listed in an order in which no object of a running session looks like an orphan:
/// packs and indexes first, then sessions, and the snapshots last. Memory: that of ``PackSizes``,
/// and some 150 bytes for any other object.
struct RepositoryInventory {
    /// A writer session that has registered and not ended.
    struct OpenSession {
        let id: SessionID
        let record: SessionRecord
        /// Whether its process is known to be gone; nil where another host would have to say.
        let isDead: Bool?
    }

    var packs = PackSizes()
    var indexes: [IndexID: UInt64] = [:]
    var keySlots: [KeySlotID: UInt64] = [:]
    /// The objects of `snapshots/`, `forgotten/` and `gc/`.
    var records: [ObjectInfo] = []
    var sessions: [OpenSession] = []
    /// Sessions that have a registration, readable or not.
    var registered: Set<SessionID> = []
    /// Session records that could not be read, with the reason.
    var damagedSessions: [String: String] = [:]
    /// Objects that no repository has; they are left alone.
    var foreign: [Orphan] = []
    /// Files that interrupted runs left before they were objects.
    var drafts: [Orphan] = []
    var objectCount = 0
    var totalBytes: UInt64 = 0
    var view = RepositoryView()

    /// Lists the store and reads its snapshot and session records.
    static func load(
        _ store: RecordStore,
        context: JobContext
    ) throws(CairnError) -> RepositoryInventory {
        var inventory = RepositoryInventory()
        try inventory.addUploads(store, context: context)
        for folder in [
            ObjectNames.snapshotFolder, ObjectNames.forgottenFolder, ObjectNames.cleanupFolder,
        ] {
            for object in try store.list(folder) { inventory.add(object) }
        }
        inventory.see(try RepositoryView.load(store, context: context))
        for folder in [ObjectNames.keyFolder, ""] {
            for object in try store.list(folder) { inventory.add(object) }
        }
        inventory.addTemporaryFiles(store.core.store)
        return inventory
    }

    /// Adds what sessions upload, and the sessions.
    mutating func addUploads(_ store: RecordStore, context: JobContext) throws(CairnError) {
        try addPacks(store, context.cancellation)
        for object in try store.list(ObjectNames.indexFolder) { add(object) }
        for object in try store.list(ObjectNames.sessionFolder) {
            try context.checkCancelled()
            add(object)
            if case .session(let id)? = ObjectNames.parse(object.name.text) {
                try addSession(id, store)
            }
        }
    }

    /// Takes a view that was read after the sessions were listed; those that ended go.
    mutating func see(_ view: RepositoryView) {
        self.view = view
        sessions.removeAll {
            view.records[$0.id] != nil || view.tombstones.contains($0.id)
                || view.damaged[ObjectNames.snapshot($0.id)] != nil
        }
    }

    /// Lists the packs, which are many, without having all their names in memory.
    private mutating func addPacks(
        _ store: RecordStore,
        _ cancellation: Cancellation
    ) throws(CairnError) {
        var packs = PackSizes(directory: store.core.indexCache.directory)
        // Each only once, however often the store gives it.
        var others: Set<ObjectInfo> = []
        try store.forEachObject(in: ObjectNames.packFolder, cancellation) { object in
            if case .pack(let id)? = ObjectNames.parse(object.name.text) {
                packs.append(id, size: object.size)
            } else {
                others.insert(object)
            }
        }
        packs.sort()
        objectCount += packs.count
        totalBytes += packs.reduce(0) { $0 + $1.size }
        self.packs = packs
        for object in others.sorted(by: { $0.name < $1.name }) { add(object) }
    }

    private mutating func add(_ object: ObjectInfo) {
        objectCount += 1
        totalBytes += object.size
        switch ObjectNames.parse(object.name.text) {
        case .index(let id): indexes[id] = object.size
        case .keySlot(let id): keySlots[id] = object.size
        case .session(let id): registered.insert(id)
        case .snapshot, .forgotten, .cleanup: records.append(object)
        case .pack, .format, .reserve: break
        case nil: foreign.append(Orphan(object: object.name.text, size: object.size))
        }
    }

    private mutating func addSession(
        _ id: SessionID,
        _ store: RecordStore
    ) throws(CairnError) {
        let name = ObjectNames.session(id)
        do throws(CairnError) {
            let record = try store.session(name)
            let host = store.core.environment.host
            let process = ProcessIdentity(
                processID: Int32(truncatingIfNeeded: record.processID),
                startTime: record.processStart,
                bootID: String(decoding: record.bootID, as: UTF8.self)
            )
            let isHere = record.host == Array(host.hostName.utf8)
            sessions.append(
                OpenSession(
                    id: id,
                    record: record,
                    isDead: isHere ? !host.isAlive(process) : nil
                )
            )
        } catch {
            guard error.isFinding else { throw error }
            // The session may have ended since the folder was listed.
            guard try store.exists(name) else { return }
            damagedSessions[name] = error.message
        }
    }

    /// Where nobody writes: a session that does has some as well.
    private mutating func addTemporaryFiles(_ store: any Store) {
        guard sessions.allSatisfy({ $0.isDead == true }),
            let files = try? store.temporaryFiles()
        else { return }
        drafts = files.map { Orphan(object: "tmp/\($0.name)", size: $0.size) }
    }

    /// Packs and indexes that no committed index or snapshot names and no live session may be
    /// writing, and files that were never given an object's name: what a cleanup removes.
    func orphans(indexed: Set<PackID>) -> [Orphan] {
        let named = Set(view.indexes.map { $0.id })
        // A snapshot whose record is damaged may name them all.
        let unknown = Set(
            view.damaged.keys.compactMap { name -> SessionID? in
                guard case .snapshot(let id)? = ObjectNames.parse(name) else { return nil }
                return id
            }
        )
        let alive = Set(
            sessions.filter { $0.isDead != true }.flatMap { [$0.id] + $0.record.predecessors }
        ).union(unknown)
        var orphans = drafts
        for (id, size) in packs where !indexed.contains(id) && !alive.contains(id.session) {
            orphans.append(Orphan(object: ObjectNames.pack(id), size: size))
        }
        for (id, size) in indexes where !named.contains(id) && !alive.contains(id.session) {
            orphans.append(Orphan(object: ObjectNames.index(id), size: size))
        }
        return orphans.sorted { $0.object < $1.object }
    }
}

extension RecordStore {
    /// Reads a session's registration.
    func session(_ name: String) throws(CairnError) -> SessionRecord {
        let (type, payload) = try read(name)
        guard type == .session else {
            throw CairnError(.damaged, "\(name) is no session record; run 'check'")
        }
        do throws(DecodingFailure) {
            return try SessionRecord(decoding: payload.span)
        } catch {
            throw CairnError.decoding(error, of: name)
        }
    }

    /// Whether the object is there now.
    func exists(_ text: String) throws(CairnError) -> Bool {
        try size(text) != nil
    }

    /// The size of an object; nil where it is missing.
    func size(_ text: String) throws(CairnError) -> UInt64? {
        let name = try RecordStore.name(text)
        do throws(StoreError) {
            return try core.store.size(of: name)
        } catch {
            if case .notFound = error { return nil }
            throw CairnError.store(error, "looking for \(text)")
        }
    }
}

extension CairnError {
    /// Whether the failure is that of one object, so that a check goes on with the others.
    var isFinding: Bool {
        switch code {
        case .damaged, .unsupported, .store: true
        default: false
        }
    }
}
