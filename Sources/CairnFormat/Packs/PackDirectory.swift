package import CairnCore

/// A segment as its pack's directory lists it.
package struct PackSegment: Hashable, Sendable {
    /// Where in the pack the sealed segment begins.
    package let offset: UInt32
    /// How many bytes the sealed segment has.
    package let storedSize: UInt32
    /// How the chunks are compressed, all together.
    package let codec: Codec
    /// What all the chunks are.
    package let type: ChunkType
    /// Which of the directory's chunks are in the segment.
    package let chunks: Range<Int>

    /// Puts a segment together.
    package init(
        offset: UInt32,
        storedSize: UInt32,
        codec: Codec,
        type: ChunkType,
        chunks: Range<Int>
    ) {
        self.offset = offset
        self.storedSize = storedSize
        self.codec = codec
        self.type = type
        self.chunks = chunks
    }
}

/// A chunk as its pack's directory lists it.
package struct PackChunk: Hashable, Sendable {
    /// The chunk's ID.
    package let id: ChunkID
    /// How many bytes it has.
    package let length: UInt32

    /// Joins an ID and a length.
    package init(id: ChunkID, length: UInt32) {
        self.id = id
        self.length = length
    }
}

/// What a pack holds, from which an index can be made again: Specs/Format.md#pack-directory.
///
/// Stored as u32 segment count, and for each segment u32 offset ‖ u32 stored length ‖ u8 codec ‖
/// u8 type ‖ u16 chunk count ‖ u32 plain length ‖ chunk count × (ID 32 ‖ u32 length); then zeros.
/// Invariant: segments follow each other without gaps from offset 128 on.
package struct PackDirectory: Hashable, Sendable {
    /// The sealed size of a directory that lists nothing.
    package static let sealedSizeMin = 4 + FormatLimits.sealSize
    /// The size of a segment's entry without its chunks.
    static let segmentSize = 16
    /// The size of a chunk's entry.
    static let chunkSize = ChunkID.size + 4

    /// The segments in the order of the pack.
    package private(set) var segments: [PackSegment] = []
    /// The chunks of all segments, one segment after the other.
    package private(set) var chunks: [PackChunk] = []
    /// How many zeros end the plaintext.
    package var paddingSize = 0

    /// Starts without segments.
    package init() {}

    /// Where the segments end and the directory begins.
    package var segmentsEnd: Int {
        guard let last = segments.last else { return PackHeader.size }
        return Int(last.offset) + Int(last.storedSize)
    }

    /// The size of the plaintext without padding.
    package var sizeWithoutPadding: Int {
        4 + PackDirectory.segmentSize * segments.count + PackDirectory.chunkSize * chunks.count
    }

    /// The chunks of a segment.
    package func chunks(of segment: PackSegment) -> ArraySlice<PackChunk> {
        chunks[segment.chunks]
    }

    /// Lists a segment that was sealed behind the last one.
    ///
    /// - Parameters:
    ///   - storedSize: How many bytes the sealed segment has.
    ///   - codec: How the chunks are compressed.
    ///   - type: What the chunks are.
    ///   - newChunks: The chunks in order.
    package mutating func append(
        storedSize: UInt32,
        codec: Codec,
        type: ChunkType,
        chunks newChunks: some Sequence<PackChunk>
    ) {
        let offset = UInt32(truncatingIfNeeded: segmentsEnd)
        let first = chunks.count
        chunks.append(contentsOf: newChunks)
        segments.append(
            PackSegment(
                offset: offset,
                storedSize: storedSize,
                codec: codec,
                type: type,
                chunks: first..<chunks.count
            )
        )
    }

    /// Pads the plaintext so that the body of the pack gets a size that tells little.
    ///
    /// - Parameter isLast: Whether the pack is its session's last one, which is padded to a Padmé
    ///   size; the others to a multiple of 64 KiB.
    /// - Returns: The size of the body.
    @discardableResult
    package mutating func pad(isLast: Bool) -> Int {
        let rest = FormatLimits.sealSize + PackLocator.sealedSize
        let bodySize = segmentsEnd + sizeWithoutPadding + rest
        let padded = isLast ? Padding.padme(bodySize) : Padding.blocks(bodySize)
        paddingSize = padded - bodySize
        return padded
    }

    /// What ``pad(isLast:)`` would make of the body, so that a writer knows when a pack is full.
    package var bodySizeWithoutPadding: Int {
        segmentsEnd + sizeWithoutPadding + FormatLimits.sealSize + PackLocator.sealedSize
    }
}

extension PackDirectory: StoredValue {
    package func validate() throws(DecodingFailure) {
        var end = PackHeader.size
        for segment in segments {
            try require(Int(segment.offset) == end, "gap between segments")
            let chunks = chunks[segment.chunks]
            try require(chunks.allSatisfy { $0.length > 0 }, "chunk without bytes")
            let plainSize = chunks.reduce(0) { $0 + Int($1.length) }
            try PackDirectory.check(segment, plainSize: plainSize)
            end += Int(segment.storedSize)
        }
        try require(end <= FormatLimits.packBodySizeMax, "end of a pack's segments")
    }

