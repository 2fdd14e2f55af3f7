/// The identity of a chunk: 32 bytes, the keyed or plain digest of its content.
///
/// In an encrypted repository HMAC-SHA-256 under the repository's ID key, otherwise SHA-256
/// (Specs/Cryptography.md). Digests are uniform, so one word of them serves as hash value.
public struct ChunkID: Sendable {
    /// The number of bytes in an ID.
    public static let size = 32

    @usableFromInline let words: (UInt64, UInt64, UInt64, UInt64)

    /// Makes an ID from four words, each holding eight bytes in memory order, little-endian.
    @inlinable
    public init(words: (UInt64, UInt64, UInt64, UInt64)) {
        self.words = words
    }

    /// Takes the first 32 bytes of `bytes`.
    ///
    /// - Precondition: `bytes` holds at least 32 bytes.
    public init(_ bytes: Span<UInt8>) {
        precondition(bytes.count >= ChunkID.size, "an ID has 32 bytes")
        words = (
            ChunkID.word(bytes, 0), ChunkID.word(bytes, 8),
            ChunkID.word(bytes, 16), ChunkID.word(bytes, 24)
        )
    }

    private static func word(_ bytes: Span<UInt8>, _ offset: Int) -> UInt64 {
        unsafe bytes.withUnsafeBufferPointer { pointer in
            unsafe UInt64(
                littleEndian: UnsafeRawPointer(pointer.baseAddress.unsafelyUnwrapped)
                    .loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            )
        }
    }

    /// Bytes 0 to 7 as a little-endian word.
    @inlinable public var word0: UInt64 { words.0 }
    /// Bytes 8 to 15 as a little-endian word.
    @inlinable public var word1: UInt64 { words.1 }
    /// Bytes 16 to 23 as a little-endian word.
    @inlinable public var word2: UInt64 { words.2 }
    /// Bytes 24 to 31 as a little-endian word.
    @inlinable public var word3: UInt64 { words.3 }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        var result = [UInt8]()
        result.reserveCapacity(ChunkID.size)
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 0, to: 64, by: 8) {
                result.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return result
    }
}

extension ChunkID: Hashable {
    @inlinable
    public static func == (a: ChunkID, b: ChunkID) -> Bool {
        a.words == b.words
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
    }
}

extension ChunkID: Comparable {
    /// Orders IDs as their bytes are ordered.
    public static func < (a: ChunkID, b: ChunkID) -> Bool {
        a.bigEndianWords < b.bigEndianWords
    }

    private var bigEndianWords: (UInt64, UInt64, UInt64, UInt64) {
        (
            words.0.byteSwapped, words.1.byteSwapped, words.2.byteSwapped, words.3.byteSwapped
        )
    }
}

extension ChunkID: CustomStringConvertible {
    /// The ID in lower-case hexadecimal.
    public var description: String { HexText.encode(bytes) }
}
