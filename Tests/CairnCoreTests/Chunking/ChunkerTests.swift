import CairnCore
import Testing

@Suite("Chunker")
struct ChunkerTests {
    static let algorithms = ChunkingAlgorithm.allCases

    @Test("chunks keep their limits and add up to the stream", arguments: algorithms)
    func limits(algorithm: ChunkingAlgorithm) throws {
        for mean in [4096, 10_000, 65_536] {
            let chunker = try Chunker(algorithm, mean: mean, key: testKey(1))
            for size in [0, 1, mean / 2, mean / 2 + 1, mean, 4 * mean, 1 << 20] {
                let lengths = chunker.lengths(randomBytes(size, seed: UInt64(size)))
                #expect(lengths.reduce(0, +) == size)
                #expect(lengths.allSatisfy { $0 <= chunker.parameters.sizeMax })
                #expect(lengths.dropLast().allSatisfy { $0 >= chunker.parameters.sizeMin })
                #expect(lengths.allSatisfy { $0 > 0 })
            }
        }
    }

    @Test("fixed chunks have one size", arguments: [1024, 4097, 1 << 20])
    func fixed(mean: Int) throws {
        let chunker = try Chunker(.fixed, mean: mean, key: nil)
        let bytes = [UInt8](repeating: 7, count: 3 * mean + 5)
        #expect(chunker.lengths(bytes) == [mean, mean, mean, 5])
        #expect(chunker.cut(bytes.span, atEnd: false) == mean)
        #expect(chunker.cut(bytes.span.extracting(0..<mean - 1), atEnd: false) == nil)
    }

    @Test("a cut is told once enough bytes are there", arguments: algorithms)
    func knownInTime(algorithm: ChunkingAlgorithm) throws {
        let chunker = try Chunker(algorithm, mean: 8192, key: nil)
        let zeros = [UInt8](repeating: 0, count: 5 * 8192)
        let max = chunker.parameters.sizeMax
        #expect(chunker.cut(zeros.span.extracting(0..<0), atEnd: false) == nil)
        #expect(chunker.cut(zeros.span.extracting(0..<0), atEnd: true) == nil)
        #expect(chunker.cut(zeros.span.extracting(0..<1), atEnd: false) == nil)
        #expect(chunker.cut(zeros.span.extracting(0..<1), atEnd: true) == 1)
        #expect(chunker.cut(zeros.span.extracting(0..<max - 1), atEnd: false) == nil)
        #expect(chunker.cut(zeros.span.extracting(0..<max), atEnd: false) == max)
        #expect(chunker.cut(zeros.span, atEnd: false) == max)
    }

    @Test("a cut depends on the bytes of its own chunk alone", arguments: algorithms)
    func ownBytes(algorithm: ChunkingAlgorithm) throws {
        let chunker = try Chunker(algorithm, mean: 8192, key: testKey(2))
        let bytes = randomBytes(1 << 20, seed: 5)
        var start = 0
        for length in chunker.lengths(bytes).dropLast() {
            let rest = bytes.span.extracting(start..<bytes.count)
            #expect(chunker.cut(rest, atEnd: true) == length)
            #expect(chunker.cut(rest.extracting(0..<length), atEnd: true) == length)
            if length < chunker.parameters.sizeMax {
                // One byte less and the cut cannot be known.
                #expect(chunker.cut(rest.extracting(0..<length - 1), atEnd: false) == nil)
            }
            start += length
        }
    }

    @Test("an unfinished rest is not reported", arguments: algorithms)
    func unfinishedRest(algorithm: ChunkingAlgorithm) throws {
        let chunker = try Chunker(algorithm, mean: 8192, key: nil)
        let bytes = randomBytes(300_000, seed: 8)
        var lengths: [Int] = []
        chunker.cuts(bytes.span, atEnd: false, into: &lengths)
        #expect(lengths == Array(chunker.lengths(bytes).dropLast()))
    }

    @Test("a slice of any size gives the cuts of the whole", arguments: algorithms)
    func streaming(algorithm: ChunkingAlgorithm) throws {
        let chunker = try Chunker(algorithm, mean: 16_384, key: testKey(3))
        let bytes = randomBytes(700_000, seed: 11) + [UInt8](repeating: 0, count: 150_000)
        let expected = chunker.lengths(bytes)
        for (seed, largest) in [1, 100, 5000, 70_000, 1 << 20].enumerated() {
            var random = SplitMix64(seed: UInt64(seed))
            // Single bytes are slow to feed: a part of the stream will do.
            let count = largest == 1 ? 60_000 : bytes.count
            let whole = largest == 1 ? chunker.lengths(Array(bytes[..<count])) : expected
            var stream = ChunkStream(chunker)
            var lengths: [Int] = []
            var start = 0
            while start < count {
                let size = min(count - start, random.next(in: 1...largest))
                stream.append(bytes.span.extracting(start..<start + size)) { chunk in
                    lengths.append(chunk.count)
                }
                start += size
                #expect(stream.countHeld <= chunker.parameters.sizeMax)
            }
            stream.finish { lengths.append($0.count) }
            #expect(lengths == whole, "slices up to \(largest), seed \(seed)")
        }
    }
}
