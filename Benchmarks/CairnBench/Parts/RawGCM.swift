import COpenSSL

/// AES-256-GCM of OpenSSL by itself on units in memory, to see what the engine adds to it.
@safe
final class RawGCM {
    private static let tagSize = 16
    private let context: OpaquePointer
    private let place: UnsafeMutableBufferPointer<UInt8>

    /// Takes a key of 32 bytes, and room for a sealed unit of up to `sizeMax` bytes.
    init(key: [UInt8], sizeMax: Int) throws {
        guard let context = unsafe EVP_CIPHER_CTX_new() else {
            preconditionFailure("out of memory for a context of OpenSSL")
        }
        unsafe self.context = unsafe context
        unsafe place = .allocate(capacity: sizeMax + RawGCM.tagSize)
        unsafe place.initialize(repeating: 0)
        guard key.count == 32,
            unsafe EVP_EncryptInit_ex2(context, EVP_aes_256_gcm(), key, nil, nil) == 1
        else { throw BenchFailure("OpenSSL does not take the key") }
    }

    deinit {
        unsafe EVP_CIPHER_CTX_free(context)
        unsafe place.deallocate()
    }

    /// Seals a unit; the size of ciphertext and tag.
    func seal(
        _ unit: Span<UInt8>,
        nonce: [UInt8],
        additional: [UInt8]
    ) throws -> Int {
        guard unsafe unit.count + RawGCM.tagSize <= place.count, nonce.count == 12 else {
            throw BenchFailure("a unit or its nonce has another size than was said")
        }
        let done = unsafe unit.withUnsafeBufferPointer { unit in
            unsafe encrypt(unit, nonce, additional)
        }
        guard done else { throw BenchFailure("OpenSSL did not seal") }
        return unit.count + RawGCM.tagSize
    }

    /// Seals a unit; ciphertext and tag.
    func sealed(
        _ unit: Span<UInt8>,
        nonce: [UInt8],
        additional: [UInt8]
    ) throws -> [UInt8] {
        let size = try seal(unit, nonce: nonce, additional: additional)
        return unsafe Array(place.prefix(size))
    }

    /// There is room in `place` for the unit and a tag.
    private func encrypt(
        _ unit: UnsafeBufferPointer<UInt8>,
        _ nonce: [UInt8],
        _ additional: [UInt8]
    ) -> Bool {
        guard let start = unsafe place.baseAddress else { return false }
        var size: CInt = 0
        let end = unsafe start + unit.count
        let tag = CInt(RawGCM.tagSize)
        return unsafe EVP_EncryptInit_ex2(context, nil, nil, nonce, nil) == 1
            && EVP_EncryptUpdate(context, nil, &size, additional, CInt(additional.count)) == 1
            && EVP_EncryptUpdate(context, start, &size, unit.baseAddress, CInt(unit.count)) == 1
            && EVP_EncryptFinal_ex(context, end, &size) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, tag, end) == 1
    }
}
