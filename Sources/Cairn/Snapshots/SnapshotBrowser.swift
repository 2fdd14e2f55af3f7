internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Lists, searches and reads snapshots.
struct SnapshotBrowser {
    private let view: RepositoryView
    private let chunks: ChunkReader
    private let trees: TreeLoader
    private let context: JobContext

    /// Reads the repository's state and index.
    init(
        _ records: RecordStore,
        _ context: JobContext
    ) throws(CairnError) {
        let index: ChunkIndex
        (view, index) = try RepositoryView.open(records, context: context)
        chunks = ChunkReader(core: records.core, index: index)
        trees = TreeLoader(chunks)
        self.context = context
    }

    /// Visits what a path names, or what lies in it.
    func walk(
        _ snapshot: SessionID,
        path: [UInt8],
        isRecursive: Bool,
        _ visit: (FileEntry) throws(CairnError) -> Void
    ) throws(CairnError) -> UInt64 {
        let record = try view.snapshot(snapshot)
        let start = try trees.find(path, in: record.tree)
        switch start.content {
        case .entry(let entry):
            let leaf = LeafEntry(entry, users: start.users, groups: start.groups)
            try visit(leaf.shown(at: start.path + [UInt8(ascii: "/")] + entry.name))
            return 1
        case .folder(let folder):
            var count: UInt64 = 0
            try forEach(folder, start.path, record) { (entry, walk) throws(CairnError) in
                count += 1
                if !isRecursive { walk.skip() }
                try visit(entry.shown(at: walk.path))
            }
            return count
        }
    }

    /// Visits every entry that a pattern matches by itself.
    func find(
        _ patterns: [[UInt8]],
        caseless: Bool,
        in snapshots: [SessionID],
        _ visit: (SessionID, FileEntry) throws(CairnError) -> Void
    ) throws(CairnError) -> UInt64 {
        var count: UInt64 = 0
        for snapshot in snapshots {
            let record = try view.snapshot(snapshot)
            var matcher = try PathMatcher(patterns, ignoresCase: caseless)
            try forEach(record.tree, [], record) { (entry, walk) throws(CairnError) in
                let isFolder = if case .directory = entry.entry.node { true } else { false }
                let (isMatched, goesOn) = matcher.step(
                    entry.entry.name,
                    depth: walk.depth,
                    isFolder: isFolder
                )
                if isFolder && !goesOn { walk.skip() }
                guard isMatched else { return }
                count += 1
                try visit(snapshot, entry.shown(at: walk.path))
            }
        }
        return count
    }

    /// Visits everything beneath a folder. What cannot be read is told in the end, after the rest.
    private func forEach(
        _ folder: TreeReference,
        _ path: [UInt8],
        _ record: SnapshotRecord,
        _ visit: (LeafEntry, inout TreeWalk) throws(CairnError) -> Void
    ) throws(CairnError) {
        var failure: CairnError?
        var walk = try TreeWalk(trees, folder, path: path, totals: record.statistics)
        while true {
            try context.checkCancelled()
            let entry: LeafEntry
            do throws(CairnError) {
                guard let next = try walk.next() else { break }
                entry = next
            } catch {
                guard error.code == .damaged, !walk.isExceeded else { throw error }
                context.report(.problem(path: walk.path, reason: error.message))
                failure = failure ?? error
                continue
            }
            try visit(entry, &walk)
        }
        if let failure { throw failure }
    }

    /// Hands a file's bytes to a sink, holes as zeros.
    func read(
        _ snapshot: SessionID,
        file path: [UInt8],
        into sink: any ByteSink
    ) throws(CairnError) -> UInt64 {
        let record = try view.snapshot(snapshot)
        let start = try trees.find(path, in: record.tree)
        guard case .entry(let entry) = start.content,
            case .regular(let content, let layout) = entry.node
        else {
            throw CairnError(.invalidRequest, "\(PathText.escaped(path)) is no regular file")
        }
        var reader = ObjectReader(chunks, content, layout: layout)
        return try reader.copy(0..<reader.size, to: sink, context)
    }

    /// Hands a file's bytes to a sink, or a tar archive of a folder.
    func dump(
        _ snapshot: SessionID,
        path: [UInt8],
        into sink: any ByteSink
    ) throws(CairnError) -> UInt64 {
        let record = try view.snapshot(snapshot)
        let start = try trees.find(path, in: record.tree)
        guard case .folder(let folder) = start.content else {
            return try read(snapshot, file: path, into: sink)
        }
        var archive = TarWriter(sink)
        if let entry = start.entry {
            let leaf = LeafEntry(entry, users: start.users, groups: start.groups)
            try add(leaf, start.path, to: &archive)
        }
        try forEach(folder, start.path, record) { (leaf, walk) throws(CairnError) in
            try add(leaf, walk.path, to: &archive)
        }
        try archive.finish()
        return archive.byteCount
    }

    private func add(
        _ leaf: LeafEntry,
        _ path: [UInt8],
        to archive: inout TarWriter
    ) throws(CairnError) {
        guard try archive.begin(leaf, path: Array(path.dropFirst())),
            case .regular(let content, let layout) = leaf.entry.node
        else { return }
        var reader = ObjectReader(chunks, content, layout: layout)
        try archive.end(leaf, size: try reader.copy(0..<reader.size, to: archive.sink, context))
    }

    /// Hands a part of an object's bytes to a sink.
    func read(
        _ object: ObjectReference,
        _ range: Range<UInt64>?,
        into sink: any ByteSink
    ) throws(CairnError) -> UInt64 {
        var reader = ObjectReader(chunks, object.content, layout: nil)
        return try reader.copy(range ?? 0..<reader.size, to: sink, context)
    }

    /// Compares two snapshots.
    func compare(
        _ a: SessionID,
        _ b: SessionID,
        path: [UInt8],
        _ visit: (Difference) throws(CairnError) -> Void
    ) throws(CairnError) -> ComparisonSummary {
        let (first, second) = (try view.snapshot(a), try view.snapshot(b))
        var comparison = TreeComparison(trees, first.statistics, second.statistics, context)
        try comparison.run(
            try side(path, in: first),
            try side(path, in: second),
            visit
        )
        return comparison.summary
    }

    /// What a path names in a snapshot, or nil where it names nothing there.
    private func side(
        _ path: [UInt8],
        in record: SnapshotRecord
    ) throws(CairnError) -> SubtreeStart? {
        do throws(CairnError) {
            return try trees.find(path, in: record.tree)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }
}
