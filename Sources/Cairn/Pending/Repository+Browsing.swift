public import CairnFormat

// Stands in until the engine has these calls.
extension Repository {
    /// Visits entries of a snapshot.
    public func walk(
        _ snapshot: SessionID,
        path: [UInt8],
        isRecursive: Bool,
        _ visit: @escaping @Sendable (FileEntry) throws(CairnError) -> Void
    ) -> Operation<UInt64> {
        Operation("pending") { _ throws(CairnError) in throw .pending }
    }

    /// Finds entries by name.
    public func find(
        _ patterns: [[UInt8]],
        caseless: Bool,
        in snapshots: [SessionID],
        _ visit: @escaping @Sendable (SessionID, FileEntry) throws(CairnError) -> Void
    ) -> Operation<UInt64> {
        Operation("pending") { _ throws(CairnError) in throw .pending }
    }

    /// Compares two snapshots.
    public func compare(
        _ a: SessionID,
        _ b: SessionID,
        path: [UInt8],
        _ visit: @escaping @Sendable (Difference) throws(CairnError) -> Void
    ) -> Operation<ComparisonSummary> {
        Operation("pending") { _ throws(CairnError) in throw .pending }
    }

    /// Reads a file.
    public func read(
        _ snapshot: SessionID,
        file path: [UInt8],
        into sink: any ByteSink
    ) -> Operation<UInt64> {
        Operation("pending") { _ throws(CairnError) in throw .pending }
    }
}

/// Takes a file's bytes.
public protocol ByteSink: Sendable {
    /// Takes the next bytes.
    func write(_ bytes: Span<UInt8>) throws(CairnError)
}

/// How a path differs between two snapshots.
public struct Difference: Sendable {
    /// What differs.
    public enum Change: String, Sendable {
        case added, removed, content, metadata, kind
    }
    public let path: [UInt8]
    public let change: Change
    public let before: FileEntry?
    public let after: FileEntry?
}

/// Counts of a comparison.
public struct ComparisonSummary: Sendable {
    public var filesAdded: UInt64 = 0
    public var filesRemoved: UInt64 = 0
    public var filesChanged: UInt64 = 0
    public var directoriesAdded: UInt64 = 0
    public var directoriesRemoved: UInt64 = 0
    public var othersAdded: UInt64 = 0
    public var othersRemoved: UInt64 = 0
    public var bytesAdded: UInt64 = 0
    public var bytesRemoved: UInt64 = 0
}

extension CairnError {
    /// What a call says that is not there yet.
    static var pending: CairnError { CairnError(.unsupported, "not part of this version yet") }
}
