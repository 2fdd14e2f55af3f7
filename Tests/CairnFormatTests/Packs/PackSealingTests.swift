import CairnCore
import Testing

@testable import CairnFormat

@Suite("Sealed packs")
struct PackSealingTests {
    struct Reader {
        let bytes: [UInt8]
        let header: PackHeader
        let sealer = Sealer()
        let bodySize: Int

        init(_ bytes: [UInt8], key: SecretBytes?) throws {
            self.bytes = bytes
            bodySize = try #require(PackTrailer.bodySize(objectSize: UInt64(bytes.count)))
            header = try PackHeader(decoding: bytes.span.extracting(0..<PackHeader.size))
            let pack = try PackKeys.derive(from: key, salt: header.salt, id: header.id)
            try #require(pack.commitment == header.commitment)
            try sealer.setKey(pack.secret, algorithm: header.sealing)
        }

        func open(_ range: Range<Int>, _ additional: [UInt8]) throws -> [UInt8] {
            let output = ByteBuffer()
            try sealer.open(
                bytes.span.extracting(range),
                nonce: UInt64(range.lowerBound),
                additional: additional.span,
                into: output
            )
            return output.array
        }
    }

    @Test("give back their chunks from the end to the front", arguments: [true, false])
    func readBack(encrypted: Bool) throws {
        let bytes = try VectorValues.packObject(encrypted: encrypted)
        let reader = try Reader(bytes, key: encrypted ? VectorValues.keys().pack : nil)
        let associated = PackAssociatedData(reader.header)
        let end = reader.bodySize
        let trailer = try PackTrailer(decoding: bytes.span.extracting(end..<bytes.count))
        #expect(trailer.badBlocks(in: bytes.span.extracting(0..<end)).isEmpty)
        let place = end - PackLocator.sealedSize..<end
        let locatorBytes = try reader.open(place, associated.locator)
        let locator = try PackLocator(decoding: locatorBytes.span)
        let start = locator.directoryOffset
        let range = start..<start + locator.directoryStoredSize
        let directoryBytes = try reader.open(range, associated.directory)
        let directory = try PackDirectory(decoding: directoryBytes.span)
        try locator.expect(directory)
        #expect(directory == VectorValues.directory)
        for (index, segment) in directory.segments.enumerated() {
            let range = Int(segment.offset)..<Int(segment.offset) + Int(segment.storedSize)
            let plaintext = try reader.open(range, associated.segment)
            #expect(plaintext == VectorValues.plaintext(index))
            // Neither another part nor another place opens.
            #expect(throws: SealingFailure.self) { try reader.open(range, associated.directory) }
            let moved = range.lowerBound + 1..<range.upperBound
            #expect(throws: SealingFailure.self) { try reader.open(moved, associated.segment) }
        }
    }

    @Test("cover every byte of the header with the directory")
    func headerIsCovered() throws {
        let key = try PackKeys.derive(
            from: VectorValues.keys().pack,
            salt: VectorValues.salt,
            id: VectorValues.pack
        )
        let header = VectorValues.packHeader(key)
        let bytes = header.encode()
        let associated = PackAssociatedData(header)
        for offset in bytes.indices {
            var changed = bytes
            changed[offset] ^= 1
            guard let other = try? PackHeader(decoding: changed.span) else { continue }
            #expect(PackAssociatedData(other).directory != associated.directory)
        }
    }

    @Test("have keys that depend on salt, session and number")
    func keys() throws {
        let pack = try VectorValues.keys().pack
        let salt = VectorValues.salt
        let id = VectorValues.pack
        let first = try PackKeys.derive(from: pack, salt: salt, id: id)
        let next = PackID(session: id.session, number: id.number + 1)
        let other = PackID(session: VectorValues.other, number: id.number)
        for (salt, id) in [(salt, next), (salt, other), (VectorValues.run(1, 32), id)] {
            let key = try PackKeys.derive(from: pack, salt: salt, id: id)
            #expect(key.commitment != first.commitment && key.secret != first.secret)
        }
        let none = try PackKeys.derive(from: nil, salt: salt, id: id)
        #expect(none.secret == nil && none.commitment == [UInt8](repeating: 0, count: 32))
    }
}
