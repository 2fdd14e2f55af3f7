/// SipHash-2-4 of messages of exactly 64 bytes.
///
/// A keyed pseudorandom function (Aumasson and Bernstein, 2012) that takes about a hundred cycles
/// and no secret-dependent branch or lookup.
struct SipHash: Sendable {
    /// A 128-bit key as two little-endian words.
    struct Key: Sendable {
        let k0: UInt64
        let k1: UInt64
    }

    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    private init(_ key: Key) {
        v0 = key.k0 ^ 0x736f_6d65_7073_6575
        v1 = key.k1 ^ 0x646f_7261_6e64_6f6d
        v2 = key.k0 ^ 0x6c79_6765_6e65_7261
        v3 = key.k1 ^ 0x7465_6462_7974_6573
    }

    /// The hash of the 64 bytes at `message`.
    @unsafe
    static func hash(_ key: Key, message: UnsafePointer<UInt8>) -> UInt64 {
        var state = SipHash(key)
        let words = unsafe UnsafeRawPointer(message)
        for offset in stride(from: 0, to: 64, by: 8) {
            let word = unsafe words.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            state.absorb(UInt64(littleEndian: word))
        }
        state.absorb(64 << 56)  // the length, in the last word's top byte
        state.v2 ^= 0xff
        for _ in 0..<4 { state.round() }
        return state.v0 ^ state.v1 ^ state.v2 ^ state.v3
    }

    @inline(__always)
    private mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    @inline(__always)
    private mutating func round() {
        v0 &+= v1
        v1 = (v1 << 13 | v1 >> 51) ^ v0
        v0 = v0 << 32 | v0 >> 32
        v2 &+= v3
        v3 = (v3 << 16 | v3 >> 48) ^ v2
        v0 &+= v3
        v3 = (v3 << 21 | v3 >> 43) ^ v0
        v2 &+= v1
        v1 = (v1 << 17 | v1 >> 47) ^ v2
        v2 = v2 << 32 | v2 >> 32
    }
}
