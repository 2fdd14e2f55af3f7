package import CairnCore

/// The key of one object and what ties it to that object.
package struct ObjectSealingKey: Sendable {
    /// The key: 32 bytes; nil where nothing is encrypted.
    package let secret: SecretBytes?
    /// What the object stores to prove which key it is sealed with: 32 bytes, zeros for none.
    package let commitment: [UInt8]

    /// Derives an object's key and commitment from a purpose key.
    static func derive(
        from purposeKey: SecretBytes?,
        salt: [UInt8],
        info: [UInt8]
    ) throws(SealingFailure) -> ObjectSealingKey {
        guard let purposeKey else {
            return ObjectSealingKey(secret: nil, commitment: [UInt8](repeating: 0, count: 32))
        }
        let derived = try KeyDerivation.hkdfSHA256(
            secret: purposeKey,
            salt: salt,
            info: info,
            count: 64
        )
        return derived.withSpan { bytes in
            let commitment = (32..<64).map { bytes[$0] }
            return ObjectSealingKey(
                secret: SecretBytes(copying: bytes.extracting(0..<32)),
                commitment: commitment
            )
        }
    }
}

/// The keys of packs: Specs/Format.md#pack-sealing.
package enum PackKeys {
    /// The key of a pack.
    ///
    /// - Parameters:
    ///   - purposeKey: The repository's pack key; nil in a repository without encryption.
    ///   - salt: The pack's salt.
    ///   - id: Which pack it is.
    /// - Returns: The key and the commitment that the header must state.
    /// - Throws: ``SealingFailure`` where libcrypto refuses.
    package static func derive(
        from purposeKey: SecretBytes?,
        salt: [UInt8],
        id: PackID
    ) throws(SealingFailure) -> ObjectSealingKey {
        let info = Array("cairn/v1/pack".utf8) + id.encode()
        return try ObjectSealingKey.derive(from: purposeKey, salt: salt, info: info)
    }
}

/// What a sealed part of a pack is.
package enum PackPart: String, Hashable, Sendable, CaseIterable {
    /// Chunks.
    case segment
    /// The list of segments.
    case directory
    /// Where the directory is.
    case locator
}

/// What is authenticated with each sealed part of one pack: Specs/Format.md#pack-sealing.
///
/// The nonce of a part is its offset in the pack.
package struct PackAssociatedData: Hashable, Sendable {
    /// With segments.
    package let segment: [UInt8]
    /// With the directory; it covers the whole header.
    package let directory: [UInt8]
    /// With the locator.
    package let locator: [UInt8]

    /// The additional data of a pack's parts.
    package init(_ header: PackHeader) {
        segment = PackAssociatedData.make(.segment, header)
        directory = PackAssociatedData.make(.directory, header)
        locator = PackAssociatedData.make(.locator, header)
    }

    private static func make(_ part: PackPart, _ header: PackHeader) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeBytes(Array("cairn/v1/pack/\(part.rawValue)".utf8))
        header.repository.write(to: &writer)
        header.id.write(to: &writer)
        writer.write(header.kind.rawValue)
        if part == .directory { header.write(to: &writer) }
        return writer.bytes
    }
}
