package import CairnCore
package import CairnFormat
internal import CairnIO
internal import Synchronization

/// Reads chunks: finds their segment through the index, opens and decompresses it, and proves
/// every chunk by recomputing its ID.
///
/// Any thread may read. Segments of several chunks are kept decoded for a while, since their
/// neighbours are mostly wanted next; the cache is bounded in bytes.
package final class ChunkReader: Sendable {
    package let core: RepositoryCore
    /// The index in use: a later one once a cleanup has moved chunks.
    package var index: ChunkIndex { current.withLock { $0 } }
    private let current: Mutex<ChunkIndex>
    /// Held by whoever opens a later index.
    private let renewal = Mutex(())
    private let snapshot: SessionID?
    private let packs: PackKeyCache
    private let cache: SegmentCache
    private let tools = ToolPool()

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - snapshot: The snapshot that is read; if it is forgotten and cleaned up meanwhile,
    ///     reading fails with `.forgotten`.
    ///   - cacheSize: Bytes of decoded segments to keep.
    package init(
        core: RepositoryCore,
        index: ChunkIndex,
        snapshot: SessionID? = nil,
        cacheSize: Int = 16 << 20
    ) {
        self.core = core
        current = Mutex(index)
        self.snapshot = snapshot
        packs = PackKeyCache(core)
        cache = SegmentCache(sizeMax: cacheSize)
    }

    /// Appends the bytes of a chunk to `output`.
    ///
    /// Every place the index knows is tried before giving up, and then those of a newer index: a
    /// cleanup may have moved the chunk.
    ///
    /// - Throws: `.damaged` if no place holds a chunk of this ID, `.forgotten`.
    package func read(_ id: ChunkID, into output: ByteBuffer) throws(CairnError) {
        var index = index
        for _ in 1..<ChunkReader.tryCountMax {
            do throws(CairnError) {
                return try read(id, index, into: output)
            } catch {
                guard error.code == .damaged, let newer = try newerIndex(than: index) else {
                    throw error
                }
                index = newer
            }
        }
        try read(id, index, into: output)
    }

    /// How many indexes are tried: each time a cleanup has ended meanwhile.
    private static let tryCountMax = 16

    /// The index as it is now, or nil where no cleanup has changed it.
    ///
    /// One thread opens it, and others wait for that: what the first came upon, most will.
    private func newerIndex(than index: ChunkIndex) throws(CairnError) -> ChunkIndex? {
        try renewal.withLock { _ throws(CairnError) in try openNewer(than: index) }
    }

    private func openNewer(than index: ChunkIndex) throws(CairnError) -> ChunkIndex? {
        let known = self.index
        if known.generation > index.generation { return known }
        let records = RecordStore(core)
        guard try CleanupView.load(records).doomedGeneration > index.generation else { return nil }
        let (view, newer) = try RepositoryView.open(records, context: JobContext())
        if let snapshot, view.forgotten.contains(snapshot) {
            throw CairnError(.forgotten, "the snapshot \(snapshot) was forgotten and cleaned up")
        }
        current.withLock { $0 = newer }
        return newer
    }

    private func read(
        _ id: ChunkID,
        _ index: ChunkIndex,
        into output: ByteBuffer
    ) throws(CairnError) {
        var failure: CairnError?
        for location in index.locations(of: id) {
            do throws(CairnError) {
                try read(id, at: location, into: output)
                return
            } catch {
                guard error.code == .damaged else { throw error }
                failure = error
            }
        }
        throw failure
            ?? CairnError(.damaged, "chunk \(id) is in no pack; run 'check' and 'rebuild-index'")
    }

    /// The bytes of a chunk.
    package func bytes(_ id: ChunkID) throws(CairnError) -> [UInt8] {
        let buffer = ByteBuffer()
        try read(id, into: buffer)
        return buffer.array
    }

    private func read(
        _ id: ChunkID,
        at location: ChunkLocation,
        into output: ByteBuffer
    ) throws(CairnError) {
        let start = output.count
        if location.isGrouped {
            try cache.read(SegmentID(location)) { segment throws(CairnError) in
                try decode(location, into: segment)
            } _: { segment throws(CairnError) in
                try append(segment, location, to: output)
            }
        } else {
            let segment = ByteBuffer(capacity: location.length)
            try decode(location, into: segment)
            try append(segment, location, to: output)
        }
        guard core.identifier.identify(output.span(start..<output.count)) == id else {
            output.truncate(to: start)
            throw CairnError(
                .damaged,
                "\(location.pack.id) holds other bytes than chunk \(id); run 'check'"
            )
        }
    }

    private func append(
        _ segment: ByteBuffer,
        _ location: ChunkLocation,
        to output: ByteBuffer
    ) throws(CairnError) {
        let end = location.place + location.length
        guard end <= segment.count else {
            throw CairnError(.damaged, "the index leads past a segment of \(location.pack.id)")
        }
        output.append(segment.span(location.place..<end))
    }

    /// What opens the segments of a pack.
    package func opener(of pack: PackID) throws(CairnError) -> PackOpener {
        try packs.key(of: pack)
    }

    /// Reads, opens and decompresses the segment at a location into an empty buffer.
    package func decode(
        _ location: ChunkLocation,
        into plain: ByteBuffer
    ) throws(CairnError) {
        let tool = tools.take()
        defer { tools.put(tool) }
        let key = try packs.key(of: location.pack.id)
        let stored = tool.stored
        stored.truncate(to: 0)
        let text = ObjectNames.pack(location.pack.id)
        let name = try RecordStore.name(text)
        let place = location.segmentRange
        let range = UInt64(place.lowerBound)..<UInt64(place.upperBound)
        do {
            try core.store.read(name, range, into: stored)
        } catch {
            throw CairnError.store(error, "reading \(text)")
        }
        try tool.open(
            stored.span,
            offset: place.lowerBound,
            key: key,
            sealing: core.keys.sealing,
            pack: text,
            into: plain
        )
    }
}

