internal import CairnCore
internal import CairnFormat

/// The first 16 bytes of an ID as a number, so that comparing keys compares bytes.
struct PrefixKey: Hashable, Comparable, Sendable {
    /// Bytes 0 to 7, big-endian.
    let high: UInt64
    /// Bytes 8 to 15, big-endian.
    let low: UInt64

    @inline(__always)
    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The prefix of `id`.
    @inline(__always)
    init(_ id: ChunkID) {
        high = id.word0.byteSwapped
        low = id.word1.byteSwapped
    }

    /// The prefix that `entry` keeps.
    @inline(__always)
    init(_ entry: IndexEntry) {
        high = entry.prefix0
        low = entry.prefix1
    }

    @inline(__always)
    static func < (a: PrefixKey, b: PrefixKey) -> Bool {
        a.high < b.high || (a.high == b.high && a.low < b.low)
    }
}

extension PrefixKey {
    /// An ID with this prefix, to look the chunk up by.
    var identifier: ChunkID {
        ChunkID(words: (high.byteSwapped, low.byteSwapped, 0, 0))
    }
}
