import CairnCore
import Testing

@testable import CairnFormat

@Suite("Key slots")
struct KeySlotTests {
    @Test("give back the master secret", arguments: KeySlot.Kind.allCases)
    func roundTrip(kind: KeySlot.Kind) throws {
        let stored = try VectorValues.keySlot(kind).encode()
        let slot = try KeySlot(decoding: stored.span)
        let bundle = try slot.open(with: VectorValues.code)
        #expect(bundle.masterSecret == VectorValues.master)
        #expect(bundle.formatDigest == VectorValues.format.digest)
        #expect(throws: KeySlotFailure.wrongSecret) { try slot.open(with: VectorValues.master) }
    }

    @Test("never open with a byte changed")
    func changes() throws {
        let stored = try VectorValues.keySlot(.keyFile).encode()
        for offset in stored.indices {
            var bytes = stored
            bytes[offset] ^= 0x20
            RecordEnvelopeTests.fixChecksum(&bytes)
            if bytes == stored { continue }
            guard let slot = try? KeySlot(decoding: bytes.span) else { continue }
            #expect(throws: KeySlotFailure.wrongSecret) { try slot.open(with: VectorValues.code) }
        }
    }

    @Test("with a derivation that costs too much are refused before it starts")
    func limits() throws {
        let most = (Argon2Parameters.memoryKiBMax, UInt32(64), UInt32(64))
        let bad: [(UInt32, UInt32, UInt32)] = [
            (most.0 + 1, 1, 1), (.max, 1, 1), (64, 65, 1), (64, .max, 1), (64, 1, 65),
            (64, 1, .max), (64, 0, 1), (64, 1, 0), (7, 1, 1), (31, 1, 4), (0, 0, 0),
        ]
        for (memoryKiB, passes, lanes) in [most] + bad {
            let slot = KeySlot(
                kind: .passphrase,
                repository: VectorValues.repository,
                id: VectorValues.slot,
                salt: VectorValues.salt,
                work: Argon2Parameters(memoryKiB: memoryKiB, passes: passes, lanes: lanes),
                created: 0,
                label: []
            )
            let isAllowed = (memoryKiB, passes, lanes) == most
            let decodes = (try? KeySlot(decoding: slot.encode().span)) != nil
            #expect(decodes == isAllowed, "\(memoryKiB) KiB, \(passes) passes, \(lanes) lanes")
        }
    }

    @Test("that need no stretching state no work for it")
    func workWithoutArgon() throws {
        let slot = KeySlot(
            kind: .keyFile,
            repository: VectorValues.repository,
            id: VectorValues.slot,
            salt: VectorValues.salt,
            work: .default,
            created: 0,
            label: []
        )
        #expect(throws: DecodingFailure.self) { try KeySlot(decoding: slot.encode().span) }
    }

    @Test("lead to five different keys")
    func purposeKeys() throws {
        let keys = try VectorValues.keys()
        let all = [keys.id, keys.chunker, keys.pack, keys.record, keys.cache]
        for (index, key) in all.enumerated() {
            #expect(key.count == 32)
            #expect(all.firstIndex { $0 == key } == index)
        }
        let other = unwrap(RepositoryID(bytes: [UInt8](repeating: 1, count: 16)))
        let foreign = try PurposeKeys(master: VectorValues.master, repository: other)
        #expect(foreign.id != keys.id)
    }
}
