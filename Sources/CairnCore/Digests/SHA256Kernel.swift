internal import CCairn

/// How the SHA-256 digests of many messages are computed.
public enum SHA256Kernel: String, KernelFamily {
    /// Portable C, one message at a time: the reference.
    case scalar
    /// 16 lanes in portable vector code: the source of `avx512` wherever there is none.
    case lanes16
    /// OpenSSL, one message at a time.
    case openssl
    /// 8 lanes.
    case avx2
    /// The SHA extensions of x86-64, two messages interleaved.
    case shani
    /// 16 lanes.
    case avx512

    package static let familyName = "sha256"

    /// The fastest that this CPU has.
    ///
    /// Two streams through the SHA extensions are within a tenth of 16 lanes where there are
    /// messages for all lanes (3.1 to 3.3 GB/s on a Zen 4 core) and ahead where lanes lie idle (3.3
    /// against 1.7 GB/s with eight messages); 8 lanes reach 1.8 GB/s. Without any of them OpenSSL
    /// knows one stream best. A kernel that does not agree with the reference on a few messages is
    /// passed over.
    public static let best =
        [shani, avx512, avx2].first { $0.isAvailable && $0.agreesWithReference } ?? openssl

    /// Whether this CPU has what the kernel needs.
    public var isAvailable: Bool {
        guard let code else { return true }
        return cairn_sha256_has(code)
    }

    /// Whether the kernel yields the digests of the reference for messages of many lengths.
    ///
    /// - Precondition: The kernel is available.
    package var agreesWithReference: Bool {
        precondition(isAvailable, "this CPU lacks the kernel")
        guard let code else { return true }
        return cairn_sha256_agrees(code)
    }

    /// The kernel's number in C; nil for OpenSSL.
    var code: CInt? {
        switch self {
        case .scalar: CInt(cairn_sha256_scalar.rawValue)
        case .lanes16: CInt(cairn_sha256_lanes16.rawValue)
        case .openssl: nil
        case .avx2: CInt(cairn_sha256_avx2.rawValue)
        case .shani: CInt(cairn_sha256_shani.rawValue)
        case .avx512: CInt(cairn_sha256_avx512.rawValue)
        }
    }
}
