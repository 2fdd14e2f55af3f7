package import CairnCore

/// The identity of a pack: the session that wrote it and the number it gave it.
///
/// A session never gives a number twice, so a pack's name never comes to hold other bytes.
public struct PackID: Hashable, Sendable, BitwiseCopyable {
    /// The session that wrote the pack.
    public let session: SessionID
    /// The pack's number within its session.
    public let number: UInt32

    /// Joins a session and a number.
    public init(session: SessionID, number: UInt32) {
        self.session = session
        self.number = number
    }
}

extension PackID: Comparable {
    /// Orders by session, then by number.
    public static func < (a: PackID, b: PackID) -> Bool {
        (a.session, a.number) < (b.session, b.number)
    }
}

extension PackID: CustomStringConvertible {
    public var description: String { ObjectNames.leaf(session, number) }
}

extension PackID: StoredValue {
    /// Every combination of bytes is a pack ID.
    package func validate() throws(DecodingFailure) {}

    package func write(to writer: inout ByteWriter) {
        session.write(to: &writer)
        writer.write(number)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        session = try SessionID(from: &reader)
        number = try reader.readUInt32()
    }
}

/// The identity of an index object: the session that wrote it and the number it gave it.
public struct IndexID: Hashable, Sendable {
    /// The session that wrote the index.
    public let session: SessionID
    /// The index's number within its session.
    public let number: UInt32

    /// Joins a session and a number.
    public init(session: SessionID, number: UInt32) {
        self.session = session
        self.number = number
    }
}

extension IndexID: Comparable {
    /// Orders by session, then by number.
    public static func < (a: IndexID, b: IndexID) -> Bool {
        (a.session, a.number) < (b.session, b.number)
    }
}

extension IndexID: CustomStringConvertible {
    public var description: String { ObjectNames.leaf(session, number) }
}

extension IndexID: StoredValue {
    /// Every combination of bytes is an index ID.
    package func validate() throws(DecodingFailure) {}

    package func write(to writer: inout ByteWriter) {
        session.write(to: &writer)
        writer.write(number)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        session = try SessionID(from: &reader)
        number = try reader.readUInt32()
    }
}
