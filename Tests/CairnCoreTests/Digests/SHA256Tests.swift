import CairnCore
import Testing

@Suite("SHA-256")
struct SHA256Tests {
    @Test("hashes what FIPS 180-4 and NIST publish", arguments: vectors)
    func published(vector: (message: [UInt8], digest: String)) {
        #expect(sha256(vector.message).description == vector.digest)
    }

    @Test("every kernel hashes what NIST publishes", arguments: availableKernels)
    func publishedInLanes(kernel: SHA256Kernel) {
        let identifier = ChunkIdentifier(key: nil, kernels: selection(kernel))
        var all = [UInt8]()
        var ranges = [Range<Int>]()
        for vector in Self.vectors {
            ranges.append(all.count..<all.count + vector.message.count)
            all += vector.message
        }
        var ids = [ChunkID]()
        identifier.identify(all.span, ranges: ranges, into: &ids)
        #expect(ids.map(\.description) == Self.vectors.map(\.digest))
    }

    @Test("a stream gives the same digest for every split, and can be used again")
    func stream() {
        var random = SeededBytes(seed: 1)
        let message = random.bytes(300)
        let expected = SHA256.hash(message.span)
        let stream = SHA256Stream()
        for split in 0...message.count {
            stream.update(message.span.extracting(0..<split))
            stream.update(message.span.extracting(split..<message.count))
            #expect(stream.finish() == expected, "split at \(split)")
        }
        #expect(stream.finish() == sha256([]))
    }

    static let vectors: [(message: [UInt8], digest: String)] = [
        ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (
            Array("abc".utf8),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        ),
        (
            Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            Array(
                """
                abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopq\
                klmnopqrlmnopqrsmnopqrstnopqrstu
                """.utf8
            ),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
        (
            [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
        // From the byte-oriented test vectors of the NIST validation program.
        ([0xd3], "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"),
        ([0x11, 0xaf], "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"),
        ([0xbd], "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"),
        (
            [0xc9, 0x8c, 0x8e, 0x55],
            "7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504"
        ),
        // One, two and no bytes short of a block with its length, as NIST lists for padding.
        (
            [UInt8](repeating: 0, count: 55),
            "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"
        ),
        (
            [UInt8](repeating: 0, count: 56),
            "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"
        ),
        (
            [UInt8](repeating: 0, count: 57),
            "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785"
        ),
        (
            [UInt8](repeating: 0, count: 64),
            "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"
        ),
    ]
}

/// The kernels that this CPU has.
let availableKernels = SHA256Kernel.allCases.filter(\.isAvailable)

func selection(_ kernel: SHA256Kernel) -> KernelSelection {
    var selection = KernelSelection()
    selection.sha256 = kernel
    return selection
}
