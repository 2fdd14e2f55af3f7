import CairnCore
import Testing

@testable import CairnFormat

@Suite("Index objects")
struct IndexObjectTests {
    @Test("refuse entries out of order, twice, or outside their pack")
    func order() throws {
        var random = SeededRandom(seed: 7)
        let pack = IndexedPack.sample(&random)
        let entries = (0..<4).map { _ in IndexEntry.sample(&random, pack: 0) }.sorted()
        func decodes(_ entries: [IndexEntry], packs: [IndexedPack]) -> Bool {
            let object = IndexObject(packs: packs, entries: entries)
            return (try? IndexObject(decoding: object.encode().span)) != nil
        }
        #expect(decodes(entries, packs: [pack]))
        #expect(!decodes(entries.reversed(), packs: [pack]))
        #expect(!decodes([entries[0], entries[0]], packs: [pack]))
        #expect(!decodes([entries[0].moved(toPack: 1)], packs: [pack]))
        #expect(!decodes(entries, packs: []))
        #expect(!decodes([], packs: [pack, pack]))
        let far = try #require(
            IndexEntry(
                id: random.id(),
                pack: 0,
                segmentOffset: (1 << 27) - 1,
                segmentStoredSize: 25,
                type: .data,
                place: nil,
                length: 1
            )
        )
        #expect(!decodes([far], packs: [pack]))
    }

    @Test("keep one prefix in two places")
    func samePrefix() throws {
        var random = SeededRandom(seed: 8)
        let packs = (0..<2).map { _ in IndexedPack.sample(&random) }.sorted { $0.id < $1.id }
        let entry = IndexEntry.sample(&random, pack: 0)
        let entries = [entry, entry.moved(toPack: 1)].sorted()
        let object = IndexObject(packs: packs, entries: entries)
        #expect(try IndexObject(decoding: object.encode().span) == object)
    }

    @Test("do not take memory for entries that are not there")
    func hostileCounts() {
        let claims: [[UInt8]] = [
            [1, 0, 0x80, 0x80, 0x40],  // 2^20 packs
            [1, 0, 0, 0x80, 0x80, 0x80, 0x01],  // 2^21 entries
            [1, 0, 0, 0x81, 0x80, 0x80, 0x01],  // 2^21 + 1 entries
            [1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        ]
        for bytes in claims {
            #expect(throws: DecodingFailure.self) { try IndexObject(decoding: bytes.span) }
        }
    }
}
