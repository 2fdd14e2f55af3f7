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

    private static func sealing(_ harness: inout Harness, _ data: ByteBuffer) throws {
        let key = SecretBytes(copying: [UInt8](repeating: 7, count: 32).span)
        let size = 256 << 10
        let sealed = ByteBuffer(capacity: size + 64)
        let sealer = Sealer()
        try sealer.setKey(key, algorithm: .aes256GCM)
        let additional = [UInt8](repeating: 1, count: 64)
        try harness.group(
            "Sealing in units of 256 KiB",
            bytes: data.count,
            [
                copying(data),
                (
                    "AES-256-GCM seal",
                    {
                        for start in stride(from: 0, to: data.count, by: size) {
                            sealed.truncate(to: 0)
                            try sealer.seal(
                                data.span(start..<start + size),
                                nonce: UInt64(start),
                                additional: additional.span,
                                into: sealed
                            )
                        }
                    }
                ),
            ]
        )
    }

    private static func compressing(
        _ harness: inout Harness,
        _ text: ByteBuffer,
        _ random: ByteBuffer
    ) throws {
        let size = 256 << 10
        let output = ByteBuffer(capacity: size * 2)
        for (kind, data) in [("text", text), ("random bytes", random)] {
            let part = 16 << 20
            let input = ByteBuffer(capacity: part)
            input.append(data.span(0..<part))
            var members: [(name: String, body: () throws -> Void)] = [copying(input)]
            for setting in ["none", "lz4", "zstd,1", "zstd,3", "auto,3", "deflate,6"] {
                guard let chosen = CompressionSetting(setting) else { continue }
                let compressor = Compressor(chosen)
                members.append(
                    (
                        setting,
                        {
                            for start in stride(from: 0, to: part, by: size) {
                                output.truncate(to: 0)
                                _ = compressor.compress(
                                    data.span(start..<start + size),
                                    into: output
                                )
                            }
                        }
                    )
                )
            }
            try harness.group("Compressing \(kind) in units of 256 KiB", bytes: part, members)
        }
        try decompressing(&harness, text)
    }

    private static func decompressing(_ harness: inout Harness, _ text: ByteBuffer) throws {
        let size = 256 << 10
        let part = 16 << 20
        let input = ByteBuffer(capacity: part)
        input.append(text.span(0..<part))
        let opened = ByteBuffer(capacity: size)
        let decompressor = Decompressor()
        var members: [(name: String, body: () throws -> Void)] = [copying(input)]
        for setting in ["lz4", "zstd,3", "deflate,6"] {
            guard let chosen = CompressionSetting(setting) else { continue }
            let compressor = Compressor(chosen)
            let units = stride(from: 0, to: part, by: size).map { start in
                let unit = ByteBuffer()
                let codec = compressor.compress(text.span(start..<start + size), into: unit)
                return (bytes: unit, codec: codec)
            }
            members.append(
                (
                    setting,
                    {
                        for unit in units {
                            opened.truncate(to: 0)
                            try decompressor.decompress(
                                unit.bytes.span,
                                codec: unit.codec,
                                count: size,
                                into: opened
                            )
                        }
                    }
                )
            )
        }
        try harness.group("Decompressing text in units of 256 KiB", bytes: part, members)
    }
}
