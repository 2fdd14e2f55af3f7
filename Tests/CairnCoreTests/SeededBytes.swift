import CairnCore

/// Bytes and numbers that follow from a seed (SplitMix64), so that a failure can be repeated.
struct SeededBytes: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        var result = [UInt8]()
        result.reserveCapacity(count + 8)
        while result.count < count {
            let word = next()
            for shift in stride(from: 0, to: 64, by: 8) {
                result.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        result.removeLast(result.count - count)
        return result
    }
}

/// The digest of an array: a span cannot pass through the macros of the tests.
func sha256(_ bytes: [UInt8]) -> ChunkID { SHA256.hash(bytes.span) }

extension ChunkIdentifier {
    func identify(_ bytes: [UInt8], _ range: Range<Int>) -> ChunkID {
        identify(bytes.span.extracting(range))
    }

    func identify(_ bytes: [UInt8], _ ranges: [Range<Int>]) -> [ChunkID] {
        var ids = [ChunkID]()
        identify(bytes.span, ranges: ranges, into: &ids)
        return ids
    }
}

func crc32c(_ bytes: ArraySlice<UInt8>, continuing: UInt32 = 0) -> UInt32 {
    let bytes = Array(bytes)
    return CRC32C.checksum(bytes.span, continuing: continuing)
}
