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

    /// The segments of a directory; nil without one.
    static func list(_ directory: PackDirectory?) -> [ExpectedSegment]? {
        guard let directory else { return nil }
        return directory.segments.map { segment in
            var place = 0
            return ExpectedSegment(
                offset: Int(segment.offset),
                end: Int(segment.offset) + Int(segment.storedSize),
                type: segment.type,
                codec: segment.codec,
                isWhole: true,
                chunks: directory.chunks(of: segment).map { chunk in
                    defer { place += Int(chunk.length) }
                    return ExpectedChunk(
                        key: PrefixKey(chunk.id),
                        id: chunk.id,
                        place: place,
                        length: Int(chunk.length)
                    )
                }
            )
        }
    }

    /// The segments that index entries of one pack lead to, in the order of the pack.
    static func list(_ entries: [IndexEntry]) -> [ExpectedSegment] {
        let ordered = Set(entries).sorted {
            ($0.segmentOffset, $0.place) < ($1.segmentOffset, $1.place)
        }
        var segments: [ExpectedSegment] = []
        var first = 0
        while first < ordered.count {
            let head = ordered[first]
            var chunks: [ExpectedChunk] = []
            var next = first
            while next < ordered.count, ordered[next].segmentOffset == head.segmentOffset {
                let entry = ordered[next]
                chunks.append(
                    ExpectedChunk(
                        key: PrefixKey(entry),
                        id: nil,
                        place: entry.place,
                        length: entry.length
                    )
                )
                next += 1
            }
            segments.append(
                ExpectedSegment(
                    offset: head.segmentOffset,
                    end: head.segmentRange.upperBound,
                    type: head.type,
                    codec: nil,
                    isWhole: false,
                    chunks: chunks
                )
            )
            first = next
        }
        return segments
    }

    /// Whether the plaintext of the segment begins as expected.
    func agrees(with plaintext: Span<UInt8>) -> Bool {
        var reader = ByteReader(plaintext)
        guard let header = try? SegmentHeader(from: &reader), header.type == type else {
            return false
        }
        guard isWhole else {
            return chunks.allSatisfy { $0.end <= header.plainSize }
        }
        return header.codec == codec && header.lengths.count == chunks.count
            && zip(header.lengths, chunks).allSatisfy { Int($0) == $1.length }
    }
}
