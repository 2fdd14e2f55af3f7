internal import COpenSSL

/// How stored bytes are sealed. The values are stored: never change them.
public enum SealingAlgorithm: UInt8, Sendable {
    /// Not encrypted; a digest finds chance damage but no intent.
    case none = 0
    /// AES-256-GCM (NIST SP 800-38D) with a 16-byte tag.
    case aes256GCM = 1
}

/// Seals and opens bytes under one key at a time: Specs/Cryptography.md#sealed-units.
///
/// One thread at a time, one sealer a worker: the cipher contexts are reused. A nonce must never be
/// used twice under a key; the caller numbers its units and takes a new key for each object.
@safe
public final class Sealer {
    /// Bytes that sealing adds.
    public static let tagSize = 16
    /// The number of bytes in an AES-256 key.
    public static let keySize = 32
    /// The most bytes sealed as one unit, and the most additional bytes.
    public static let sizeMax = 1 << 30

    private let encryption: OpaquePointer
    private let decryption: OpaquePointer
    private let digest = SHA256Stream()
    private var algorithm: SealingAlgorithm?

    /// Makes a sealer without a key: ``setKey(_:algorithm:)`` comes before anything else.
    public init() {
        unsafe encryption = Sealer.makeContext()
        unsafe decryption = Sealer.makeContext()
    }

    deinit {
        // Freeing a context also cleanses the expanded key in it.
        unsafe EVP_CIPHER_CTX_free(encryption)
        unsafe EVP_CIPHER_CTX_free(decryption)
    }

    private static func makeContext() -> OpaquePointer {
        guard let context = unsafe EVP_CIPHER_CTX_new() else {
            preconditionFailure("out of memory for a cipher context")
        }
        return unsafe context
    }

    /// Uses `key` from now on.
    ///
    /// - Parameter key: 32 bytes for AES-256-GCM; nil for `none`.
    public func setKey(
        _ key: SecretBytes?,
        algorithm: SealingAlgorithm
    ) throws(SealingFailure) {
        self.algorithm = nil
        switch algorithm {
        case .none:
            guard key == nil else { throw .invalidParameters("an unsealed unit has no key") }
        case .aes256GCM:
            guard let key, key.count == Sealer.keySize else {
                throw .invalidParameters("AES-256-GCM takes a key of 32 bytes")
            }
            let done = key.withSpan { key in
                unsafe key.withUnsafeBufferPointer { key in
                    let cipher = unsafe CipherAlgorithm.aes256GCM.pointer
                    return unsafe EVP_EncryptInit_ex2(
                        encryption,
                        cipher,
                        key.baseAddress,
                        nil,
                        nil
                    ) == 1
                        && EVP_DecryptInit_ex2(decryption, cipher, key.baseAddress, nil, nil) == 1
                }
            }
            guard done else { throw .cipherFailed("key setup") }
        }
        self.algorithm = algorithm
    }

    /// Appends the sealed form of `plaintext`, which is ``tagSize`` bytes longer, to `output`.
    ///
    /// - Parameters:
    ///   - plaintext: At most ``sizeMax`` bytes, and not bytes of `output`.
    ///   - nonce: Never used before under this key.
    ///   - additional: Bytes that are authenticated and not stored.
    public func seal(
        _ plaintext: Span<UInt8>,
        nonce: UInt64,
        additional: Span<UInt8>,
        into output: ByteBuffer
    ) throws(SealingFailure) {
        try seal(
            plaintext,
            nonce: Sealer.bytes(ofNonce: nonce),
            additional: additional,
            into: output
        )
    }

    /// Seals under any 96-bit nonce; only the published vectors need that.
    package func seal(
        _ plaintext: Span<UInt8>,
        nonce: Nonce,
        additional: Span<UInt8>,
        into output: ByteBuffer
    ) throws(SealingFailure) {
        guard plaintext.count <= Sealer.sizeMax && additional.count <= Sealer.sizeMax else {
            throw .invalidParameters("a sealed unit has at most \(Sealer.sizeMax) bytes")
        }
        switch algorithm {
        case .aes256GCM?:
            _ = try output.append(upTo: plaintext.count + Sealer.tagSize) {
                place throws(SealingFailure) in
                guard encrypt(plaintext, nonce: nonce, additional: additional, into: &place) else {
                    throw .cipherFailed("encryption")
                }
                return plaintext.count + Sealer.tagSize
            }
        case SealingAlgorithm.none?:
            output.append(plaintext)
            let tag = checksum(plaintext, nonce: nonce, additional: additional)
            tag.withBytes { output.append($0.extracting(0..<Sealer.tagSize)) }
        case nil:
            throw .invalidParameters("no key is set")
        }
    }

