import CairnCore
import Testing

@Suite("Decompression of hostile bytes")
struct DecompressorTests {
    static let settings: [CompressionSetting] = [.zstd(level: 3), .lz4, .deflate(level: 6)]

    @Test("a truncated unit is refused at every length", arguments: settings)
    func truncated(setting: CompressionSetting) throws {
        let text = makeText(3000, seed: 4)
        let (codec, bytes) = Compressor(setting).compress(text)
        let decompressor = Decompressor()
        for count in 0..<bytes.count {
            #expect(throws: CompressionFailure.self, "\(count) bytes") {
                try decompressor.decompress(Array(bytes[..<count]), codec: codec, count: 3000)
            }
        }
        #expect(try decompressor.decompress(bytes, codec: codec, count: 3000) == text)
    }

    @Test("bytes after the end are refused", arguments: settings)
    func trailing(setting: CompressionSetting) {
        let (codec, bytes) = Compressor(setting).compress(makeText(3000, seed: 5))
        let decompressor = Decompressor()
        for extra in [[0], [0, 0, 0], bytes, [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]] as [[UInt8]] {
            for count in [3000, 6000, 3001] {
                #expect(throws: CompressionFailure.self) {
                    try decompressor.decompress(bytes + extra, codec: codec, count: count)
                }
            }
        }
    }

    @Test("another count than was compressed is refused", arguments: settings)
    func counts(setting: CompressionSetting) {
        let (codec, bytes) = Compressor(setting).compress(makeText(3000, seed: 6))
        let decompressor = Decompressor()
        for count in [
            -1, .min, 0, 1, 2999, 3001, 1 << 20, Decompressor.sizeMax, Decompressor.sizeMax + 1,
            .max,
        ] {
            #expect(throws: CompressionFailure.self, "count \(count)") {
                try decompressor.decompress(bytes, codec: codec, count: count)
            }
        }
    }

    @Test("bytes stored as they are must have the count")
    func stored() throws {
        let decompressor = Decompressor()
        #expect(try decompressor.decompress([], codec: .none, count: 0).isEmpty)
        #expect(try decompressor.decompress([1, 2], codec: .none, count: 2) == [1, 2])
        for count in [-1, 0, 1, 3, .max] {
            #expect(throws: CompressionFailure.self) {
                try decompressor.decompress([1, 2], codec: .none, count: count)
            }
        }
    }

    @Test("a bomb yields no more than the count asked for", arguments: settings)
    func bomb(setting: CompressionSetting) throws {
        let zeros = [UInt8](repeating: 0, count: 2 << 20)
        let (codec, bytes) = Compressor(setting).compress(zeros)
        #expect(bytes.count < zeros.count / 200)
        let decompressor = Decompressor()
        for count in [0, 1, 4096, zeros.count - 1, zeros.count + 1] {
            #expect(throws: CompressionFailure.self) {
                try decompressor.decompress(bytes, codec: codec, count: count)
            }
        }
        #expect(try decompressor.decompress(bytes, codec: codec, count: zeros.count) == zeros)
    }

    @Test("few bytes cannot ask for much memory", arguments: settings)
    func ratio(setting: CompressionSetting) {
        let (codec, bytes) = Compressor(setting).compress([UInt8](repeating: 0, count: 1000))
        let output = ByteBuffer()
        let capacity = output.capacity
        #expect(throws: CompressionFailure.self) {
            try Decompressor().decompress(
                bytes.span,
                codec: codec,
                count: Decompressor.sizeMax,
                into: output
            )
        }
        #expect(output.capacity == capacity)
    }

    @Test("damaged units never trap, and yield the count or nothing", arguments: settings)
    func damage(setting: CompressionSetting) {
        let text = makeText(2000, seed: 7)
        let (codec, bytes) = Compressor(setting).compress(text)
        let decompressor = Decompressor()
        for seed in UInt64(0)..<1500 {
            var random = SeededBytes(seed: seed)
            var changed = bytes
            for _ in 0...Int(seed % 4) {
                changed[Int.random(in: 0..<changed.count, using: &random)] = UInt8.random(
                    in: 0...255,
                    using: &random
                )
            }
            let output = try? decompressor.decompress(changed, codec: codec, count: 2000)
            #expect(output == nil || output?.count == 2000, "seed \(seed)")
        }
    }

    @Test("random bytes never trap", arguments: Codec.allCases)
    func noise(codec: Codec) {
        let decompressor = Decompressor()
        for seed in UInt64(0)..<1000 {
            var random = SeededBytes(seed: seed)
            var bytes = random.bytes(Int.random(in: 0...80, using: &random))
            if codec == .zstd && seed % 2 == 0 { bytes = [0x28, 0xb5, 0x2f, 0xfd] + bytes }
            let count = Int.random(in: 0...300, using: &random)
            let output = try? decompressor.decompress(bytes, codec: codec, count: count)
            #expect(output == nil || output?.count == count, "seed \(seed)")
        }
    }

    @Test("a decompressor works on after a failure")
    func recovery() throws {
        let decompressor = Decompressor()
        for setting in Self.settings {
            let text = makeText(3000, seed: 8)
            let (codec, bytes) = Compressor(setting).compress(text)
            #expect(throws: CompressionFailure.self) {
                try decompressor.decompress(
                    Array(bytes[..<(bytes.count / 2)]),
                    codec: codec,
                    count: 3000
                )
            }
            #expect(try decompressor.decompress(bytes, codec: codec, count: 3000) == text)
        }
    }
}

