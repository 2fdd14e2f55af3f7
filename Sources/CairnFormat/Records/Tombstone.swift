package import CairnCore

/// What stands in place of a snapshot that will never be made: Specs/Format.md#tombstone.
///
/// Stored as u16 1 ‖ u8 reason ‖ u8 has successor [session 24] ‖ i64 time ‖ counted host.
package struct Tombstone: Hashable, Sendable {
    /// Why there will be no snapshot.
    ///
    /// The values are stored: never change them.
    package enum Reason: UInt8, Hashable, Sendable, CaseIterable {
        /// A cleanup shut the session out.
        case fenced = 1
        /// The session went on as another.
        case rolledOver = 2
        /// The process is dead.
        case abandoned = 3
        /// Somebody cancelled it.
        case cancelled = 4
    }

    /// Why there will be no snapshot.
    package var reason: Reason
    /// The session that went on with the work, if one did.
    package var successor: SessionID?
    /// When the tombstone was made: nanoseconds since 1970.
    package var time: Int64
    /// The machine that made it, at most 255 bytes.
    package var host: [UInt8]

    /// Puts a record together; ``validate()`` says whether it may be stored.
    package init(reason: Reason, successor: SessionID?, time: Int64, host: [UInt8]) {
        self.reason = reason
        self.successor = successor
        self.time = time
        self.host = host
    }
}

extension Tombstone: StoredValue {
    package func validate() throws(DecodingFailure) {
        try require(host.count <= FormatLimits.nameSizeMax, "host size")
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(1 as UInt16)
        writer.write(reason.rawValue)
        writer.write(successor)
        writer.write(time)
        writer.writeCountedBytes(host)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        try reader.readPayloadVersion("tombstone")
        let start = reader.offset
        guard let reason = Reason(rawValue: try reader.readUInt8()) else {
            throw .outOfRange(offset: start)
        }
        self.reason = reason
        successor = try reader.readOptionalSession()
        time = try reader.readInt64()
        host = try reader.readCountedBytes(limit: FormatLimits.nameSizeMax)
    }
}

extension ByteReader {
    /// Reads a yes or no and, after a yes, a session.
    @_lifetime(self: copy self)
    mutating func readOptionalSession() throws(DecodingFailure) -> SessionID? {
        try readFlag() ? try SessionID(from: &self) : nil
    }
}

extension ByteWriter {
    /// Appends a yes and the session, or a no.
    mutating func write(_ session: SessionID?) {
        write(session != nil)
        session?.write(to: &self)
    }
}