    /// Appends the bytes sealed in `sealed` to `output`; on failure `output` is as it was.
    ///
    /// - Parameters:
    ///   - sealed: What ``seal(_:nonce:additional:into:)`` made, and not bytes of `output`.
    ///   - nonce: The nonce it was sealed with.
    ///   - additional: The additional bytes it was sealed with.
    public func open(
        _ sealed: Span<UInt8>,
        nonce: UInt64,
        additional: Span<UInt8>,
        into output: ByteBuffer
    ) throws(SealingFailure) {
        try open(
            sealed,
            nonce: Sealer.bytes(ofNonce: nonce),
            additional: additional,
            into: output
        )
    }

    /// Opens what was sealed under any 96-bit nonce.
    package func open(
        _ sealed: Span<UInt8>,
        nonce: Nonce,
        additional: Span<UInt8>,
        into output: ByteBuffer
    ) throws(SealingFailure) {
        guard let algorithm else { throw .invalidParameters("no key is set") }
        let count = sealed.count - Sealer.tagSize
        guard count >= 0 else { throw .authenticationFailed }
        guard count <= Sealer.sizeMax && additional.count <= Sealer.sizeMax else {
            throw .invalidParameters("a sealed unit has at most \(Sealer.sizeMax) bytes")
        }
        let ciphertext = sealed.extracting(0..<count)
        let tag = sealed.extracting(count..<sealed.count)
        switch algorithm {
        case .aes256GCM:
            _ = try output.append(upTo: count) { place throws(SealingFailure) in
                let opened = decrypt(
                    ciphertext,
                    tag: tag,
                    nonce: nonce,
                    additional: additional,
                    into: &place
                )
                guard opened else {
                    // What was not authenticated must not stay behind, not even out of reach.
                    place.update(repeating: 0)
                    throw .authenticationFailed
                }
                return count
            }
        case .none:
            let expected = checksum(ciphertext, nonce: nonce, additional: additional)
            let equal = expected.withBytes { Sealer.areEqual($0, tag) }
            guard equal else { throw .authenticationFailed }
            output.append(ciphertext)
        }
    }

    private static func areEqual(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
        unsafe a.withUnsafeBufferPointer { a in
            unsafe b.withUnsafeBufferPointer { b in
                // Both have at least a tag's bytes.
                unsafe CRYPTO_memcmp(a.baseAddress, b.baseAddress, Sealer.tagSize) == 0
            }
        }
    }

    /// What stands for a tag in an unencrypted repository.
    private func checksum(
        _ plaintext: Span<UInt8>,
        nonce: Nonce,
        additional: Span<UInt8>
    ) -> ChunkID {
        update(with: UInt64(additional.count))
        digest.update(additional)
        // The nonce as a number, the other way round than the cipher takes it.
        var number: UInt64 = 0
        for index in 4..<12 { number = number << 8 | UInt64(nonce[index]) }
        update(with: number)
        digest.update(plaintext)
        return digest.finish()
    }

    private func update(with value: UInt64) {
        var bytes = InlineArray<8, UInt8>(repeating: 0)
        for index in 0..<8 {
            bytes[index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
        }
        digest.update(bytes.span)
    }
}

// MARK: - AES-256-GCM

extension Sealer {
    /// 96 bits.
    package typealias Nonce = InlineArray<12, UInt8>

    /// The 96-bit big-endian nonce.
    static func bytes(ofNonce nonce: UInt64) -> Nonce {
        var bytes = InlineArray<12, UInt8>(repeating: 0)
        for index in 0..<8 {
            bytes[11 - index] = UInt8(truncatingIfNeeded: nonce >> UInt64(8 * index))
        }
        return bytes
    }

    /// Writes ciphertext and tag to `output`, which has room for exactly both.
    private func encrypt(
        _ plaintext: Span<UInt8>,
        nonce: Nonce,
        additional: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) -> Bool {
        unsafe nonce.span.withUnsafeBufferPointer { nonce in
            unsafe plaintext.withUnsafeBufferPointer { plaintext in
                unsafe additional.withUnsafeBufferPointer { additional in
                    unsafe output.withUnsafeMutableBufferPointer { output in
                        unsafe Sealer.encrypt(encryption, nonce, additional, plaintext, output)
                    }
                }
            }
        }
    }

