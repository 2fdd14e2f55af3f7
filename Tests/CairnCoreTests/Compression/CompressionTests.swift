import CairnCore
import Testing

/// Words from a small vocabulary: shrinks as text does.
func makeText(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededBytes(seed: seed)
    let words = (0..<200).map { _ in
        (0..<Int.random(in: 2...9, using: &random)).map { _ in
            UInt8.random(in: 97...122, using: &random)
        } + [32]
    }
    var text = [UInt8]()
    while text.count < count {
        text += words[Int.random(in: 0..<words.count, using: &random)]
    }
    return Array(text[..<count])
}

extension Compressor {
    func compress(_ bytes: [UInt8]) -> (codec: Codec, bytes: [UInt8]) {
        let output = ByteBuffer()
        let codec = compress(bytes.span, into: output)
        return (codec, output.array)
    }
}

extension Decompressor {
    func decompress(_ bytes: [UInt8], codec: Codec, count: Int) throws -> [UInt8] {
        let output = ByteBuffer()
        output.append(42)
        do {
            try decompress(bytes.span, codec: codec, count: count, into: output)
        } catch {
            #expect(output.array == [42], "a failure must leave the output as it was")
            throw error
        }
        return Array(output.array[1...])
    }
}

@Suite("Compression")
struct CompressionTests {
    static let settings: [CompressionSetting] = [
        .none, .zstd(level: 1), .zstd(level: 3), .zstd(level: 19), .zstd(level: 22), .lz4,
        .deflate(level: 1), .deflate(level: 6), .deflate(level: 9), .auto(level: 3),
    ]

    @Test("gives the same whatever was compressed before, of any size")
    func independent() throws {
        let reused = Compressor(.default)
        let sizes = [1 << 20, 100, 256 << 10, (256 << 10) + 1, 0, 70_000, 300_000, 1]
        for (number, size) in sizes.enumerated() {
            let text = makeText(size, seed: UInt64(number))
            let (codec, bytes) = reused.compress(text)
            let alone = Compressor(.default).compress(text)
            #expect(codec == alone.codec && bytes == alone.bytes, "\(size) bytes")
            let plain = try Decompressor().decompress(bytes, codec: codec, count: size)
            #expect(plain == text)
        }
    }

    @Test("yields the bytes again", arguments: settings)
    func roundTrip(setting: CompressionSetting) throws {
        let compressor = Compressor(setting)
        let decompressor = Decompressor()
        var random = SeededBytes(seed: 31)
        let sizes = [0, 1, 2, 3, 10, 100, 255, 1023, 1024, 1025, 4096, 70_000]
        for size in sizes {
            let inputs = [
                makeText(size, seed: 1), random.bytes(size), [UInt8](repeating: 0, count: size),
            ]
            for input in inputs {
                let (codec, bytes) = compressor.compress(input)
                #expect(bytes.count <= input.count)
                #expect(codec != .none || bytes == input)
                let output = try decompressor.decompress(bytes, codec: codec, count: size)
                #expect(output == input, "\(size) bytes through \(codec)")
            }
        }
    }

    @Test("shrinks what can shrink and appends", arguments: settings)
    func shrinks(setting: CompressionSetting) {
        let text = makeText(50_000, seed: 2)
        let output = ByteBuffer()
        output.append([1, 2, 3])
        let codec = Compressor(setting).compress(text.span, into: output)
        #expect(Array(output.array[..<3]) == [1, 2, 3])
        switch setting {
        case .none: #expect(codec == .none && output.count == text.count + 3)
        case .zstd, .auto: #expect(codec == .zstd && output.count < text.count / 2)
        case .lz4: #expect(codec == .lz4 && output.count < text.count * 3 / 4)
        case .deflate: #expect(codec == .deflate && output.count < text.count / 2)
        }
    }

    @Test("stores what does not shrink as it is", arguments: settings)
    func random(setting: CompressionSetting) {
        var random = SeededBytes(seed: 32)
        let compressor = Compressor(setting)
        for size in [1, 7, 64, 1000, 5000, 200_000] {
            let input = random.bytes(size)
            let (codec, bytes) = compressor.compress(input)
            #expect(codec == .none && bytes == input, "\(size) bytes")
        }
    }

    @Test("no level makes a window larger than readers accept")
    func window() throws {
        let count = (16 << 20) + 1
        let zeros = [UInt8](repeating: 0, count: count)
        let (codec, bytes) = Compressor(.zstd(level: 22)).compress(zeros)
        #expect(codec == .zstd)
        let output = ByteBuffer()
        try Decompressor().decompress(bytes.span, codec: codec, count: count, into: output)
        #expect(output.count == count)
    }

    @Test("the look ahead sees repetition and uneven bytes, wherever they are")
    func probe() {
        let compressor = Compressor(.auto(level: 3))
        var random = SeededBytes(seed: 33)
        // Random letters of a 64-letter alphabet: no repetition, but 6 bits a byte.
        #expect(compressor.compress(random.bytes(100_000).map { $0 & 63 }).codec == .zstd)
        // Random bytes, each 64 of them twice.
        let twice = (0..<800).flatMap { _ in
            let part = random.bytes(64)
            return part + part
        }
        #expect(compressor.compress(twice).codec == .zstd)
        // A quarter of text at the end of random bytes.
        let (noise, text) = (random.bytes(150_000), makeText(50_000, seed: 3))
        #expect(compressor.compress(noise + text).codec == .zstd)
        #expect(compressor.compress(text + noise).codec == .zstd)
    }
}

@Suite("Compression settings")
struct CompressionSettingTests {
    @Test(
        "text names settings and is written back",
        arguments: zip(
            [
                "none", "zstd", "zstd,1", "zstd,22", "lz4", "deflate", "deflate,9", "auto",
                "auto,7",
            ],
            [
                .none, .zstd(level: 3), .zstd(level: 1), .zstd(level: 22), .lz4, .deflate(level: 6),
                .deflate(level: 9), .auto(level: 3), .auto(level: 7),
            ] as [CompressionSetting]
        )
    )
    func parse(text: String, setting: CompressionSetting) {
        #expect(CompressionSetting(text) == setting)
        #expect(CompressionSetting(setting.description) == setting)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", ",", "zstd,", "zstd,0", "zstd,23", "zstd,-1", "zstd,+3", "zstd,03", "zstd,3,4",
            "lz4,1",
            "none,1", "deflate,0", "deflate,10", "auto,99", "ZSTD", " zstd", "zstd, 3", "gzip",
            "zstd,99999999999999999999",
        ]
    )
    func refuse(text: String) {
        #expect(CompressionSetting(text) == nil)
    }

    @Test("the default looks before it compresses at level 3")
    func standard() {
        #expect(CompressionSetting.default == .auto(level: 3))
        #expect(CompressionSetting.default == CompressionSetting("auto"))
    }

    @Test("a level that a codec lacks is a programmer's error")
    func level() async {
        await #expect(processExitsWith: .failure) { _ = Compressor(.zstd(level: 23)) }
    }
}
