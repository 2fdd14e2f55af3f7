import CairnCore
import CairnFormat
import CairnIO

/// A pack that the roofline made, and what is in it.
struct RooflinePack: Sendable {
    /// What was compressed and sealed as one.
    struct Segment: Sendable {
        /// Where it lies in the pack.
        let stored: Range<Int>
        /// How it is compressed.
        let codec: Codec
        /// Its bytes before compression.
        let size: Int
        /// The lengths of its chunks, which lie end to end.
        let lengths: [Int]
        /// The IDs of its chunks.
        let ids: [ChunkID]
    }

    /// The file that holds the pack.
    let path: String
    /// What is in the pack, in its order.
    var segments: [Segment] = []
}

/// What the lanes of one round share.
final class PackingShop: Sendable {
    /// Bytes of a pack, as in a repository with default settings.
    static let packSize = 32 << 20
    /// What every part of the roofline seals with, encrypts under and cuts by.
    static let key = SecretBytes(copying: [UInt8](repeating: 7, count: 32).span)
    /// The bytes that go into each seal besides.
    static let additional = [UInt8](repeating: 1, count: 64)

    /// Where packs are written.
    let folder: String
    /// Cuts files.
    let chunker: Chunker
    /// Names chunks.
    let identifier = ChunkIdentifier(key: PackingShop.key)
    /// The packs made so far.
    let packs = Shared<[RooflinePack]>([])
    private let known = Shared<Set<ChunkID>>([])

    /// Packs go to `folder`.
    init(folder: String) throws {
        self.folder = folder
        let parameters = try ChunkerParameters.standard(.anchored)
        chunker = PackingShop.key.withSpan { Chunker(parameters, key: $0) }
    }

    /// Whether a chunk is new; it is no longer after that.
    func claim(_ id: ChunkID) -> Bool { known.change { $0.insert(id).inserted } }
}

/// Does to pieces of a tree what a first backup does, one stage after the other, and measures each.
///
/// One for each thread. Reading, sorting out known chunks and moving packs about is not measured.
final class PackingLane {
    /// What this thread spent on each stage.
    private(set) var times = StageTimes()
    private let shop: PackingShop
    private let compressor = Compressor(.auto(level: 3))
    private let decompressor = Decompressor()
    private let sealer = Sealer()
    private let buffer = ByteBuffer(capacity: 8 << 20)
    private let group = ByteBuffer(capacity: FormatLimits.groupSizeMax)
    private let draft = ByteBuffer(capacity: FormatLimits.groupSizeMax)
    private let opened = ByteBuffer(capacity: FormatLimits.groupSizeMax)
    private let pack = ByteBuffer(capacity: PackingShop.packSize)
    private var segments: [RooflinePack.Segment] = []
    private var groupIDs: [ChunkID] = []
    private var groupLengths: [Int] = []

    /// Prepares a thread's tools.
    init(_ shop: PackingShop) throws {
        self.shop = shop
        try sealer.setKey(PackingShop.key, algorithm: .aes256GCM)
    }

    /// Takes one piece through all stages.
    func process(_ piece: [SourceList.Part], of list: SourceList) throws {
        buffer.truncate(to: 0)
        let files = try list.read(piece, into: buffer)
        let (chunker, identifier) = (shop.chunker, shop.identifier)
        let bytes = buffer
        let ranges = times[.chunk].addThread { () -> [Range<Int>] in
            var (ranges, lengths) = ([] as [Range<Int>], [] as [Int])
            for file in files {
                lengths.removeAll(keepingCapacity: true)
                chunker.cuts(bytes.span(file), atEnd: true, into: &lengths)
                var start = file.lowerBound
                for length in lengths {
                    ranges.append(start..<start + length)
                    start += length
                }
            }
            return ranges
        }
        var ids: [ChunkID] = []
        times[.identify].addThread { identifier.identify(bytes.span, ranges: ranges, into: &ids) }
        for (id, range) in zip(ids, ranges) where shop.claim(id) {
            if range.count >= FormatLimits.groupSizeMax {
                try emit(bytes.span(range), [range.count], [id])
                continue
            }
            if group.count + range.count > FormatLimits.groupSizeMax { try flush() }
            group.append(bytes.span(range))
            groupLengths.append(range.count)
            groupIDs.append(id)
        }
    }

    /// Ends the open group and the open pack.
    func finish() throws {
        try flush()
        try writePack()
    }

    private func flush() throws {
        guard !groupIDs.isEmpty else { return }
        let group = group
        try emit(group.span, groupLengths, groupIDs)
        group.truncate(to: 0)
        groupLengths.removeAll(keepingCapacity: true)
        groupIDs.removeAll(keepingCapacity: true)
    }

    private func emit(_ bytes: Span<UInt8>, _ lengths: [Int], _ ids: [ChunkID]) throws {
        let (compressor, sealer) = (compressor, sealer)
        let additional = PackingShop.additional
        let draft = draft
        let pack = pack
        if pack.count + bytes.count + Sealer.tagSize > PackingShop.packSize { try writePack() }
        draft.truncate(to: 0)
        let codec = times[.compress].addThread { compressor.compress(bytes, into: draft) }
        let start = pack.count
        try times[.seal].addThread {
            try sealer.seal(
                draft.span,
                nonce: UInt64(start),
                additional: additional.span,
                into: pack
            )
        }
        let segment = RooflinePack.Segment(
            stored: start..<pack.count,
            codec: codec,
            size: bytes.count,
            lengths: lengths,
            ids: ids
        )
        segments.append(segment)
        try verify(segment)
    }

    /// What the engine does before it publishes: opens, decompresses and identifies.
    private func verify(_ segment: RooflinePack.Segment) throws {
        let additional = PackingShop.additional
        let draft = draft
        let opened = opened
        let pack = pack
        let (sealer, decompressor, identifier) = (sealer, decompressor, shop.identifier)
        draft.truncate(to: 0)
        opened.truncate(to: 0)
        let found = try times[.verify].addThread { () -> [ChunkID] in
            try sealer.open(
                pack.span(segment.stored),
                nonce: UInt64(segment.stored.lowerBound),
                additional: additional.span,
                into: draft
            )
            try decompressor.decompress(
                draft.span,
                codec: segment.codec,
                count: segment.size,
                into: opened
            )
            return identifier.identify(opened.span, lengths: segment.lengths)
        }
        guard found == segment.ids else { throw BenchFailure("a segment came back changed") }
    }

    private func writePack() throws {
        guard !segments.isEmpty else { return }
        let pack = pack
        let made = RooflinePack(
            path: shop.folder + "/pack-\(UInt64.random(in: 0...UInt64.max))",
            segments: segments
        )
        try PlainFile.write(pack.span, to: made.path, syncs: false)
        shop.packs.change { $0.append(made) }
        pack.truncate(to: 0)
        segments = []
    }
}

extension ChunkIdentifier {
    /// The IDs of chunks that lie end to end.
    func identify(_ bytes: Span<UInt8>, lengths: [Int]) -> [ChunkID] {
        var (ranges, start) = ([] as [Range<Int>], 0)
        for length in lengths {
            ranges.append(start..<start + length)
            start += length
        }
        var ids: [ChunkID] = []
        identify(bytes, ranges: ranges, into: &ids)
        return ids
    }
}
