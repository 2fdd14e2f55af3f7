internal import CArgon2
internal import CCairn
internal import COpenSSL

/// Keys from other keys and from passphrases.
public enum KeyDerivation {
    /// The most bytes HKDF-SHA-256 yields.
    public static let hkdfCountMax = 255 * 32
    /// The longest HKDF info text.
    public static let hkdfInfoCountMax = 1024

    /// HKDF-SHA-256 (RFC 5869), extract and expand.
    ///
    /// - Parameters:
    ///   - secret: Not empty.
    ///   - salt: May be empty.
    ///   - info: What the key is for; at most ``hkdfInfoCountMax`` bytes.
    ///   - count: How many bytes to derive, within `1...hkdfCountMax`.
    /// - Returns: The key.
    /// - Throws: ``SealingFailure`` for parameters outside these limits.
    public static func hkdfSHA256(
        secret: SecretBytes,
        salt: [UInt8],
        info: [UInt8],
        count: Int
    ) throws(SealingFailure) -> SecretBytes {
        guard count >= 1 && count <= hkdfCountMax else {
            throw .invalidParameters("HKDF yields 1...\(hkdfCountMax) bytes")
        }
        guard secret.count > 0 else { throw .invalidParameters("HKDF needs a secret") }
        guard info.count <= hkdfInfoCountMax else {
            throw .invalidParameters("HKDF info is longer than \(hkdfInfoCountMax) bytes")
        }
        return try SecretBytes(count: count) { output throws(SealingFailure) in
            let done = secret.withSpan { secret in
                derive(secret: secret, salt: salt.span, info: info.span, into: &output)
            }
            guard done else { throw .keyDerivationFailed("libcrypto HKDF") }
        }
    }

    private static func derive(
        secret: Span<UInt8>,
        salt: Span<UInt8>,
        info: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) -> Bool {
        guard let context = unsafe EVP_KDF_CTX_new(FetchedAlgorithm.hkdf.pointer) else {
            return false
        }
        defer { unsafe EVP_KDF_CTX_free(context) }
        var digest: [CChar] = [0x53, 0x48, 0x41, 0x32, 0x35, 0x36, 0]  // "SHA256"
        return unsafe digest.withUnsafeMutableBufferPointer { digest in
            unsafe secret.withUnsafeBufferPointer { secret in
                unsafe salt.withUnsafeBufferPointer { salt in
                    unsafe info.withUnsafeBufferPointer { info in
                        let parameters = unsafe [
                            OSSL_PARAM_construct_utf8_string(
                                name("digest"),
                                digest.baseAddress,
                                digest.count - 1
                            ),
                            octets("key", secret),
                            octets("salt", salt),
                            octets("info", info),
                            OSSL_PARAM_construct_end(),
                        ]
                        return unsafe output.withUnsafeMutableBufferPointer { output in
                            unsafe EVP_KDF_derive(
                                context,
                                output.baseAddress,
                                output.count,
                                parameters
                            ) == 1
                        }
                    }
                }
            }
        }
    }

    private static func octets(
        _ text: StaticString,
        _ bytes: UnsafeBufferPointer<UInt8>
    ) -> OSSL_PARAM {
        // The library takes a mutable pointer but only reads.
        unsafe OSSL_PARAM_construct_octet_string(
            name(text),
            UnsafeMutableRawPointer(mutating: bytes.baseAddress),
            bytes.count
        )
    }

