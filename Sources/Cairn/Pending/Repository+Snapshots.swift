public import CairnFormat

// Stands in until the engine has this call.
extension Repository {
    /// Finds a snapshot by `latest`, `latest~N` or an ID prefix.
    public func snapshot(
        _ text: String,
        filter: SnapshotFilter = SnapshotFilter()
    ) async throws(CairnError) -> Snapshot { throw .pending }
}
