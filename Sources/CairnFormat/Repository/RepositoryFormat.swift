package import CairnCore

/// How chunk IDs are computed.
///
/// The values are stored: never change them.
package enum IdentifierAlgorithm: UInt8, Hashable, Sendable, CaseIterable {
    /// HMAC-SHA-256 under the repository's ID key; in every encrypted repository.
    case hmacSHA256 = 1
    /// Plain SHA-256; in every repository without encryption.
    case sha256 = 2
}

/// The `format` object: what the repository is: Specs/Format.md#format-object.
///
/// ```
/// 0 "CAIRNFMT" | 8 u16 1 | 10 u16 0 | 12 repository 16 | 28 u8 protocol | 29 u8 IDs
/// 30 u8 sealing | 31 u8 chunking | 32 u32 sizeMin, sizeMean, sizeMax | 44 u32 pack size
/// 48 u64 required | 56 u64 optional | 64 i64 created | 72 chunker key 32 | 104 u32 CRC-32C
/// ```
package struct RepositoryFormat: Hashable, Sendable {
    /// The number of bytes of the object.
    package static let size = 108
    /// The required feature bits that this reader knows.
    package static let requiredFeaturesKnown: UInt64 = 0
    /// What pack sizes a repository may aim at, in bytes.
    package static let packSizes: ClosedRange<UInt32> = 4 << 20...128 << 20

    /// The repository.
    package var repository: RepositoryID
    /// How chunk IDs are computed.
    package var identifiers: IdentifierAlgorithm
    /// How everything is sealed.
    package var sealing: SealingAlgorithm
    /// How streams are cut.
    package var chunking: ChunkingAlgorithm
    /// The smallest chunk in bytes, but for the last of a stream.
    package var chunkSizeMin: UInt32
    /// The mean that the chunker aims at, in bytes.
    package var chunkSizeMean: UInt32
    /// The largest chunk in bytes.
    package var chunkSizeMax: UInt32
    /// The size that packs are filled to, in bytes.
    package var packSizeTarget: UInt32
    /// Features without which the repository must not be read or written.
    package var requiredFeatures: UInt64
    /// Features that a reader or writer may ignore.
    package var optionalFeatures: UInt64
    /// When the repository was made: nanoseconds since 1970.
    package var created: Int64
    /// The chunker's key where nothing is encrypted; otherwise 32 zeros.
    package var chunkerKey: [UInt8]

    /// Puts the object together; ``validate()`` says whether it may be stored.
    package init(
        repository: RepositoryID,
        identifiers: IdentifierAlgorithm,
        sealing: SealingAlgorithm,
        chunking: ChunkingAlgorithm,
        chunkSizeMin: UInt32,
        chunkSizeMean: UInt32,
        chunkSizeMax: UInt32,
        packSizeTarget: UInt32,
        requiredFeatures: UInt64 = 0,
        optionalFeatures: UInt64 = 0,
        created: Int64,
        chunkerKey: [UInt8] = [UInt8](repeating: 0, count: 32)
    ) {
        self.repository = repository
        self.identifiers = identifiers
        self.sealing = sealing
        self.chunking = chunking
        self.chunkSizeMin = chunkSizeMin
        self.chunkSizeMean = chunkSizeMean
        self.chunkSizeMax = chunkSizeMax
        self.packSizeTarget = packSizeTarget
        self.requiredFeatures = requiredFeatures
        self.optionalFeatures = optionalFeatures
        self.created = created
        self.chunkerKey = chunkerKey
    }

    /// The chunker's parameters.
    package func chunkerParameters() throws(ChunkingFailure) -> ChunkerParameters {
        try ChunkerParameters(
            algorithm: chunking,
            sizeMin: Int(chunkSizeMin),
            sizeMean: Int(chunkSizeMean),
            sizeMax: Int(chunkSizeMax)
        )
    }

    /// The SHA-256 of the stored object, which key slots keep so that nobody can swap the object.
    package var digest: ChunkID { SHA256.hash(encode().span) }
}