    /// A parameter's name; the library keeps the pointer, so the text has to be a constant.
    private static func name(_ text: StaticString) -> UnsafePointer<CChar> {
        unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    /// HMAC-SHA-256 (RFC 2104) of `message`.
    public static func hmacSHA256(key: SecretBytes, message: Span<UInt8>) -> ChunkID {
        HMACKey(key).authenticate(message)
    }

    /// Argon2id (RFC 9106, version 0x13).
    ///
    /// Takes `parameters.memoryKiB` of memory and runs on up to
    /// ``Argon2Parameters/threadCountMax`` threads until it returns. All limits are checked before
    /// any memory is taken.
    ///
    /// - Parameters:
    ///   - passphrase: May be empty.
    ///   - salt: 8 to 1024 bytes.
    ///   - parameters: See ``Argon2Parameters`` for their limits.
    ///   - count: How many bytes to derive, within 4...1024.
    /// - Returns: The key.
    /// - Throws: ``SealingFailure`` for parameters outside their limits, or when there is not
    ///   enough memory.
    public static func argon2id(
        passphrase: SecretBytes,
        salt: [UInt8],
        parameters: Argon2Parameters,
        count: Int
    ) throws(SealingFailure) -> SecretBytes {
        try argon2id(
            passphrase: passphrase,
            salt: salt,
            secret: [],
            associated: [],
            parameters: parameters,
            count: count
        )
    }

    /// Argon2id with the two inputs that only the published vectors use.
    package static func argon2id(
        passphrase: SecretBytes,
        salt: [UInt8],
        secret: [UInt8],
        associated: [UInt8],
        parameters: Argon2Parameters,
        count: Int
    ) throws(SealingFailure) -> SecretBytes {
        try parameters.check()
        guard salt.count >= 8 && salt.count <= 1024 else {
            throw .invalidParameters("Argon2 salt outside 8...1024 bytes")
        }
        guard count >= 4 && count <= 1024 else {
            throw .invalidParameters("Argon2 yields 4...1024 bytes")
        }
        return try SecretBytes(count: count) { output throws(SealingFailure) in
            let status = argon2id(
                passphrase: passphrase,
                salt: salt,
                secret: secret,
                associated: associated,
                parameters: parameters,
                into: &output
            )
            guard status == ARGON2_OK.rawValue else {
                let text = unsafe String(cString: argon2_error_message(status))
                throw .keyDerivationFailed("Argon2: \(text)")
            }
        }
    }

    private static func argon2id(
        passphrase: SecretBytes,
        salt: [UInt8],
        secret: [UInt8],
        associated: [UInt8],
        parameters: Argon2Parameters,
        into output: inout MutableSpan<UInt8>
    ) -> CInt {
        // The library declares its inputs mutable; without the flags that clear the passphrase and
        // the secret it only reads them.
        var context = unsafe argon2_context()
        unsafe context.t_cost = parameters.passes
        unsafe context.m_cost = parameters.memoryKiB
        unsafe context.lanes = parameters.lanes
        unsafe context.threads = min(parameters.lanes, Argon2Parameters.threadCountMax)
        unsafe context.version = UInt32(ARGON2_VERSION_13.rawValue)
        unsafe context.flags = 0
        unsafe context.allocate_cbk = cairn_derivation_allocate
        unsafe context.free_cbk = cairn_derivation_free
        return passphrase.withSpan { passphrase in
            unsafe withFields(passphrase, salt.span, secret.span, associated.span) {
                passphrase,
                salt,
                secret,
                associated in
                unsafe output.withUnsafeMutableBufferPointer { output in
                    unsafe (context.out, context.outlen) = (
                        output.baseAddress, UInt32(output.count)
                    )
                    unsafe (context.pwd, context.pwdlen) = passphrase
                    unsafe (context.salt, context.saltlen) = salt
                    unsafe (context.secret, context.secretlen) = secret
                    unsafe (context.ad, context.adlen) = associated
                    return unsafe argon2id_ctx(&context)
                }
            }
        }
    }

    private typealias Field = (UnsafeMutablePointer<UInt8>?, UInt32)

    private static func withFields<R>(
        _ a: Span<UInt8>,
        _ b: Span<UInt8>,
        _ c: Span<UInt8>,
        _ d: Span<UInt8>,
        _ body: (Field, Field, Field, Field) -> R
    ) -> R {
        func field(_ bytes: UnsafeBufferPointer<UInt8>) -> Field {
            // An empty field has to have no address.
            guard bytes.count > 0 else { return (nil, 0) }
            return unsafe (
                UnsafeMutablePointer(mutating: bytes.baseAddress), UInt32(bytes.count)
            )
        }
        return unsafe a.withUnsafeBufferPointer { a in
            unsafe b.withUnsafeBufferPointer { b in
                unsafe c.withUnsafeBufferPointer { c in
                    unsafe d.withUnsafeBufferPointer { d in
                        unsafe body(field(a), field(b), field(c), field(d))
                    }
                }
            }
        }
    }
}
