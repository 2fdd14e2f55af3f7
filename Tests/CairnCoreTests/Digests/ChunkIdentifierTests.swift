import CairnCore
import Testing

@Suite("Chunk identifier")
struct ChunkIdentifierTests {
    static let sharedBytes: [UInt8] = {
        var random = SeededBytes(seed: 2)
        return random.bytes(40_000)
    }()

    @Test(
        "every kernel agrees with the reference on any lengths and offsets",
        arguments: availableKernels,
        [false, true]
    )
    func lanes(kernel: SHA256Kernel, keyed: Bool) {
        let bytes = Self.sharedBytes
        for seed in UInt64(0)..<60 {
            var random = SeededBytes(seed: seed)
            let key = keyed ? secret(random.bytes(Int.random(in: 0...100, using: &random))) : nil
            let sizeMax = [70, 200, 3000, 20_000][Int(seed % 4)]
            let count = seed % 20 == 19 ? 600 : Int.random(in: 0...40, using: &random)
            let ranges = (0..<count).map { _ in
                let size = Int.random(in: 0...sizeMax, using: &random)
                let offset = Int.random(in: 0...bytes.count - size, using: &random)
                return offset..<offset + size
            }
            let identifier = ChunkIdentifier(key: key, kernels: selection(kernel))
            let reference = ChunkIdentifier(key: key, kernels: selection(.openssl))
            let before = sha256([1])
            var ids = [before]
            var expected = [before]
            identifier.identify(bytes.span, ranges: ranges, into: &ids)
            reference.identify(bytes.span, ranges: ranges, into: &expected)
            #expect(ids == expected, "seed \(seed)")
        }
    }

    @Test(
        "every length around the block boundaries is padded right",
        arguments: availableKernels,
        [false, true]
    )
    func padding(kernel: SHA256Kernel, keyed: Bool) {
        var random = SeededBytes(seed: 3)
        let bytes = random.bytes(260)
        let key = keyed ? secret(random.bytes(32)) : nil
        let identifier = ChunkIdentifier(key: key, kernels: selection(kernel))
        let ranges = (0...260).map { 0..<$0 }
        var ids = [ChunkID]()
        identifier.identify(bytes.span, ranges: ranges, into: &ids)
        for (range, id) in zip(ranges, ids) {
            #expect(id == identifier.identify(bytes, range), "\(range.count)")
        }
    }

    @Test("one message much longer than the others gets its ID too", arguments: availableKernels)
    func skewed(kernel: SHA256Kernel) {
        var random = SeededBytes(seed: 4)
        let bytes = random.bytes(60_000)
        let key = secret(random.bytes(32))
        let identifier = ChunkIdentifier(key: key, kernels: selection(kernel))
        let ranges = [0..<10, 5..<60_000, 7..<30_000, 0..<0, 9..<80, 1..<40_000, 3..<50_000]
        var ids = [ChunkID]()
        identifier.identify(bytes.span, ranges: ranges, into: &ids)
        #expect(ids == ranges.map { identifier.identify(bytes, $0) })
    }

    @Test("without ranges or bytes there is nothing to read", arguments: availableKernels)
    func empty(kernel: SHA256Kernel) {
        let identifier = ChunkIdentifier(key: nil, kernels: selection(kernel))
        #expect(identifier.identify([], []).isEmpty)
        #expect(identifier.identify([], [0..<0, 0..<0]) == [sha256([]), sha256([])])
    }

    @Test("a key makes it HMAC-SHA-256", arguments: availableKernels)
    func keyed(kernel: SHA256Kernel) {
        for vector in HMACTests.vectors {
            let identifier = ChunkIdentifier(
                key: secret(hexBytes(vector.key)),
                kernels: selection(kernel)
            )
            let message = hexBytes(vector.message)
            var ids = [ChunkID]()
            identifier.identify(
                message.span,
                ranges: [0..<message.count, 0..<message.count],
                into: &ids
            )
            #expect(ids.map(\.description) == [vector.expected, vector.expected])
            #expect(identifier.identify(message, 0..<message.count).description == vector.expected)
        }
    }

    @Test("threads may share an identifier")
    func threads() async {
        var random = SeededBytes(seed: 5)
        let bytes = random.bytes(20_000)
        let identifier = ChunkIdentifier(key: secret(random.bytes(32)))
        let ranges = (0..<40).map { $0 * 100..<$0 * 400 + 1 }
        let expected = ranges.map { identifier.identify(bytes, $0) }
        await withTaskGroup(of: [ChunkID].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var ids = [ChunkID]()
                    identifier.identify(bytes.span, ranges: ranges, into: &ids)
                    return ids
                }
            }
            for await ids in group { #expect(ids == expected) }
        }
    }

    @Test("a range outside the bytes is a programmer's error")
    func outside() async {
        await #expect(processExitsWith: .failure) {
            let bytes: [UInt8] = [1, 2, 3]
            var ids = [ChunkID]()
            ChunkIdentifier(key: nil).identify(bytes.span, ranges: [0..<4], into: &ids)
        }
    }
}

@Suite("Kernel selection")
struct KernelSelectionTests {
    @Test("names choose kernels and are written back")
    func names() throws {
        #expect(try KernelSelection("sha256:scalar").sha256 == .scalar)
        #expect(try KernelSelection("") == KernelSelection())
        for kernel in availableKernels {
            let text = selection(kernel).description
            #expect(text.contains("sha256:\(kernel.rawValue)"))
            #expect(try KernelSelection(text) == selection(kernel))
        }
    }

    @Test(
        "anything else is an error, never a fallback",
        arguments: [
            "sha256", "sha256:", "sha256:avx9", "sha256:AVX2", ":avx2", "sha3:avx2", ",",
            "sha256:scalar,", "sha256:scalar:avx2", "sha256 :scalar", " ",
        ]
    )
    func errors(text: String) {
        #expect(throws: KernelSelectionFailure.self) { try KernelSelection(text) }
    }

    @Test("every kernel passes the trial before it is chosen", arguments: availableKernels)
    func trial(kernel: SHA256Kernel) {
        #expect(kernel.agreesWithReference)
        #expect(SHA256Kernel.best.isAvailable)
    }

    @Test("a kernel that this CPU lacks is refused")
    func missing() {
        for kernel in SHA256Kernel.allCases where !kernel.isAvailable {
            #expect(throws: KernelSelectionFailure.unavailable("sha256:\(kernel.rawValue)")) {
                try KernelSelection("sha256:\(kernel.rawValue)")
            }
        }
    }
}