    private static func encrypt(
        _ context: OpaquePointer,
        _ nonce: UnsafeBufferPointer<UInt8>,
        _ additional: UnsafeBufferPointer<UInt8>,
        _ plaintext: UnsafeBufferPointer<UInt8>,
        _ output: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        guard let start = output.baseAddress else { return false }
        var size: CInt = 0
        guard unsafe EVP_EncryptInit_ex2(context, nil, nil, nonce.baseAddress, nil) == 1 else {
            return false
        }
        // Without an output pointer the bytes are additional data; an empty part is left out.
        guard
            unsafe additional.isEmpty
                || EVP_EncryptUpdate(
                    context,
                    nil,
                    &size,
                    additional.baseAddress,
                    CInt(additional.count)
                ) == 1
        else { return false }
        guard
            unsafe plaintext.isEmpty
                || EVP_EncryptUpdate(
                    context,
                    start,
                    &size,
                    plaintext.baseAddress,
                    CInt(plaintext.count)
                ) == 1
        else { return false }
        let end = unsafe start + plaintext.count
        // The final step of GCM writes no bytes.
        guard unsafe EVP_EncryptFinal_ex(context, end, &size) == 1 else { return false }
        return unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, CInt(tagSize), end) == 1
    }

    /// Writes the plaintext to `output`, which has room for exactly that; false if the tag is
    /// another.
    private func decrypt(
        _ ciphertext: Span<UInt8>,
        tag: Span<UInt8>,
        nonce: Nonce,
        additional: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) -> Bool {
        unsafe nonce.span.withUnsafeBufferPointer { nonce in
            unsafe ciphertext.withUnsafeBufferPointer { ciphertext in
                unsafe additional.withUnsafeBufferPointer { additional in
                    unsafe tag.withUnsafeBufferPointer { tag in
                        unsafe output.withUnsafeMutableBufferPointer { output in
                            unsafe Sealer.decrypt(
                                decryption,
                                nonce,
                                additional,
                                ciphertext,
                                tag,
                                output
                            )
                        }
                    }
                }
            }
        }
    }

    private static func decrypt(
        _ context: OpaquePointer,
        _ nonce: UnsafeBufferPointer<UInt8>,
        _ additional: UnsafeBufferPointer<UInt8>,
        _ ciphertext: UnsafeBufferPointer<UInt8>,
        _ tag: UnsafeBufferPointer<UInt8>,
        _ output: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        var size: CInt = 0
        guard unsafe EVP_DecryptInit_ex2(context, nil, nil, nonce.baseAddress, nil) == 1 else {
            return false
        }
        guard
            unsafe additional.isEmpty
                || EVP_DecryptUpdate(
                    context,
                    nil,
                    &size,
                    additional.baseAddress,
                    CInt(additional.count)
                ) == 1
        else { return false }
        guard
            unsafe ciphertext.isEmpty
                || EVP_DecryptUpdate(
                    context,
                    output.baseAddress,
                    &size,
                    ciphertext.baseAddress,
                    CInt(ciphertext.count)
                ) == 1
        else { return false }
        // The library takes the tag to compare with through a mutable pointer but only reads it.
        guard
            unsafe EVP_CIPHER_CTX_ctrl(
                context,
                EVP_CTRL_AEAD_SET_TAG,
                CInt(tagSize),
                UnsafeMutablePointer(mutating: tag.baseAddress)
            ) == 1
        else { return false }
        // The final step compares the tag and writes no bytes, but wants to be given a place.
        var unused: UInt8 = 0
        return unsafe EVP_DecryptFinal_ex(context, &unused, &size) == 1
    }
}

/// A cipher of OpenSSL, looked up once.
@safe
private final class CipherAlgorithm: @unchecked Sendable {
    // Unchecked, because a pointer is not Sendable; OpenSSL never changes a fetched algorithm.
    let pointer: OpaquePointer

    static let aes256GCM = CipherAlgorithm()

    private init() {
        guard let fetched = unsafe EVP_CIPHER_fetch(nil, "AES-256-GCM", nil) else {
            preconditionFailure("libcrypto provides no AES-256-GCM")
        }
        unsafe pointer = fetched
    }
}
