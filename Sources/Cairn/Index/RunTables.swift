package import CairnCore
package import CairnFormat

/// An index object as the view names it.
package struct IndexSource: Hashable, Sendable {
    /// The object's identity.
    package let id: IndexID
    /// The SHA-256 of the object's stored bytes.
    package let digest: ChunkID

    /// Joins an identity and a digest.
    package init(id: IndexID, digest: ChunkID) {
        self.id = id
        self.digest = digest
    }
}

/// What a run holds of one index object.
struct RunSource: Hashable, Sendable {
    /// The object.
    let source: IndexSource
    /// How many of the run's packs are its own; they follow those of the source before it.
    let packCount: Int
    /// How many of the run's entries are its own.
    let entryCount: Int

    /// Appends the record, 80 bytes.
    func write(to writer: inout ByteWriter) {
        source.id.session.write(to: &writer)
        writer.write(source.id.number)
        writer.write(0 as UInt32)
        writer.write(source.digest)
        writer.write(UInt64(packCount))
        writer.write(UInt64(entryCount))
    }

    init(source: IndexSource, packCount: Int, entryCount: Int) {
        self.source = source
        self.packCount = packCount
        self.entryCount = entryCount
    }

    init(from reader: inout ByteReader) throws(DecodingFailure) {
        let start = reader.offset
        let session = try SessionID(from: &reader)
        let number = try reader.readUInt32()
        guard try reader.readUInt32() == 0 else { throw .notCanonical(offset: start) }
        let digest = try reader.readChunkID()
        source = IndexSource(id: IndexID(session: session, number: number), digest: digest)
        guard let packs = Int(exactly: try reader.readUInt64()),
            let entries = Int(exactly: try reader.readUInt64()),
            packs <= RunLayout.packCountMax, entries <= RunLayout.entryCountMax
        else { throw .outOfRange(offset: start) }
        packCount = packs
        entryCount = entries
    }
}

/// A pack in a run's table, 40 bytes.
struct RunPack {
    let pack: IndexedPack

    func write(to writer: inout ByteWriter) {
        pack.id.write(to: &writer)
        writer.write(UInt32(pack.kind.rawValue))
        writer.write(pack.size)
    }

    init(_ pack: IndexedPack) {
        self.pack = pack
    }

    init(from reader: inout ByteReader) throws(DecodingFailure) {
        let id = try PackID(from: &reader)
        let start = reader.offset
        guard let raw = UInt8(exactly: try reader.readUInt32()), let kind = PackKind(rawValue: raw)
        else { throw .outOfRange(offset: start) }
        pack = IndexedPack(id: id, kind: kind, size: try reader.readUInt64())
    }
}
