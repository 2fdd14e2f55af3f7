internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Compares what the scan of the source saw with the parent snapshot.
///
/// One thread runs it. Files whose metadata differ from the parent's become jobs for the workers.
/// What it finds goes out in batches, in order.
struct SourceWalker: ~Copyable {
    /// Files with several names remembered at once; beyond it a further name is read again.
    private static var linkCountMax: Int { 1 << 18 }

    private let request: BackupRequest
    private let context: JobContext
    private let counters: BackupCounters
    private let trees: TreeLoader
    private var output: BatchBuilder
    private var frames: [Frame]
    /// Files with more than one name that were seen, and how many of their names are to come.
    private var links: [FileIdentity: UInt32] = [:]

    /// A folder being walked.
    private struct Frame {
        /// Nil while the walk is far beneath it, and where it cannot be listed.
        var directory: SourceDirectory?
        let path: [UInt8]
        let entry: TreeEntry
        let previous: TreeEntry?
        /// Left out unless something beneath it is kept.
        let isOptional: Bool
        var earlier: TreeCursor?
    }

    /// Makes a walker that stands in the folder `/`.
    ///
    /// - Parameter parent: The root tree of the parent snapshot, if there is one.
    init(
        request: BackupRequest,
        root: SourceDirectory,
        parent: TreeReference?,
        trees: TreeLoader,
        handles: SourceHandles,
        context: JobContext,
        counters: BackupCounters,
        emit: @escaping (WalkBatch) throws(CairnError) -> Void
    ) throws(CairnError) {
        self.request = request
        self.trees = trees
        self.context = context
        self.counters = counters
        output = BatchBuilder(folderCountMax: handles.perJobBatch, emit: emit)
        let earlier = try parent.map { reference throws(CairnError) in
            try TreeCursor(trees, reference)
        }
        frames = [
            Frame(
                directory: root,
                path: [],
                entry: TreeEntry(name: [], FileMetadata(kind: .directory, mode: 0), node: .pipe),
                previous: nil,
                isOptional: false,
                earlier: earlier
            )
        ]
    }

    /// Takes what the scan saw next.
    mutating func take(_ batch: SightingBatch) throws(CairnError) {
        try context.checkCancelled()
        for sighting in batch.sightings { try take(sighting) }
    }

    /// Sends on what is left after the last batch.
    mutating func finish() throws(CairnError) {
        try output.flush()
    }

    private mutating func take(_ sighting: Sighting) throws(CairnError) {
        let top = frames.count - 1
        switch sighting {
        case .entry(let name, let metadata):
            let previous = try frames[top].earlier?.entry(named: name)
            let path = frames[top].path + [UInt8(ascii: "/")] + name
            guard let directory = frames[top].directory else {
                // The scan has said that it goes on there, or it would have sent nothing.
                return try output.add(.problem(Problem(path: path, FileFailure.replaced(.open))))
            }
            if metadata.kind == .regular {
                try visitFile(name, metadata, in: directory, path: path, previous: previous)
            } else {
                try visitSpecial(name, metadata, in: directory, path: path, previous: previous)
            }
        case .enter(let folder):
            try enter(folder)
        case .resume(let directory):
            frames[top].directory = directory
        case .leave:
            let frame = frames.removeLast()
            try output.add(
                .leave(frame.entry, previous: frame.previous, isOptional: frame.isOptional)
            )
        case .failed(let name, let failure):
            let path = frames[top].path + [UInt8(ascii: "/")] + name
            try output.add(.problem(Problem(path: path, failure)))
        case .interrupted(let failure):
            try output.add(.problem(Problem(path: frames[top].path, failure)))
        }
    }

    private mutating func enter(_ folder: SeenFolder) throws(CairnError) {
        let top = frames.count - 1
        let path = frames[top].path + [UInt8(ascii: "/")] + folder.name
        let previous = try frames[top].earlier?.entry(named: folder.name)
        let before = previous?.kind == .directory ? previous : nil
        var entry = TreeEntry(name: folder.name, folder.metadata, node: .pipe)
        var directory: SourceDirectory?
        var failure: FileFailure?
        do {
            let opened = try folder.opened.get()
            directory = opened
            if folder.role != .lead, let before, before.inode == entry.inode,
                before.changed == entry.changed
            {
                entry.attributes = before.attributes
            } else {
                entry.attributes = try opened.extendedAttributes()
            }
        } catch {
            if folder.role == .lead { throw CairnError.unreadableSource(path, error) }
            entry.isIncomplete = true
            failure = error
        }
        if folder.role == .lead { SourceWalker.keepTimes(of: before, in: &entry) }
        frames.append(
            Frame(
                directory: directory,
                path: path,
                entry: entry,
                previous: before,
                isOptional: folder.role == .optional && failure == nil,
                earlier: directory == nil ? nil : try trees.cursor(beneath: before)
            )
        )
        // The scan has not gone into a folder that it could not open, and has closed none for it.
        let far = frames.count - 1 - SourceHandles.depthMax
        if far >= 0, directory != nil { frames[far].directory = nil }
        try output.add(.enter(path: path))
        if let failure { try output.add(.problem(Problem(path: path, failure))) }
    }

