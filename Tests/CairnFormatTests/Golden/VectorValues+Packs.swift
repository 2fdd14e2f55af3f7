import CairnCore

@testable import CairnFormat

extension VectorValues {
    /// The plaintexts of the segments of the example pack, and the chunks in them.
    static let segments: [(header: SegmentHeader, payload: [UInt8], ids: [ChunkID])] = [
        (
            SegmentHeader(codec: .none, type: .tree, lengths: [11]), text("hello world"),
            [id(0x01)]
        ),
        (
            SegmentHeader(codec: .none, type: .list, lengths: [3, 4]), text("abcdefg"),
            [id(0x02), id(0x03)]
        ),
    ]

    static func plaintext(_ index: Int) -> [UInt8] {
        segments[index].header.encode() + segments[index].payload
    }

    static let directory: PackDirectory = {
        var directory = PackDirectory()
        for (header, payload, ids) in segments {
            directory.append(
                storedSize: UInt32(header.size + payload.count + FormatLimits.sealSize),
                codec: header.codec,
                type: header.type,
                chunks: zip(ids, header.lengths).map { PackChunk(id: $0, length: $1) }
            )
        }
        directory.pad(isLast: true)
        return directory
    }()

    static func packHeader(_ key: ObjectSealingKey) -> PackHeader {
        PackHeader(
            kind: .metadata,
            sealing: key.secret == nil ? .none : .aes256GCM,
            id: pack,
            repository: repository,
            salt: salt,
            commitment: key.commitment
        )
    }

    /// The whole example pack.
    static func packObject(encrypted: Bool) throws -> [UInt8] {
        let purposeKey = encrypted ? try keys().pack : nil
        let key = try PackKeys.derive(from: purposeKey, salt: salt, id: pack)
        let header = packHeader(key)
        let associated = PackAssociatedData(header)
        let sealer = Sealer()
        try sealer.setKey(key.secret, algorithm: header.sealing)
        let output = ByteBuffer()
        func seal(_ plain: [UInt8], _ additional: [UInt8]) throws {
            let nonce = UInt64(output.count)
            try sealer.seal(plain.span, nonce: nonce, additional: additional.span, into: output)
        }
        output.append(header.encode())
        for index in segments.indices { try seal(plaintext(index), associated.segment) }
        try seal(directory.encode(), associated.directory)
        try seal(PackLocator(directory).encode(), associated.locator)
        var trailer = PackTrailerBuilder()
        trailer.append(output.span)
        output.append(trailer.trailer.encode())
        return output.array
    }

    static let indexObject: IndexObject = {
        let size = UInt64(PackLocator(directory).bodySize)
        let objectSize = size + UInt64(PackTrailer.size(bodySize: Int(size)))
        let packs = [IndexedPack(id: pack, kind: .metadata, size: objectSize)]
        let lone = IndexEntry(
            id: id(0x01),
            pack: 0,
            segmentOffset: 128,
            segmentStoredSize: 35,
            type: .tree,
            place: nil,
            length: 11
        )
        let grouped = IndexEntry(
            id: id(0x03),
            pack: 0,
            segmentOffset: 163,
            segmentStoredSize: 39,
            type: .list,
            place: 3,
            length: 4
        )
        return IndexObject(packs: packs, entries: [lone, grouped].compactMap { $0 })
    }()

    static func record(_ payload: [UInt8], _ type: RecordType, encrypted: Bool) throws -> [UInt8] {
        try RecordEnvelope.seal(
            payload.span,
            type: type,
            name: recordName(type),
            key: encrypted ? keys().record : nil,
            repository: repository,
            salt: salt,
            compression: .none
        )
    }

    static func recordName(_ type: RecordType) -> String {
        type == .session ? ObjectNames.session(session) : ObjectNames.forgotten(session)
    }
}
