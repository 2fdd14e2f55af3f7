import Testing

@testable import CairnCore

/// The vectors of Specs/Chunking.md#vectors.
///
/// A change here cuts every repository's data anew.
@Suite("Chunking vectors")
struct ChunkingVectorTests {
    /// A chunker and the chunks it must find.
    struct Vector: Sendable {
        let algorithm: ChunkingAlgorithm
        let isKeyed: Bool
        let sizes: (min: Int, mean: Int, max: Int)
        let count: Int
        let digest: UInt64

        init(
            _ algorithm: ChunkingAlgorithm,
            keyed: Bool,
            _ sizes: (Int, Int, Int),
            _ count: Int,
            _ digest: UInt64
        ) {
            self.algorithm = algorithm
            isKeyed = keyed
            self.sizes = sizes
            self.count = count
            self.digest = digest
        }
    }

    static let vectors = [
        Vector(.fastcdc, keyed: false, (4096, 8192, 32_768), 677, 0xb137_9edd_e60c_5ef2),
        Vector(.fastcdc, keyed: true, (4096, 8192, 32_768), 671, 0x17a5_bc34_c1e0_3f68),
        Vector(.fastcdc, keyed: true, (5000, 10_000, 40_000), 546, 0x186a_bb47_8425_c9e5),
        Vector(.fastcdc, keyed: false, (1024, 8192, 65_536), 657, 0xea6d_63ce_4b39_41fa),
        Vector(.fastcdc, keyed: false, (1 << 19, 1 << 20, 4 << 20), 6, 0x0f67_52a7_cdf9_7e1a),
        Vector(.anchored, keyed: false, (4096, 8192, 32_768), 677, 0x20b3_1007_d7ae_2ccd),
        Vector(.anchored, keyed: true, (2048, 4096, 16_384), 1372, 0x36d0_2940_4b3c_b8b7),
        Vector(.anchored, keyed: true, (4096, 8192, 32_768), 683, 0x4741_1e84_bb95_229b),
        Vector(.anchored, keyed: true, (5000, 10_000, 40_000), 559, 0x8649_9cd4_dbf5_3e55),
        Vector(.anchored, keyed: true, (32_768, 65_536, 262_144), 84, 0xac58_fe77_1b82_5311),
        Vector(.anchored, keyed: true, (1 << 19, 1 << 20, 4 << 20), 6, 0x3ce8_a913_ae8e_da66),
    ]

    static let data =
        randomBytes(4 << 20, seed: 1) + [UInt8](repeating: 0, count: 1 << 20)
        + randomBytes(1 << 20, seed: 2).map { $0 & 3 }

    @Test("cuts are those written down", arguments: vectors)
    func cuts(vector: Vector) throws {
        let parameters = try ChunkerParameters(
            algorithm: vector.algorithm,
            sizeMin: vector.sizes.min,
            sizeMean: vector.sizes.mean,
            sizeMax: vector.sizes.max
        )
        let key = testKey(0)
        for kernel in ScanKernel.available {
            let chunker =
                vector.isKeyed
                ? Chunker(parameters, key: key.span, kernel: kernel)
                : Chunker(parameters, key: nil, kernel: kernel)
            let lengths = chunker.lengths(Self.data)
            #expect(lengths.count == vector.count, "\(kernel)")
            #expect(digest(lengths) == vector.digest, "\(kernel)")
        }
    }

    @Test("tables are those written down")
    func tables() {
        #expect(
            HexText.encode(ChunkerTables.publishedKey)
                == "a76442d16187a437c8bbc16bbdfe58c079b8baba3e446e62b6322a04721c611f"
        )
        let published = ChunkerTables(key: nil)
        let keyed = ChunkerTables(key: testKey(0).span)
        #expect(published.gear()[0] == 0xcb7c_8b15_a81f_bdb6)
        #expect(published.gear()[255] == 0xeeb5_a3fd_0c56_5184)
        #expect(digest(published.gear().map { Int(bitPattern: UInt($0)) }) == 0x5407_116d_6b1b_06f8)
        #expect(digest(keyed.gear().map { Int(bitPattern: UInt($0)) }) == 0xfce1_f1d6_e990_73da)
        #expect(
            HexText.encode(published.anchors().prefix(32))
                == "1d59d8fe208918bf026d1b9921d9a39fa1c741d1e744240ece801c4855cb6a3c"
        )
        #expect(
            HexText.encode(keyed.anchors().prefix(32))
                == "cab7ada08c75d2c3a27f4edca867ea729d214894df6b60f3fb17224ab3010cbd"
        )
        #expect(keyed.cutKey().k0 == 0xce73_972b_c4a5_3631)
        #expect(keyed.cutKey().k1 == 0x37d7_5fdf_6aa6_dc8e)
    }
}
