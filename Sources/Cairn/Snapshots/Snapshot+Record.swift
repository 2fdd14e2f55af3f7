internal import CairnFormat

extension Snapshot {
    /// Shows a record to embedders.
    package init(_ record: SnapshotRecord) {
        self.init(
            id: record.session,
            time: record.started,
            finished: record.ended,
            host: record.host,
            user: record.user,
            userID: record.userID,
            groupID: record.groupID,
            paths: record.paths,
            tags: record.tags,
            description: record.description,
            program: String(decoding: record.programVersion, as: UTF8.self),
            statistics: record.statistics,
            problemCount: Int(clamping: record.problemCount),
            parent: record.parent,
            original: record.original,
            tree: record.tree.root
        )
    }
}
