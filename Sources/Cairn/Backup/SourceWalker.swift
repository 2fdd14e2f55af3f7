internal import CairnCore
package import CairnFormat
package import CairnIO

/// Walks the source depth first, in the order of names, and compares it with the parent snapshot.
///
/// One thread runs it. It reads names and metadata only; files whose metadata differ from the
/// parent's become jobs for the workers. What it finds goes out in batches, in order.
package struct SourceWalker: ~Copyable {
    let request: BackupRequest
    let excludes: ExcludeRules
    let repositoryIdentity: FileIdentity?
    let context: JobContext
    let counters: BackupCounters
    /// Tells whether the content an earlier entry refers to is still there.
    let holdsContent: (ContentReference) -> Bool
    private var output: BatchBuilder
    private var filter: ExcludeWalker
    private var frames: [Frame] = []

    /// A folder being walked.
    private struct Frame {
        let directory: SourceDirectory
        let path: [UInt8]
        let entry: TreeEntry
        let previous: TreeEntry?
        let device: UInt64
        var names: [FileName]
        var next = 0
        var earlier: TreeCursor?
    }

    /// Makes a walker.
    package init(
        request: BackupRequest, excludes: ExcludeRules, repositoryIdentity: FileIdentity?,
        context: JobContext, counters: BackupCounters,
        holdsContent: @escaping (ContentReference) -> Bool,
        emit: @escaping (WalkBatch) throws(CairnError) -> Void
    ) {
        self.request = request
        self.excludes = excludes
        self.repositoryIdentity = repositoryIdentity
        self.context = context
        self.counters = counters
        self.holdsContent = holdsContent
        output = BatchBuilder(emit: emit)
        filter = ExcludeWalker(excludes)
    }

    /// Walks everything the request names.
    ///
    /// - Parameter parent: The root tree of the parent snapshot, if there is one.
    package mutating func walk(
        _ roots: SourceRoots, parent: TreeCursor?
    ) throws(CairnError) {
        let root: SourceDirectory
        do {
            root = try SourceDirectory.open(path: Array("/".utf8))
        } catch {
            throw CairnError(.source, "cannot open /: \(error.reason)", cause: error)
        }
        try walk(roots.root, in: root, path: [], earlier: parent)
        try output.flush()
    }

    /// Walks the folders that lead to the sources, taking only what leads on.
    private mutating func walk(
        _ node: SourceRoots.Node, in directory: SourceDirectory, path: [UInt8],
        earlier: TreeCursor?
    ) throws(CairnError) {
        var earlier = earlier
        for (name, child) in node.sortedChildren {
            let childPath = path + [UInt8(ascii: "/")] + name
            let previous = try earlier?.entry(named: name)
            if child.isSource {
                // The outermost file system is the source's own.
                try visit(name, in: directory, path: childPath, previous: previous, device: nil)
                try drain()
                continue
            }
            do throws(FileFailure) {
                let metadata = try directory.metadata(of: name)
                let subdirectory = try directory.openSubdirectory(name, expecting: metadata)
                var entry = TreeEntry(name: name, metadata)
                entry.attributes = try subdirectory.extendedAttributes()
                    .map { TreeAttribute($0) }
                try output.add(.enter(path: childPath))
                filter.enter(name)
                try walk(
                    child, in: subdirectory, path: childPath,
                    earlier: previous?.subtreeCursor(from: earlier))
                filter.leave()
                try output.add(.leave(entry, previous: previous))
            } catch let failure as FileFailure {
                throw CairnError(
                    .source, "cannot read \(PathText.escaped(childPath)): \(failure.reason)",
                    cause: failure)
            }
        }
    }

    /// Walks until no folder is open.
    private mutating func drain() throws(CairnError) {
        while !frames.isEmpty {
            let top = frames.count - 1
            guard frames[top].next < frames[top].names.count else {
                let frame = frames.removeLast()
                filter.leave()
                try output.add(.leave(frame.entry, previous: frame.previous))
                continue
            }
            if frames[top].next & 63 == 0 { try context.checkCancelled() }
            let name = frames[top].names[frames[top].next]
            frames[top].next += 1
            let previous = try frames[top].earlier?.entry(named: name)
            let path = frames[top].path + [UInt8(ascii: "/")] + name
            try visit(
                name, in: frames[top].directory, path: path, previous: previous,
                device: frames[top].device)
        }
    }

    /// Looks at one entry and sends on what it is.
    private mutating func visit(
        _ name: FileName, in directory: SourceDirectory, path: [UInt8], previous: TreeEntry?,
        device: UInt64?
    ) throws(CairnError) {
        let metadata: FileMetadata
        do {
            metadata = try directory.metadata(of: name)
        } catch {
            try report(path, error)
            return
        }
        let isDirectory = metadata.kind == .directory
        if filter.excludes(name, isDirectory: isDirectory) { return }
        switch metadata.kind {
        case .directory:
            try visitDirectory(
                name, metadata, in: directory, path: path, previous: previous, device: device)
        case .regular:
            try visitFile(name, metadata, in: directory, path: path, previous: previous)
        case .socket:
            context.report(.notice("socket left out: \(PathText.escaped(path))"))
        case .symlink, .fifo, .characterDevice, .blockDevice:
            try visitSpecial(name, metadata, in: directory, path: path, previous: previous)
        }
    }

    private mutating func visitDirectory(
        _ name: FileName, _ metadata: FileMetadata, in directory: SourceDirectory, path: [UInt8],
        previous: TreeEntry?, device: UInt64?
    ) throws(CairnError) {
        if let repositoryIdentity, metadata.identity == repositoryIdentity {
            context.report(.notice("the repository itself is left out: \(PathText.escaped(path))"))
            return
        }
        var entry = TreeEntry(name: name, metadata)
        let before = previous.flatMap { $0.kind == .directory ? $0 : nil }
        do throws(FileFailure) {
            let subdirectory = try directory.openSubdirectory(name, expecting: metadata)
            if let before, before.isSameInode(as: metadata), before.changed == entry.changed {
                entry.attributes = before.attributes
            } else {
                entry.attributes = try subdirectory.extendedAttributes().map { TreeAttribute($0) }
            }
            let crosses = request.excludes.oneFileSystem && device.map { $0 != metadata.device } == true
            let names = crosses ? [] : try chosenNames(of: subdirectory)
            try output.add(.enter(path: path))
            filter.enter(name)
            frames.append(
                Frame(
                    directory: subdirectory, path: path, entry: entry, previous: before,
                    device: metadata.device, names: names,
                    earlier: before?.subtreeCursor(from: frames.last?.earlier ?? rootCursor)))
        } catch {
            try report(path, error)
            entry.isPartial = true
            try output.add(.enter(path: path))
            try output.add(.leave(entry, previous: before))
        }
    }
}
