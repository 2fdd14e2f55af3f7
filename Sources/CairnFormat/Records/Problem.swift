package import CairnCore

/// A path that a snapshot does not hold, or not wholly: Specs/Format.md#problem-list.
///
/// The problem list of a snapshot is a stream of these, one after the other without a count:
/// u8 reason ‖ counted path ‖ counted message.
public struct Problem: Hashable, Sendable {
    /// What went wrong.
    ///
    /// The values are stored: never change them.
    public enum Reason: UInt8, Hashable, Sendable, CaseIterable {
        /// It could not be read.
        case unreadable = 1
        /// It was listed and then was gone.
        case vanished = 2
        /// It changed while it was read; what was read is kept.
        case changedWhileRead = 3
        /// Reading ended early; what was read is kept.
        case partlyRead = 4
        /// It is of a kind that is never kept, such as a socket.
        case notSupported = 5
        /// Something else stood in its place when it was opened.
        case replacedWhileOpening = 6
        /// Its name or its path cannot be stored.
        case nameNotStorable = 7
        /// Some of its attributes are missing.
        case metadataIncomplete = 8
    }

    /// The longest path in bytes; longer ones are cut, as nothing but people depends on the list.
    package static let pathSizeMax = 16 << 10
    /// The longest message in bytes.
    package static let messageSizeMax = 1024

    /// What went wrong.
    public let reason: Reason
    /// The path, as in the snapshot's source.
    public let path: [UInt8]
    /// What the system said, for people.
    public let message: [UInt8]

    /// Puts a problem together; ``validate()`` says whether it may be stored.
    public init(reason: Reason, path: [UInt8], message: [UInt8]) {
        self.reason = reason
        self.path = path
        self.message = message
    }
}

extension Problem: StoredValue {
    package func validate() throws(DecodingFailure) {
        try require(path.count <= Problem.pathSizeMax, "path size")
        try require(message.count <= Problem.messageSizeMax, "message size")
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(reason.rawValue)
        writer.writeCountedBytes(path)
        writer.writeCountedBytes(message)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        let start = reader.offset
        guard let reason = Reason(rawValue: try reader.readUInt8()) else {
            throw .outOfRange(offset: start)
        }
        self.reason = reason
        path = try reader.readCountedBytes(limit: Problem.pathSizeMax)
        message = try reader.readCountedBytes(limit: Problem.messageSizeMax)
    }
}

/// A whole problem list.
package struct ProblemList: Hashable, Sendable {
    /// The problems in the order of the stream.
    package var problems: [Problem]

    /// Takes the problems.
    package init(_ problems: [Problem]) {
        self.problems = problems
    }
}

extension ProblemList: StoredValue {
    package func validate() throws(DecodingFailure) {
        for problem in problems { try problem.validate() }
    }

    package func write(to writer: inout ByteWriter) {
        for problem in problems { problem.write(to: &writer) }
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        problems = []
        while reader.remaining > 0 { problems.append(try Problem(from: &reader)) }
    }
}
