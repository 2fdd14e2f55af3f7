internal import COpenSSL

/// What ties an object to its key without telling anything of it: bytes derived beside the key and
/// stored in the clear.
package enum Commitment {
    /// Whether two commitments are the same, in a time that depends on their lengths alone.
    package static func areEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        return unsafe a.withUnsafeBytes { first in
            unsafe b.withUnsafeBytes { second in
                guard let left = first.baseAddress, let right = second.baseAddress else {
                    return true
                }
                // Both have `first.count` bytes.
                return unsafe CRYPTO_memcmp(left, right, first.count) == 0
            }
        }
    }
}
