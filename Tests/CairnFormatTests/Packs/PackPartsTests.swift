import CairnCore
import Testing

@testable import CairnFormat

@Suite("Parts of a pack")
struct PackPartsTests {
    @Test("The size of an object gives the size of its body and nothing else does")
    func bodySizes() {
        let block = PackTrailer.blockSize
        let sizes = [1, 2, block - 1, block, block + 1, 2 * block, 5 * block - 7, 128 << 20]
        for bodySize in sizes {
            let objectSize = UInt64(bodySize + PackTrailer.size(bodySize: bodySize))
            #expect(PackTrailer.bodySize(objectSize: objectSize) == bodySize)
        }
        var found: Set<Int> = []
        for objectSize in 0...UInt64(3 * block) {
            guard let bodySize = PackTrailer.bodySize(objectSize: objectSize) else { continue }
            found.insert(bodySize)
            let expected = bodySize + PackTrailer.size(bodySize: bodySize)
            if UInt64(expected) != objectSize { Issue.record("object of \(objectSize)") }
        }
        #expect(found.count == found.max())
        #expect(PackTrailer.bodySize(objectSize: .max) == nil)
        #expect(PackTrailer.bodySize(objectSize: UInt64(PackTrailer.objectSizeMax) + 1) == nil)
    }

    @Test("A trailer built from any pieces is the same")
    func pieces() {
        var random = SeededRandom(seed: 3)
        let body = random.bytes(3 * 65_536 + 17)
        var whole = PackTrailerBuilder()
        whole.append(body.span)
        for seed in 1...10 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var builder = PackTrailerBuilder()
            var offset = 0
            while offset < body.count {
                let end = min(offset + random.count(0...70_000), body.count)
                builder.append(body.span.extracting(offset..<end))
                offset = end
            }
            #expect(builder.trailer == whole.trailer, "seed \(seed)")
        }
        #expect(whole.trailer.badBlocks(in: body.span).isEmpty)
        #expect(whole.trailer.checksums.count == 4)
    }

    @Test("A changed byte is found in its block")
    func badBlocks() {
        var random = SeededRandom(seed: 4)
        let body = random.bytes(2 * 65_536 + 100)
        var builder = PackTrailerBuilder()
        builder.append(body.span)
        let trailer = builder.trailer
        for (offset, block) in [(0, 0), (65_535, 0), (65_536, 1), (131_072, 2), (131_171, 2)] {
            var changed = body
            changed[offset] ^= 0x10
            #expect(trailer.badBlocks(in: changed.span) == [block])
            let part = Array(changed[65_536...])
            #expect(trailer.badBlocks(in: part.span, at: 65_536) == (block > 0 ? [block] : []))
        }
        let (short, long) = (Array(body.dropLast()), body + body)
        #expect(trailer.badBlocks(in: short.span) == [2])
        #expect(trailer.badBlocks(in: long.span).contains(3))
    }

    @Test("Padding gives sizes that tell little")
    func padding() {
        #expect(Padding.blocks(0) == 0 && Padding.blocks(1) == 65_536)
        #expect(Padding.blocks(65_536) == 65_536 && Padding.blocks(65_537) == 131_072)
        for (size, padded) in [(0, 0), (1, 1), (9, 10), (1000, 1024), (65_537, 67_584)] {
            #expect(Padding.padme(size) == padded)
        }
        for size in stride(from: 1, through: 200_000, by: 97) {
            let padded = Padding.padme(size)
            let isSound =
                padded >= size && padded - size <= size * 12 / 100
                && Padding.padme(padded) == padded
            if !isSound { Issue.record("Padmé of \(size) is \(padded)") }
        }
        #expect(Padding.padme(128 << 20) == 128 << 20)
    }

    @Test("A padded directory fills the body")
    func paddedDirectory() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            for isLast in [false, true] {
                var directory = PackDirectory.sample(&random)
                let bodySize = directory.pad(isLast: isLast)
                let locator = PackLocator(directory)
                #expect(locator.bodySize == bodySize, "seed \(seed)")
                let expected = isLast ? Padding.padme(bodySize) : Padding.blocks(bodySize)
                #expect(bodySize == expected, "seed \(seed)")
                #expect(try PackDirectory(decoding: directory.encode().span) == directory)
                try locator.expect(directory)
            }
        }
    }

    @Test("A locator of another directory is refused")
    func foreignLocator() {
        let locator = PackLocator(VectorValues.directory)
        #expect(throws: DecodingFailure.self) { try locator.expect(PackDirectory()) }
    }

    @Test("The shape of a segment is read without its chunks")
    func shape() throws {
        let group = VectorValues.plaintext(1)
        let shape = try SegmentShape(group.span)
        #expect(shape.chunkCount == 2 && shape.plainSize == 7 && shape.payloadOffset == 16)
        #expect(Array(group[shape.payloadOffset...]) == Array("abcdefg".utf8))
        for count in 0...shape.payloadOffset {
            #expect(throws: DecodingFailure.self) {
                try SegmentShape(group.span.extracting(0..<count))
            }
        }
    }

    @Test("Hostile sizes are refused before memory is taken")
    func hostileSizes() {
        let directory = [UInt8](repeating: 0xff, count: 64)
        #expect(throws: DecodingFailure.self) { try PackDirectory(decoding: directory.span) }
        let locator = [UInt8](repeating: 0xff, count: 24) + [UInt8](repeating: 0, count: 8)
        #expect(throws: DecodingFailure.self) { try PackLocator(decoding: locator.span) }
        let segment: [UInt8] = [0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
        #expect(throws: DecodingFailure.self) { try SegmentHeader(decoding: segment.span) }
        let empty: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0]
        #expect(throws: DecodingFailure.self) { try SegmentHeader(decoding: empty.span) }
    }
}