@Suite("Zstandard frames")
struct ZstdFrameTests {
    static let magic: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]
    /// One last block that holds the bytes 1, 2, 3 as they are.
    static let block: [UInt8] = [3 << 3 | 1, 0, 0, 1, 2, 3]

    private func decompress(_ head: [UInt8], _ rest: [UInt8] = block) throws -> [UInt8] {
        try Decompressor().decompress(Self.magic + head + rest, codec: .zstd, count: 3)
    }

    @Test("one frame with its content size is read")
    func plain() throws {
        #expect(try decompress([0x20, 3]) == [1, 2, 3])
        // With a window of 2^24 bytes and a content size of four bytes.
        #expect(try decompress([0x80, 14 << 3, 3, 0, 0, 0]) == [1, 2, 3])
    }

    @Test(
        "a window of more than 2^24 bytes is refused",
        arguments: [
            14 << 3 | 1, 15 << 3, 17 << 3, 31 << 3 | 7,
        ] as [UInt8]
    )
    func window(descriptor: UInt8) {
        #expect(
            throws: CompressionFailure.unsupported(
                "a Zstandard window of more than 2^24 bytes"
            )
        ) {
            try decompress([0x80, descriptor, 3, 0, 0, 0])
        }
    }

    @Test("a dictionary is refused")
    func dictionary() {
        #expect(throws: CompressionFailure.unsupported("a Zstandard dictionary")) {
            try decompress([0x21, 7, 3])
        }
    }

    @Test("a frame without its content size, or with another, is refused")
    func contentSize() {
        #expect(throws: CompressionFailure.damaged(.zstd)) { try decompress([0x00, 0x58]) }
        #expect(throws: CompressionFailure.damaged(.zstd)) { try decompress([0x20, 4]) }
        #expect(throws: CompressionFailure.damaged(.zstd)) { try decompress([0x20, 2]) }
    }

    @Test("a skippable frame is refused, alone and before another")
    func skippable() {
        let skippable: [UInt8] = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]
        let decompressor = Decompressor()
        #expect(throws: CompressionFailure.damaged(.zstd)) {
            try decompressor.decompress(skippable, codec: .zstd, count: 0)
        }
        #expect(throws: CompressionFailure.damaged(.zstd)) {
            try decompressor.decompress(
                skippable + Self.magic + [0x20, 3] + Self.block,
                codec: .zstd,
                count: 3
            )
        }
    }

    @Test("two frames are refused even where their sizes add up")
    func twoFrames() {
        let frame = Self.magic + [0x20, 3] + Self.block
        for count in [3, 6] {
            #expect(throws: CompressionFailure.damaged(.zstd)) {
                try Decompressor().decompress(frame + frame, codec: .zstd, count: count)
            }
        }
    }
}
