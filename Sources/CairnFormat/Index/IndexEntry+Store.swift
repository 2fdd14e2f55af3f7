internal import CairnCore

extension IndexEntry {
    /// Writes the 32 stored bytes to the front of `bytes`; for writers of millions of entries.
    ///
    /// - Parameter bytes: Where they go.
    /// - Precondition: `bytes` has 32 bytes.
    @inlinable
    package func store(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= 32, "an entry has 32 bytes")
        unsafe bytes.withUnsafeMutableBytes { place in
            unsafe place.storeBytes(of: prefix0.bigEndian, toByteOffset: 0, as: UInt64.self)
            unsafe place.storeBytes(of: prefix1.bigEndian, toByteOffset: 8, as: UInt64.self)
            unsafe place.storeBytes(of: pack.littleEndian, toByteOffset: 16, as: UInt32.self)
            unsafe place.storeBytes(of: a.littleEndian, toByteOffset: 20, as: UInt64.self)
            unsafe place.storeBytes(of: b.littleEndian, toByteOffset: 28, as: UInt32.self)
        }
    }

    /// An entry that has a prefix and no place, for tables of chunks on their way.
    ///
    /// - Parameters:
    ///   - prefix0: Bytes 0 to 7 of the ID, big-endian.
    ///   - prefix1: Bytes 8 to 15 of the ID, big-endian.
    /// - Returns: An entry that is not sound and must not be stored.
    @inlinable
    package static func placeless(prefix0: UInt64, prefix1: UInt64) -> IndexEntry {
        IndexEntry(prefix0: prefix0, prefix1: prefix1, pack: .max, a: 0, b: 0)
    }
}