    /// Takes the times of a folder that only leads to a source from the parent snapshot, where
    /// nothing else about it changed: what happens beside the source must not make trees differ.
    private static func keepTimes(of previous: TreeEntry?, in entry: inout TreeEntry) {
        guard let previous, previous.inode == entry.inode,
            previous.mode == entry.mode, previous.userID == entry.userID,
            previous.groupID == entry.groupID, previous.attributes == entry.attributes
        else { return }
        (entry.modified, entry.changed) = (previous.modified, previous.changed)
    }

    private mutating func visitFile(
        _ name: FileName,
        _ metadata: FileMetadata,
        in directory: SourceDirectory,
        path: [UInt8],
        previous: TreeEntry?
    ) throws(CairnError) {
        counters.fileFound(bytes: metadata.size)
        if let previous, previous.stillDescribes(metadata, request), trees.holds(previous) {
            counters.fileUnmodified(bytes: metadata.size)
            let item: WalkItem
            do throws(FileFailure) {
                let entry = try unmodifiedEntry(name, metadata, in: directory, previous: previous)
                item = .entry(entry, path: path, .unmodified)
            } catch {
                item = .problem(Problem(path: path, error))
            }
            return try output.add(item)
        }
        let entry = TreeEntry(name: name, metadata, node: .regular(content: .empty, layout: nil))
        if metadata.linkCount > 1, try visitLink(entry, metadata, path: path) { return }
        // Remembered only within the limit; a name beyond it is read once more.
        let isLinked = links[metadata.identity] != nil
        let state: ItemState = previous == nil ? .new : .changed
        let job = FileJob(directory: directory, name: name, path: path, metadata: metadata)
        try output.add(job) { number in
            .file(entry, path: path, job: number, state, link: isLinked ? metadata.identity : nil)
        }
    }

    /// Joins the content of an earlier entry and the metadata of now, which may differ where the
    /// request compares little.
    private func unmodifiedEntry(
        _ name: FileName,
        _ metadata: FileMetadata,
        in directory: SourceDirectory,
        previous: TreeEntry
    ) throws(FileFailure) -> TreeEntry {
        var entry = TreeEntry(name: name, metadata, node: previous.node)
        if previous.inode == entry.inode, previous.changed == entry.changed {
            entry.attributes = previous.attributes
        } else {
            entry.attributes = try directory.extendedAttributes(of: name)
        }
        return entry
    }

    /// Sends on a further name of a file that is being read already.
    ///
    /// - Returns: Whether it is one.
    private mutating func visitLink(
        _ entry: TreeEntry,
        _ metadata: FileMetadata,
        path: [UInt8]
    ) throws(CairnError) -> Bool {
        guard let rest = links[metadata.identity] else {
            if links.count < SourceWalker.linkCountMax {
                links[metadata.identity] = metadata.linkCount - 1
            }
            return false
        }
        links[metadata.identity] = rest > 1 ? rest - 1 : nil
        try output.add(
            .linked(entry, path: path, metadata.identity, isLast: rest <= 1)
        )
        counters.fileUnmodified(bytes: metadata.size)
        return true
    }

    private mutating func visitSpecial(
        _ name: FileName,
        _ metadata: FileMetadata,
        in directory: SourceDirectory,
        path: [UInt8],
        previous: TreeEntry?
    ) throws(CairnError) {
        let entry: TreeEntry
        do {
            entry = try specialEntry(name, metadata, in: directory, previous: previous)
        } catch {
            try output.add(.problem(Problem(path: path, error)))
            return
        }
        let state: ItemState = previous == entry ? .unmodified : previous == nil ? .new : .changed
        try output.add(.entry(entry, path: path, state))
    }

    /// Describes an entry that is neither a folder nor a regular file.
    private func specialEntry(
        _ name: FileName,
        _ metadata: FileMetadata,
        in directory: SourceDirectory,
        previous: TreeEntry?
    ) throws(FileFailure) -> TreeEntry {
        let node: TreeEntry.Node
        switch metadata.kind {
        case .symlink: node = .symbolicLink(target: try directory.readLink(name))
        case .characterDevice: node = .characterDevice(metadata.deviceNumber)
        case .blockDevice: node = .blockDevice(metadata.deviceNumber)
        default: node = .pipe
        }
        var entry = TreeEntry(name: name, metadata, node: node)
        if let previous, previous.inode == entry.inode, previous.changed == entry.changed {
            entry.attributes = previous.attributes
        } else {
            entry.attributes = try directory.extendedAttributes(of: name)
        }
        return entry
    }
}
