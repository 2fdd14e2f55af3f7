/// Builds the canonical encoding of a stored value.
///
/// Integers are little-endian.
package struct ByteWriter: Sendable {
    /// The bytes written so far.
    package private(set) var bytes: [UInt8] = []

    /// Starts with nothing written.
    package init() {}

    /// Appends one byte.
    package mutating func write(_ value: UInt8) { bytes.append(value) }
    /// Appends a 16-bit integer.
    package mutating func write(_ value: UInt16) { append(value) }
    /// Appends a 32-bit integer.
    package mutating func write(_ value: UInt32) { append(value) }
    /// Appends a 64-bit integer.
    package mutating func write(_ value: UInt64) { append(value) }
    /// Appends a signed 64-bit integer.
    package mutating func write(_ value: Int64) { append(UInt64(bitPattern: value)) }

    private mutating func append<T: FixedWidthInteger>(_ value: T) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    /// Appends an LEB128 integer in its shortest form.
    package mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Appends the bytes alone.
    package mutating func writeBytes(_ value: [UInt8]) { bytes.append(contentsOf: value) }

    /// Appends the count as a varint and then the bytes.
    package mutating func writeCountedBytes(_ value: [UInt8]) {
        writeVarint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// Appends the 32 bytes of an ID.
    package mutating func write(_ id: ChunkID) {
        append(id.word0)
        append(id.word1)
        append(id.word2)
        append(id.word3)
    }

    /// Forgets what was written and keeps the memory.
    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }
}
