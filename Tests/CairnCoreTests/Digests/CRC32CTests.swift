import CairnCore
import Testing

@Suite("CRC-32C")
struct CRC32CTests {
    @Test("checks what RFC 3720 appendix B.4 publishes", arguments: vectors)
    func published(vector: (message: [UInt8], expected: UInt32)) {
        #expect(crc32c(vector.message[...]) == vector.expected)
    }

    @Test("every length and alignment agrees with bit-by-bit division")
    func reference() {
        var random = SeededBytes(seed: 6)
        let bytes = random.bytes(2000)
        for offset in 0..<8 {
            for size in Array(0...70) + [255, 256, 1025] {
                let range = offset..<offset + size
                let checksum = CRC32C.checksum(bytes.span.extracting(range))
                #expect(checksum == Self.slow(bytes[range]), "\(range)")
            }
        }
    }

    @Test("any split of the input gives the same checksum")
    func splits() {
        var random = SeededBytes(seed: 7)
        let bytes = random.bytes(200)
        let whole = CRC32C.checksum(bytes.span)
        for split in 0...200 {
            let first = CRC32C.checksum(bytes.span.extracting(0..<split))
            let both = CRC32C.checksum(
                bytes.span.extracting(split..<200),
                continuing: first
            )
            #expect(both == whole, "split at \(split)")
        }
    }

    static let vectors: [(message: [UInt8], expected: UInt32)] = [
        ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
        ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
        (Array(0..<32), 0x46dd_794e),
        (Array((0..<32).reversed()), 0x113f_db5c),
        (
            hexBytes(
                """
                01c000000000000000000000000000001400000000000400
                000000140000001828000000000000000200000000000000
                """
            ), 0xd996_3a56
        ),
        (Array("123456789".utf8), 0xe306_9283),
        ([], 0),
    ]

    static func slow(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var crc = ~UInt32(0)
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 0 ? 0 : 0x82f6_3b78) }
        }
        return ~crc
    }
}
