import CairnCore
import Testing

@testable import CairnFormat

@Suite("Every stored type")
struct StoredValueTests {
    static let seeds: ClosedRange<UInt64> = 1...6

    @Test("decodes to the value that was encoded", arguments: Law.all)
    func roundTrip(law: Law) throws {
        for seed in 1...60 as ClosedRange<UInt64> {
            do {
                _ = try law.roundTrip(seed)
            } catch {
                Issue.record("\(law.name), seed \(seed): \(error)")
            }
        }
    }

    @Test("refuses its bytes cut short anywhere", arguments: Law.all)
    func truncation(law: Law) throws {
        for seed in Self.seeds {
            let bytes = try law.roundTrip(seed)
            for count in 0..<bytes.count {
                let short = Array(bytes[..<count])
                // Padding and lists without a count may be shorter; then they are a value too.
                let isSound = law.endsAnywhere ? law.keepsOneForm(short) : !law.decodes(short)
                if !isSound { Issue.record("\(law.name), seed \(seed), \(count) bytes") }
            }
        }
    }

    @Test("refuses any changed byte or holds another value", arguments: Law.all)
    func changedByte(law: Law) throws {
        for seed in Self.seeds {
            var random = SeededRandom(seed: seed)
            var bytes = try law.roundTrip(seed)
            for offset in bytes.indices {
                let change = UInt8.random(in: 1...255, using: &random)
                for mask in [change, 1] as [UInt8] {
                    bytes[offset] ^= mask
                    let isSound = law.keepsOneForm(bytes)
                    if !isSound {
                        Issue.record("\(law.name), seed \(seed), byte \(offset) ^ \(mask)")
                    }
                    bytes[offset] ^= mask
                }
            }
        }
    }

    @Test("keeps one form under any mixture of changes", arguments: Law.all)
    func mutations(law: Law) throws {
        for seed in 1...12 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let original = try law.roundTrip(seed)
            for round in 0..<40 {
                let bytes = Self.mutate(original, &random)
                if !law.keepsOneForm(bytes) {
                    Issue.record("\(law.name), seed \(seed), round \(round)")
                }
            }
        }
    }

    @Test("refuses bytes after the end", arguments: Law.all)
    func trailingByte(law: Law) throws {
        for seed in Self.seeds {
            let bytes = try law.roundTrip(seed)
            let isSound = law.endsAnywhere || !law.decodes(bytes + [0])
            if !(isSound && law.keepsOneForm(bytes + [0])) {
                Issue.record("\(law.name), seed \(seed)")
            }
        }
    }

    @Test("refuses or survives bytes that mean nothing", arguments: Law.all)
    func noise(law: Law) {
        for seed in 1...30 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let bytes = random.bytes(0...300)
            if !law.keepsOneForm(bytes) { Issue.record("\(law.name), seed \(seed)") }
        }
    }

    private static func mutate(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<random.count(1...4) where !bytes.isEmpty {
            let offset = random.count(0...bytes.count - 1)
            switch random.count(0...4) {
            case 0: bytes[offset] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes.insert(contentsOf: random.bytes(1...4), at: offset)
            case 2: bytes.removeSubrange(offset..<min(offset + random.count(1...4), bytes.count))
            case 3:
                // A varint as large as can be, where a count or a length may stand.
                let end = min(offset + 9, bytes.count)
                for place in offset..<end { bytes[place] = 0xff }
                if end < bytes.count { bytes[end] = 1 }
            default: bytes.swapAt(offset, random.count(0...bytes.count - 1))
            }
        }
        return bytes
    }
}

extension Law {
    /// Whether what is left of the bytes may be a value when the end is missing.
    var endsAnywhere: Bool { name == "PackDirectory" || name == "ProblemList" }
}
