package import CairnCore

/// Where the bytes of a file or of another stream are: Specs/Format.md#content.
///
/// Stored as varint length; if that is not 0: u8 depth ‖ root ID (32).
/// Invariant: an empty stream has depth 0 and a root of zeros, neither of which is stored.
package struct ContentReference: Hashable, Sendable {
    /// How many bytes the stream has.
    package let length: UInt64
    /// How many lists lie above the data chunks: 0 where the root is the one data chunk.
    package let depth: UInt8
    /// The one data chunk, or the topmost list.
    package let root: ChunkID

    /// The stream without bytes.
    package static let empty = ContentReference(
        length: 0,
        depth: 0,
        root: ChunkID(words: (0, 0, 0, 0))
    )

    /// Refers to a stream of `length` bytes under `root`; depth and root count for nothing where
    /// the length is 0.
    package init(length: UInt64, depth: UInt8, root: ChunkID) {
        self.length = length
        self.depth = length == 0 ? 0 : depth
        self.root = length == 0 ? ChunkID(words: (0, 0, 0, 0)) : root
    }

    /// Whether the stream has no bytes.
    package var isEmpty: Bool { length == 0 }
}

extension ContentReference: StoredValue {
    package func validate() throws(DecodingFailure) {
        try require(length <= FormatLimits.lengthMax, "content length")
        try require(depth <= FormatLimits.contentDepthMax, "content depth")
        try require(depth > 0 || length <= FormatLimits.chunkSizeMax, "content of one chunk")
    }

    package func write(to writer: inout ByteWriter) {
        writer.writeVarint(length)
        if isEmpty { return }
        writer.write(depth)
        writer.write(root)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        let length = try reader.readVarint(limit: FormatLimits.lengthMax)
        if length == 0 {
            self = .empty
            return
        }
        self.init(length: length, depth: try reader.readUInt8(), root: try reader.readChunkID())
        try validate()
    }
}
