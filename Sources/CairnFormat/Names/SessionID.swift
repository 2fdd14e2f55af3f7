package import CairnCore

/// The identity of a writer's session and of the snapshot that it makes: 24 bytes.
///
/// Writer ID (8) ‖ the writer's counter (4, big-endian) ‖ random (12), so that the sessions of one
/// writer sort by age: Specs/Format.md#names.
public struct SessionID: Hashable, Sendable, BitwiseCopyable {
    /// The number of bytes in a session ID.
    public static let size = 24

    /// The writer of the packs and index objects that cleanups make.
    ///
    /// The counter of such an ID is the low half of the cleanup's generation.
    package static let executorWriter = UInt64.max

    // Big-endian words, so that comparing them compares the bytes.
    private let word0: UInt64
    private let word1: UInt64
    private let word2: UInt64

    /// Makes an ID from its parts.
    ///
    /// - Parameters:
    ///   - writer: The writer's ID.
    ///   - counter: How many sessions the writer had before this one.
    ///   - random: Twelve random bytes.
    /// - Precondition: `random` has twelve bytes.
    public init(writer: UInt64, counter: UInt32, random: [UInt8]) {
        precondition(random.count == 12, "twelve random bytes")
        let high = random[0..<4].reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        word0 = writer
        word1 = UInt64(counter) << 32 | high
        word2 = random[4...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Takes 48 lower-case hexadecimal digits, or gives nil where `text` is anything else.
    public init?(_ text: String) {
        guard text.utf8.count == 2 * SessionID.size, let bytes = HexText.decode(text) else {
            return nil
        }
        self.init(bytes: bytes)
    }

    /// Takes 24 bytes, or gives nil where there are more or fewer.
    public init?(bytes: [UInt8]) {
        guard bytes.count == SessionID.size else { return nil }
        word0 = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        word1 = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
        word2 = bytes[16..<24].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The writer's ID.
    public var writer: UInt64 { word0 }
    /// How many sessions the writer had before this one.
    public var counter: UInt32 { UInt32(truncatingIfNeeded: word1 >> 32) }

    /// The 24 bytes.
    public var bytes: [UInt8] {
        [word0, word1, word2].flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
        }
    }

    /// The ID as 48 lower-case hexadecimal digits.
    public var text: String { HexText.encode(bytes) }
}

extension SessionID: Comparable {
    /// Orders by writer, then by age.
    public static func < (a: SessionID, b: SessionID) -> Bool {
        (a.word0, a.word1, a.word2) < (b.word0, b.word1, b.word2)
    }
}

extension SessionID: CustomStringConvertible {
    public var description: String { text }
}

extension SessionID: StoredValue {
    /// Every combination of bytes is a session ID.
    package func validate() throws(DecodingFailure) {}

    package func write(to writer: inout ByteWriter) {
        writer.write(word0.byteSwapped)
        writer.write(word1.byteSwapped)
        writer.write(word2.byteSwapped)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        word0 = try reader.readUInt64().byteSwapped
        word1 = try reader.readUInt64().byteSwapped
        word2 = try reader.readUInt64().byteSwapped
    }
}
