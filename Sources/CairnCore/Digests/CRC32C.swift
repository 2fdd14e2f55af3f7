internal import CISAL

/// CRC-32C (Castagnoli, as in iSCSI: RFC 3720 appendix B.4): finds chance damage, not intent.
public enum CRC32C {
    /// The checksum of `bytes`, or of earlier bytes followed by `bytes`.
    ///
    /// `continuing` is the checksum of the earlier bytes, 0 for none.
    public static func checksum(_ bytes: Span<UInt8>, continuing: UInt32 = 0) -> UInt32 {
        var crc = ~continuing
        var offset = 0
        while offset < bytes.count {
            // The library counts in 32 bits.
            let size = min(bytes.count - offset, 1 << 30)
            let part = bytes.extracting(offset..<offset + size)
            crc = unsafe part.withUnsafeBufferPointer { pointer in
                // The library declares its input mutable but does not write to it.
                unsafe crc32_iscsi(
                    UnsafeMutablePointer(mutating: pointer.baseAddress),
                    CInt(size),
                    crc
                )
            }
            offset += size
        }
        return ~crc
    }
}
