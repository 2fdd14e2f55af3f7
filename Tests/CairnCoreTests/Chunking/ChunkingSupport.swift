import CairnCore

/// SplitMix64: the generator of all test data, also named in Specs/Chunking.md#vectors.
struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A number within `range`, near enough uniform.
    mutating func next(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }
}

/// `count` random bytes: words of SplitMix64, little-endian.
func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    return unsafe [UInt8](unsafeUninitializedCapacity: count + 8) { buffer, initialized in
        let raw = UnsafeMutableRawBufferPointer(buffer)
        for offset in stride(from: 0, to: count, by: 8) {
            let word = random.next().littleEndian
            unsafe raw.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
        }
        initialized = count
    }
}

/// Lines that resemble a log: low entropy, repeated words, growing numbers.
func logBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    let words = ["accepted", "backup", "chunk", "from", "error", "GET", "index", "200", "retry"]
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 128)
    var line = 0
    while bytes.count < count {
        line += 1
        bytes += Array("2026-01-01 \(line) ".utf8)
        for _ in 0..<6 {
            bytes += Array(words[Int(random.next() % UInt64(words.count))].utf8)
            bytes.append(UInt8(ascii: " "))
        }
        bytes.append(UInt8(ascii: "\n"))
    }
    bytes.removeLast(bytes.count - count)
    return bytes
}

/// The key of tests: the bytes from `first` on, counting up.
func testKey(_ first: UInt8) -> [UInt8] {
    (0..<32).map { first &+ $0 }
}

extension Chunker {
    /// A chunker of the usual sizes.
    convenience init(
        _ algorithm: ChunkingAlgorithm,
        mean: Int,
        key: [UInt8]?,
        kernel: ScanKernel = ScanKernel.selected
    ) throws {
        let parameters = try ChunkerParameters.standard(algorithm, sizeMean: mean)
        if let key {
            self.init(parameters, key: key.span, kernel: kernel)
        } else {
            self.init(parameters, key: nil, kernel: kernel)
        }
    }

    /// The lengths of all chunks of a stream.
    func lengths(_ bytes: [UInt8]) -> [Int] {
        var lengths: [Int] = []
        cuts(bytes.span, atEnd: true, into: &lengths)
        return lengths
    }
}

/// FNV-1a, 64 bits, over the lengths as little-endian 64-bit words.
func digest(_ lengths: [Int]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for length in lengths {
        for shift in stride(from: 0, to: 64, by: 8) {
            hash = (hash ^ UInt64(length >> shift & 0xff)) &* 0x0000_0100_0000_01b3
        }
    }
    return hash
}
