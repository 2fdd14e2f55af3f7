internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Walks a snapshot in order, makes folders, links and special files as they come, and hands the
/// workers the content of files, stretch by stretch. One thread runs it.
struct RestorePlanner: ~Copyable {
    /// The most folders on the way down that are kept open.
    private static let openDepthMax = 64

    private struct Frame {
        var cursor: TreeCursor
        /// The folder's own entry; nil for the start.
        let entry: TreeEntry?
        let attributes: FileAttributes?
        /// Nil until something in it is to be restored.
        var directory: RestoredDirectory?
        /// Whether the folder could not be made, so that nothing in it can be. It is walked all the
        /// same, for the count of entries.
        var isBlocked = false
    }

    let request: RestoreRequest
    let target: RestoreTarget
    let counters: RestoreCounters
    let chunks: ChunkReader
    private let trees: TreeLoader
    let context: JobContext
    private let send: (ReadGroup) throws(CairnError) -> Void
    private let window = StretchWindow(count: 2)

    private var frames: [Frame] = []
    private var filter: RestoreFilter
    private var owners: OwnerMap
    var stretch = RestoreStretch(limit: DescriptorLimit.current)
    var links: [LinkKey: (group: LinkGroup, left: UInt64)] = [:]
    private var totals: SnapshotTotals
    var ordinal: UInt64 = 0

    init(
        _ request: RestoreRequest,
        target: RestoreTarget,
        chunks: ChunkReader,
        totals: SnapshotTotals,
        context: JobContext,
        send: @escaping (ReadGroup) throws(CairnError) -> Void
    ) throws(CairnError) {
        self.request = request
        self.target = target
        self.chunks = chunks
        self.totals = totals
        self.context = context
        self.send = send
        counters = target.counters
        trees = TreeLoader(chunks)
        filter = try RestoreFilter(request)
        owners = OwnerMap(isNumeric: request.usesNumericOwners)
    }

    /// Plans everything beneath `start`; on return all of it is done or with the workers.
    mutating func run(_ start: SubtreeStart) throws(CairnError) {
        for name in start.ancestors { _ = filter.enter(name) }
        let root = target.tree?.root
        var attributes: FileAttributes?
        // A target that was there before is the user's; one that was made becomes the folder.
        if let entry = start.entry, case .directory = entry.node, root?.isFresh == true {
            attributes = owners.attributes(of: entry, users: start.users, groups: start.groups)
        }
        let directory = RestoredDirectory(root: root, path: start.path, attributes: attributes)
        do throws(CairnError) {
            switch start.content {
            case .folder(let reference):
                frames = [
                    Frame(
                        cursor: try TreeCursor(trees, reference),
                        entry: nil,
                        attributes: nil,
                        directory: directory
                    )
                ]
                try walk()
            case .entry(let entry):
                try totals.count(entry)
                let attributes = owners.attributes(
                    of: entry,
                    users: start.users,
                    groups: start.groups
                )
                try visit(entry, attributes, in: directory)
                directory.release(target)
            }
            try flush()
        } catch {
            while let frame = frames.popLast() { frame.directory?.release(target) }
            throw error
        }
        counters.planned()
    }

    private mutating func walk() throws(CairnError) {
        while !frames.isEmpty {
            try context.checkCancelled()
            let top = frames.count - 1
            let entry: TreeEntry?
            do throws(CairnError) {
                entry = try frames[top].cursor.next()
            } catch {
                guard error.code == .damaged else { throw error }
                let path = frames[top].directory?.path(of: nil) ?? frames[top].entry?.name ?? []
                counters.report(Problem(path: path, reason: .partlyRead, text: error.message))
                entry = nil
            }
            guard let entry else {
                leave()
                continue
            }
            try totals.count(entry)
            let attributes = owners.attributes(
                of: entry,
                users: frames[top].cursor.users,
                groups: frames[top].cursor.groups
            )
            if case .directory(let reference) = entry.node {
                try enter(entry, attributes, reference)
            } else if filter.takes(entry.name) {
                if let directory = folder() { try visit(entry, attributes, in: directory) }
                ordinal += 1
            }
            if stretch.isFull { try flush() }
        }
    }

