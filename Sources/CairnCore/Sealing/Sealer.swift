internal import COpenSSL

/// How stored bytes are sealed.
///
/// The values are stored: never change them.
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

    let encryption: OpaquePointer
    let decryption: OpaquePointer
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
    /// - Parameters:
    ///   - key: 32 bytes for AES-256-GCM; nil for `none`.
    ///   - algorithm: How units are sealed.
    /// - Throws: ``SealingFailure`` when key and algorithm do not fit; no key is set then.
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
                    let cipher = unsafe FetchedAlgorithm.aes256GCM.pointer
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
    ///   - output: Where the sealed bytes go.
    /// - Throws: ``SealingFailure`` when no key is set or there are too many bytes.
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
    ///   - output: Where the plaintext goes.
    /// - Throws: ``SealingFailure``; the bytes are then not those that were sealed under this key.
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
