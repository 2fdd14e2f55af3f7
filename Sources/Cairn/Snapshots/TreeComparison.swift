internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Goes through two trees side by side. Folders with the same tree are passed over unread.
struct TreeComparison {
    /// One of the two trees at a folder.
    private struct Side {
        private var cursor: TreeCursor?
        private(set) var head: LeafEntry?

        init(_ trees: TreeLoader, _ folder: TreeReference?) throws(CairnError) {
            if let folder { cursor = try TreeCursor(trees, folder) }
        }

        /// Reads the next entry into `head`.
        mutating func advance(_ totals: inout SnapshotTotals) throws(CairnError) {
            head = nil
            guard let entry = try cursor?.next() else { return }
            try totals.count(entry)
            head = LeafEntry(entry, users: cursor?.users ?? [], groups: cursor?.groups ?? [])
        }
    }

    private struct Frame {
        var before: Side
        var after: Side
        let path: [UInt8]
    }

    private let trees: TreeLoader
    private let context: JobContext
    private var totalsBefore: SnapshotTotals
    private var totalsAfter: SnapshotTotals
    private var frames: [Frame] = []
    private(set) var summary = ComparisonSummary()

    init(
        _ trees: TreeLoader,
        _ before: SnapshotStatistics,
        _ after: SnapshotStatistics,
        _ context: JobContext
    ) {
        self.trees = trees
        self.context = context
        totalsBefore = SnapshotTotals(before)
        totalsAfter = SnapshotTotals(after)
    }

    /// Compares what two snapshots hold under one path; nil stands for nothing.
    mutating func run(
        _ before: SubtreeStart?,
        _ after: SubtreeStart?,
        _ visit: (Difference) throws(CairnError) -> Void
    ) throws(CairnError) {
        guard before != nil || after != nil else {
            throw CairnError(.notFound, "neither snapshot holds this path")
        }
        let path = before?.path ?? after?.path ?? []
        if before?.folder == nil && after?.folder == nil {
            return try compare(before?.leaf, after?.leaf, in: path, visit)
        }
        try push(before?.folder, after?.folder, path)
        while let top = frames.indices.last {
            try context.checkCancelled()
            let (before, after) = (frames[top].before.head, frames[top].after.head)
            switch (before, after) {
            case (nil, nil): frames.removeLast()
            case (let before?, let after?) where before.entry.name == after.entry.name:
                try advance(top, before: true, after: true)
                try compare(before, after, in: frames[top].path, visit)
            case (let before?, let after?)
            where after.entry.name.lexicographicallyPrecedes(before.entry.name):
                try advance(top, before: false, after: true)
                try compare(nil, after, in: frames[top].path, visit)
            case (let before?, _):
                try advance(top, before: true, after: false)
                try compare(before, nil, in: frames[top].path, visit)
            case (nil, let after?):
                try advance(top, before: false, after: true)
                try compare(nil, after, in: frames[top].path, visit)
            }
        }
    }

    private mutating func advance(
        _ top: Int,
        before: Bool,
        after: Bool
    ) throws(CairnError) {
        if before { try frames[top].before.advance(&totalsBefore) }
        if after { try frames[top].after.advance(&totalsAfter) }
    }

    private mutating func push(
        _ before: TreeReference?,
        _ after: TreeReference?,
        _ path: [UInt8]
    ) throws(CairnError) {
        guard before != after else { return }
        frames.append(
            Frame(before: try Side(trees, before), after: try Side(trees, after), path: path)
        )
        try advance(frames.count - 1, before: true, after: true)
    }

    /// Compares two entries of one name and has their folders compared next.
    private mutating func compare(
        _ before: LeafEntry?,
        _ after: LeafEntry?,
        in folder: [UInt8],
        _ visit: (Difference) throws(CairnError) -> Void
    ) throws(CairnError) {
        guard let name = before?.entry.name ?? after?.entry.name else { return }
        let path = folder + [UInt8(ascii: "/")] + name
        if let change = change(before, after) {
            count(change, before?.entry, after?.entry)
            try visit(
                Difference(
                    path: path,
                    change: change,
                    before: before?.shown(at: path),
                    after: after?.shown(at: path)
                )
            )
        }
        try push(before?.tree, after?.tree, path)
    }

    private func change(_ before: LeafEntry?, _ after: LeafEntry?) -> Difference.Change? {
        guard let before else { return .added }
        guard let after else { return .removed }
        switch (before.entry.node, after.entry.node) {
        case (.directory, .directory), (.pipe, .pipe): break
        case (.regular, .regular), (.symbolicLink, .symbolicLink),
            (.characterDevice, .characterDevice), (.blockDevice, .blockDevice):
            if before.entry.node != after.entry.node { return .content }
        default: return .kind
        }
        return before.hasSameMetadata(as: after) ? nil : .metadata
    }

    private mutating func count(
        _ change: Difference.Change,
        _ before: TreeEntry?,
        _ after: TreeEntry?
    ) {
        switch change {
        case .metadata: return
        case .content:
            guard let before, let after, before.isRegular else { return }
            summary.filesChanged += 1
            summary.bytesRemoved += before.logicalSize
            summary.bytesAdded += after.logicalSize
        case .added, .removed, .kind:
            if let before {
                switch before.node {
                case .regular:
                    summary.filesRemoved += 1
                    summary.bytesRemoved += before.logicalSize
                case .directory: summary.directoriesRemoved += 1
                default: summary.othersRemoved += 1
                }
            }
            if let after {
                switch after.node {
                case .regular:
                    summary.filesAdded += 1
                    summary.bytesAdded += after.logicalSize
                case .directory: summary.directoriesAdded += 1
                default: summary.othersAdded += 1
                }
            }
        }
    }
}

extension LeafEntry {
    /// The tree of a folder.
    fileprivate var tree: TreeReference? {
        if case .directory(let reference) = entry.node { reference } else { nil }
    }
}

extension SubtreeStart {
    fileprivate var folder: TreeReference? {
        if case .folder(let reference) = content { reference } else { nil }
    }

    fileprivate var leaf: LeafEntry? {
        guard case .entry(let entry) = content else { return nil }
        return LeafEntry(entry, users: users, groups: groups)
    }
}
