internal import CairnCore
internal import CairnFormat

/// A chunk that ought to be in a segment.
struct ExpectedChunk {
    let key: PrefixKey
    /// The whole ID, where a directory tells it.
    let id: ChunkID?
    /// Where it begins among the bytes of its segment's chunks.
    let place: Int
    let length: Int

    /// Where it ends among the bytes of its segment's chunks.
    var end: Int { place + length }

    /// Whether `id` is the one expected.
    func matches(_ id: ChunkID) -> Bool {
        self.id.map { $0 == id } ?? (PrefixKey(id) == key)
    }

    /// The beginning of the ID in hexadecimal.
    var text: String {
        let digits = String(key.high, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

/// A segment that ought to be in a pack, as its directory has it or, failing that, the index.
struct ExpectedSegment {
    let offset: Int
    let end: Int
    let type: ChunkType
    let codec: Codec?
    /// Whether `chunks` are all that the segment holds.
    let isWhole: Bool
    let chunks: [ExpectedChunk]

    /// Whether the plaintext of the segment begins as expected.
    func agrees(with plaintext: Span<UInt8>) -> Bool {
        var reader = ByteReader(plaintext)
        guard let header = try? SegmentHeader(from: &reader), header.type == type else {
            return false
        }
        guard isWhole else {
            // The header adds up all its lengths each time it is asked.
            let plainSize = header.plainSize
            return chunks.allSatisfy { $0.end <= plainSize }
        }
        return header.codec == codec && header.lengths.count == chunks.count
            && zip(header.lengths, chunks).allSatisfy { Int($0) == $1.length }
    }
}

/// The segments that ought to be in a pack, in its order, each put together when it is asked for.
///
/// Memory: that of the directory, or of the entries and 8 bytes a segment.
struct ExpectedSegments: RandomAccessCollection {
    private enum Source {
        case directory(PackDirectory)
        /// Entries in the order of the pack, and where those of each segment begin.
        case entries([IndexEntry], starts: [Int])
    }

    private let source: Source
    let endIndex: Int
    var startIndex: Int { 0 }

    /// The segments of a directory.
    init(_ directory: PackDirectory) {
        source = .directory(directory)
        endIndex = directory.segments.count
    }

    /// The segments that index entries lead to, which are in the order of the pack.
    init(_ entries: [IndexEntry]) {
        var starts: [Int] = []
        for (index, entry) in entries.enumerated()
        where index == 0 || entries[index - 1].segmentOffset != entry.segmentOffset {
            starts.append(index)
        }
        source = .entries(entries, starts: starts)
        endIndex = starts.count
    }

    /// Where in the pack a segment is.
    func range(at position: Int) -> Range<Int> {
        switch source {
        case .directory(let directory):
            let segment = directory.segments[position]
            return Int(segment.offset)..<Int(segment.offset) + Int(segment.storedSize)
        case .entries(let entries, let starts): return entries[starts[position]].segmentRange
        }
    }

    subscript(position: Int) -> ExpectedSegment {
        let range = range(at: position)
        switch source {
        case .directory(let directory):
            let segment = directory.segments[position]
            return ExpectedSegment(
                offset: range.lowerBound,
                end: range.upperBound,
                type: segment.type,
                codec: segment.codec,
                isWhole: true,
                chunks: ExpectedSegments.chunks(directory.chunks(of: segment))
            )
        case .entries(let entries, let starts):
            let next = position + 1
            let end = next < starts.count ? starts[next] : entries.count
            return ExpectedSegment(
                offset: range.lowerBound,
                end: range.upperBound,
                type: entries[starts[position]].type,
                codec: nil,
                isWhole: false,
                chunks: entries[starts[position]..<end].map { entry in
                    ExpectedChunk(
                        key: PrefixKey(entry),
                        id: nil,
                        place: entry.place,
                        length: entry.length
                    )
                }
            )
        }
    }

    private static func chunks(_ chunks: ArraySlice<PackChunk>) -> [ExpectedChunk] {
        var place = 0
        return chunks.map { chunk in
            defer { place += Int(chunk.length) }
            return ExpectedChunk(
                key: PrefixKey(chunk.id),
                id: chunk.id,
                place: place,
                length: Int(chunk.length)
            )
        }
    }
}
