package import CairnCore
package import CairnFormat
internal import CairnIO

/// Stores chunks that are new: groups the small ones, compresses, verifies and appends to packs.
///
/// One per thread. The group holds chunks across calls; `flush` before the session commits.
package final class ChunkSaver {
    private let session: WriterSession
    private let packs: PackWriter
    private let type: ChunkType
    private let compressor: Compressor
    private let decompressor = Decompressor()
    private let group = ByteBuffer(capacity: FormatLimits.groupSizeMax)
    private var groupChunks: [PackChunk] = []
    private let draft = ByteBuffer(capacity: FormatLimits.groupSizeMax)
    private let opened = ByteBuffer(capacity: FormatLimits.groupSizeMax)
    private var ranges: [Range<Int>] = []
    private var ids: [ChunkID] = []

    /// Names the chunks that this saver stores.
    package var identifier: ChunkIdentifier { session.core.identifier }

    /// Makes a saver of chunks of one type.
    package init(
        _ session: WriterSession,
        packs: PackWriter,
        type: ChunkType,
        compression: CompressionSetting
    ) {
        self.session = session
        self.packs = packs
        self.type = type
        compressor = Compressor(compression)
    }

    /// Stores a chunk unless the repository or this session has it.
    ///
    /// - Returns: Whether it was new.
    @discardableResult
    package func save(_ id: ChunkID, _ bytes: Span<UInt8>) throws(CairnError) -> Bool {
        guard session.index.claim(id) == .claimed else { return false }
        session.counters.chunkAdded(size: bytes.count)
        let chunk = PackChunk(id: id, length: UInt32(bytes.count))
        // A chunk of the very size of a group gains nothing from company.
        if bytes.count >= FormatLimits.groupSizeMax {
            try emit(bytes, [chunk])
            return true
        }
        if group.count + bytes.count > FormatLimits.groupSizeMax { try flush() }
        group.append(bytes)
        groupChunks.append(chunk)
        return true
    }

    /// Stores what the group holds.
    package func flush() throws(CairnError) {
        guard !groupChunks.isEmpty else { return }
        let group = group
        try emit(group.span, groupChunks)
        group.truncate(to: 0)
        groupChunks.removeAll(keepingCapacity: true)
    }

    private func emit(_ bytes: Span<UInt8>, _ chunks: [PackChunk]) throws(CairnError) {
        let lengths = chunks.map { $0.length }
        let draft = draft
        draft.truncate(to: 0)
        draft.append(SegmentHeader(codec: .none, type: type, lengths: lengths).encode())
        let payload = draft.count
        let codec = compressor.compress(bytes, into: draft)
        draft.edit(0..<1) { $0[0] = codec.rawValue }
        if session.core.options.verifiesBeforePublishing {
            try verify(draft.span(payload..<draft.count), codec, size: bytes.count, chunks)
        }
        try packs.append(draft.span, codec: codec, type: type, chunks: chunks)
    }

    /// Proves that the payload decompresses to chunks of the IDs they were claimed under.
    private func verify(
        _ payload: Span<UInt8>,
        _ codec: Codec,
        size: Int,
        _ chunks: [PackChunk]
    ) throws(CairnError) {
        let opened = opened
        opened.truncate(to: 0)
        do {
            try decompressor.decompress(payload, codec: codec, count: size, into: opened)
        } catch {
            throw CairnError(.damaged, "compressed data does not decompress", cause: error)
        }
        ranges.removeAll(keepingCapacity: true)
        ids.removeAll(keepingCapacity: true)
        var start = 0
        for chunk in chunks {
            ranges.append(start..<start + Int(chunk.length))
            start += Int(chunk.length)
        }
        session.core.identifier.identify(opened.span, ranges: ranges, into: &ids)
        for (id, chunk) in zip(ids, chunks) where id != chunk.id {
            throw CairnError(
                .damaged,
                "a chunk changed in memory before it was stored; check the RAM"
            )
        }
    }
}
