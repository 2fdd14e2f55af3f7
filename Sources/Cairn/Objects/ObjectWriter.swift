internal import CairnCore
public import CairnFormat
internal import CairnIO
internal import Synchronization

/// Stores streams of bytes for embedders with a data model of their own.
///
/// A writer is one session: nothing it stored is visible, or safe from cleanup, until ``commit``
/// makes a snapshot that holds every stream as a file of the name given. Use it from one task at a
/// time; end it with ``commit(tags:description:)`` or ``abandon()``. A cleanup waits for a writer
/// until its next call, and shuts it out after an hour; that costs a writer what it has stored only
/// if nothing of it is left.
public final class ObjectWriter: Sendable {
    private struct State {
        var saver: ChunkSaver
        var entries: [[UInt8]: TreeEntry] = [:]
        var statistics = SnapshotStatistics()
        var isEnded = false
    }

    private let session: WriterSession
    private let sink: MetadataSink
    private let state: Mutex<State>

    init(_ session: WriterSession, compression: CompressionSetting) {
        self.session = session
        sink = MetadataSink(session)
        state = Mutex(
            State(
                saver: ChunkSaver(
                    session,
                    packs: session.dataPacks,
                    type: .data,
                    compression: compression
                )
            )
        )
    }

    /// Stores a stream under a name.
    ///
    /// - Parameters:
    ///   - name: A file name: 1 to 255 bytes without a slash or NUL, each used once.
    ///   - source: The stream, read to its end.
    /// - Returns: The stream's ID.
    public func write(
        _ name: [UInt8],
        from source: any ByteSource
    ) async throws(CairnError) -> ObjectReference {
        try await Operation("cairn-object") { [self] context throws(CairnError) in
            try store(name, source, context)
        }.value
    }

    private func store(
        _ name: [UInt8],
        _ source: any ByteSource,
        _ context: JobContext
    ) throws(CairnError) -> ObjectReference {
        guard TreeEntry.isStorable(name: name) else {
            throw CairnError(.invalidRequest, "\(PathText.escaped(name)) cannot be a name")
        }
        let outcome = state.withLock { state -> Result<ObjectReference, CairnError> in
            do throws(CairnError) {
                guard !state.isEnded, state.entries[name] == nil else {
                    throw CairnError(
                        .invalidRequest,
                        "the writer has ended, or the name was used before"
                    )
                }
                // A cleanup that begins between two streams waits for the next call.
                try session.lookForCleanup()
                let content = try stream(source, state.saver, context)
                state.entries[name] = entry(name, content)
                state.statistics.files += 1
                state.statistics.filesNew += 1
                state.statistics.bytes += content.length
                return .success(ObjectReference(content))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private func stream(
        _ source: any ByteSource,
        _ saver: ChunkSaver,
        _ context: JobContext
    ) throws(CairnError) -> ContentReference {
        var reader = StreamReader(
            core: session.core,
            queue: WorkQueue(batchCountMax: 1),
            saver: saver,
            lists: sink,
            context: context,
            counters: session.counters
        )
        do throws(CairnError) {
            try reader.take { size, buffer throws(CairnError) in
                try source.read(upTo: size, into: buffer)
            } failure: {
                $0
            }
            try source.finish()
            return try reader.finish()
        } catch {
            reader.abandon()
            throw error
        }
    }

    private func entry(_ name: [UInt8], _ content: ContentReference) -> TreeEntry {
        let now = session.core.environment.time.wallNanoseconds
        let time = Timestamp(
            seconds: now / 1_000_000_000,
            nanoseconds: UInt32(now % 1_000_000_000)
        )
        let host = session.core.environment.host
        return TreeEntry(
            name: name,
            mode: 0o600,
            userID: host.userID,
            groupID: host.groupID,
            modified: time,
            changed: time,
            inode: 0,
            node: .regular(content: content, layout: nil)
        )
    }

    /// Makes everything written durable and visible, as a snapshot.
    ///
    /// - Returns: The snapshot.
    public func commit(
        tags: [[UInt8]] = [],
        description: [UInt8] = []
    ) async throws(CairnError) -> SessionID {
        try await Operation("cairn-commit") { [self] _ throws(CairnError) in
            try finish(tags, description)
        }.value
    }

    private func finish(
        _ tags: [[UInt8]],
        _ description: [UInt8]
    ) throws(CairnError) -> SessionID {
        let outcome = state.withLock { state -> Result<SessionID, CairnError> in
            do throws(CairnError) {
                guard !state.isEnded else {
                    throw CairnError(.invalidRequest, "the writer has ended")
                }
                state.isEnded = true
                try state.saver.flush()
                var root = DirectoryWriter(sink)
                let entries = state.entries.values.sorted {
                    $0.name.lexicographicallyPrecedes($1.name)
                }
                for entry in entries { try root.add(entry) }
                let tree = try root.finish()
                try sink.flush()
                var request = BackupRequest(.paths([]))
                request.tags = tags
                request.description = description
                var record = SnapshotRecord(session: session.id, tree: tree)
                try record.describe(request, session.core)
                record.statistics = state.statistics
                let added = session.counters.added
                record.statistics.chunksAdded = added.chunks
                record.statistics.bytesAdded = added.bytes
                return .success(try session.commit(record).session)
            } catch {
                session.abandon()
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Ends the session without a commit.
    public func abandon() {
        let isFirst = state.withLock { state in
            defer { state.isEnded = true }
            return !state.isEnded
        }
        if isFirst { session.abandon() }
    }

    deinit {
        abandon()
    }
}

extension Repository {
    /// Begins a session that stores streams of bytes; see ``ObjectWriter``.
    public func objectWriter(
        compression: CompressionSetting = .default
    ) async throws(CairnError) -> ObjectWriter {
        try await Operation("cairn-writer") { [core] _ throws(CairnError) in
            // The session outlives this call, so its cancellation is its own.
            ObjectWriter(
                try WriterSession.begin(core, context: JobContext()),
                compression: compression
            )
        }.value
    }
}
