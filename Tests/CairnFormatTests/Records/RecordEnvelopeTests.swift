import CairnCore
import Testing

@testable import CairnFormat

@Suite("Record envelopes")
struct RecordEnvelopeTests {
    static let name = "sessions/x"

    static func seal(
        _ payload: [UInt8],
        encrypted: Bool = true,
        compression: CompressionSetting = .zstd(level: 3)
    ) throws -> [UInt8] {
        try RecordEnvelope.seal(
            payload.span,
            type: .session,
            name: name,
            key: encrypted ? VectorValues.keys().record : nil,
            repository: VectorValues.repository,
            salt: VectorValues.salt,
            compression: compression
        )
    }

    static func open(
        _ bytes: [UInt8],
        name: String = name,
        encrypted: Bool = true
    ) throws -> [UInt8] {
        try RecordEnvelope.open(
            bytes.span,
            name: name,
            key: encrypted ? VectorValues.keys().record : nil,
            repository: VectorValues.repository
        ).payload.array
    }

    @Test("give back what was sealed", arguments: [true, false])
    func roundTrip(encrypted: Bool) throws {
        var random = SeededRandom(seed: 1)
        let payloads: [[UInt8]] = [
            [], [1], random.bytes(1000), [UInt8](repeating: 7, count: 60_000),
        ]
        for payload in payloads {
            for compression in [CompressionSetting.none, .lz4, .zstd(level: 3)] {
                let bytes = try Self.seal(
                    payload,
                    encrypted: encrypted,
                    compression: compression
                )
                #expect(try Self.open(bytes, encrypted: encrypted) == payload)
            }
        }
    }

    @Test("never open with a byte changed, cut or added", arguments: [true, false])
    func changes(encrypted: Bool) throws {
        var random = SeededRandom(seed: 2)
        let bytes = try Self.seal(random.bytes(40), encrypted: encrypted)
        for offset in bytes.indices {
            for fixesChecksum in [false, true] {
                var changed = bytes
                changed[offset] ^= UInt8.random(in: 1...255, using: &random)
                if fixesChecksum { Self.fixChecksum(&changed) }
                // Whoever changes the checksum alone changes nothing once it is made right.
                if changed == bytes { continue }
                #expect(throws: RecordFailure.self) {
                    try Self.open(changed, encrypted: encrypted)
                }
            }
            var short = Array(bytes[..<offset])
            #expect(throws: RecordFailure.self) { try Self.open(short, encrypted: encrypted) }
            if short.count >= 4 {
                Self.fixChecksum(&short)
                #expect(throws: RecordFailure.self) { try Self.open(short, encrypted: encrypted) }
            }
        }
        #expect(throws: RecordFailure.self) { try Self.open(bytes + [0], encrypted: encrypted) }
    }

    static func fixChecksum(_ bytes: inout [UInt8]) {
        let end = bytes.count - 4
        let checksum = CRC32C.checksum(bytes.span.extracting(0..<end))
        for index in 0..<4 {
            bytes[end + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index))
        }
    }

    @Test("say what is wrong")
    func failures() throws {
        let bytes = try Self.seal([1, 2, 3])
        let plain = try Self.seal([1, 2, 3], encrypted: false)
        #expect(throws: RecordFailure.notAuthentic) { try Self.open(bytes, name: "sessions/y") }
        // Records without encryption must not pass in an encrypted repository, nor the reverse.
        #expect(throws: RecordFailure.notAuthentic) { try Self.open(plain) }
        #expect(throws: RecordFailure.notAuthentic) { try Self.open(bytes, encrypted: false) }
        #expect(throws: RecordFailure.foreignRepository(VectorValues.repository)) {
            let other = unwrap(RepositoryID(bytes: [UInt8](repeating: 9, count: 16)))
            _ = try RecordEnvelope.open(
                bytes.span,
                name: Self.name,
                key: nil,
                repository: other
            )
        }
        var later = bytes
        later[8] = 2
        #expect(throws: RecordFailure.damaged(.checksumMismatch)) { try Self.open(later) }
        Self.fixChecksum(&later)
        #expect(throws: RecordFailure.unsupported("record version 2")) { try Self.open(later) }
        var codec = bytes
        codec[12] = 77
        Self.fixChecksum(&codec)
        #expect(throws: RecordFailure.unsupported("codec 77")) { try Self.open(codec) }
        #expect(throws: RecordFailure.damaged(.wrongMagic)) { try Self.open([0] + bytes) }
    }

    @Test("of another type do not pass for this one")
    func typeIsBound() throws {
        var bytes = try Self.seal([1, 2, 3])
        bytes[10] = RecordType.snapshot.rawValue
        Self.fixChecksum(&bytes)
        #expect(throws: RecordFailure.notAuthentic) { try Self.open(bytes) }
    }

    @Test("state no payload larger than their type allows")
    func payloadLimit() throws {
        var bytes = try Self.seal([UInt8](repeating: 0, count: 60_000))
        bytes[18] = 1  // 65,536 more bytes than there are
        Self.fixChecksum(&bytes)
        #expect(throws: RecordFailure.damaged(.outOfRange(offset: 16))) { try Self.open(bytes) }
        let large = [UInt8](repeating: 0, count: (64 << 10) + 1)
        #expect(throws: SealingFailure.self) { try Self.seal(large) }
    }
}
