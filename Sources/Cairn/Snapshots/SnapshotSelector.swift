internal import CairnFormat

extension SnapshotFilter {
    /// Whether a snapshot passes.
    public func takes(_ snapshot: Snapshot) -> Bool {
        if !hosts.isEmpty && !hosts.contains(snapshot.host) { return false }
        if let before, snapshot.time >= before { return false }
        guard paths.allSatisfy({ snapshot.paths.contains($0) }) else { return false }
        return tagLists.isEmpty
            || tagLists.contains { tags in tags.allSatisfy { snapshot.tags.contains($0) } }
    }
}

/// Finds the snapshot that a text names: `latest`, `latest~2`, or the beginning of an ID.
enum SnapshotSelector {
    /// The fewest digits of an ID that name a snapshot.
    private static let digitCountMin = 4

    /// - Parameters:
    ///   - snapshots: All that are not forgotten, oldest first.
    ///   - filter: Counts for `latest` only; an ID names its snapshot whatever the filter.
    /// - Throws: `.notFound`; `.invalidRequest` for what several snapshots are named by.
    static func choose(
        _ text: String,
        filter: SnapshotFilter,
        among snapshots: [Snapshot]
    ) throws(CairnError) -> Snapshot {
        let parts = text.split(separator: "~", omittingEmptySubsequences: false)
        if parts.first == "latest" {
            return try latest(text, parts.dropFirst(), snapshots.filter { filter.takes($0) })
        }
        guard text.utf8.count >= digitCountMin, text.utf8.count <= 2 * SessionID.size,
            text.allSatisfy({ $0.isHexDigit && $0.isASCII })
        else {
            throw CairnError(
                .invalidRequest,
                "'\(PathText.escaped(Array(text.utf8)))' names no snapshot; give 'latest', "
                    + "'latest~1' or at least \(digitCountMin) digits of an ID"
            )
        }
        let digits = text.lowercased()
        // The first half tells writers apart, the second half is random: people may use either.
        let matches = snapshots.filter { snapshot in
            let id = snapshot.id.text
            return id.hasPrefix(digits) || id.dropFirst(SessionID.size).hasPrefix(digits)
        }
        guard let first = matches.first else {
            throw CairnError(.notFound, "there is no snapshot \(text); run 'snapshots' for a list")
        }
        if let exact = matches.first(where: { $0.id.text == digits }) { return exact }
        guard matches.count == 1 else {
            let names = matches.prefix(5).map(\.id.text).joined(separator: ", ")
            throw CairnError(
                .invalidRequest,
                "'\(text)' names \(matches.count) snapshots: \(names)"
            )
        }
        return first
    }

    private static func latest(
        _ text: String,
        _ rest: ArraySlice<Substring>,
        _ snapshots: [Snapshot]
    ) throws(CairnError) -> Snapshot {
        var steps = 0
        if let number = rest.first {
            guard rest.count == 1, let count = Int(number), count >= 0,
                number.allSatisfy({ $0.isASCII && $0.isNumber })
            else {
                throw CairnError(
                    .invalidRequest,
                    "'latest~' is followed by a number, as in 'latest~1'"
                )
            }
            steps = count
        }
        guard steps < snapshots.count else {
            throw CairnError(
                .notFound,
                snapshots.isEmpty
                    ? "no snapshot fits"
                    : "there is no '\(text)': only \(snapshots.count) snapshots fit"
            )
        }
        return snapshots[snapshots.count - 1 - steps]
    }
}
