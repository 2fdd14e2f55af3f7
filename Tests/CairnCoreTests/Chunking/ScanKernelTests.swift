import Testing

@testable import CairnCore

@Suite("Scan kernels")
struct ScanKernelTests {
    static let contentAlgorithms: [ChunkingAlgorithm] = [.fastcdc, .anchored]

    @Test("every kernel cuts as the reference does", arguments: contentAlgorithms)
    func reference(algorithm: ChunkingAlgorithm) throws {
        for (index, mean) in [4096, 5000, 16_384, 70_000].enumerated() {
            let key = index % 2 == 0 ? nil : testKey(UInt8(index))
            let parameters = try ChunkerParameters.standard(algorithm, sizeMean: mean)
            let bytes =
                randomBytes(300_000, seed: UInt64(index)) + logBytes(150_000, seed: UInt64(index))
                + [UInt8](repeating: 0, count: 50_000)
            let expected = ReferenceChunker(parameters, key: key).lengths(bytes)
            for kernel in ScanKernel.available {
                let chunker = try Chunker(algorithm, mean: mean, key: key, kernel: kernel)
                #expect(chunker.lengths(bytes) == expected, "\(kernel), mean \(mean)")
            }
        }
    }

    @Test("kernels agree for any start, length and alignment", arguments: contentAlgorithms)
    func fuzz(algorithm: ChunkingAlgorithm) throws {
        let seed: UInt64 = 20_260_101
        var random = SplitMix64(seed: seed)
        let bytes = randomBytes(400_000, seed: seed)
        let kernels = ScanKernel.available.filter { $0 != .scalar }
        for trial in 0..<300 {
            let mean = random.next(in: 4096...9000)
            let plain = try Chunker(algorithm, mean: mean, key: testKey(9), kernel: .scalar)
            let start = random.next(in: 0...100_000)
            let end = min(bytes.count, start + random.next(in: 0...(4 * mean + 100)))
            let part = bytes.span.extracting(start..<end)
            let expected = plain.cut(part, atEnd: false)
            for kernel in kernels {
                let chunker = try Chunker(algorithm, mean: mean, key: testKey(9), kernel: kernel)
                #expect(
                    chunker.cut(part, atEnd: false) == expected,
                    "\(kernel), trial \(trial), seed \(seed)"
                )
            }
        }
    }

    @Test(
        "kernels find the same anchors at any start, length and alignment",
        arguments: [12, 13, 15, 20]
    )
    func anchors(meanLog: Int) throws {
        let seed = UInt64(20_261_127 + meanLog)
        var random = SplitMix64(seed: seed)
        let parameters = try ChunkerParameters.standard(.anchored, sizeMean: 1 << meanLog)
        let contents = [
            randomBytes(60_000, seed: seed), logBytes(60_000, seed: seed),
            (0..<60_000).map { _ in UInt8(random.next() & 1) },
        ]
        for trial in 0..<60 {
            let tables = ChunkerTables(key: randomBytes(32, seed: seed &+ UInt64(trial)).span)
            let bytes = contents[trial % contents.count]
            let count = trial < 30 ? random.next(in: 0...600) : random.next(in: 0...16_384)
            let start = random.next(in: 16...bytes.count - count)
            let positions = start..<start + count
            let expected = AnchorFinder(parameters, tables, .scalar).anchors(bytes.span, positions)
            for kernel in ScanKernel.available {
                let finder = AnchorFinder(parameters, tables, kernel)
                #expect(
                    finder.anchors(bytes.span, positions) == expected,
                    "\(kernel), trial \(trial), seed \(seed)"
                )
            }
        }
    }

    @Test("an unknown or missing kernel cannot be selected")
    func selection() {
        #expect(ScanKernel.available.contains(ScanKernel.selected))
        #expect(ScanKernel.available.starts(with: [.scalar, .interleaved]))
        #expect(!ScanKernel.select(named: "mmx"))
        for kernel in ScanKernel.allCases where !ScanKernel.available.contains(kernel) {
            #expect(!kernel.select())
        }
        #expect(ScanKernel.select(named: ScanKernel.selected.rawValue))
    }
}
