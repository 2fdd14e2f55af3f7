package import CairnCore

/// The identity of a key slot: 16 random bytes, drawn when the slot is made.
public struct KeySlotID: Hashable, Sendable {
    /// The number of bytes in a key slot ID.
    public static let size = 16

    // Big-endian words, so that comparing them compares the bytes.
    private let high: UInt64
    private let low: UInt64

    /// Takes 16 bytes, or gives nil where there are more or fewer.
    public init?(bytes: [UInt8]) {
        guard bytes.count == KeySlotID.size else { return nil }
        high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Takes 32 lower-case hexadecimal digits, or gives nil where `text` is anything else.
    public init?(_ text: String) {
        guard let bytes = HexText.decode(text) else { return nil }
        self.init(bytes: bytes)
    }

    /// The 16 bytes.
    public var bytes: [UInt8] {
        [high, low].flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
        }
    }

    /// The ID as 32 lower-case hexadecimal digits.
    public var text: String { HexText.encode(bytes) }
}

extension KeySlotID: CustomStringConvertible {
    public var description: String { text }
}

extension KeySlotID: StoredValue {
    /// Every combination of bytes is a key slot ID.
    package func validate() throws(DecodingFailure) {}

    package func write(to writer: inout ByteWriter) {
        writer.write(high.byteSwapped)
        writer.write(low.byteSwapped)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        high = try reader.readUInt64().byteSwapped
        low = try reader.readUInt64().byteSwapped
    }
}
