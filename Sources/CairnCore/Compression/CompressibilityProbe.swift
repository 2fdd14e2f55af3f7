internal import CLZ4

/// Tells, from a few samples, whether bytes are worth the effort of compressing.
///
/// Two looks, the second only where the first leaves doubt:
/// 1. how uneven the byte values are in 1 or 4 KiB taken from 16 places: text, tables and code
///    show;
/// 2. whether LZ4 finds repetition in 16 KiB taken from 8 places.
///
/// A wrong answer costs time or space, never data.
final class CompressibilityProbe {
    /// Below this size the attempt is as cheap as the question.
    private static let sizeMin = 1024
    private static let unevenness = (places: 16, size: 256)
    /// For less than 64 KiB, where a larger sample would cost more than one part in a hundred.
    private static let unevennessOfSmall = (places: 16, size: 64)
    private static let repetition = (places: 8, size: 2048)

    private let lz4 = LZ4Compressor()
    private let sample = ByteBuffer(capacity: 16 * 1024)
    private let packed = ByteBuffer(capacity: 20 * 1024)

    /// False where compressing would be in vain.
    func expectsToShrink(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count >= Self.sizeMin else { return true }
        let sample = sample
        let isSmall = bytes.count < 64 * 1024
        takeSample(of: bytes, isSmall ? Self.unevennessOfSmall : Self.unevenness)
        if Self.isUneven(sample.span) { return true }
        takeSample(of: bytes, Self.repetition)
        packed.truncate(to: 0)
        guard lz4.compress(sample.span, into: packed) else { return true }
        // A saving of less than one part in 32 in the sample is not worth it.
        return packed.count < sample.count - sample.count / 32
    }

    /// Takes pieces at equal distances, the first at the start and the last at the end.
    private func takeSample(of bytes: Span<UInt8>, _ pieces: (places: Int, size: Int)) {
        sample.truncate(to: 0)
        guard bytes.count > pieces.places * pieces.size else { return sample.append(bytes) }
        let last = bytes.count - pieces.size
        for place in 0..<pieces.places {
            let offset = last * place / (pieces.places - 1)
            sample.append(bytes.extracting(offset..<offset + pieces.size))
        }
    }

    /// Whether `bytes`, at most a few KiB, have less than 7.6 bits of collision entropy a byte,
    /// which is never more
    /// than its Shannon entropy; random bytes have 8.
    private static func isUneven(_ bytes: Span<UInt8>) -> Bool {
        let quarter = bytes.count / 4
        // Four tables, so that runs of one value do not wait for their own counter.
        var table = InlineArray<1024, UInt32>(repeating: 0)
        for index in 0..<quarter {
            table[Int(bytes[index])] &+= 1
            table[256 + Int(bytes[quarter + index])] &+= 1
            table[512 + Int(bytes[2 * quarter + index])] &+= 1
            table[768 + Int(bytes[3 * quarter + index])] &+= 1
        }
        var pairs = 0
        for value in 0..<256 {
            let count =
                Int(table[value] &+ table[256 + value])
                + Int(table[512 + value] &+ table[768 + value])
            pairs += count * (count - 1)
        }
        // The chance that two bytes are equal, compared with 2^-7.6, which is 1/194.
        let total = 4 * quarter
        return pairs > total * (total - 1) / 194
    }
}
