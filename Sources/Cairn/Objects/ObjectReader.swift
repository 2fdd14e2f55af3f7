package import CairnCore
package import CairnFormat

/// Reads any part of a stream: a file's content, or an object.
///
/// The last chunk is kept, so that many small reads one after the other decode each chunk once.
package struct ObjectReader {
    /// Zeros for holes.
    private static let zeroCount = 64 << 10

    private let chunks: ChunkReader
    private let reference: ContentReference
    private let sparse: SparseMap?
    /// How many bytes there are, holes included.
    package let size: UInt64
    private var cursor: ContentCursor
    private let kept = ByteBuffer()
    /// Where in the content the kept chunk lies.
    private var keptRange: Range<UInt64> = 0..<0

    /// Makes a reader; nothing is read yet.
    ///
    /// - Parameter layout: Where the content belongs in a file with holes.
    package init(_ chunks: ChunkReader, _ reference: ContentReference, layout: SparseLayout?) {
        self.chunks = chunks
        self.reference = reference
        sparse = layout.map { SparseMap($0) }
        size = layout?.logicalSize ?? reference.length
        cursor = ContentCursor(chunks, reference)
    }

    /// Appends the bytes at `range` to `buffer`, holes as zeros.
    ///
    /// - Throws: `.invalidRequest` where the range reaches past the end; `.damaged`.
    package mutating func read(
        _ range: Range<UInt64>,
        into buffer: ByteBuffer
    ) throws(CairnError) {
        try forEachPart(of: range) { bytes throws(CairnError) in buffer.append(bytes) }
    }

    /// Hands the bytes at `range` to a sink.
    ///
    /// - Returns: How many there were.
    package mutating func copy(
        _ range: Range<UInt64>,
        to sink: any ByteSink,
        _ context: JobContext
    ) throws(CairnError) -> UInt64 {
        try forEachPart(of: range) { bytes throws(CairnError) in
            try context.checkCancelled()
            try sink.write(bytes)
        }
        return range.upperBound - range.lowerBound
    }

    /// Calls `body` with the bytes at `range` in order, some at a time.
    package mutating func forEachPart(
        of range: Range<UInt64>,
        _ body: (Span<UInt8>) throws(CairnError) -> Void
    ) throws(CairnError) {
        guard range.upperBound <= size else {
            throw CairnError(
                .invalidRequest,
                "bytes past the end of an object of \(size) were asked for"
            )
        }
        guard let sparse else { return try forEachStoredPart(of: range, body) }
        var place = range.lowerBound
        for part in sparse.parts(inFile: range) {
            try ObjectReader.zeros(part.file - place, body)
            try forEachStoredPart(of: part.content, body)
            place = part.file + (part.content.upperBound - part.content.lowerBound)
        }
        try ObjectReader.zeros(range.upperBound - place, body)
    }

    private static func zeros(
        _ count: UInt64,
        _ body: (Span<UInt8>) throws(CairnError) -> Void
    ) throws(CairnError) {
        guard count > 0 else { return }
        let zeros = [UInt8](repeating: 0, count: Int(min(count, UInt64(zeroCount))))
        var left = count
        while left > 0 {
            let size = min(left, UInt64(zeros.count))
            try body(zeros.span.extracting(0..<Int(size)))
            left -= size
        }
    }

    private mutating func forEachStoredPart(
        of range: Range<UInt64>,
        _ body: (Span<UInt8>) throws(CairnError) -> Void
    ) throws(CairnError) {
        var place = range.lowerBound
        while place < range.upperBound {
            if !keptRange.contains(place) { try keep(chunkWith: place) }
            let end = min(keptRange.upperBound, range.upperBound)
            let start = keptRange.lowerBound
            let kept = kept
            try body(kept.span(Int(place - start)..<Int(end - start)))
            place = end
        }
    }

    /// Reads the chunk that holds a byte of the content.
    private mutating func keep(chunkWith place: UInt64) throws(CairnError) {
        if place != keptRange.upperBound || keptRange.isEmpty { try cursor.seek(to: place) }
        guard let chunk = try cursor.next(), chunk.range.contains(place) else {
            throw CairnError(.damaged, "the lists of an object do not fit together; run 'check'")
        }
        keptRange = 0..<0
        kept.truncate(to: 0)
        try chunks.read(chunk.id, into: kept)
        guard UInt64(kept.count) == chunk.range.upperBound - chunk.range.lowerBound else {
            throw CairnError(.damaged, "chunk \(chunk.id) has another length than stated")
        }
        keptRange = chunk.range
    }
}
