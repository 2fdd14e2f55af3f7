public import CairnFormat

// Stands in until the engine has these calls.
extension Repository {
    /// The snapshot that a text names.
    public func snapshot(
        _ text: String,
        filter: SnapshotFilter = SnapshotFilter()
    ) async throws(CairnError) -> Snapshot { throw .pending }

    /// States a snapshot again with other tags.
    public func retag(
        _ id: SessionID,
        tags: [[UInt8]]
    ) async throws(CairnError) -> SessionID { throw .pending }

    /// Forgets snapshots.
    public func forget(_ ids: [SessionID]) async throws(CairnError) { throw .pending }
}
