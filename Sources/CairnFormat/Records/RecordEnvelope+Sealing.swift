package import CairnCore

/// Why a record could not be opened.
package enum RecordFailure: Error, Equatable, Sendable {
    /// The bytes are not those of a record: chance damage, or a payload that does not decode.
    case damaged(DecodingFailure)
    /// The bytes are sound but were not sealed with this repository's key for this name.
    case notAuthentic
    /// The record belongs to another repository.
    case foreignRepository(RepositoryID)
    /// A later version wrote the record.
    case unsupported(String)
    /// libcrypto refused, which no stored bytes can cause.
    case cryptography(SealingFailure)

    /// Takes apart what a decoder says.
    package init(_ failure: DecodingFailure) {
        if case .unsupported(let what) = failure {
            self = .unsupported(what)
        } else {
            self = .damaged(failure)
        }
    }
}

extension RecordEnvelope {
    /// A whole record, ready to be stored under `name`.
    ///
    /// - Parameters:
    ///   - payload: At most ``RecordType/payloadSizeMax`` bytes.
    ///   - type: What the record is.
    ///   - name: The name of the object; the record opens under no other.
    ///   - key: The repository's record key; nil in a repository without encryption.
    ///   - repository: The repository.
    ///   - salt: 32 random bytes, never used before.
    ///   - compression: How to compress the payload.
    /// - Returns: The object's bytes.
    /// - Throws: ``SealingFailure`` where libcrypto refuses.
    package static func seal(
        _ payload: Span<UInt8>,
        type: RecordType,
        name: String,
        key: SecretBytes?,
        repository: RepositoryID,
        salt: [UInt8],
        compression: CompressionSetting = .zstd(level: 3)
    ) throws(SealingFailure) -> [UInt8] {
        guard payload.count <= type.payloadSizeMax else {
            throw .invalidParameters("a record of \(payload.count) bytes")
        }
        guard salt.count == 32 else { throw .invalidParameters("a salt of \(salt.count) bytes") }
        let compressed = ByteBuffer(capacity: payload.count)
        let codec = Compressor(compression).compress(payload, into: compressed)
        let objectKey = try deriveKey(from: key, type: type, name: name, salt: salt)
        let sealing = key == nil ? SealingAlgorithm.none : .aes256GCM
        let envelope = RecordEnvelope(
            type: type,
            sealing: sealing,
            codec: codec,
            plainSize: payload.count,
            repository: repository,
            salt: salt,
            commitment: objectKey.commitment
        )
        let sealer = Sealer()
        try sealer.setKey(objectKey.secret, algorithm: sealing)
        let output = ByteBuffer(capacity: compressed.count + sizeMin)
        output.append(envelope.encode())
        let additional = envelope.associatedData(name: name)
        try sealer.seal(compressed.span, nonce: 0, additional: additional.span, into: output)
        var checksum = ByteWriter()
        checksum.write(CRC32C.checksum(output.span))
        output.append(checksum.bytes)
        return output.array
    }

    /// What a record holds.
    ///
    /// - Parameters:
    ///   - object: The stored bytes.
    ///   - name: The name that they are stored under.
    ///   - key: The repository's record key; nil in a repository without encryption.
    ///   - repository: The repository.
    ///   - decompressor: What undoes the compression; a new one where none is given.
    /// - Returns: What the record is and its payload.
    /// - Throws: ``RecordFailure``.
    package static func open(
        _ object: Span<UInt8>,
        name: String,
        key: SecretBytes?,
        repository: RepositoryID,
        decompressor: Decompressor? = nil
    ) throws(RecordFailure) -> (type: RecordType, payload: ByteBuffer) {
        let envelope: RecordEnvelope
        do throws(DecodingFailure) {
            envelope = try check(object)
        } catch {
            throw RecordFailure(error)
        }
        guard envelope.repository == repository else {
            throw .foreignRepository(envelope.repository)
        }
        // Whoever can write to the store could otherwise pass off records without encryption.
        guard (envelope.sealing == .none) == (key == nil) else { throw .notAuthentic }
        let sealed = object.extracting(headSize..<object.count - 4)
        let compressed = ByteBuffer(capacity: sealed.count)
        do throws(SealingFailure) {
            let objectKey = try deriveKey(
                from: key,
                type: envelope.type,
                name: name,
                salt: envelope.salt
            )
            guard Commitment.areEqual(objectKey.commitment, envelope.commitment) else {
                throw .authenticationFailed
            }
            let sealer = Sealer()
            try sealer.setKey(objectKey.secret, algorithm: envelope.sealing)
            let additional = envelope.associatedData(name: name)
            try sealer.open(sealed, nonce: 0, additional: additional.span, into: compressed)
        } catch .authenticationFailed {
            throw .notAuthentic
        } catch {
            throw .cryptography(error)
        }
        if envelope.codec == .none { return (envelope.type, compressed) }
        let payload = ByteBuffer(capacity: envelope.plainSize)
        do throws(CompressionFailure) {
            try (decompressor ?? Decompressor()).decompress(
                compressed.span,
                codec: envelope.codec,
                count: envelope.plainSize,
                into: payload
            )
        } catch {
            throw .damaged(.inconsistent("compressed payload of a record"))
        }
        return (envelope.type, payload)
    }

    private static func deriveKey(
        from key: SecretBytes?,
        type: RecordType,
        name: String,
        salt: [UInt8]
    ) throws(SealingFailure) -> ObjectSealingKey {
        let info = Array("cairn/v1/record".utf8) + [type.rawValue] + Array(name.utf8)
        return try ObjectSealingKey.derive(from: key, salt: salt, info: info)
    }
}
