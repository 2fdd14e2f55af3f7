import Cairn
import CairnCore
import CairnTestKit

/// Every kernel and codec on its own, one thread, beside memcpy.
enum MicroBench {
    /// Measures everything on seeded bytes.
    static func run(_ harness: inout Harness) throws {
        let size = 64 << 20
        let random = bytes(size, isText: false)
        let text = bytes(size, isText: true)
        try chunking(&harness, random)
        try identifying(&harness, random)
        try sealing(&harness, random)
        try compressing(&harness, text, random)
    }

    /// Seeded bytes: random ones, or words drawn from a small vocabulary.
    private static func bytes(_ size: Int, isText: Bool) -> ByteBuffer {
        var random = SeededRandom(seed: 1)
        let buffer = ByteBuffer(capacity: size)
        let words = (0..<4096).map { _ in
            (0..<Int.random(in: 2...9, using: &random)).map { _ in
                UInt8.random(in: UInt8(ascii: "a")...UInt8(ascii: "z"), using: &random)
            } + [UInt8(ascii: " ")]
        }
        while buffer.count < size {
            if isText {
                // Small numbers are likelier, as words of a text are.
                let rank = Double.random(in: 0..<1, using: &random)
                buffer.append(words[Int(rank * rank * rank * 4096)])
            } else {
                var word = random.next()
                buffer.append(
                    (0..<8).map { _ in
                        defer { word >>= 8 }
                        return UInt8(truncatingIfNeeded: word)
                    }
                )
            }
        }
        buffer.truncate(to: size)
        return buffer
    }

    private static func copying(_ source: ByteBuffer) -> (name: String, body: () -> Void) {
        let target = ByteBuffer(capacity: source.count)
        return (
            "memcpy",
            {
                target.truncate(to: 0)
                target.append(source.span)
            }
        )
    }

    private static func chunking(_ harness: inout Harness, _ data: ByteBuffer) throws {
        var members: [(name: String, body: () throws -> Void)] = [copying(data)]
        for algorithm in [ChunkingAlgorithm.fastcdc, .anchored] {
            let parameters = try ChunkerParameters.standard(algorithm)
            for kernel in ScanKernel.available {
                let chunker = Chunker(parameters, key: nil, kernel: kernel)
                members.append(
                    (
                        "\(algorithm) scan:\(kernel.rawValue)",
                        {
                            var lengths: [Int] = []
                            chunker.cuts(data.span, atEnd: true, into: &lengths)
                        }
                    )
                )
            }
        }
        try harness.group("Chunking 64 MiB, mean 1 MiB", bytes: data.count, members)
    }

    private static func identifying(_ harness: inout Harness, _ data: ByteBuffer) throws {
        for size in [4 << 10, 64 << 10, 1 << 20] {
            let ranges = stride(from: 0, to: data.count, by: size).map { $0..<$0 + size }
            var members: [(name: String, body: () throws -> Void)] = [copying(data)]
            for kernel in SHA256Kernel.allCases where kernel.isAvailable {
                var kernels = KernelSelection()
                kernels.sha256 = kernel
                let identifier = ChunkIdentifier(key: nil, kernels: kernels)
                members.append(
                    (
                        "sha256:\(kernel.rawValue)",
                        {
                            var ids: [ChunkID] = []
                            identifier.identify(data.span, ranges: ranges, into: &ids)
                        }
                    )
                )
            }
            try harness.group(
                "Identifying chunks of \(size >> 10) KiB",
                bytes: data.count,
                members
            )
        }
        try harness.group(
            "CRC-32C",
            bytes: data.count,
            [copying(data), ("crc32c", { _ = CRC32C.checksum(data.span) })]
        )
    }

    /// The size of what is sealed and compressed at a time, in bytes.
    private static let unitSize = 256 << 10
    /// How much is compressed in a round, in bytes: codecs are slow.
    private static let codedSize = 16 << 20

    private static func sealing(_ harness: inout Harness, _ data: ByteBuffer) throws {
        let key = [UInt8](repeating: 7, count: 32)
        let sealed = ByteBuffer(capacity: unitSize + 64)
        let sealer = Sealer()
        try sealer.setKey(SecretBytes(copying: key.span), algorithm: .aes256GCM)
        let raw = try RawGCM(key: key, sizeMax: unitSize)
        let additional = [UInt8](repeating: 1, count: 64)
        let starts = stride(from: 0, to: data.count, by: unitSize)
        let seal = {
            for start in starts {
                sealed.truncate(to: 0)
                try sealer.seal(
                    data.span(start..<start + unitSize),
                    nonce: UInt64(start),
                    additional: additional.span,
                    into: sealed
                )
            }
        }
        let sealRaw = {
            var nonce = [UInt8](repeating: 0, count: 12)
            for start in starts {
                for index in 0..<8 { nonce[11 - index] = UInt8(start >> (8 * index) & 0xff) }
                _ = try raw.seal(
                    data.span(start..<start + unitSize),
                    nonce: nonce,
                    additional: additional
                )
            }
        }
        try harness.group(
            "Sealing in units of 256 KiB",
            bytes: data.count,
            [
                copying(data), ("AES-256-GCM seal", seal),
                ("AES-256-GCM seal, OpenSSL alone", sealRaw),
            ]
        )
        try opening(&harness, data, sealer, additional)
    }

