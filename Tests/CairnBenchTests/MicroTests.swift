import CairnCore
import Testing

@testable import CairnBench

@Suite("The libraries beside the engine")
struct MicroTests {
    private static let unit = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7 * 31) }

    @Test("libzstd alone makes the frames that the engine makes of it", arguments: [1, 3])
    func zstd(level: Int) throws {
        let raw = RawZstd(sizeMax: MicroTests.unit.count)
        let frame = try raw.frame(of: MicroTests.unit.span, level: level)
        let setting = try #require(CompressionSetting("zstd,\(level)"))
        let output = ByteBuffer()
        #expect(Compressor(setting).compress(MicroTests.unit.span, into: output) == .zstd)
        #expect(frame.count == output.count && frame.count < MicroTests.unit.count)
        #expect(try raw.decompress(frame.span) == MicroTests.unit.count)
        output.truncate(to: 0)
        try Decompressor().decompress(
            frame.span,
            codec: .zstd,
            count: MicroTests.unit.count,
            into: output
        )
        #expect(output.span.indices.allSatisfy { output.span[$0] == MicroTests.unit[$0] })
    }

    @Test("What is no frame is not taken for one by libzstd alone")
    func damaged() {
        let raw = RawZstd(sizeMax: MicroTests.unit.count)
        #expect(throws: BenchFailure.self) { try raw.decompress(MicroTests.unit.span) }
    }

    @Test("OpenSSL alone makes the sealed bytes that the engine opens")
    func sealing() throws {
        let key = [UInt8](repeating: 7, count: 32)
        let additional = [UInt8](repeating: 1, count: 64)
        let nonce = [UInt8](repeating: 0, count: 10) + [1, 2]
        let raw = try RawGCM(key: key, sizeMax: MicroTests.unit.count)
        let sealed = try raw.sealed(MicroTests.unit.span, nonce: nonce, additional: additional)
        let sealer = Sealer()
        try sealer.setKey(SecretBytes(copying: key.span), algorithm: .aes256GCM)
        let output = ByteBuffer()
        try sealer.open(sealed.span, nonce: 258, additional: additional.span, into: output)
        #expect(output.count == MicroTests.unit.count)
        #expect(output.span.indices.allSatisfy { output.span[$0] == MicroTests.unit[$0] })
    }
}