extension RepositoryFormat: StoredValue {
    package func validate() throws(DecodingFailure) {
        let isEncrypted = sealing != .none
        try require(isEncrypted == (identifiers == .hmacSHA256), "IDs and sealing")
        do throws(ChunkingFailure) {
            _ = try chunkerParameters()
        } catch {
            throw .inconsistent("chunker parameters")
        }
        try require(RepositoryFormat.packSizes.contains(packSizeTarget), "pack size")
        let unknown = requiredFeatures & ~RepositoryFormat.requiredFeaturesKnown
        guard unknown == 0 else {
            throw .unsupported("required features 0x\(String(unknown, radix: 16))")
        }
        try require(chunkerKey.count == 32, "chunker key size")
        let isKeyZero = chunkerKey.allSatisfy { $0 == 0 }
        try require(!isEncrypted || isKeyZero, "public chunker key of an encrypted repository")
    }

    package func write(to writer: inout ByteWriter) {
        var object = ByteWriter()
        object.writeBytes(Magic.format.bytes)
        object.write(1 as UInt16)
        object.write(0 as UInt16)
        repository.write(to: &object)
        object.write(1 as UInt8)
        object.write(identifiers.rawValue)
        object.write(sealing.rawValue)
        object.write(chunking.rawValue)
        object.write(chunkSizeMin)
        object.write(chunkSizeMean)
        object.write(chunkSizeMax)
        object.write(packSizeTarget)
        object.write(requiredFeatures)
        object.write(optionalFeatures)
        object.write(created)
        object.writeBytes(chunkerKey)
        writer.writeChecked(object)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        var fields = try reader.readChecked(.format, "repository format")
        try fields.readZeros(2)
        repository = try RepositoryID(from: &fields)
        let concurrencyProtocol = try fields.readUInt8()
        guard concurrencyProtocol == 1 else {
            throw .unsupported("concurrency protocol \(concurrencyProtocol)")
        }
        let identifiers = try fields.readUInt8()
        guard let identifiers = IdentifierAlgorithm(rawValue: identifiers) else {
            throw .unsupported("ID algorithm \(identifiers)")
        }
        self.identifiers = identifiers
        sealing = try fields.readSealingAlgorithm()
        let chunking = try fields.readUInt8()
        guard let chunking = ChunkingAlgorithm(rawValue: chunking) else {
            throw .unsupported("chunking algorithm \(chunking)")
        }
        self.chunking = chunking
        chunkSizeMin = try fields.readUInt32()
        chunkSizeMean = try fields.readUInt32()
        chunkSizeMax = try fields.readUInt32()
        packSizeTarget = try fields.readUInt32()
        requiredFeatures = try fields.readUInt64()
        optionalFeatures = try fields.readUInt64()
        created = try fields.readInt64()
        chunkerKey = try fields.readBytes(32)
        try fields.expectEnd()
        try validate()
    }
}

extension ByteReader {
    /// Reads a whole plain object: magic, version 1, fields, and the CRC-32C of all before it.
    ///
    /// Every version of such an object begins and ends in this way, so that damage can be told
    /// from a later version: only an object whose checksum holds can be "unsupported".
    ///
    /// - Returns: A reader of the fields behind the version.
    @_lifetime(copy self)
    mutating func readChecked(
        _ magic: Magic,
        _ what: String
    ) throws(DecodingFailure) -> ByteReader {
        let size = remaining
        let bytes = try readSpan(size)
        var fields = ByteReader(bytes)
        try fields.readMagic(magic)
        guard size >= magic.bytes.count + 6 else {
            throw .truncated(offset: size, needed: magic.bytes.count + 6 - size)
        }
        let end = size - 4
        let checksum = LittleEndian.loadUInt32(bytes, at: end)
        guard checksum == CRC32C.checksum(bytes.extracting(0..<end)) else {
            throw .checksumMismatch
        }
        fields = ByteReader(bytes.extracting(magic.bytes.count..<end))
        let version = try fields.readUInt16()
        guard version == 1 else { throw .unsupported("\(what) version \(version)") }
        return fields
    }
}

extension ByteWriter {
    /// Appends a plain object and the CRC-32C of all its bytes.
    mutating func writeChecked(_ object: ByteWriter) {
        writeBytes(object.bytes)
        write(CRC32C.checksum(object.bytes.span))
    }
}
