/// A bounds-checked cursor over bytes that came from outside the process.
///
/// Every read either returns a value or throws ``DecodingFailure``; no input, however hostile, can
/// trap. Integers are little-endian: see Specs/Format.md#integers.
@usableFromInline
package struct ByteReader: ~Escapable {
    @usableFromInline let bytes: Span<UInt8>
    /// Where the next read starts.
    @usableFromInline package private(set) var offset = 0

    /// Starts reading at the first byte.
    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    /// How many bytes are left.
    package var remaining: Int { bytes.count - offset }

    @_lifetime(self: copy self)
    private mutating func load<T: FixedWidthInteger>(_ type: T.Type) throws(DecodingFailure) -> T {
        let size = MemoryLayout<T>.size
        guard remaining >= size else { throw .truncated(offset: offset, needed: size) }
        let start = offset
        let value = unsafe bytes.withUnsafeBufferPointer { pointer in
            unsafe UnsafeRawPointer(pointer.baseAddress.unsafelyUnwrapped)
                .loadUnaligned(fromByteOffset: start, as: T.self)
        }
        offset += size
        return T(littleEndian: value)
    }

    /// Reads one byte.
    @_lifetime(self: copy self)
    package mutating func readUInt8() throws(DecodingFailure) -> UInt8 { try load(UInt8.self) }
    /// Reads a 16-bit integer.
    @_lifetime(self: copy self)
    package mutating func readUInt16() throws(DecodingFailure) -> UInt16 { try load(UInt16.self) }
    /// Reads a 32-bit integer.
    @_lifetime(self: copy self)
    package mutating func readUInt32() throws(DecodingFailure) -> UInt32 { try load(UInt32.self) }
    /// Reads a 64-bit integer.
    @_lifetime(self: copy self)
    package mutating func readUInt64() throws(DecodingFailure) -> UInt64 { try load(UInt64.self) }
    /// Reads a signed 64-bit integer.
    @_lifetime(self: copy self)
    package mutating func readInt64() throws(DecodingFailure) -> Int64 { try load(Int64.self) }

    /// Reads an LEB128 integer of at most ten bytes; a longer form than needed is refused.
    @_lifetime(self: copy self)
    package mutating func readVarint() throws(DecodingFailure) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try readUInt8()
            if shift == 63 && byte > 1 { throw .notCanonical(offset: start) }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                if byte == 0 && shift > 0 { throw .notCanonical(offset: start) }
                return value
            }
            shift += 7
            if shift > 63 { throw .notCanonical(offset: start) }
        }
    }

    /// Reads a count and checks it against a limit and against the bytes that are left.
    ///
    /// - Parameters:
    ///   - limit: The largest count the format allows here.
    ///   - sizeMin: The fewest bytes that one counted item takes.
    /// - Returns: The count.
    /// - Throws: ``DecodingFailure`` where the count breaks the limit or promises too much.
    @_lifetime(self: copy self)
    package mutating func readCount(
        limit: Int,
        itemSizeMin sizeMin: Int
    ) throws(DecodingFailure) -> Int {
        let start = offset
        let value = try readVarint()
        guard value <= UInt64(limit) else { throw .outOfRange(offset: start) }
        let count = Int(value)
        guard count <= remaining / max(sizeMin, 1) else {
            throw .truncated(offset: offset, needed: count * max(sizeMin, 1))
        }
        return count
    }

    /// Reads `count` bytes.
    @_lifetime(self: copy self)
    package mutating func readBytes(_ count: Int) throws(DecodingFailure) -> [UInt8] {
        guard count >= 0 && remaining >= count else {
            throw .truncated(offset: offset, needed: count)
        }
        let part = bytes.extracting(offset..<offset + count)
        offset += count
        return unsafe part.withUnsafeBufferPointer { unsafe [UInt8]($0) }
    }

    /// Reads a count of at most `limit` and that many bytes.
    @_lifetime(self: copy self)
    package mutating func readCountedBytes(limit: Int) throws(DecodingFailure) -> [UInt8] {
        let count = try readCount(limit: limit, itemSizeMin: 1)
        return try readBytes(count)
    }

    /// Reads 32 bytes as an ID.
    @_lifetime(self: copy self)
    package mutating func readChunkID() throws(DecodingFailure) -> ChunkID {
        guard remaining >= ChunkID.size else {
            throw .truncated(offset: offset, needed: ChunkID.size)
        }
        let id = ChunkID(bytes.extracting(offset..<offset + ChunkID.size))
        offset += ChunkID.size
        return id
    }

    /// Moves past `count` bytes and returns them without copying.
    @_lifetime(copy self)
    package mutating func readSpan(_ count: Int) throws(DecodingFailure) -> Span<UInt8> {
        guard count >= 0 && remaining >= count else {
            throw .truncated(offset: offset, needed: count)
        }
        let part = bytes.extracting(offset..<offset + count)
        offset += count
        return part
    }

    /// Throws unless every byte has been read.
    package func expectEnd() throws(DecodingFailure) {
        guard remaining == 0 else { throw .trailingBytes(offset: offset) }
    }
}

/// Why bytes could not be decoded.
public enum DecodingFailure: Error, Equatable, Sendable {
    /// The bytes end too early.
    case truncated(offset: Int, needed: Int)
    /// A value has another form than the only one allowed.
    case notCanonical(offset: Int)
    /// A value lies outside its limits.
    case outOfRange(offset: Int)
    /// Bytes follow where the value should end.
    case trailingBytes(offset: Int)
    /// The first bytes are not those of this kind of object.
    case wrongMagic
    /// The object was written by a later version or uses a feature this reader does not know.
    case unsupported(String)
    /// A checksum does not match.
    case checksumMismatch
    /// Two parts of the object contradict each other.
    case inconsistent(String)
}
