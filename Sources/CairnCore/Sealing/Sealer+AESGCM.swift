internal import COpenSSL

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
    func encrypt(
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
    func decrypt(
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
