internal import CairnFormat

// Stands in until the engine has this call.
extension Repository {
    /// The snapshot that a text names.
    public func snapshot(
        _ text: String,
        filter: SnapshotFilter = SnapshotFilter()
    ) async throws(CairnError) -> Snapshot {
        let chosen = try await snapshots().snapshots.filter { snapshot in
            if !filter.hosts.isEmpty && !filter.hosts.contains(snapshot.host) { return false }
            if let before = filter.before, snapshot.time >= before { return false }
            if !filter.paths.allSatisfy(snapshot.paths.contains) { return false }
            return filter.tagLists.isEmpty
                || filter.tagLists.contains { $0.allSatisfy(snapshot.tags.contains) }
        }
        if text == "latest" || text.hasPrefix("latest~") {
            let back = text == "latest" ? 0 : Int(text.dropFirst(7)) ?? -1
            guard back >= 0, back < chosen.count else {
                throw CairnError(.notFound, "there is no snapshot '\(text)'")
            }
            return chosen[chosen.count - 1 - back]
        }
        let matches = chosen.filter { $0.id.text.hasPrefix(text) }
        guard let match = matches.first, matches.count == 1, !text.isEmpty else {
            throw CairnError(.notFound, "no snapshot, or several, begin with '\(text)'")
        }
        return match
    }
}

extension CairnError {
    /// What a call says that is not there yet.
    static var pending: CairnError { CairnError(.unsupported, "not part of this version yet") }
}
