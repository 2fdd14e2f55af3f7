import CairnCore
import Testing

@testable import CairnFormat

@Suite("Index entries")
struct IndexEntryTests {
    @Test("take 32 bytes in memory and stored")
    func size() {
        #expect(MemoryLayout<IndexEntry>.size == 32)
        #expect(MemoryLayout<IndexEntry>.stride == 32)
        #expect(MemoryLayout<IndexEntry?>.size <= 40)
        var random = SeededRandom(seed: 1)
        var writer = ByteWriter()
        IndexEntry.sample(&random, pack: 0).write(to: &writer)
        #expect(writer.bytes.count == 32)
    }

    @Test("give back what they were made of")
    func fields() throws {
        for seed in 1...300 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let id = random.id()
            let isGrouped = random.bool()
            let length = random.count(1...(isGrouped ? 1 << 17 : FormatLimits.chunkSizeMax))
            let offset = random.count(128...(1 << 27) - 1)
            let place = isGrouped ? random.count(0...FormatLimits.groupSizeMax - length) : nil
            let storedMax = isGrouped ? 1 << 18 : length + 24
            let stored = random.count(25...storedMax)
            let type = random.pick(ChunkType.self)
            let pack = random.uint32()
            let entry = try #require(
                IndexEntry(
                    id: id,
                    pack: pack,
                    segmentOffset: offset,
                    segmentStoredSize: stored,
                    type: type,
                    place: place,
                    length: length
                ),
                "seed \(seed)"
            )
            #expect(entry.matches(id) && entry.pack == pack, "seed \(seed)")
            #expect(entry.segmentRange == offset..<offset + stored, "seed \(seed)")
            #expect(entry.type == type && entry.isGrouped == isGrouped, "seed \(seed)")
            #expect(entry.place == place ?? 0 && entry.length == length, "seed \(seed)")
            var writer = ByteWriter()
            entry.write(to: &writer)
            #expect(IndexEntry(loading: writer.bytes.span, at: 0) == entry, "seed \(seed)")
            #expect(Array(writer.bytes[0..<16]) == Array(id.bytes[0..<16]), "seed \(seed)")
            #expect(entry.moved(toPack: 9).pack == 9, "seed \(seed)")
        }
    }

    @Test("sort as their stored bytes do")
    func order() {
        for seed in 1...300 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let a = IndexEntry.sample(&random, pack: random.count(0...70_000))
            let b =
                random.bool()
                ? IndexEntry.sample(&random, pack: 3)
                : a.moved(toPack: random.uint32())
            var (first, second) = (ByteWriter(), ByteWriter())
            a.write(to: &first)
            b.write(to: &second)
            let precedes = first.bytes.lexicographicallyPrecedes(second.bytes)
            #expect((a < b) == precedes, "seed \(seed)")
        }
    }

    @Test("do not take what the format cannot hold")
    func limits() {
        func entry(
            _ offset: Int,
            _ stored: Int,
            _ place: Int?,
            _ length: Int
        ) -> IndexEntry? {
            IndexEntry(
                id: VectorValues.id(1),
                pack: 0,
                segmentOffset: offset,
                segmentStoredSize: stored,
                type: .data,
                place: place,
                length: length
            )
        }
        #expect(entry(128, 25, nil, 1) != nil)
        #expect(entry(127, 25, nil, 1) == nil)
        #expect(entry(128, 24, nil, 1) == nil)
        #expect(entry(128, 26, nil, 1) == nil)
        #expect(entry(128, 25, nil, 0) == nil)
        #expect(entry(1 << 27, 25, nil, 1) == nil)
        #expect(entry(128, 1 << 27, nil, 1 << 26) == nil)
        #expect(entry(128, 25, nil, 64 << 20) != nil)
        #expect(entry(128, 25, nil, 64 << 20 | 1) == nil)
        #expect(entry(128, 25, 0, 256 << 10) == nil)
        #expect(entry(128, 25, 1, (256 << 10) - 1) != nil)
        #expect(entry(128, 25, 2, (256 << 10) - 1) == nil)
        #expect(entry(128, 25, -1, 1) == nil)
        #expect(entry(-1, 25, nil, 1) == nil)
        #expect(entry(128, -1, nil, 1) == nil)
        #expect(entry(128, 25, nil, -1) == nil)
    }
}
