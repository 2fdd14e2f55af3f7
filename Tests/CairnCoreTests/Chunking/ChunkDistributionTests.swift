import Testing

@testable import CairnCore

@Suite("Chunk sizes")
struct ChunkDistributionTests {
    @Test("the mean is met within 3 % on random data", arguments: ScanKernelTests.contentAlgorithms)
    func mean(algorithm: ChunkingAlgorithm) throws {
        let bytes = randomBytes(24 << 20, seed: 31)
        for mean in [8192, 10_000] {
            let chunker = try Chunker(algorithm, mean: mean, key: testKey(4))
            let lengths = chunker.lengths(bytes)
            let found = Double(bytes.count) / Double(lengths.count)
            #expect(abs(found / Double(mean) - 1) < 0.03, "mean \(mean) became \(found)")
            let clamped = lengths.count { $0 == chunker.parameters.sizeMax }
            #expect(clamped <= 1, "\(clamped) of \(lengths.count) chunks have the maximum size")
        }
    }

    @Test("any minimum leaves the mean of fastcdc alone", arguments: [1024, 2048, 6000])
    func freeMinimum(sizeMin: Int) throws {
        let parameters = try ChunkerParameters(
            algorithm: .fastcdc,
            sizeMin: sizeMin,
            sizeMean: 8192,
            sizeMax: 65_536
        )
        let bytes = randomBytes(24 << 20, seed: 32)
        let count = Chunker(parameters, key: nil).lengths(bytes).count
        let found = Double(bytes.count) / Double(count)
        #expect(abs(found / 8192 - 1) < 0.03, "the mean became \(found)")
    }

    @Test("few chunks of text are clamped", arguments: ScanKernelTests.contentAlgorithms)
    func clampRate(algorithm: ChunkingAlgorithm) throws {
        let chunker = try Chunker(algorithm, mean: 8192, key: testKey(5))
        let lengths = chunker.lengths(logBytes(4 << 20, seed: 33))
        let clamped = lengths.count { $0 == chunker.parameters.sizeMax }
        #expect(Double(clamped) <= 0.02 * Double(lengths.count), "\(clamped) of \(lengths.count)")
    }

    @Test("an edit changes only the chunks around it", arguments: ScanKernelTests.contentAlgorithms)
    func shiftResilience(algorithm: ChunkingAlgorithm) throws {
        let chunker = try Chunker(algorithm, mean: 8192, key: testKey(6))
        let original = randomBytes(4 << 20, seed: 34)
        var edited = original
        for position in [3_000_000, 1_500_000, 0] {
            edited.insert(contentsOf: [1, 2, 3], at: position)
        }
        func chunks(_ bytes: [UInt8]) -> Set<ArraySlice<UInt8>> {
            var start = 0
            return Set(
                chunker.lengths(bytes).map { length in
                    defer { start += length }
                    return bytes[start..<start + length]
                }
            )
        }
        let before = chunks(original)
        let shared = before.intersection(chunks(edited)).count
        #expect(before.count - shared <= 18, "\(shared) of \(before.count) chunks are shared")
    }

    @Test("runs of one byte give chunks of the maximum size", arguments: [nil, testKey(7)])
    func runs(key: [UInt8]?) throws {
        for algorithm in ScanKernelTests.contentAlgorithms {
            let chunker = try Chunker(algorithm, mean: 4096, key: key)
            for byte in UInt8.min...UInt8.max {
                let run = [UInt8](repeating: byte, count: 3 * 16_384)
                #expect(chunker.lengths(run) == [16_384, 16_384, 16_384], "byte \(byte)")
            }
        }
    }

    @Test("periodic bytes cost few draws", arguments: [2, 3, 4, 7, 8, 16, 31, 64, 100, 512, 1024])
    func periods(period: Int) throws {
        var drawCount = 0
        let size = 512 << 10
        let trials = 16
        for seed in 0..<UInt64(trials) {
            var bytes = randomBytes(period, seed: seed)
            while bytes.count < size { bytes += bytes }
            bytes.removeLast(bytes.count - size)
            let chunker = try Chunker(.anchored, mean: 16_384, key: testKey(UInt8(seed)))
            drawCount += draws(chunker, bytes)
        }
        // Random bytes cost one draw for 256 bytes: allow twice that.
        #expect(drawCount <= trials * size / 128, "\(drawCount) draws")
    }

    @Test("about one draw an anchor on random bytes, none before it can matter")
    func drawCount() throws {
        let bytes = randomBytes(8 << 20, seed: 35)
        let chunker = try Chunker(.anchored, mean: 65_536, key: nil)
        let expected = bytes.count / 1024
        let found = draws(chunker, bytes)
        #expect(found < expected * 2 / 3, "\(found) draws for \(expected) anchors")
    }