/// What is needed to open the sealed units of one pack.
package struct PackOpener: Sendable {
    package let header: PackHeader
    package let key: ObjectSealingKey
    package let associated: PackAssociatedData

    /// Checks a pack's header against its name and derives its key.
    package init(
        _ bytes: Span<UInt8>,
        pack: PackID,
        core: RepositoryCore
    ) throws(CairnError) {
        let text = ObjectNames.pack(pack)
        do throws(DecodingFailure) {
            header = try PackHeader(decoding: bytes)
        } catch {
            throw CairnError.decoding(error, of: text)
        }
        guard header.id == pack, header.repository == core.format.repository,
            header.sealing == core.keys.sealing
        else {
            throw CairnError(.damaged, "\(text) holds the pack \(header.id); run 'check'")
        }
        do throws(SealingFailure) {
            key = try PackKeys.derive(from: core.keys.pack, salt: header.salt, id: pack)
        } catch {
            throw CairnError(.store, "deriving the key of \(text) failed", cause: error)
        }
        guard Commitment.areEqual(key.commitment, header.commitment) else {
            throw CairnError(.damaged, "\(text) was sealed under another key; run 'check'")
        }
        associated = PackAssociatedData(header)
    }
}

/// Contexts and buffers for opening segments.
///
/// One thread uses a tool at a time: whoever takes one from a pool, or has made it. The pool's lock
/// orders the changes of hands; that is why the class may say `@unchecked Sendable`.
package final class SegmentTool: @unchecked Sendable {
    private let sealer = Sealer()
    private let decompressor = Decompressor()
    package let stored = ByteBuffer(capacity: 512 << 10)
    /// The plaintext of the segment opened last: its header and the codec's output.
    package let opened = ByteBuffer(capacity: 512 << 10)

    package init() {}

    /// Opens and decompresses a segment, appending its chunks to `plain`.
    ///
    /// - Returns: The header with the chunks' lengths.
    @discardableResult
    package func open(
        _ sealed: Span<UInt8>,
        offset: Int,
        key: PackOpener,
        sealing: SealingAlgorithm,
        pack: String,
        into plain: ByteBuffer
    ) throws(CairnError) -> SegmentShape {
        let opened = opened
        opened.truncate(to: 0)
        do {
            try sealer.setKey(key.key.secret, algorithm: sealing)
            try sealer.open(
                sealed,
                nonce: UInt64(offset),
                additional: key.associated.segment.span,
                into: opened
            )
            let shape = try SegmentShape(opened.span)
            try decompressor.decompress(
                opened.span(shape.payloadOffset..<opened.count),
                codec: shape.codec,
                count: shape.plainSize,
                into: plain
            )
            return shape
        } catch {
            throw CairnError(
                .damaged,
                "the segment at byte \(offset) of \(pack) is damaged; run 'check'",
                cause: error
            )
        }
    }
}

/// Segment tools that are not in use.
private final class ToolPool: Sendable {
    private let tools = Mutex<[SegmentTool]>([])

    func take() -> SegmentTool {
        tools.withLock { $0.popLast() } ?? SegmentTool()
    }

    func put(_ tool: SegmentTool) {
        tools.withLock { $0.append(tool) }
    }
}

/// The keys of packs read lately.
private final class PackKeyCache: Sendable {
    private static let countMax = 1024
    private let core: RepositoryCore
    private let keys = Mutex<[PackID: PackOpener]>([:])

    init(_ core: RepositoryCore) {
        self.core = core
    }

    func key(of pack: PackID) throws(CairnError) -> PackOpener {
        if let known = keys.withLock({ $0[pack] }) { return known }
        let buffer = ByteBuffer(capacity: PackHeader.size)
        let text = ObjectNames.pack(pack)
        let name = try RecordStore.name(text)
        do {
            try core.store.read(name, 0..<UInt64(PackHeader.size), into: buffer)
        } catch {
            throw CairnError.store(error, "reading \(text)")
        }
        let opener = try PackOpener(buffer.span, pack: pack, core: core)
        keys.withLock { keys in
            if keys.count >= PackKeyCache.countMax { keys.removeAll() }
            keys[pack] = opener
        }
        return opener
    }
}
