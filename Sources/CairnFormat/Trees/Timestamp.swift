package import CairnCore

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
        let nanoseconds = UInt32(truncatingIfNeeded: try reader.readVarint(limit: 999_999_999))
        self.init(
            seconds: Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1),
            nanoseconds: nanoseconds
        )
    }
}
