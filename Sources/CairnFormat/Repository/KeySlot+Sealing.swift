package import CairnCore

/// What a key slot protects.
///
/// Stored, sealed, as u16 1 ‖ master secret 32 ‖ SHA-256 of the `format` object 32.
package struct KeyBundle: Sendable {
    /// The size of the plaintext.
    package static let size = 66

    /// The secret that all keys come from: 32 bytes.
    package let masterSecret: SecretBytes
    /// The SHA-256 of the `format` object as it was when the slot was made.
    package let formatDigest: ChunkID

    /// Joins the secret and the digest.
    package init(masterSecret: SecretBytes, formatDigest: ChunkID) {
        self.masterSecret = masterSecret
        self.formatDigest = formatDigest
    }
}

/// Why a key slot gave no keys.
package enum KeySlotFailure: Error, Equatable, Sendable {
    /// Another passphrase, key file or code, or a changed slot; nobody can tell which.
    case wrongSecret
    /// The slot opened, but what it holds is not a bundle.
    case damaged(DecodingFailure)
    /// libcrypto or libargon2 refused.
    case cryptography(SealingFailure)
}

extension KeySlot {
    /// The slot with `bundle` sealed in it.
    ///
    /// - Parameters:
    ///   - bundle: What the slot protects.
    ///   - secret: The passphrase, the content of the key file or the bytes of the code.
    /// - Returns: The slot to store.
    /// - Throws: ``KeySlotFailure/cryptography(_:)``.
    package func sealing(
        _ bundle: KeyBundle,
        with secret: SecretBytes
    ) throws(KeySlotFailure) -> KeySlot {
        do throws(SealingFailure) {
            let key = try deriveKey(from: secret)
            var slot = self
            slot.commitment = key.commitment
            let plain = SecretBytes(count: KeyBundle.size) { place in
                place[0] = 1
                bundle.masterSecret.withSpan { master in
                    for index in 0..<min(master.count, 32) { place[2 + index] = master[index] }
                }
                for (index, byte) in bundle.formatDigest.bytes.enumerated() {
                    place[34 + index] = byte
                }
            }
            let sealer = Sealer()
            try sealer.setKey(key.secret, algorithm: .aes256GCM)
            let output = ByteBuffer(capacity: KeySlot.bundleSealedSize)
            let additional = slot.associatedData
            try plain.withSpan { bytes throws(SealingFailure) in
                try sealer.seal(bytes, nonce: 0, additional: additional.span, into: output)
            }
            slot.sealedBundle = output.array
            return slot
        } catch {
            throw .cryptography(error)
        }
    }

    /// What the slot protects.
    ///
    /// - Parameter secret: The passphrase, the content of the key file or the bytes of the code.
    /// - Returns: The bundle.
    /// - Throws: ``KeySlotFailure``.
    package func open(with secret: SecretBytes) throws(KeySlotFailure) -> KeyBundle {
        let output = ByteBuffer(capacity: KeySlot.bundleSealedSize)
        do throws(SealingFailure) {
            let key = try deriveKey(from: secret)
            // Compared before anything is opened, so that no slot opens under two secrets.
            guard Commitment.areEqual(key.commitment, commitment) else {
                throw .authenticationFailed
            }
            let sealer = Sealer()
            try sealer.setKey(key.secret, algorithm: .aes256GCM)
            let additional = associatedData
            try sealer.open(
                sealedBundle.span,
                nonce: 0,
                additional: additional.span,
                into: output
            )
        } catch .authenticationFailed {
            throw .wrongSecret
        } catch {
            throw .cryptography(error)
        }
        defer { output.edit(0..<output.count) { $0.update(repeating: 0) } }
        do throws(DecodingFailure) {
            var reader = ByteReader(output.span)
            try reader.readPayloadVersion("key bundle")
            let master = SecretBytes(copying: try reader.readSpan(32))
            let digest = try reader.readChunkID()
            try reader.expectEnd()
            return KeyBundle(masterSecret: master, formatDigest: digest)
        } catch {
            throw .damaged(error)
        }
    }

    private func deriveKey(from secret: SecretBytes) throws(SealingFailure) -> ObjectSealingKey {
        let stretched =
            kind == .passphrase
            ? try KeyDerivation.argon2id(
                passphrase: secret,
                salt: salt,
                parameters: work,
                count: 32
            ) : secret
        let info = Array("cairn/v1/slot".utf8) + id.bytes
        return try ObjectSealingKey.derive(from: stretched, salt: salt, info: info)
    }
}

/// The keys of an encrypted repository, one for each purpose: Specs/Format.md#keys.
package struct PurposeKeys: Sendable {
    /// Computes chunk IDs.
    package let id: SecretBytes
    /// Decides where the chunker cuts.
    package let chunker: SecretBytes
    /// Gives packs their keys.
    package let pack: SecretBytes
    /// Gives records their keys.
    package let record: SecretBytes
    /// Protects what is kept locally.
    package let cache: SecretBytes

    /// Derives the keys: HKDF-SHA-256 with the repository's ID as salt.
    package init(master: SecretBytes, repository: RepositoryID) throws(SealingFailure) {
        func derive(_ purpose: String) throws(SealingFailure) -> SecretBytes {
            try KeyDerivation.hkdfSHA256(
                secret: master,
                salt: repository.bytes,
                info: Array("cairn/v1/\(purpose)".utf8),
                count: 32
            )
        }
        id = try derive("id")
        chunker = try derive("chunker")
        pack = try derive("pack")
        record = try derive("record")
        cache = try derive("cache")
    }
}
