internal import COpenSSL

/// An algorithm of OpenSSL, looked up once: a lookup for each use costs more than a short message.
///
/// Where libcrypto does not have it, the process ends: nothing could be read or written.
@safe
final class FetchedAlgorithm: @unchecked Sendable {
    // Unchecked, because a pointer is not Sendable; OpenSSL never changes a fetched algorithm.
    let pointer: OpaquePointer

    static let aes256GCM = unsafe FetchedAlgorithm("AES-256-GCM", EVP_CIPHER_fetch)
    static let hkdf = unsafe FetchedAlgorithm("HKDF", EVP_KDF_fetch)
    static let sha256 = unsafe FetchedAlgorithm("SHA256", EVP_MD_fetch)

    private init(
        _ name: String,
        _ fetch: (OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?) -> OpaquePointer?
    ) {
        guard let fetched = unsafe fetch(nil, name, nil) else {
            preconditionFailure("libcrypto provides no \(name)")
        }
        unsafe pointer = fetched
    }
}
