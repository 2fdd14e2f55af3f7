internal import Cairn

extension SnapshotFilter {
    /// Whether the filter takes the snapshot.
    func includes(_ snapshot: Snapshot) -> Bool {
        if !hosts.isEmpty && !hosts.contains(snapshot.host) { return false }
        if let before, snapshot.time >= before { return false }
        if !paths.allSatisfy(snapshot.paths.contains) { return false }
        return tagLists.isEmpty
            || tagLists.contains { $0.allSatisfy(snapshot.tags.contains) }
    }
}
