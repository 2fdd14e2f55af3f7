internal import COpenSSL

/// SHA-256 (FIPS 180-4) of bytes at hand.
public enum SHA256 {
    /// The digest of `bytes`.
    public static func hash(_ bytes: Span<UInt8>) -> ChunkID {
        DigestAlgorithm.sha256.hash(bytes)
    }
}

/// SHA-256 of bytes that arrive in pieces.
///
/// One thread at a time.
@safe
public final class SHA256Stream {
    private let context: OpaquePointer

    /// Starts with nothing hashed.
    public init() {
        unsafe context = DigestAlgorithm.makeContext()
        unsafe DigestAlgorithm.sha256.start(context)
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
    }

    /// Hashes `bytes` after those hashed before.
    public func update(_ bytes: Span<UInt8>) {
        unsafe DigestAlgorithm.update(context, bytes)
    }

    /// The digest of everything since the start or the last `finish`; starts again.
    public func finish() -> ChunkID {
        let digest = unsafe DigestAlgorithm.finish(context)
        unsafe DigestAlgorithm.sha256.start(context)
        return digest
    }
}

/// SHA-256 as OpenSSL provides it.
///
/// OpenSSL fails here only when memory runs out, which ends the process as it does elsewhere.
struct DigestAlgorithm: Sendable {
    private let algorithm: FetchedAlgorithm

    static let sha256 = DigestAlgorithm(algorithm: .sha256)

    static func makeContext() -> OpaquePointer {
        guard let context = unsafe EVP_MD_CTX_new() else {
            preconditionFailure("out of memory for a digest context")
        }
        return unsafe context
    }

    func start(_ context: OpaquePointer) {
        let done = unsafe EVP_DigestInit_ex2(context, algorithm.pointer, nil)
        precondition(done == 1, "libcrypto could not start a digest")
    }

    static func update(_ context: OpaquePointer, _ bytes: Span<UInt8>) {
        let done = unsafe bytes.withUnsafeBufferPointer { pointer in
            unsafe EVP_DigestUpdate(context, pointer.baseAddress, pointer.count)
        }
        precondition(done == 1, "libcrypto could not hash")
    }

    /// Ends the digest in `context`, which has to be started again before its next use.
    static func finish(_ context: OpaquePointer) -> ChunkID {
        var digest = InlineArray<32, UInt8>(repeating: 0)
        var span = digest.mutableSpan
        let done = unsafe span.withUnsafeMutableBufferPointer { pointer in
            unsafe EVP_DigestFinal_ex(context, pointer.baseAddress, nil)
        }
        precondition(done == 1, "libcrypto could not finish a digest")
        return ChunkID(digest.span)
    }

    func hash(_ bytes: Span<UInt8>) -> ChunkID {
        let context = unsafe DigestAlgorithm.makeContext()
        defer { unsafe EVP_MD_CTX_free(context) }
        unsafe start(context)
        unsafe DigestAlgorithm.update(context, bytes)
        return unsafe DigestAlgorithm.finish(context)
    }
}
