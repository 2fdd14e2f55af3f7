package import CairnCore

/// A snapshot was forgotten: the payload of `forgotten/<session>`.
///
/// Stored as u16 1 ‖ i64 time ‖ counted host ‖ counted user ‖ counted reason:
/// Specs/Format.md#forgotten-record.
package struct ForgottenRecord: Hashable, Sendable {
    /// The longest reason in bytes.
    package static let reasonSizeMax = 4096

    /// When it was forgotten: nanoseconds since 1970.
    package var time: Int64
    /// The machine that did it, at most 255 bytes.
    package var host: [UInt8]
    /// The user who did it, at most 255 bytes.
    package var user: [UInt8]
    /// Why, at most 4096 bytes.
    package var reason: [UInt8]

    /// Puts a record together; ``validate()`` says whether it may be stored.
    package init(time: Int64, host: [UInt8], user: [UInt8], reason: [UInt8]) {
        self.time = time
        self.host = host
        self.user = user
        self.reason = reason
    }
}

extension ForgottenRecord: StoredValue {
    package func validate() throws(DecodingFailure) {
        try require(host.count <= FormatLimits.nameSizeMax, "host size")
        try require(user.count <= FormatLimits.nameSizeMax, "user size")
        try require(reason.count <= ForgottenRecord.reasonSizeMax, "reason size")
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(1 as UInt16)
        writer.write(time)
        writer.writeCountedBytes(host)
        writer.writeCountedBytes(user)
        writer.writeCountedBytes(reason)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        try reader.readPayloadVersion("forgotten record")
        time = try reader.readInt64()
        host = try reader.readCountedBytes(limit: FormatLimits.nameSizeMax)
        user = try reader.readCountedBytes(limit: FormatLimits.nameSizeMax)
        reason = try reader.readCountedBytes(limit: ForgottenRecord.reasonSizeMax)
    }
}
