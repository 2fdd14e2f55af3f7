package import CairnCore

/// A point in time with nanoseconds, in the full range of a file system.
///
/// Stored as zigzag varint seconds since 1970 ‖ varint nanoseconds (less than 10⁹). Times before
/// 1970 have negative seconds and non-negative nanoseconds.
package struct Timestamp: Hashable, Sendable {
    /// Seconds since the beginning of 1970, UTC.
    package let seconds: Int64
    /// Nanoseconds after that second, less than 10⁹.
    package let nanoseconds: UInt32

    /// Takes seconds and the nanoseconds after them.
    package init(seconds: Int64, nanoseconds: UInt32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }
}

extension Timestamp: Comparable {
    /// Orders by time.
    package static func < (a: Timestamp, b: Timestamp) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }
}

extension Timestamp: StoredValue {
    package func validate() throws(DecodingFailure) {
        try require(nanoseconds < 1_000_000_000, "nanoseconds of a second or more")
    }

    package func write(to writer: inout ByteWriter) {
        writer.writeVarint(UInt64(bitPattern: seconds << 1 ^ seconds >> 63))
        writer.writeVarint(UInt64(nanoseconds))
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        let zigzag = try reader.readVarint()
        seconds = Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
        nanoseconds = UInt32(truncatingIfNeeded: try reader.readVarint(limit: 999_999_999))
    }
}
