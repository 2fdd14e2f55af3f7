package import CairnCore

/// A node of the lists that lead from a stream to its data chunks: Specs/Format.md#content-list.
///
/// Stored as u8 1 ‖ u8 depth ‖ varint count ‖ count × (ID 32 ‖ varint length below it).
/// Invariants: depth 1 lists data chunks, depth d lists of depth d - 1; no length is 0.
package struct ContentList: Hashable, Sendable {
    /// A child and how many bytes of the stream lie below it.
    package struct Entry: Hashable, Sendable {
        /// The data chunk, or the list one depth lower.
        package let id: ChunkID
        /// How many bytes of the stream lie below, at least 1.
        package let length: UInt64

        /// Joins a child and its length.
        package init(id: ChunkID, length: UInt64) {
            self.id = id
            self.length = length
        }
    }

    /// How many lists lie on the way to the data, this one included: 1 or more.
    package var depth: UInt8
    /// The children in the order of the stream.
    package var entries: [Entry]

    /// A list of `entries`.
    package init(depth: UInt8, entries: [Entry]) {
        self.depth = depth
        self.entries = entries
    }

    /// How many bytes of the stream lie below, or nil where the sum passes every limit.
    package var length: UInt64? {
        var sum: UInt64 = 0
        for entry in entries {
            let (next, overflow) = sum.addingReportingOverflow(entry.length)
            guard !overflow && next <= FormatLimits.lengthMax else { return nil }
            sum = next
        }
        return sum
    }

    /// Throws unless this list may be what a parent or a file says it is.
    ///
    /// - Parameters:
    ///   - depth: The depth that the parent implies.
    ///   - length: The length that the parent states.
    /// - Throws: ``DecodingFailure`` where they contradict the list.
    package func expect(depth: UInt8, length: UInt64) throws(DecodingFailure) {
        try require(self.depth == depth, "depth of a list")
        try require(self.length == length, "length of a list")
    }
}

extension ContentList: StoredValue {
    static let entrySizeMin = ChunkID.size + 1

    package func validate() throws(DecodingFailure) {
        try require(depth >= 1 && depth <= FormatLimits.contentDepthMax, "list depth")
        try require(!entries.isEmpty, "empty list")
        try require(entries.count <= FormatLimits.nodeCountMax, "list count")
        try require(entries.allSatisfy { $0.length > 0 }, "list entry without bytes")
        if depth == 1 {
            let sizeMax = UInt64(FormatLimits.chunkSizeMax)
            try require(entries.allSatisfy { $0.length <= sizeMax }, "chunk size in a list")
        }
        try require(length != nil, "list length")
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(1 as UInt8)
        writer.write(depth)
        writer.writeVarint(UInt64(entries.count))
        for entry in entries {
            writer.write(entry.id)
            writer.writeVarint(entry.length)
        }
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        let version = try reader.readUInt8()
        guard version == 1 else { throw .unsupported("list version \(version)") }
        depth = try reader.readUInt8()
        let count = try reader.readCount(
            limit: FormatLimits.nodeCountMax,
            itemSizeMin: ContentList.entrySizeMin
        )
        entries = []
        entries.reserveCapacity(count)
        for _ in 0..<count {
            entries.append(Entry(id: try reader.readChunkID(), length: try reader.readVarint()))
        }
        try validate()
    }
}

/// Decides where a list node ends: Specs/Format.md#list-split.
///
/// A node ends after an entry whose ID begins with ten zero bits (little-endian), once it has 128
/// entries, and after 4096 entries in any case. An insertion in a long stream therefore changes a
/// few nodes and leaves the others as they are.
package struct ContentListSplitter: Hashable, Sendable {
    /// The fewest entries of a node that another follows.
    package static let countMin = 128
    private var count = 0

    /// Starts a node.
    package init() {}

    /// Takes note of an entry and says whether the node ends after it; then the next one starts.
    package mutating func endsNode(after id: ChunkID) -> Bool {
        count += 1
        let isBoundary = count >= ContentListSplitter.countMin && id.word0 & 1023 == 0
        guard isBoundary || count == FormatLimits.nodeCountMax else { return false }
        count = 0
        return true
    }
}
