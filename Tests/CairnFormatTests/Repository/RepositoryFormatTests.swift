import CairnCore
import Testing

@testable import CairnFormat

@Suite("The format object")
struct RepositoryFormatTests {
    static func decode(_ bytes: [UInt8]) throws(DecodingFailure) -> RepositoryFormat {
        try RepositoryFormat(decoding: bytes.span)
    }

    @Test("has 108 bytes")
    func size() {
        #expect(VectorValues.format.encode().count == RepositoryFormat.size)
    }

    @Test(
        "of a later version or with an unknown algorithm is unsupported, not damaged",
        arguments: [8, 9, 28, 29, 30, 31, 48, 55]
    )
    func unsupported(offset: Int) throws {
        var bytes = VectorValues.format.encode()
        bytes[offset] ^= 0x40
        #expect(throws: DecodingFailure.checksumMismatch) { try Self.decode(bytes) }
        RecordEnvelopeTests.fixChecksum(&bytes)
        do {
            _ = try Self.decode(bytes)
            Issue.record("decoded with byte \(offset) changed")
        } catch .unsupported {
            // As it should be.
        } catch {
            Issue.record("\(error) for byte \(offset)")
        }
    }

    @Test("may have optional features that nobody knows")
    func optionalFeatures() throws {
        var format = VectorValues.format
        format.optionalFeatures = .max
        #expect(try Self.decode(format.encode()) == format)
    }

    @Test("contradicting itself is refused")
    func contradictions() {
        var plainIDs = VectorValues.format
        plainIDs.identifiers = .sha256
        var publicKey = VectorValues.format
        publicKey.chunkerKey[0] = 1
        var sizes = VectorValues.formatPlain
        sizes.chunkSizeMin = 2 << 20
        var zero = VectorValues.formatPlain
        zero.chunkSizeMin = 0
        var packs = VectorValues.format
        packs.packSizeTarget = 1 << 20
        for format in [plainIDs, publicKey, sizes, zero, packs] {
            #expect(throws: DecodingFailure.self) { try Self.decode(format.encode()) }
            #expect(throws: DecodingFailure.self) { try format.validate() }
        }
    }
}