    private static func opening(
        _ harness: inout Harness,
        _ data: ByteBuffer,
        _ sealer: Sealer,
        _ additional: [UInt8]
    ) throws {
        let units = try stride(from: 0, to: data.count, by: unitSize).map { start in
            let unit = ByteBuffer(capacity: unitSize + Sealer.tagSize)
            try sealer.seal(
                data.span(start..<start + unitSize),
                nonce: UInt64(start),
                additional: additional.span,
                into: unit
            )
            return (bytes: unit, nonce: UInt64(start))
        }
        let opened = ByteBuffer(capacity: unitSize)
        let open = {
            for unit in units {
                opened.truncate(to: 0)
                try sealer.open(
                    unit.bytes.span,
                    nonce: unit.nonce,
                    additional: additional.span,
                    into: opened
                )
            }
        }
        try harness.group(
            "Opening units of 256 KiB",
            bytes: data.count,
            [copying(data), ("AES-256-GCM open", open)]
        )
    }

    /// The level of a setting that libzstd can be asked for by itself.
    private static func rawLevel(of setting: String) -> Int? {
        ["zstd,1": 1, "zstd,3": 3][setting]
    }

    private static func compressing(
        _ harness: inout Harness,
        _ text: ByteBuffer,
        _ random: ByteBuffer
    ) throws {
        let output = ByteBuffer(capacity: unitSize * 2)
        let raw = RawZstd(sizeMax: unitSize)
        let starts = stride(from: 0, to: codedSize, by: unitSize)
        for (kind, data) in [("text", text), ("random bytes", random)] {
            let input = ByteBuffer(capacity: codedSize)
            input.append(data.span(0..<codedSize))
            var members: [(name: String, body: () throws -> Void)] = [copying(input)]
            for setting in ["none", "lz4", "zstd,1", "zstd,3", "auto,3", "deflate,6"] {
                guard let chosen = CompressionSetting(setting) else { continue }
                let compressor = Compressor(chosen)
                let compress = {
                    for start in starts {
                        output.truncate(to: 0)
                        _ = compressor.compress(data.span(start..<start + unitSize), into: output)
                    }
                }
                members.append((setting, compress))
                guard let level = rawLevel(of: setting) else { continue }
                let compressRaw = {
                    for start in starts {
                        _ = try raw.compress(data.span(start..<start + unitSize), level: level)
                    }
                }
                members.append(("\(setting), libzstd alone", compressRaw))
            }
            try harness.group(
                "Compressing \(kind) in units of 256 KiB",
                bytes: codedSize,
                members
            )
        }
        try decompressing(&harness, text)
    }

    private static func decompressing(_ harness: inout Harness, _ text: ByteBuffer) throws {
        let input = ByteBuffer(capacity: codedSize)
        input.append(text.span(0..<codedSize))
        let opened = ByteBuffer(capacity: unitSize)
        let decompressor = Decompressor()
        let raw = RawZstd(sizeMax: unitSize)
        var members: [(name: String, body: () throws -> Void)] = [copying(input)]
        for setting in ["lz4", "zstd,1", "zstd,3", "deflate,6"] {
            guard let chosen = CompressionSetting(setting) else { continue }
            let compressor = Compressor(chosen)
            let units = stride(from: 0, to: codedSize, by: unitSize).map { start in
                let unit = ByteBuffer()
                let codec = compressor.compress(text.span(start..<start + unitSize), into: unit)
                return (bytes: unit, codec: codec)
            }
            let decompress = {
                for unit in units {
                    opened.truncate(to: 0)
                    try decompressor.decompress(
                        unit.bytes.span,
                        codec: unit.codec,
                        count: unitSize,
                        into: opened
                    )
                }
            }
            members.append((setting, decompress))
            guard let level = rawLevel(of: setting) else { continue }
            let frames = try stride(from: 0, to: codedSize, by: unitSize).map { start in
                try raw.frame(of: text.span(start..<start + unitSize), level: level)
            }
            let decompressRaw = {
                for frame in frames { _ = try raw.decompress(frame.span) }
            }
            members.append(("\(setting), libzstd alone", decompressRaw))
        }
        try harness.group("Decompressing text in units of 256 KiB", bytes: codedSize, members)
    }
}
