import CairnCore
import Testing

@testable import CairnFormat

@Suite("Object names")
struct ObjectNamesTests {
    @Test("lead back to what they name")
    func roundTrip() {
        for seed in 1...50 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let session = SessionID.sample(&random)
            let slot = KeySlotID.sample(&random)
            let number = random.uint32()
            let pack = PackID(session: session, number: number)
            let index = IndexID(session: session, number: number)
            let generation = random.integer()
            var pairs: [(String, ObjectKey)] = [
                (ObjectNames.format, .format), (ObjectNames.keySlot(slot), .keySlot(slot)),
                (ObjectNames.session(session), .session(session)),
                (ObjectNames.pack(pack), .pack(pack)), (ObjectNames.index(index), .index(index)),
                (ObjectNames.snapshot(session), .snapshot(session)),
                (ObjectNames.forgotten(session), .forgotten(session)),
            ]
            for phase in CleanupPhase.allCases {
                let name = ObjectNames.cleanup(generation: generation, phase)
                pairs.append((name, .cleanup(generation: generation, phase)))
            }
            for (name, key) in pairs {
                #expect(ObjectNames.parse(name) == key, "seed \(seed): \(name)")
            }
        }
    }

    @Test(
        "other than the exact form are none",
        arguments: [
            "", "format/", "Format", "keys/", "keys/00", "packs", "packs/", "sessions/00",
            "packs/112233445566778800000007a0a1a2a3a4a5a6a7a8a9aaab",
            "packs/112233445566778800000007a0a1a2a3a4a5a6a7a8a9aaab-1",
            "packs/112233445566778800000007A0A1A2A3A4A5A6A7A8A9AAAB-00000001",
            "packs/112233445566778800000007a0a1a2a3a4a5a6a7a8a9aaab-00000001/",
            "packs/112233445566778800000007a0a1a2a3a4a5a6a7a8a9aaab-0000000g",
            "packs/112233445566778800000007a0a1a2a3a4a5a6a7a8a9aaab-00000001-",
            "snapshots/112233445566778800000007a0a1a2a3a4a5a6a7a8a9aaab-00000001",
            "gc/1-done", "gc/0000000000000001-Done", "gc/0000000000000001", "gc/-done",
            "other/112233445566778800000007a0a1a2a3a4a5a6a7a8a9aaab",
        ]
    )
    func strangers(name: String) {
        #expect(ObjectNames.parse(name) == nil)
    }

    @Test("have the documented form")
    func examples() {
        let session = VectorValues.session
        let text = "112233445566778800000007a0a1a2a3a4a5a6a7a8a9aaab"
        #expect(session.text == text)
        #expect(SessionID(text) == session)
        #expect(session.writer == 0x1122_3344_5566_7788 && session.counter == 7)
        #expect(ObjectNames.pack(VectorValues.pack) == "packs/\(text)-00000001")
        #expect(ObjectNames.cleanup(generation: 26, .doomed) == "gc/000000000000001a-doomed")
        #expect(ObjectNames.keySlot(VectorValues.slot).utf8.count == 37)
    }

    @Test("sort a writer's sessions by age, as their bytes do")
    func order() {
        for seed in 1...50 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let (a, b) = (SessionID.sample(&random), SessionID.sample(&random))
            #expect((a < b) == a.bytes.lexicographicallyPrecedes(b.bytes), "seed \(seed)")
            #expect((a < b) == (a.text < b.text), "seed \(seed)")
        }
        let older = SessionID(writer: 1, counter: 255, random: [UInt8](repeating: 255, count: 12))
        let newer = SessionID(writer: 1, counter: 256, random: [UInt8](repeating: 0, count: 12))
        #expect(older < newer)
    }
}
