internal import CCairn
internal import COpenSSL

/// A key made ready for HMAC-SHA-256 (RFC 2104): its inner and outer block, and the states of the
/// digest after each.
final class HMACKey: Sendable {
    static let blockSize = 64

    /// The 64-byte inner block, then the 64-byte outer block.
    private let blocks: SecretBytes
    /// A `cairn_sha256_key`, as secret as the key itself.
    private let states: SecretBytes

    init(_ key: SecretBytes) {
        blocks = SecretBytes(count: 2 * HMACKey.blockSize) { blocks in
            key.withSpan { key in HMACKey.expand(key, into: &blocks) }
        }
        states = HMACKey.makeStates(blocks)
    }

    private static func makeStates(_ blocks: SecretBytes) -> SecretBytes {
        SecretBytes(count: MemoryLayout<cairn_sha256_key>.size) { states in
            unsafe states.withUnsafeMutableBytes { states in
                blocks.withSpan { blocks in
                    unsafe blocks.withUnsafeBufferPointer { blocks in
                        guard let inner = blocks.baseAddress,
                            let place = states.baseAddress
                        else { return }
                        // A secret begins at a multiple of 64 bytes, so the words are aligned.
                        unsafe cairn_sha256_make_key(
                            place.assumingMemoryBound(to: cairn_sha256_key.self),
                            inner,
                            inner + blockSize
                        )
                    }
                }
            }
        }
    }

    /// Lends the states after the inner and the outer block.
    func withStates<R>(_ body: (UnsafePointer<cairn_sha256_key>) -> R) -> R {
        states.withSpan { states in
            unsafe states.withUnsafeBytes { states in
                // A secret always has an address.
                unsafe body(
                    states.baseAddress.unsafelyUnwrapped
                        .assumingMemoryBound(to: cairn_sha256_key.self)
                )
            }
        }
    }

    private static func expand(_ key: Span<UInt8>, into blocks: inout MutableSpan<UInt8>) {
        if key.count > blockSize {
            // A long key is replaced by its digest.
            let digest = SecretBytes(copying: SHA256.hash(key).bytes.span)
            digest.withSpan { copy($0, into: &blocks) }
        } else {
            copy(key, into: &blocks)
        }
        for index in 0..<blockSize {
            blocks[blockSize + index] = blocks[index] ^ 0x5c
            blocks[index] ^= 0x36
        }
    }

    private static func copy(_ key: Span<UInt8>, into blocks: inout MutableSpan<UInt8>) {
        for index in 0..<key.count { blocks[index] = key[index] }
    }

    /// Lends the inner and the outer block.
    func withBlocks<R>(_ body: (_ inner: Span<UInt8>, _ outer: Span<UInt8>) -> R) -> R {
        blocks.withSpan { blocks in
            body(
                blocks.extracting(0..<HMACKey.blockSize),
                blocks.extracting(HMACKey.blockSize..<2 * HMACKey.blockSize)
            )
        }
    }

    /// HMAC-SHA-256 of `message`, one stream through OpenSSL.
    func authenticate(_ message: Span<UInt8>) -> ChunkID {
        let context = unsafe DigestAlgorithm.makeContext()
        defer { unsafe EVP_MD_CTX_free(context) }
        return withBlocks { inner, outer in
            unsafe DigestAlgorithm.sha256.start(context)
            unsafe DigestAlgorithm.update(context, inner)
            unsafe DigestAlgorithm.update(context, message)
            let digest = unsafe DigestAlgorithm.finish(context)
            unsafe DigestAlgorithm.sha256.start(context)
            unsafe DigestAlgorithm.update(context, outer)
            digest.withBytes { unsafe DigestAlgorithm.update(context, $0) }
            return unsafe DigestAlgorithm.finish(context)
        }
    }
}

extension ChunkID {
    /// Lends the 32 bytes without allocating.
    func withBytes<R>(_ body: (Span<UInt8>) -> R) -> R {
        var bytes = InlineArray<32, UInt8>(repeating: 0)
        for index in 0..<8 {
            let shift = UInt64(8 * index)
            bytes[index] = UInt8(truncatingIfNeeded: word0 >> shift)
            bytes[8 + index] = UInt8(truncatingIfNeeded: word1 >> shift)
            bytes[16 + index] = UInt8(truncatingIfNeeded: word2 >> shift)
            bytes[24 + index] = UInt8(truncatingIfNeeded: word3 >> shift)
        }
        return body(bytes.span)
    }
}