    /// Hands what is planned to the workers, when they are near the end of what they have.
    mutating func flush() throws(CairnError) {
        guard !stretch.isEmpty else {
            stretch = RestoreStretch(limit: DescriptorLimit.current)
            return
        }
        let ticket = window.enter()
        for group in stretch.takeGroups(ticket) { try send(group) }
    }

    // MARK: - Folders

    private mutating func enter(
        _ entry: TreeEntry,
        _ attributes: FileAttributes,
        _ reference: TreeReference
    ) throws(CairnError) {
        let verdict = filter.enter(entry.name)
        guard verdict != .leaveOut else { return filter.leave() }
        do throws(CairnError) {
            let cursor = try TreeCursor(trees, reference)
            frames.append(
                Frame(
                    cursor: cursor,
                    entry: entry,
                    attributes: attributes,
                    isBlocked: frames[frames.count - 1].isBlocked
                )
            )
        } catch {
            guard error.code == .damaged || error.code == .unsupported else { throw error }
            filter.leave()
            let path = frames[frames.count - 1].directory?.path(of: entry.name) ?? entry.name
            return counters.report(
                Problem(path: path, reason: .unreadable, text: error.message)
            )
        }
        if verdict == .restore { _ = folder() }
    }

    private mutating func leave() {
        guard let frame = frames.popLast() else { return }
        frame.directory?.release(target)
        if frame.entry != nil { filter.leave() }
    }

    /// The folder at the end of the way, made now where it is not there yet; nil where it cannot
    /// be made.
    private mutating func folder() -> RestoredDirectory? {
        if let directory = frames[frames.count - 1].directory { return directory }
        for index in frames.indices where frames[index].directory == nil {
            guard !frames[index].isBlocked, index > 0,
                let parent = frames[index - 1].directory, let entry = frames[index].entry
            else { break }
            frames[index].directory = makeFolder(entry, frames[index].attributes, in: parent)
            stretch.addDirectory()
            if frames[index].directory == nil {
                for blocked in index..<frames.count { frames[blocked].isBlocked = true }
                return nil
            }
            if index > RestorePlanner.openDepthMax {
                frames[index - RestorePlanner.openDepthMax].directory?.closeHandle()
            }
        }
        return frames[frames.count - 1].directory
    }

    private func makeFolder(
        _ entry: TreeEntry,
        _ attributes: FileAttributes?,
        in parent: RestoredDirectory
    ) -> RestoredDirectory? {
        let isKeeping = request.overwrite == .never
        do throws(FileFailure) {
            let above = try parent.open(target.tree)
            let handle: TargetDirectory?
            if target.isDryRun {
                handle = try lookAtFolder(entry.name, in: parent.isFresh ? nil : above)
            } else {
                handle = try above?.openOrCreateDirectory(
                    entry.name,
                    replacing: isKeeping ? .refuse : .replace
                )
            }
            let keepsMetadata = isKeeping && handle?.isFresh == false
            let directory = RestoredDirectory(
                entry.name,
                in: parent,
                handle: handle,
                attributes: keepsMetadata ? nil : attributes
            )
            counters.directory(directory.path(of: nil))
            return directory
        } catch {
            let path = parent.path(of: entry.name)
            if isKeeping && error.isExisting {
                counters.skipped(path, bytes: 0, isFile: false)
            } else {
                target.report(error, at: path)
            }
            return nil
        }
    }

    /// What a dry run finds in the place of a folder: the folder, or nil where it would be made.
    private func lookAtFolder(
        _ name: FileName,
        in parent: TargetDirectory?
    ) throws(FileFailure) -> TargetDirectory? {
        guard let parent else { return nil }
        do throws(FileFailure) {
            if try parent.contents.metadata(of: name).kind == .directory {
                return try parent.openDirectory(name)
            }
        } catch {
            if error.isVanished { return nil }
            throw error
        }
        // Something else is there.
        if request.overwrite == .never { throw FileFailure.occupied }
        return nil
    }
}
