public import CairnCore

/// Where one chunk is, in 32 bytes: Specs/Format.md#index-entry.
///
/// Stored as ID prefix (16) ‖ u32 pack ordinal ‖ u64 A ‖ u32 B, with A and B packed as the
/// accessors below unpack them. The fields stand in another order in memory, so that the value has
/// no padding.
@usableFromInline
package struct IndexEntry: Hashable, Sendable {
    /// The number of bytes of an entry, stored and in memory.
    package static let size = 32

    /// Bytes 0 to 7 of the ID as a big-endian word, so that comparing words compares bytes.
    @usableFromInline package let prefix0: UInt64
    /// Bytes 8 to 15 of the ID as a big-endian word.
    @usableFromInline package let prefix1: UInt64
    @usableFromInline let a: UInt64
    /// Which pack of the index object's list holds the chunk.
    @usableFromInline package let pack: UInt32
    @usableFromInline let b: UInt32

    @inlinable
    init(prefix0: UInt64, prefix1: UInt64, pack: UInt32, a: UInt64, b: UInt32) {
        self.prefix0 = prefix0
        self.prefix1 = prefix1
        self.a = a
        self.pack = pack
        self.b = b
    }

    /// Makes an entry, or gives nil where a value passes what the format can hold.
    ///
    /// - Parameters:
    ///   - id: The chunk's ID, of which the first half is kept.
    ///   - pack: The ordinal of the pack in the index object's list.
    ///   - segmentOffset: Where in the pack the sealed segment begins.
    ///   - segmentStoredSize: How many bytes the sealed segment has.
    ///   - type: What the chunk is.
    ///   - place: Where the chunk begins among the bytes of a segment of several chunks; nil where
    ///     it is the only one.
    ///   - length: How many bytes the chunk has.
    package init?(
        id: ChunkID,
        pack: UInt32,
        segmentOffset: Int,
        segmentStoredSize: Int,
        type: ChunkType,
        place: Int?,
        length: Int
    ) {
        guard segmentOffset >= 0, segmentOffset < 1 << 27, segmentStoredSize >= 0,
            segmentStoredSize < 1 << 27, length >= 0
        else { return nil }
        var a = UInt64(segmentOffset) | UInt64(segmentStoredSize) << 27
        a |= UInt64(type.rawValue) << 54
        var b = UInt32(truncatingIfNeeded: length)
        if let place {
            guard place >= 0, place < 1 << 18, length < 1 << 18 else { return nil }
            a |= 1 << 56 | UInt64(place >> 14) << 57
            b |= UInt32(truncatingIfNeeded: place) << 18
        } else if length >= 1 << 27 {
            return nil
        }
        (prefix0, prefix1) = IndexEntry.prefix(of: id)
        self.a = a
        self.pack = pack
        self.b = b
        guard isSound else { return nil }
    }

    /// The same place in a pack that has another ordinal.
    @inlinable
    package func moved(toPack pack: UInt32) -> IndexEntry {
        IndexEntry(prefix0: prefix0, prefix1: prefix1, pack: pack, a: a, b: b)
    }

    /// The part of an ID that an entry keeps, as two big-endian words.
    @inlinable
    package static func prefix(of id: ChunkID) -> (UInt64, UInt64) {
        (id.word0.byteSwapped, id.word1.byteSwapped)
    }

    /// Whether the entry may be that of `id`.
    @inlinable
    package func matches(_ id: ChunkID) -> Bool {
        prefix0 == id.word0.byteSwapped && prefix1 == id.word1.byteSwapped
    }

    /// Where in the pack the sealed segment begins.
    @inlinable package var segmentOffset: Int { Int(a & 0x7ff_ffff) }
    /// How many bytes the sealed segment has.
    @inlinable package var segmentStoredSize: Int { Int(a >> 27 & 0x7ff_ffff) }
    /// Where in the pack the sealed segment is.
    @inlinable package var segmentRange: Range<Int> {
        segmentOffset..<segmentOffset + segmentStoredSize
    }
    /// What the chunk is.
    @inlinable package var type: ChunkType { ChunkType(bits: a >> 54) }
    /// Whether the segment holds several chunks.
    @inlinable package var isGrouped: Bool { a >> 56 & 1 == 1 }
    /// Where the chunk begins among the segment's chunks; 0 where it is the only one.
    @inlinable package var place: Int {
        isGrouped ? Int(a >> 57) << 14 | Int(b >> 18) : 0
    }
    /// How many bytes the chunk has.
    @inlinable package var length: Int { Int(isGrouped ? b & 0x3_ffff : b) }

    /// Whether the fields keep to the format's limits and to each other.
    package var isSound: Bool {
        let (storedSize, length) = (segmentStoredSize, length)
        guard segmentOffset >= PackHeader.size, storedSize > SegmentHeader.overhead, length >= 1
        else { return false }
        if isGrouped {
            return place + length <= FormatLimits.groupSizeMax
                && storedSize <= SegmentHeader.groupStoredSizeMax
        }
        return a >> 57 == 0 && length <= FormatLimits.chunkSizeMax
            && storedSize <= length + SegmentHeader.overhead
    }

    /// Takes the 32 stored bytes at `offset`; ``isSound`` says whether they are an entry.
    ///
    /// - Precondition: 32 bytes of `bytes` begin at `offset`.
    @inlinable
    package init(loading bytes: Span<UInt8>, at offset: Int) {
        prefix0 = LittleEndian.loadUInt64(bytes, at: offset).byteSwapped
        prefix1 = LittleEndian.loadUInt64(bytes, at: offset + 8).byteSwapped
        pack = LittleEndian.loadUInt32(bytes, at: offset + 16)
        a = LittleEndian.loadUInt64(bytes, at: offset + 20)
        b = LittleEndian.loadUInt32(bytes, at: offset + 28)
    }

    /// Appends the 32 stored bytes.
    package func write(to writer: inout ByteWriter) {
        writer.write(prefix0.byteSwapped)
        writer.write(prefix1.byteSwapped)
        writer.write(pack)
        writer.write(a)
        writer.write(b)
    }
}

extension IndexEntry: Comparable {
    /// Orders entries as their stored bytes are ordered.
    @inlinable
    package static func < (x: IndexEntry, y: IndexEntry) -> Bool {
        if x.prefix0 != y.prefix0 { return x.prefix0 < y.prefix0 }
        if x.prefix1 != y.prefix1 { return x.prefix1 < y.prefix1 }
        if x.pack != y.pack { return x.pack.byteSwapped < y.pack.byteSwapped }
        if x.a != y.a { return x.a.byteSwapped < y.a.byteSwapped }
        return x.b.byteSwapped < y.b.byteSwapped
    }
}
