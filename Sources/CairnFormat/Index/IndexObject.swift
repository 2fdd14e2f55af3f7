package import CairnCore

/// The payload of an index object: chunks and where they are: Specs/Format.md#index-object.
///
/// Stored as u16 1 ‖ varint pack count ‖ packs ‖ varint entry count ‖ entries of 32 bytes.
/// Invariants: packs ascend strictly, entries ascend strictly by their 32 bytes, and every entry
/// lies within a pack of the list.
package struct IndexObject: Hashable, Sendable {
    /// The most packs of one object.
    package static let packCountMax = 1 << 20
    /// The most entries of one object.
    package static let entryCountMax = 1 << 21

    /// The packs that entries refer to by their ordinal here.
    package var packs: [IndexedPack]
    /// The chunks, ascending.
    package var entries: [IndexEntry]

    /// Puts an object together; ``validate()`` says whether it may be stored.
    package init(packs: [IndexedPack], entries: [IndexEntry]) {
        self.packs = packs
        self.entries = entries
    }
}

/// A pack as an index knows it.
package struct IndexedPack: Hashable, Sendable, BitwiseCopyable {
    static let storedSize = SessionID.size + 4 + 1 + 8

    /// Which pack it is.
    package let id: PackID
    /// What it holds.
    package let kind: PackKind
    /// The size of the whole object in bytes, trailer included.
    package let size: UInt64

    /// Joins what an index keeps about a pack.
    package init(id: PackID, kind: PackKind, size: UInt64) {
        self.id = id
        self.kind = kind
        self.size = size
    }

    /// Where segments end at the latest; nil where no pack has this size.
    fileprivate var segmentsEndMax: Int? {
        guard let body = PackTrailer.bodySize(objectSize: size) else { return nil }
        let rest = PackLocator.sealedSize + PackDirectory.sealedSizeMin
        return body >= PackHeader.size + rest ? body - rest : nil
    }
}

extension IndexedPack: StoredValue {
    package func validate() throws(DecodingFailure) {
        try require(segmentsEndMax != nil, "size of an indexed pack")
    }

    package func write(to writer: inout ByteWriter) {
        id.write(to: &writer)
        writer.write(kind.rawValue)
        writer.write(size)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        id = try PackID(from: &reader)
        let start = reader.offset
        guard let kind = PackKind(rawValue: try reader.readUInt8()) else {
            throw .outOfRange(offset: start)
        }
        self.kind = kind
        size = try reader.readUInt64()
        try validate()
    }
}

extension IndexObject: StoredValue {
    package func validate() throws(DecodingFailure) {
        try require(packs.count <= IndexObject.packCountMax, "pack count")
        try require(entries.count <= IndexObject.entryCountMax, "entry count")
        let packsAscend = zip(packs, packs.dropFirst()).allSatisfy { $0.id < $1.id }
        try require(packsAscend, "pack order")
        for pack in packs { try pack.validate() }
        let ends = packs.map { $0.segmentsEndMax ?? 0 }
        var last: IndexEntry?
        for entry in entries {
            try IndexObject.check(entry, after: last, ends: ends)
            last = entry
        }
    }

    @inline(__always)
    private static func check(
        _ entry: IndexEntry,
        after last: IndexEntry?,
        ends: [Int]
    ) throws(DecodingFailure) {
        if let last, !(last < entry) { throw .inconsistent("index entry order") }
        guard entry.isSound, Int(entry.pack) < ends.count,
            entry.segmentOffset + entry.segmentStoredSize <= ends[Int(entry.pack)]
        else { throw .inconsistent("place of an index entry") }
    }

    package func write(to writer: inout ByteWriter) {
        IndexObject.writeHead(packs: packs, entryCount: entries.count, to: &writer)
        for entry in entries { entry.write(to: &writer) }
    }

    /// Appends everything before the entries, for a writer that merges and streams them.
    ///
    /// - Parameters:
    ///   - packs: The packs, strictly ascending.
    ///   - entryCount: How many entries follow.
    ///   - writer: Where the bytes go.
    package static func writeHead(
        packs: [IndexedPack],
        entryCount: Int,
        to writer: inout ByteWriter
    ) {
        writer.write(1 as UInt16)
        writer.writeVarint(UInt64(packs.count))
        for pack in packs { pack.write(to: &writer) }
        writer.writeVarint(UInt64(entryCount))
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        try reader.readPayloadVersion("index")
        let packCount = try reader.readCount(
            limit: IndexObject.packCountMax,
            itemSizeMin: IndexedPack.storedSize
        )
        packs = []
        packs.reserveCapacity(packCount)
        for _ in 0..<packCount {
            let start = reader.offset
            let pack = try IndexedPack(from: &reader)
            if let last = packs.last, !(last.id < pack.id) { throw .notCanonical(offset: start) }
            packs.append(pack)
        }
        let entryCount = try reader.readCount(
            limit: IndexObject.entryCountMax,
            itemSizeMin: IndexEntry.size
        )
        let bytes = try reader.readSpan(entryCount * IndexEntry.size)
        let ends = packs.map { $0.segmentsEndMax ?? 0 }
        entries = []
        entries.reserveCapacity(entryCount)
        var last: IndexEntry?
        for ordinal in 0..<entryCount {
            let entry = IndexEntry(loading: bytes, at: ordinal * IndexEntry.size)
            try IndexObject.check(entry, after: last, ends: ends)
            entries.append(entry)
            last = entry
        }
    }
}