    /// Anchors cannot follow each other without end, since no value of the table is zero, but
    /// whoever knows the table can place many more of them than chance does.
    @Test("bytes crafted for one key cost nothing more under another")
    func craftedBytes() throws {
        let size = 1 << 20
        let values = Array(ChunkerTables(key: nil).anchors()[32...])
        let crafted = Self.crowdedAnchors(values, size: size, seed: 36)
        let random = randomBytes(size, seed: 36)
        let known = try Chunker(.anchored, mean: 65_536, key: nil)
        #expect(draws(known, crafted) > 3 * draws(known, random), "the attack is none")
        var drawCounts = (crafted: 0, random: 0)
        for seed in UInt8(0)..<16 {
            let secret = try Chunker(.anchored, mean: 65_536, key: testKey(seed))
            drawCounts.crafted += draws(secret, crafted)
            drawCounts.random += draws(secret, random)
        }
        #expect(drawCounts.crafted < 2 * drawCounts.random, "\(drawCounts)")
    }

    /// Takes a byte that makes an anchor wherever there is one.
    private static func crowdedAnchors(_ values: [UInt8], size: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        var hash: UInt16 = 0
        return (0..<size).map { _ in
            let start = UInt8(truncatingIfNeeded: random.next())
            // From elsewhere no byte leads to a hash below 64.
            let isNear = hash << 1 < 64 || hash << 1 >= 0xff00
            let found =
                isNear
                ? (0...UInt8.max).first { hash << 1 &+ UInt16(values[Int(start &+ $0)]) < 64 }
                : nil
            let byte = start &+ (found ?? 0)
            hash = hash << 1 &+ UInt16(values[Int(byte)])
            return byte
        }
    }

    private func draws(_ chunker: Chunker, _ bytes: [UInt8]) -> Int {
        var start = 0
        var drawCount = 0
        while start < bytes.count {
            var progress = ScanProgress()
            let rest = bytes.span.extracting(start..<bytes.count)
            start += chunker.cut(rest, atEnd: true, progress: &progress) ?? rest.count
            drawCount += progress.drawCount
        }
        return drawCount
    }
}

@Suite("Uniformity of anchored cuts")
struct AnchoredUniformityTests {
    /// Over keys, every position of a fixed content is a candidate equally often, however far the
    /// anchor before it is: the rate is 1/N, and blocks of positions vary as Poisson counts do.
    @Test("over keys, candidates fall evenly on any content", arguments: ["random", "log"])
    func uniform(content: String) throws {
        let size = 256 << 10
        let bytes = content == "log" ? logBytes(size, seed: 41) : randomBytes(size, seed: 41)
        let parameters = try ChunkerParameters.standard(.anchored, sizeMean: 16_384)
        let block = 4096
        var hits = [Int](repeating: 0, count: size / block)
        var covered = [Int](repeating: 0, count: size / block)
        var nearHits = 0
        var nearCovered = 0
        let positionsPerCut = Int(parameters.positionsPerCut)
        var anchors: [Int] = []
        for keyIndex in 0..<250 {
            let key = randomBytes(32, seed: UInt64(1000 + keyIndex))
            let reference = ReferenceChunker(parameters, key: key)
            if keyIndex % 50 == 0 {
                anchors = anchorPositions(bytes, reference.anchorValues)
                for (anchor, next) in zip(anchors, anchors.dropFirst()) {
                    nearCovered += 50 * min(next - anchor, 64)
                    for position in anchor..<next { covered[position / block] += 50 }
                }
            }
            for (anchor, next) in zip(anchors, anchors.dropFirst()) {
                let draw = reference.draw(bytes, at: anchor) & ~0xffff
                let offset = Int(draw.multipliedFullWidth(by: UInt64(positionsPerCut)).high)
                if anchor + offset < next { hits[(anchor + offset) / block] += 1 }
                if offset < 64 && anchor + offset < next { nearHits += 1 }
            }
        }
        var chiSquared = 0.0
        for (hit, positions) in zip(hits, covered) {
            let expected = Double(positions) / Double(positionsPerCut)
            chiSquared += (Double(hit) - expected) * (Double(hit) - expected) / expected
        }
        // 64 degrees of freedom: mean 64, deviation 11.3. The keys are fixed, so is the result.
        #expect((25...120).contains(chiSquared), "chi squared \(chiSquared)")
        let rate = Double(hits.reduce(0, +)) / Double(covered.reduce(0, +))
        #expect(abs(rate * Double(positionsPerCut) - 1) < 0.03, "rate \(rate)")
        let nearRate = Double(nearHits) / Double(nearCovered)
        #expect(abs(nearRate * Double(positionsPerCut) - 1) < 0.06, "rate near anchors \(nearRate)")
    }

    /// Positions from 64 on whose hash has its top eight bits clear, as with a mean of 16 KiB.
    private func anchorPositions(_ bytes: [UInt8], _ values: [UInt8]) -> [Int] {
        var anchors: [Int] = []
        var hash: UInt16 = 0
        for (position, byte) in bytes.enumerated() {
            hash = hash << 1 &+ UInt16(values[Int(byte)])
            if position >= 64 && hash < 256 { anchors.append(position) }
        }
        return anchors
    }
}
