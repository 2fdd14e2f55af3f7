/// A repeatable source of randomness (SplitMix64); failures print its seed.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }

    /// A number whose size in bits is uniform, so that small and large ones both occur.
    mutating func integer(upTo max: UInt64 = .max) -> UInt64 {
        let bits = UInt64.random(in: 0...64, using: &self)
        let value = bits == 64 ? next() : next() & (1 << bits - 1)
        return Swift.min(value, max)
    }

    mutating func count(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &self)
    }

    mutating func bool() -> Bool { next() & 1 == 1 }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    mutating func bytes(_ range: ClosedRange<Int>) -> [UInt8] {
        bytes(count(range))
    }
}
