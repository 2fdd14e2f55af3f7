package import CairnFormat

/// Where a chunk is stored.
package struct ChunkLocation: Hashable, Sendable {
    /// The pack that holds it.
    package let pack: IndexedPack
    private let entry: IndexEntry

    init(pack: IndexedPack, entry: IndexEntry) {
        self.pack = pack
        self.entry = entry
    }

    /// Where in the pack the sealed segment is.
    package var segmentRange: Range<Int> { entry.segmentRange }
    /// What the chunk is.
    package var type: ChunkType { entry.type }
    /// Whether the segment holds several chunks.
    package var isGrouped: Bool { entry.isGrouped }
    /// Where the chunk begins among the segment's chunks; 0 where it is the only one.
    package var place: Int { entry.place }
    /// How many bytes the chunk has.
    package var length: Int { entry.length }
}

extension ChunkLocation {
    /// Whether this chunk is stored before another.
    func isStored(before other: ChunkLocation) -> Bool {
        (pack.id, segmentRange.lowerBound, place)
            < (other.pack.id, other.segmentRange.lowerBound, other.place)
    }
}
