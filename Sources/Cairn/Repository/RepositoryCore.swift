package import CairnCore
package import CairnFormat
package import CairnIO
package import Logging
internal import Synchronization

/// What every part of the engine needs of one open repository. Immutable.
package final class RepositoryCore: Sendable {
    package let store: any Store
    package let format: RepositoryFormat
    package let keys: RepositoryKeys
    package let options: RepositoryOptions
    package let identifier: ChunkIdentifier
    package let chunker: Chunker
    package let indexCache: IndexCache
    package let recordCache: RecordCache
    /// Sessions of this process that ended without an outcome.
    private let abandoned = Mutex<Set<SessionID>>([])
    /// Those not in use; as many as ever read records at once.
    private let decompressors = Mutex<[Decompressor]>([])

    /// - Parameter readsCache: Whether what earlier runs left in the cache folder is used; else it
    ///   only holds files without a name.
    package init(
        store: any Store,
        format: RepositoryFormat,
        keys: RepositoryKeys,
        options: RepositoryOptions,
        readsCache: Bool = true
    ) throws(CairnError) {
        self.store = store
        self.format = format
        self.keys = keys
        self.options = options
        identifier = ChunkIdentifier(key: keys.id, kernels: options.kernels)
        let parameters: ChunkerParameters
        do {
            parameters = try format.chunkerParameters()
        } catch {
            throw CairnError(
                .damaged,
                "the repository's chunk sizes are no chunk sizes",
                cause: error
            )
        }
        chunker = keys.chunker.withSpan {
            Chunker(parameters, key: $0, kernel: options.kernels.scan)
        }
        let folder = CacheFolder(root: options.cacheDirectory, repository: format.repository)
        indexCache = IndexCache(
            path: folder?.path(of: "index"),
            repository: format.repository,
            key: keys.cache,
            environment: options.environment,
            markMemory: options.markMemory ?? MarkMemory(),
            isKept: readsCache
        )
        recordCache = RecordCache(
            readsCache ? folder?.subfolder("snapshots") : nil,
            keepsOpened: readsCache
        )
    }

    package var environment: Environment { options.environment }
    package var logger: Logger { options.logger }

    /// How many threads chunk, hash, compress and seal.
    package var workerCount: Int { max(1, options.workerCount ?? Processors.usableCount) }

    /// A decompressor for a record, which goes back afterwards.
    func takeDecompressor() -> Decompressor {
        decompressors.withLock { $0.popLast() } ?? Decompressor()
    }

    /// Takes a decompressor back.
    func putBack(_ decompressor: Decompressor) {
        decompressors.withLock { $0.append(decompressor) }
    }

    /// Notes that a session of this process has ended without an outcome.
    package func noteAbandoned(_ session: SessionID) {
        abandoned.withLock { _ = $0.insert(session) }
    }

    /// Whether a session of this process has ended without an outcome.
    package func wasAbandoned(_ session: SessionID) -> Bool {
        abandoned.withLock { $0.contains(session) }
    }

    /// Random bytes for names and salts.
    package func randomBytes(_ count: Int) throws(CairnError) -> [UInt8] {
        do {
            return try environment.randomBytes(count)
        } catch {
            throw CairnError(.store, "the system gave no random bytes", cause: error)
        }
    }
}

/// Reads and writes the sealed records of a repository: everything but packs, key slots and the
/// `format` object (Specs/Format.md#records).
package struct RecordStore: Sendable {
    package let core: RepositoryCore

    package init(_ core: RepositoryCore) {
        self.core = core
    }

    /// Turns a name the format made into a store's name.
    package static func name(_ text: String) throws(CairnError) -> ObjectName {
        guard let name = ObjectName(text) else {
            throw CairnError(.invalidRequest, "\(text) is no object name")
        }
        return name
    }

    /// The object's bytes as stored.
    package func bytes(_ text: String) throws(CairnError) -> [UInt8] {
        let name = try RecordStore.name(text)
        let buffer = ByteBuffer()
        do {
            try core.store.read(name, nil, into: buffer)
        } catch {
            throw CairnError.store(error, "reading \(text)")
        }
        return buffer.array
    }

    /// Unseals `bytes`, the object called `text`.
    package func open(
        _ bytes: [UInt8],
        named text: String
    ) throws(CairnError) -> (type: RecordType, payload: ByteBuffer) {
        let decompressor = core.takeDecompressor()
        defer { core.putBack(decompressor) }
        do throws(RecordFailure) {
            return try RecordEnvelope.open(
                bytes.span,
                name: text,
                key: core.keys.record,
                repository: core.format.repository,
                decompressor: decompressor
            )
        } catch {
            throw CairnError.record(error, of: text)
        }
    }

    /// Reads and unseals the object called `text`.
    package func read(
        _ text: String
    ) throws(CairnError) -> (type: RecordType, payload: ByteBuffer) {
        try open(try bytes(text), named: text)
    }

    /// Seals `payload` for the name `text`.
    package func seal(
        _ type: RecordType,
        _ payload: [UInt8],
        named text: String
    ) throws(CairnError) -> [UInt8] {
        let salt = try core.randomBytes(32)
        do {
            return try RecordEnvelope.seal(
                payload.span,
                type: type,
                name: text,
                key: core.keys.record,
                repository: core.format.repository,
                salt: salt
            )
        } catch {
            throw CairnError(.store, "sealing \(text) failed", cause: error)
        }
    }

    /// Creates the object `text` with sealed bytes, unless it exists.
    package func create(_ text: String, _ sealed: [UInt8]) throws(CairnError) -> CreateOutcome {
        let name = try RecordStore.name(text)
        do {
            return try core.store.create(name, sealed.span)
        } catch {
            throw CairnError.store(error, "writing \(text)")
        }
    }

    /// Waits until all that was created before is durable.
    package func barrier() throws(CairnError) {
        do {
            try core.store.barrier()
        } catch {
            throw CairnError.store(error, "making the repository's objects durable")
        }
    }

    /// The names in a folder.
    package func list(_ folder: String) throws(CairnError) -> [ObjectInfo] {
        do {
            return try core.store.list(folder: folder).objects
        } catch {
            throw CairnError.store(error, "listing \(folder)")
        }
    }

    /// Gives what is in a folder to `body`, one by one; an object may come several times.
    ///
    /// - Parameter cancellation: Ends the listing soon.
    func forEachObject(
        in folder: String,
        _ cancellation: Cancellation,
        _ body: (ObjectInfo) -> Void
    ) throws(CairnError) {
        do {
            try core.store.forEachObject(in: folder) { object in
                body(object)
                return !cancellation.isCancelled
            }
        } catch {
            throw CairnError.store(error, "listing \(folder)")
        }
        try cancellation.check()
    }

    /// Removes an object.
    package func delete(_ text: String) throws(CairnError) {
        let name = try RecordStore.name(text)
        do {
            try core.store.delete(name)
        } catch {
            throw CairnError.store(error, "removing \(text)")
        }
    }
}
