package import CairnCore
package import CairnFormat
internal import CairnIO

/// Makes segments of chunks: compresses them, proves that they come out again and appends them to
/// packs (Specs/Durability.md#verify).
///
/// One per thread.
package final class SegmentMaker {
    private let core: RepositoryCore
    private let compressor: Compressor
    private let decompressor = Decompressor()
    private let draft = ByteBuffer(capacity: FormatLimits.groupSizeMax)
    private let opened = ByteBuffer(capacity: FormatLimits.groupSizeMax)
    private var ranges: [Range<Int>] = []
    private var ids: [ChunkID] = []

    /// Makes segments that are compressed so.
    package init(_ core: RepositoryCore, compression: CompressionSetting) {
        self.core = core
        compressor = Compressor(compression)
    }

    /// Appends a segment.
    ///
    /// - Parameters:
    ///   - bytes: The chunks, one behind the other.
    ///   - chunks: What they are.
    ///   - type: The type of all of them.
    ///   - packs: Where the segment goes.
    /// - Throws: `.damaged` if the bytes are not those of the chunks, or do not come out of the
    ///   compressor as they went in; what the packs throw.
    package func append(
        _ bytes: Span<UInt8>,
        _ chunks: [PackChunk],
        of type: ChunkType,
        to packs: PackWriter
    ) throws(CairnError) {
        let lengths = chunks.map { $0.length }
        let draft = draft
        draft.truncate(to: 0)
        draft.append(SegmentHeader(codec: .none, type: type, lengths: lengths).encode())
        let payload = draft.count
        let codec = compressor.compress(bytes, into: draft)
        draft.edit(0..<1) { $0[0] = codec.rawValue }
        if core.options.verifiesBeforePublishing {
            try verify(draft.span(payload..<draft.count), codec, size: bytes.count, chunks)
        }
        try packs.append(draft.span, codec: codec, type: type, chunks: chunks)
    }

    /// Proves that the payload decompresses to chunks of the IDs they are stored under.
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
        core.identifier.identify(opened.span, ranges: ranges, into: &ids)
        for (id, chunk) in zip(ids, chunks) where id != chunk.id {
            throw CairnError(
                .damaged,
                "a chunk changed in memory before it was stored; check the RAM"
            )
        }
    }
}
