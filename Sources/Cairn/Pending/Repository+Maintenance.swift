public import CairnFormat

// Stands in until the engine has these calls.
extension Repository {
    /// Checks the repository.
    public func check(_ request: CheckRequest) -> Operation<CheckReport> {
        Operation("pending") { _ throws(CairnError) in throw .pending }
    }

    /// The state at a glance.
    public func status(staleAfter: Int64?) -> Operation<StatusReport> {
        Operation("pending") { _ throws(CairnError) in throw .pending }
    }

    /// Makes the index anew.
    public func rebuildIndex() -> Operation<IndexRebuildReport> {
        Operation("pending") { _ throws(CairnError) in throw .pending }
    }

    /// Counts and sizes.
    public func statistics(_ snapshots: [SessionID]) -> Operation<StatisticsReport> {
        Operation("pending") { _ throws(CairnError) in throw .pending }
    }
}

/// What rebuilding the index did.
public struct IndexRebuildReport: Sendable {
    public var packs = 0
    public var segments: UInt64 = 0
    public var damaged: [String: String] = [:]
}

/// Counts and sizes of snapshots.
public struct StatisticsReport: Sendable {
    public var snapshots = 0
    public var files: UInt64 = 0
    public var directories: UInt64 = 0
    public var bytes: UInt64 = 0
    public var chunks: UInt64 = 0
    public var chunkBytes: UInt64 = 0
    public var storedBytes: UInt64 = 0
}
