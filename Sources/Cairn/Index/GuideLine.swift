/// One line of a run's guide: where the chunks of one slice of the key space begin, and a Bloom
/// filter over them, in a single 64-byte cache line.
///
/// A run of `lineCount` lines divides the space of the keys' first eight bytes evenly; entries are
/// sorted, so a line's chunks are neighbours. Word 0 holds the first one's index (bits 0 to 47) and
/// their number (bits 48 to 63, 65535 for that many or more). Words 1 to 7 are a filter to which
/// each chunk adds one bit a word, chosen by six bits of the key's second eight bytes.
///
/// The guide is not authenticated: a false one can hide chunks, never invent them.
struct GuideLine: Sendable {
    /// Words of the filter.
    static let laneCount = 7
    /// The count that means "this or more".
    static let countMax = 0xffff
    private static let startMask: UInt64 = (1 << 48) - 1

    private var head: UInt64 = 0
    private var lanes = InlineArray<7, UInt64>(repeating: 0)

    /// Makes the line of an empty slice whose chunks would begin at `start`.
    init(start: Int) {
        head = UInt64(start) & GuideLine.startMask
    }

    /// Adds the next chunk of the slice.
    mutating func add(_ key: PrefixKey) {
        if head >> 48 < UInt64(GuideLine.countMax) { head += 1 << 48 }
        for lane in 0..<GuideLine.laneCount {
            lanes[lane] |= 1 << GuideLine.bit(key, lane)
        }
    }

    /// The line as eight words.
    func word(_ index: Int) -> UInt64 {
        index == 0 ? head : lanes[index - 1]
    }

    @inline(__always)
    private static func bit(_ key: PrefixKey, _ lane: Int) -> UInt64 {
        (key.low &>> UInt64(truncatingIfNeeded: 6 &* lane)) & 63
    }

    /// The line that `key` belongs to, and how far into its slice the key lies (in 2^-64ths).
    @inline(__always)
    static func place(of key: PrefixKey, lineCount: Int) -> (line: Int, fraction: UInt64) {
        let product = key.high.multipliedFullWidth(by: UInt64(truncatingIfNeeded: lineCount))
        return (Int(truncatingIfNeeded: product.high), product.low)
    }

    /// Whether the line at `line` may hold `key`.
    ///
    /// - Precondition: `line` points at 64 readable bytes.
    @inline(__always)
    static func admits(_ line: UnsafeRawPointer, _ key: PrefixKey) -> Bool {
        var all: UInt64 = 1
        for lane in 0..<laneCount {
            let word = unsafe line.load(fromByteOffset: 8 &+ 8 &* lane, as: UInt64.self)
            all &= UInt64(littleEndian: word) &>> bit(key, lane)
        }
        return all & 1 == 1
    }

    /// The first entry of the line at `line` and how many it has.
    ///
    /// - Precondition: `line` points at 64 readable bytes.
    @inline(__always)
    static func extent(_ line: UnsafeRawPointer) -> (start: Int, count: Int) {
        let head = UInt64(littleEndian: unsafe line.load(as: UInt64.self))
        return (Int(head & startMask), Int(head &>> 48))
    }
}
