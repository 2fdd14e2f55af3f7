internal import COpenSSL

/// Computes content IDs: SHA-256, or HMAC-SHA-256 under the repository's ID key.
///
/// Any number of threads may share one identifier.
public final class ChunkIdentifier: Sendable {
    private let key: HMACKey?

    /// - Parameter key: The repository's ID key; nil for plain SHA-256.
    public init(key: SecretBytes?) {
        self.key = key.map { HMACKey($0) }
    }

    /// The ID of `bytes`.
    public func identify(_ bytes: Span<UInt8>) -> ChunkID {
        guard let key else { return SHA256.hash(bytes) }
        return key.authenticate(bytes)
    }

    /// Appends the ID of each range of `bytes` to `ids`, in the order of `ranges`.
    ///
    /// - Precondition: Every range lies within `bytes`.
    public func identify(
        _ bytes: Span<UInt8>, ranges: [Range<Int>], into ids: inout [ChunkID]
    ) {
        for range in ranges { ids.append(identify(bytes.extracting(range))) }
    }
}
