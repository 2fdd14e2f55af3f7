/// Unaligned little-endian loads for code that reads many fixed-size records.
@usableFromInline
package enum LittleEndian {
    /// The 64-bit integer at `offset`.
    ///
    /// - Parameters:
    ///   - bytes: Where to read.
    ///   - offset: Where the integer begins.
    /// - Returns: The integer.
    /// - Precondition: Eight bytes of `bytes` begin at `offset`.
    @inlinable
    package static func loadUInt64(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= bytes.count - 8, "outside the bytes")
        return unsafe bytes.withUnsafeBytes { pointer in
            UInt64(
                littleEndian: unsafe pointer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            )
        }
    }

    /// The 32-bit integer at `offset`.
    ///
    /// - Parameters:
    ///   - bytes: Where to read.
    ///   - offset: Where the integer begins.
    /// - Returns: The integer.
    /// - Precondition: Four bytes of `bytes` begin at `offset`.
    @inlinable
    package static func loadUInt32(_ bytes: Span<UInt8>, at offset: Int) -> UInt32 {
        precondition(offset >= 0 && offset <= bytes.count - 4, "outside the bytes")
        return unsafe bytes.withUnsafeBytes { pointer in
            UInt32(
                littleEndian: unsafe pointer.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            )
        }
    }
}
