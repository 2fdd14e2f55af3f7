public import CairnIO
internal import Synchronization

/// A generator of random numbers that gives the same row for the same seed (xoshiro256**, seeded
/// through SplitMix64).
///
/// Put its description into failure messages, so that a failure can be repeated.
public struct SeededRandom: RandomNumberGenerator, Sendable, CustomStringConvertible {
    /// The seed it began with.
    public let seed: UInt64
    private var words: (UInt64, UInt64, UInt64, UInt64)

    /// Begins a row.
    public init(seed: UInt64) {
        self.seed = seed
        var state = seed
        func split() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
        words = (split(), split(), split(), split())
    }

    public mutating func next() -> UInt64 {
        let product = words.1 &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = words.1 << 17
        words.2 ^= words.0
        words.3 ^= words.1
        words.1 ^= words.2
        words.0 ^= words.3
        words.2 ^= shifted
        words.3 = words.3 << 45 | words.3 >> 19
        return result
    }

    /// Random bytes.
    public mutating func bytes(count: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            var index = 0
            while index < count {
                var word = next()
                for _ in 0..<min(8, count - index) {
                    unsafe buffer.initializeElement(
                        at: index,
                        to: UInt8(truncatingIfNeeded: word)
                    )
                    word >>= 8
                    index += 1
                }
            }
            initialized = count
        }
    }

    /// Whether something of this probability happens.
    ///
    /// - Parameter probability: From 0 to 1.
    public mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &self) < probability
    }

    public var description: String { "seed \(seed)" }
}

/// Entropy that is the same in every run with one seed. Never use it for real keys.
public final class SeededEntropy: EntropySource {
    private let random: Mutex<SeededRandom>

    /// Begins a row.
    public init(seed: UInt64) {
        random = Mutex(SeededRandom(seed: seed))
    }

    public func fill(_ bytes: inout MutableSpan<UInt8>) throws(EntropyFailure) {
        let values = random.withLock { [count = bytes.count] in $0.bytes(count: count) }
        for index in 0..<bytes.count { bytes[index] = values[index] }
    }
}