    private static func check(_ segment: PackSegment, plainSize: Int) throws(DecodingFailure) {
        let chunkCount = segment.chunks.count
        try SegmentHeader.check(chunkCount: chunkCount, plainSize: plainSize)
        let headSize = SegmentHeader.size(chunkCount: chunkCount) + FormatLimits.sealSize
        let payloadSize = Int(segment.storedSize) - headSize
        if segment.codec == .none {
            try require(payloadSize == plainSize, "stored length of an uncompressed segment")
        } else {
            let isSmaller = payloadSize >= 1 && payloadSize < plainSize
            try require(isSmaller, "stored length of a compressed segment")
        }
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(UInt32(truncatingIfNeeded: segments.count))
        for segment in segments {
            let chunks = chunks[segment.chunks]
            writer.write(segment.offset)
            writer.write(segment.storedSize)
            writer.write(segment.codec.rawValue)
            writer.write(segment.type.rawValue)
            writer.write(UInt16(truncatingIfNeeded: chunks.count))
            let plainSize = chunks.reduce(0) { $0 + Int($1.length) }
            writer.write(UInt32(truncatingIfNeeded: plainSize))
            for chunk in chunks {
                writer.write(chunk.id)
                writer.write(chunk.length)
            }
        }
        writer.writeZeros(paddingSize)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        let count = Int(try reader.readUInt32())
        let entrySizeMin = PackDirectory.segmentSize + PackDirectory.chunkSize
        guard count <= reader.remaining / entrySizeMin else {
            throw .truncated(offset: reader.offset, needed: count * entrySizeMin)
        }
        segments.reserveCapacity(count)
        // Growing step by step would take up to three times the room.
        let chunksSizeMax = reader.remaining - count * PackDirectory.segmentSize
        chunks.reserveCapacity(chunksSizeMax / PackDirectory.chunkSize)
        for _ in 0..<count { try readSegment(from: &reader) }
        paddingSize = reader.remaining
        try reader.readZeros(paddingSize)
        try validate()
    }

    private mutating func readSegment(from reader: inout ByteReader) throws(DecodingFailure) {
        let offset = try reader.readUInt32()
        let storedSize = try reader.readUInt32()
        let codec = try reader.readCodec()
        let type = try reader.readChunkType()
        let chunkCount = Int(try reader.readUInt16())
        let plainSize = Int(try reader.readUInt32())
        guard chunkCount <= reader.remaining / PackDirectory.chunkSize else {
            throw .truncated(
                offset: reader.offset,
                needed: chunkCount * PackDirectory.chunkSize
            )
        }
        let first = chunks.count
        var sum = 0
        for _ in 0..<chunkCount {
            let chunk = PackChunk(
                id: try reader.readChunkID(),
                length: try reader.readUInt32()
            )
            sum += Int(chunk.length)
            chunks.append(chunk)
        }
        try require(sum == plainSize, "sum of a segment's chunks")
        segments.append(
            PackSegment(
                offset: offset,
                storedSize: storedSize,
                codec: codec,
                type: type,
                chunks: first..<chunks.count
            )
        )
    }
}

/// Where a pack's directory is: Specs/Format.md#pack-locator.
///
/// Stored as u64 directory offset ‖ u64 directory stored length ‖ u32 segment count ‖
/// u32 chunk count ‖ u64 0; sealed, it is the last 48 bytes of the body.
package struct PackLocator: Hashable, Sendable {
    /// The size of the plaintext.
    package static let size = 32
    /// The size of the sealed locator.
    package static let sealedSize = size + FormatLimits.sealSize

    /// Where in the pack the sealed directory begins.
    package let directoryOffset: Int
    /// How many bytes the sealed directory has.
    package let directoryStoredSize: Int
    /// How many segments the directory lists.
    package let segmentCount: UInt32
    /// How many chunks the directory lists.
    package let chunkCount: UInt32

    /// Describes a directory as it will be stored, padding included.
    package init(_ directory: PackDirectory) {
        directoryOffset = directory.segmentsEnd
        let plainSize = directory.sizeWithoutPadding + directory.paddingSize
        directoryStoredSize = plainSize + FormatLimits.sealSize
        segmentCount = UInt32(truncatingIfNeeded: directory.segments.count)
        chunkCount = UInt32(truncatingIfNeeded: directory.chunks.count)
    }

    /// The size of the body that ends with this locator.
    package var bodySize: Int { directoryOffset + directoryStoredSize + PackLocator.sealedSize }

    /// Throws unless the locator lies where it must and describes `directory`.
    package func expect(_ directory: PackDirectory) throws(DecodingFailure) {
        try require(self == PackLocator(directory), "directory and locator of a pack")
    }
}

extension PackLocator: StoredValue {
    package func validate() throws(DecodingFailure) {
        let offsets = PackHeader.size...FormatLimits.packBodySizeMax
        try require(offsets.contains(directoryOffset), "directory offset")
        let sizes = PackDirectory.sealedSizeMin...FormatLimits.packBodySizeMax
        try require(sizes.contains(directoryStoredSize), "directory size")
        try require(bodySize <= FormatLimits.packBodySizeMax, "pack body size")
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(UInt64(truncatingIfNeeded: directoryOffset))
        writer.write(UInt64(truncatingIfNeeded: directoryStoredSize))
        writer.write(segmentCount)
        writer.write(chunkCount)
        writer.write(0 as UInt64)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        let offset = try reader.readUInt64()
        let size = try reader.readUInt64()
        let sizeMax = UInt64(FormatLimits.packBodySizeMax)
        guard offset <= sizeMax && size <= sizeMax else {
            throw .outOfRange(offset: reader.offset - 16)
        }
        directoryOffset = Int(offset)
        directoryStoredSize = Int(size)
        segmentCount = try reader.readUInt32()
        chunkCount = try reader.readUInt32()
        try reader.readZeros(8)
        try validate()
    }
}
