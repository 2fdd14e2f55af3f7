package import CairnCore

/// What a record is.
///
/// The values are stored: never change them.
package enum RecordType: UInt8, Hashable, Sendable, CaseIterable {
    /// A session's registration.
    case session = 1
    /// A snapshot.
    case snapshot = 2
    /// What stands in place of a snapshot that will never be made.
    case tombstone = 3
    /// An index object.
    case index = 4
    /// A snapshot was forgotten.
    case forgotten = 5
    /// Packs that no new session may use.
    case condemned = 6
    /// Packs that are deleted.
    case doomed = 7
    /// A cleanup is finished.
    case done = 8
    /// Reserved.
    case amendment = 9

    /// The largest payload in bytes, checked before anything is decompressed.
    package var payloadSizeMax: Int {
        switch self {
        case .index: 72 << 20
        case .snapshot: 16 << 20
        case .condemned, .doomed, .done: 64 << 20
        case .session, .tombstone, .forgotten, .amendment: 64 << 10
        }
    }
}

/// The head of a record: Specs/Format.md#record-envelope.
///
/// ```
/// 0 "CAIRNREC" | 8 u16 1 | 10 u8 type | 11 u8 sealing | 12 u8 codec | 13 3 × 0
/// 16 u64 plain length | 24 repository 16 | 40 salt 32 | 72 commitment 32
/// 104 sealed payload | u32 CRC-32C of all before
/// ```
package struct RecordEnvelope: Hashable, Sendable {
    /// The number of bytes before the sealed payload.
    package static let headSize = 104
    /// The fewest bytes of a whole record.
    package static let sizeMin = headSize + FormatLimits.sealSize + 4

    /// What the record is.
    package let type: RecordType
    /// How the payload is sealed.
    package let sealing: SealingAlgorithm
    /// How the payload is compressed before it is sealed.
    package let codec: Codec
    /// The size of the payload before compression.
    package let plainSize: Int
    /// The repository that the record belongs to.
    package let repository: RepositoryID
    /// What makes the record's key its own: 32 random bytes.
    package let salt: [UInt8]
    /// What ties the record to its key: 32 bytes, zeros where nothing is encrypted.
    package let commitment: [UInt8]

    /// Puts a head together.
    package init(
        type: RecordType,
        sealing: SealingAlgorithm,
        codec: Codec,
        plainSize: Int,
        repository: RepositoryID,
        salt: [UInt8],
        commitment: [UInt8]
    ) {
        self.type = type
        self.sealing = sealing
        self.codec = codec
        self.plainSize = plainSize
        self.repository = repository
        self.salt = salt
        self.commitment = commitment
    }

    /// What is authenticated with the payload: the head and the object's name.
    package func associatedData(name: String) -> [UInt8] {
        encode() + Array(name.utf8)
    }
}

extension RecordEnvelope: StoredValue {
    package func validate() throws(DecodingFailure) {
        let sizes = 0...type.payloadSizeMax
        try require(sizes.contains(plainSize), "size of a record's payload")
        try require(salt.count == 32, "size of a record's salt")
        try require(commitment.count == 32, "size of a record's commitment")
        let isPlain = commitment.allSatisfy { $0 == 0 }
        try require(sealing != .none || isPlain, "commitment to no key")
    }

    package func write(to writer: inout ByteWriter) {
        writer.writeBytes(Magic.record.bytes)
        writer.write(1 as UInt16)
        writer.write(type.rawValue)
        writer.write(sealing.rawValue)
        writer.write(codec.rawValue)
        writer.writeZeros(3)
        writer.write(UInt64(truncatingIfNeeded: plainSize))
        repository.write(to: &writer)
        writer.writeBytes(salt)
        writer.writeBytes(commitment)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        try reader.readMagic(.record)
        try reader.readPayloadVersion("record")
        let number = try reader.readUInt8()
        guard let type = RecordType(rawValue: number) else {
            throw .unsupported("record type \(number)")
        }
        self.type = type
        sealing = try reader.readSealingAlgorithm()
        codec = try reader.readCodec()
        try reader.readZeros(3)
        let start = reader.offset
        let size = try reader.readUInt64()
        guard size <= UInt64(type.payloadSizeMax) else { throw .outOfRange(offset: start) }
        plainSize = Int(size)
        repository = try RepositoryID(from: &reader)
        salt = try reader.readBytes(32)
        commitment = try reader.readBytes(32)
        try validate()
    }

    /// Reads the head of a whole record and checks everything that takes no key.
    ///
    /// - Parameter object: The stored object.
    /// - Returns: The head; the sealed payload lies between it and the last four bytes.
    /// - Throws: ``DecodingFailure``; a later version is `unsupported` only where the checksum,
    ///   which every version keeps in the last four bytes, shows that nothing is damaged.
    package static func check(_ object: Span<UInt8>) throws(DecodingFailure) -> RecordEnvelope {
        var reader = ByteReader(object)
        var whole = reader
        _ = try whole.readChecked(.record, "record")
        guard object.count >= sizeMin else {
            throw .truncated(offset: object.count, needed: sizeMin - object.count)
        }
        let envelope = try RecordEnvelope(from: &reader)
        let sealedSize = object.count - headSize - FormatLimits.sealSize - 4
        if envelope.codec == .none {
            try require(sealedSize == envelope.plainSize, "size of an uncompressed record")
        } else {
            try require(sealedSize < envelope.plainSize, "size of a compressed record")
        }
        return envelope
    }
}
