package import CairnCore

/// How the plaintext of a segment begins, before the codec's output: Specs/Format.md#segment.
///
/// Stored as u8 codec ‖ u8 chunk type ‖ u16 chunk count ‖ u32 plain length, and where there are
/// several chunks a u32 length for each.
package struct SegmentHeader: Hashable, Sendable {
    /// The bytes before the chunk lengths.
    package static let sizeMin = 8
    /// What a segment of one uncompressed chunk takes beyond the chunk.
    package static let overhead = sizeMin + FormatLimits.sealSize
    /// The largest sealed segment of several chunks.
    static let groupStoredSizeMax =
        overhead + 4 * FormatLimits.groupCountMax + FormatLimits.groupSizeMax

    /// How the chunks are compressed, all together.
    package let codec: Codec
    /// What all the chunks are.
    package let type: ChunkType
    /// The length of each chunk; at least one.
    package let lengths: [UInt32]

    /// Puts a header together; ``validate()`` says whether it may be stored.
    package init(codec: Codec, type: ChunkType, lengths: [UInt32]) {
        self.codec = codec
        self.type = type
        self.lengths = lengths
    }

    /// The length of all chunks together.
    package var plainSize: Int { lengths.reduce(0) { $0 + Int($1) } }

    /// Where the codec's output begins.
    package var size: Int { SegmentHeader.size(chunkCount: lengths.count) }

    /// Where the codec's output begins in a segment of so many chunks.
    package static func size(chunkCount: Int) -> Int {
        sizeMin + (chunkCount > 1 ? 4 * chunkCount : 0)
    }

    /// Throws unless a segment of these chunks may be stored.
    static func check(chunkCount: Int, plainSize: Int) throws(DecodingFailure) {
        try require(
            chunkCount >= 1 && chunkCount <= FormatLimits.groupCountMax,
            "chunk count of a segment"
        )
        let sizeMax = chunkCount > 1 ? FormatLimits.groupSizeMax : FormatLimits.chunkSizeMax
        try require(plainSize >= chunkCount && plainSize <= sizeMax, "plain length of a segment")
    }
}

extension SegmentHeader: StoredValue {
    package func validate() throws(DecodingFailure) {
        try SegmentHeader.check(chunkCount: lengths.count, plainSize: plainSize)
        try require(lengths.allSatisfy { $0 > 0 }, "chunk without bytes")
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(codec.rawValue)
        writer.write(type.rawValue)
        writer.write(UInt16(truncatingIfNeeded: lengths.count))
        writer.write(UInt32(truncatingIfNeeded: plainSize))
        guard lengths.count > 1 else { return }
        for length in lengths { writer.write(length) }
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        let shape = try SegmentShape(from: &reader)
        codec = shape.codec
        type = shape.type
        guard shape.chunkCount > 1 else {
            lengths = [UInt32(shape.plainSize)]
            return
        }
        guard reader.remaining >= 4 * shape.chunkCount else {
            throw .truncated(offset: reader.offset, needed: 4 * shape.chunkCount)
        }
        var list: [UInt32] = []
        list.reserveCapacity(shape.chunkCount)
        for _ in 0..<shape.chunkCount { list.append(try reader.readUInt32()) }
        lengths = list
        try validate()
        try require(plainSize == shape.plainSize, "sum of a segment's chunks")
    }
}

/// What a reader that knows a chunk's place needs of a segment's header.
package struct SegmentShape: Hashable, Sendable {
    /// How the chunks are compressed, all together.
    package let codec: Codec
    /// What all the chunks are.
    package let type: ChunkType
    /// How many chunks there are.
    package let chunkCount: Int
    /// The length of all chunks together, which is what the codec yields.
    package let plainSize: Int

    /// Reads the first bytes of a segment's plaintext.
    package init(_ plaintext: Span<UInt8>) throws(DecodingFailure) {
        var reader = ByteReader(plaintext)
        try self.init(from: &reader)
        guard plaintext.count > payloadOffset else {
            throw .truncated(offset: plaintext.count, needed: payloadOffset + 1 - plaintext.count)
        }
    }

    /// Where the codec's output begins in the plaintext; it reaches to the end.
    package var payloadOffset: Int { SegmentHeader.size(chunkCount: chunkCount) }

    fileprivate init(from reader: inout ByteReader) throws(DecodingFailure) {
        codec = try reader.readCodec()
        type = try reader.readChunkType()
        chunkCount = Int(try reader.readUInt16())
        plainSize = Int(try reader.readUInt32())
        try SegmentHeader.check(chunkCount: chunkCount, plainSize: plainSize)
    }
}

extension ByteReader {
    /// Reads what a chunk is.
    @_lifetime(self: copy self)
    mutating func readChunkType() throws(DecodingFailure) -> ChunkType {
        let start = offset
        guard let type = ChunkType(rawValue: try readUInt8()) else {
            throw .outOfRange(offset: start)
        }
        return type
    }
}
