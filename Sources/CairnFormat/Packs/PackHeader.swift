package import CairnCore

/// What a pack holds.
///
/// The values are stored: never change them.
package enum PackKind: UInt8, Hashable, Sendable, CaseIterable, BitwiseCopyable {
    /// Chunks of file content.
    case data = 1
    /// Chunks of trees, lists and other metadata.
    case metadata = 2
}

/// What a chunk is.
///
/// The values are stored: never change them.
@usableFromInline
package enum ChunkType: UInt8, Hashable, Sendable, CaseIterable {
    /// Content of files.
    case data = 0
    /// A node of a directory's tree.
    case tree = 1
    /// A node of a list of chunks.
    case list = 2
    /// Streams of the repository's own, such as lists of problems.
    case auxiliary = 3

    /// Takes the lowest two bits.
    @inlinable
    init(bits: UInt64) {
        switch bits & 3 {
        case 0: self = .data
        case 1: self = .tree
        case 2: self = .list
        default: self = .auxiliary
        }
    }
}

/// The first 128 bytes of a pack, which are plain: Specs/Format.md#pack-header.
///
/// ```
/// 0 "CAIRNPAK" | 8 u16 1 | 10 u8 kind | 11 u8 sealing | 12 u32 number | 16 repository 16
/// 32 session 24 | 56 u64 0 | 64 salt 32 | 96 key commitment 32
/// ```
package struct PackHeader: Hashable, Sendable {
    /// The number of bytes in a header.
    package static let size = 128

    /// What the pack holds.
    package let kind: PackKind
    /// How its segments are sealed.
    package let sealing: SealingAlgorithm
    /// Which pack it is.
    package let id: PackID
    /// The repository that it belongs to.
    package let repository: RepositoryID
    /// What makes the pack's key its own: 32 random bytes.
    package let salt: [UInt8]
    /// What ties the header to the pack's key: 32 bytes, zeros where nothing is encrypted.
    package let commitment: [UInt8]

    /// Puts a header together.
    package init(
        kind: PackKind,
        sealing: SealingAlgorithm,
        id: PackID,
        repository: RepositoryID,
        salt: [UInt8],
        commitment: [UInt8]
    ) {
        self.kind = kind
        self.sealing = sealing
        self.id = id
        self.repository = repository
        self.salt = salt
        self.commitment = commitment
    }
}

extension PackHeader: StoredValue {
    package func validate() throws(DecodingFailure) {
        try require(salt.count == 32, "size of a pack's salt")
        try require(commitment.count == 32, "size of a pack's commitment")
        let isPlain = commitment.allSatisfy { $0 == 0 }
        try require(sealing != .none || isPlain, "commitment to no key")
    }

    package func write(to writer: inout ByteWriter) {
        writer.writeBytes(Magic.pack.bytes)
        writer.write(1 as UInt16)
        writer.write(kind.rawValue)
        writer.write(sealing.rawValue)
        writer.write(id.number)
        repository.write(to: &writer)
        id.session.write(to: &writer)
        writer.write(0 as UInt64)
        writer.writeBytes(salt)
        writer.writeBytes(commitment)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        try reader.readMagic(.pack)
        try reader.readPayloadVersion("pack")
        let start = reader.offset
        guard let kind = PackKind(rawValue: try reader.readUInt8()) else {
            throw .outOfRange(offset: start)
        }
        self.kind = kind
        sealing = try reader.readSealingAlgorithm()
        let number = try reader.readUInt32()
        repository = try RepositoryID(from: &reader)
        id = PackID(session: try SessionID(from: &reader), number: number)
        try reader.readZeros(8)
        salt = try reader.readBytes(32)
        commitment = try reader.readBytes(32)
        try validate()
    }
}

extension ByteReader {
    /// Reads a sealing algorithm; one that is not known is a later version's.
    @_lifetime(self: copy self)
    mutating func readSealingAlgorithm() throws(DecodingFailure) -> SealingAlgorithm {
        let value = try readUInt8()
        guard let algorithm = SealingAlgorithm(rawValue: value) else {
            throw .unsupported("sealing algorithm \(value)")
        }
        return algorithm
    }

    /// Reads a codec; one that is not known is a later version's.
    @_lifetime(self: copy self)
    mutating func readCodec() throws(DecodingFailure) -> Codec {
        let value = try readUInt8()
        guard let codec = Codec(rawValue: value) else { throw .unsupported("codec \(value)") }
        return codec
    }
}
