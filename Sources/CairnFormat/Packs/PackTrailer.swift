package import CairnCore

/// What follows a pack's body: checksums that find damage without a key.
///
/// Stored as u32 CRC-32C of every 64 KiB block of the body ‖ tail of 24 bytes: u64 body length ‖
/// u32 65536 ‖ u32 block count ‖ u32 CRC-32C of all trailer bytes before it ‖ "CPTR":
/// Specs/Format.md#pack-trailer.
package struct PackTrailer: Hashable, Sendable {
    /// How many bytes of the body a checksum covers; the last block may be shorter.
    package static let blockSize = 64 << 10
    /// The size of the part of a fixed size, at the end.
    package static let tailSize = 24
    /// The largest whole pack object.
    package static let objectSizeMax =
        FormatLimits.packBodySizeMax + size(bodySize: FormatLimits.packBodySizeMax)

    private static let magic: UInt32 = 0x5254_5043

    /// The size of the body.
    package let bodySize: Int
    /// The CRC-32C of each block.
    package let checksums: [UInt32]

    /// Takes a body's size and the checksums of its blocks.
    package init(bodySize: Int, checksums: [UInt32]) {
        self.bodySize = bodySize
        self.checksums = checksums
    }

    /// How many blocks a body has.
    package static func blockCount(bodySize: Int) -> Int {
        (bodySize + blockSize - 1) / blockSize
    }

    /// The size of the trailer behind a body.
    package static func size(bodySize: Int) -> Int {
        4 * blockCount(bodySize: bodySize) + tailSize
    }

    /// The size of the body in an object of a size; nil where no pack has that size.
    package static func bodySize(objectSize: UInt64) -> Int? {
        guard objectSize <= UInt64(objectSizeMax), objectSize > UInt64(tailSize) else { return nil }
        let rest = Int(objectSize) - tailSize
        // Each block but the last takes its own bytes and four for its checksum.
        let blockCount = (rest + blockSize + 3) / (blockSize + 4)
        let bodySize = rest - 4 * blockCount
        guard bodySize > 0, bodySize <= FormatLimits.packBodySizeMax,
            self.blockCount(bodySize: bodySize) == blockCount
        else { return nil }
        return bodySize
    }

    /// Which blocks of the body do not have the bytes that were written.
    ///
    /// - Parameters:
    ///   - bytes: Bytes of the body from `offset` on, whole blocks but for the body's last.
    ///   - offset: A multiple of 64 KiB.
    /// - Returns: The numbers of the bad blocks; blocks past the end of the body count as bad.
    /// - Precondition: `offset` is a multiple of 64 KiB.
    package func badBlocks(in bytes: Span<UInt8>, at offset: Int = 0) -> [Int] {
        precondition(offset % PackTrailer.blockSize == 0, "blocks begin at multiples of 64 KiB")
        var bad: [Int] = []
        var start = 0
        while start < bytes.count {
            let end = min(start + PackTrailer.blockSize, bytes.count)
            let number = (offset + start) / PackTrailer.blockSize
            let isGood =
                number < checksums.count
                && CRC32C.checksum(bytes.extracting(start..<end)) == checksums[number]
            if !isGood { bad.append(number) }
            start = end
        }
        return bad
    }
}

extension PackTrailer: StoredValue {
    package func validate() throws(DecodingFailure) {
        let sizes = 1...FormatLimits.packBodySizeMax
        try require(sizes.contains(bodySize), "pack body size")
        let blockCount = PackTrailer.blockCount(bodySize: bodySize)
        try require(checksums.count == blockCount, "pack block count")
    }

    package func write(to writer: inout ByteWriter) {
        var trailer = ByteWriter()
        for checksum in checksums { trailer.write(checksum) }
        trailer.write(UInt64(truncatingIfNeeded: bodySize))
        trailer.write(UInt32(PackTrailer.blockSize))
        trailer.write(UInt32(truncatingIfNeeded: checksums.count))
        trailer.write(CRC32C.checksum(trailer.bytes.span))
        trailer.write(PackTrailer.magic)
        writer.writeBytes(trailer.bytes)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        // The end says how much belongs to it, so a trailer takes everything that is left.
        let size = reader.remaining
        guard size >= PackTrailer.tailSize else {
            throw .truncated(offset: reader.offset, needed: PackTrailer.tailSize)
        }
        let bytes = try reader.readSpan(size)
        var tail = ByteReader(bytes.extracting(size - PackTrailer.tailSize..<size))
        let bodySize = try tail.readUInt64()
        let blockSize = try tail.readUInt32()
        let blockCount = try tail.readUInt32()
        let checksum = try tail.readUInt32()
        guard try tail.readUInt32() == PackTrailer.magic else { throw .wrongMagic }
        guard checksum == CRC32C.checksum(bytes.extracting(0..<size - 8)) else {
            throw .checksumMismatch
        }
        guard blockSize == PackTrailer.blockSize else {
            throw .unsupported("pack block size \(blockSize)")
        }
        guard bodySize <= UInt64(FormatLimits.packBodySizeMax) else {
            throw .outOfRange(offset: size - PackTrailer.tailSize)
        }
        self.bodySize = Int(bodySize)
        let count = Int(blockCount)
        try require(4 * count + PackTrailer.tailSize == size, "pack block count")
        var list = ByteReader(bytes)
        var checksums: [UInt32] = []
        checksums.reserveCapacity(count)
        for _ in 0..<count { checksums.append(try list.readUInt32()) }
        self.checksums = checksums
        try validate()
    }
}

/// Makes a pack's trailer while its body is written piece by piece.
package struct PackTrailerBuilder: Hashable, Sendable {
    private var bodySize = 0
    private var checksums: [UInt32] = []

    /// Starts with an empty body.
    package init() {}

    /// Takes note of the next bytes of the body.
    package mutating func append(_ bytes: Span<UInt8>) {
        var start = 0
        while start < bytes.count {
            let room = PackTrailer.blockSize - bodySize % PackTrailer.blockSize
            let end = min(start + room, bytes.count)
            let isNew = room == PackTrailer.blockSize
            let earlier = isNew ? 0 : checksums.removeLast()
            let part = bytes.extracting(start..<end)
            checksums.append(CRC32C.checksum(part, continuing: earlier))
            bodySize += end - start
            start = end
        }
    }

    /// The trailer of the body so far.
    package var trailer: PackTrailer { PackTrailer(bodySize: bodySize, checksums: checksums) }
}
