import CairnCore
import Testing

@Suite("Chunker parameters")
struct ChunkerParametersTests {
    @Test("the usual sizes are half and four times the mean")
    func standard() throws {
        let anchored = try ChunkerParameters.standard(.anchored)
        #expect(anchored.sizeMin == 512 << 10)
        #expect(anchored.sizeMean == 1 << 20)
        #expect(anchored.sizeMax == 4 << 20)
        let fastcdc = try ChunkerParameters.standard(.fastcdc, sizeMean: 10_001)
        #expect(fastcdc.sizeMin == 5000 && fastcdc.sizeMax == 40_004)
        let fixed = try ChunkerParameters.standard(.fixed, sizeMean: 5000)
        #expect(fixed.sizeMin == 5000 && fixed.sizeMax == 5000)
    }

    @Test("the limits themselves are allowed")
    func limits() throws {
        _ = try ChunkerParameters.standard(.anchored, sizeMean: 4 << 10)
        _ = try ChunkerParameters.standard(.anchored, sizeMean: 16 << 20)
        for algorithm in [ChunkingAlgorithm.fastcdc, .fixed] {
            _ = try ChunkerParameters.standard(algorithm, sizeMean: 1 << 10)
            _ = try ChunkerParameters.standard(algorithm, sizeMean: 64 << 20)
        }
        _ = try ChunkerParameters(
            algorithm: .fastcdc,
            sizeMin: 1 << 10,
            sizeMean: 1 << 10,
            sizeMax: 64 << 20
        )
    }

    @Test("a size outside the limits is refused", arguments: [Int.min, -1, 0, 1023, Int.max])
    func outOfRange(size: Int) {
        for algorithm in ChunkingAlgorithm.allCases {
            let allowed = algorithm == .anchored ? (4 << 10)...(16 << 20) : (1 << 10)...(64 << 20)
            #expect(throws: ChunkingFailure.sizeOutOfRange(size: size, allowed: allowed)) {
                try ChunkerParameters.standard(algorithm, sizeMean: size)
            }
            #expect(throws: ChunkingFailure.sizeOutOfRange(size: size, allowed: allowed)) {
                try ChunkerParameters(
                    algorithm: algorithm,
                    sizeMin: 4096,
                    sizeMean: size,
                    sizeMax: 8192
                )
            }
        }
        let limits = ChunkerParameters.sizeLimits
        #expect(throws: ChunkingFailure.sizeOutOfRange(size: size, allowed: limits)) {
            try ChunkerParameters(
                algorithm: .fastcdc,
                sizeMin: size,
                sizeMean: 8192,
                sizeMax: 8192
            )
        }
        #expect(throws: ChunkingFailure.sizeOutOfRange(size: size, allowed: limits)) {
            try ChunkerParameters(
                algorithm: .fastcdc,
                sizeMin: 8192,
                sizeMean: 8192,
                sizeMax: size
            )
        }
    }

    @Test("sizes out of order are refused")
    func order() {
        #expect(throws: ChunkingFailure.sizesOutOfOrder(min: 8193, mean: 8192, max: 9000)) {
            try ChunkerParameters(
                algorithm: .fastcdc,
                sizeMin: 8193,
                sizeMean: 8192,
                sizeMax: 9000
            )
        }
        #expect(throws: ChunkingFailure.sizesOutOfOrder(min: 4096, mean: 8192, max: 8191)) {
            try ChunkerParameters(
                algorithm: .fastcdc,
                sizeMin: 4096,
                sizeMean: 8192,
                sizeMax: 8191
            )
        }
    }

    @Test("sizes that the algorithm derives cannot be chosen")
    func derived() {
        #expect(throws: ChunkingFailure.sizesNotDerived(min: 4096, max: 32_768)) {
            try ChunkerParameters(
                algorithm: .anchored,
                sizeMin: 4096,
                sizeMean: 8192,
                sizeMax: 32_767
            )
        }
        #expect(throws: ChunkingFailure.sizesNotDerived(min: 8192, max: 8192)) {
            try ChunkerParameters(
                algorithm: .fixed,
                sizeMin: 4096,
                sizeMean: 8192,
                sizeMax: 8192
            )
        }
    }

    @Test("any allowed sizes give a working chunker")
    func anySizes() throws {
        let seed: UInt64 = 77
        var random = SplitMix64(seed: seed)
        let bytes = randomBytes(100_000, seed: seed)
        for trial in 0..<20 {
            let sizes = (0..<3).map { _ in random.next(in: 1024...20_000) }.sorted()
            let parameters = try ChunkerParameters(
                algorithm: .fastcdc,
                sizeMin: sizes[0],
                sizeMean: sizes[1],
                sizeMax: sizes[2]
            )
            let lengths = Chunker(parameters, key: nil).lengths(bytes)
            #expect(lengths.reduce(0, +) == bytes.count, "trial \(trial), seed \(seed)")
            #expect(lengths.dropLast().allSatisfy { (sizes[0]...sizes[2]).contains($0) })
            #expect(
                lengths == ReferenceChunker(parameters, key: nil).lengths(bytes),
                "sizes \(sizes), seed \(seed)"
            )
        }
    }
}
