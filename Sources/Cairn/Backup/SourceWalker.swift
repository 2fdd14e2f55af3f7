internal import CairnCore
package import CairnFormat
package import CairnIO

/// Walks the source depth first, in the order of names, and compares it with the parent snapshot.
///
/// One thread runs it. It reads names and metadata only; files whose metadata differ from the
/// parent's become jobs for the workers. What it finds goes out in batches, in order.
package struct SourceWalker: ~Copyable {
    /// Files with several names remembered at once; beyond it a further name is read again.
    private static var linkCountMax: Int { 1 << 18 }

    private let request: BackupRequest
    private let repositoryIdentity: FileIdentity?
    private let context: JobContext
    private let counters: BackupCounters
    private let trees: TreeLoader
    private var output: BatchBuilder
    private var filter: ExcludeRules.Walker
    private var frames: [Frame] = []
    /// Files with more than one name that were seen, and how many of their names are to come.
    private var links: [FileIdentity: UInt32] = [:]

    /// A folder being walked.
    private struct Frame {
        let directory: SourceDirectory
        let path: [UInt8]
        let entry: TreeEntry
        let previous: TreeEntry?
        let device: UInt64
        /// Left out unless something beneath it is kept.
        let isOptional: Bool
        let names: [FileName]
        var next = 0
        var earlier: TreeCursor?
    }

    /// Makes a walker.
    ///
    /// - Parameter repositoryIdentity: The folder of the repository itself, left out where met.
    package init(
        request: BackupRequest,
        excludes: ExcludeRules,
        repositoryIdentity: FileIdentity?,
        trees: TreeLoader,
        context: JobContext,
        counters: BackupCounters,
        emit: @escaping (WalkBatch) throws(CairnError) -> Void
    ) {
        self.request = request
        self.repositoryIdentity = repositoryIdentity
        self.trees = trees
        self.context = context
        self.counters = counters
        output = BatchBuilder(emit: emit)
        filter = ExcludeRules.Walker(excludes)
    }

    /// Walks everything the request names.
    ///
    /// - Parameter parent: The root tree of the parent snapshot, if there is one.
    package mutating func walk(
        _ roots: SourceRoots,
        parent: TreeReference?
    ) throws(CairnError) {
        let root: SourceDirectory
        let metadata: FileMetadata
        do {
            root = try SourceDirectory.open(path: [UInt8(ascii: "/")])
            metadata = try root.metadata()
        } catch {
            throw CairnError(.source, "cannot open /: \(error.reason)", cause: error)
        }
        let earlier = try parent.map { reference throws(CairnError) in
            try TreeCursor(trees, reference)
        }
        if roots.root.isSource {
            let names = try listed(root, path: [UInt8(ascii: "/")])
            var frame = Frame(
                directory: root,
                path: [],
                entry: TreeEntry(name: [], metadata, node: .pipe),
                previous: nil,
                device: metadata.device,
                isOptional: false,
                names: names
            )
            frame.earlier = earlier
            frames.append(frame)
            try drain()
        } else {
            try walk(roots.root, in: root, path: [], earlier: earlier)
        }
        try output.flush()
    }

    private func listed(
        _ directory: SourceDirectory,
        path: [UInt8]
    ) throws(CairnError) -> [FileName] {
        do {
            return try directory.names()
        } catch {
            throw CairnError.unreadableSource(path, error)
        }
    }

    /// Walks the folders that lead to the sources, taking only what leads on.
    private mutating func walk(
        _ node: SourceRoots.Node,
        in directory: SourceDirectory,
        path: [UInt8],
        earlier: consuming TreeCursor?
    ) throws(CairnError) {
        var earlier = earlier
        for (name, child) in node.sortedChildren {
            let childPath = path + [UInt8(ascii: "/")] + name
            let previous = try earlier?.entry(named: name)
            if child.isSource {
                try visit(name, in: directory, path: childPath, previous: previous, device: nil)
                try drain()
                continue
            }
            let subdirectory: SourceDirectory
            var entry: TreeEntry
            do {
                let metadata = try directory.metadata(of: name)
                subdirectory = try directory.openSubdirectory(name, expecting: metadata)
                entry = TreeEntry(name: name, metadata, node: .pipe)
                entry.attributes = try subdirectory.extendedAttributes()
            } catch {
                throw CairnError.unreadableSource(childPath, error)
            }
            try output.add(.enter(path: childPath))
            _ = filter.enter(name.span)
            let beneath = try trees.cursor(beneath: previous)
            try walk(child, in: subdirectory, path: childPath, earlier: beneath)
            filter.leave()
            try output.add(.leave(entry, previous: previous, isOptional: false))
        }
    }

    /// Walks until no folder is open.
    private mutating func drain() throws(CairnError) {
        while !frames.isEmpty {
            let top = frames.count - 1
            guard frames[top].next < frames[top].names.count else {
                let frame = frames.removeLast()
                // The frame of the whole file system has no folder to be an entry of.
                if frame.entry.name.isEmpty { continue }
                filter.leave()
                try output.add(
                    .leave(frame.entry, previous: frame.previous, isOptional: frame.isOptional)
                )
                continue
            }
            if frames[top].next & 63 == 0 { try context.checkCancelled() }
            let name = frames[top].names[frames[top].next]
            frames[top].next += 1
            let previous = try frames[top].earlier?.entry(named: name)
            let path = frames[top].path + [UInt8(ascii: "/")] + name
            try visit(
                name,
                in: frames[top].directory,
                path: path,
                previous: previous,
                device: frames[top].device
            )
        }
    }

    /// Looks at one entry and sends on what it is.
    private mutating func visit(
        _ name: FileName,
        in directory: SourceDirectory,
        path: [UInt8],
        previous: TreeEntry?,
        device: UInt64?
    ) throws(CairnError) {
        let metadata: FileMetadata
        do {
            metadata = try directory.metadata(of: name)
        } catch {
            try output.add(.problem(Problem(path: path, error)))
            return
        }
        switch metadata.kind {
        case .directory:
            try visitDirectory(
                name,
                metadata,
                in: directory,
                path: path,
                previous: previous,
                device: device
            )
        case _ where filter.verdict(ofFile: name.span) == .exclude:
            break
        case .regular:
            try visitFile(name, metadata, in: directory, path: path, previous: previous)
        case .socket:
            context.report(.notice("socket left out: \(PathText.escaped(path))"))
        case .symlink, .fifo, .characterDevice, .blockDevice:
            try visitSpecial(name, metadata, in: directory, path: path, previous: previous)
        }
    }

    private mutating func visitDirectory(
        _ name: FileName,
        _ metadata: FileMetadata,
        in directory: SourceDirectory,
        path: [UInt8],
        previous: TreeEntry?,
        device: UInt64?
    ) throws(CairnError) {
        if metadata.identity == repositoryIdentity {
            context.report(.notice("the repository itself is left out: \(PathText.escaped(path))"))
            return
        }
        let verdict = filter.enter(name.span)
        if verdict == .exclude {
            filter.leave()
            return
        }
        var entry = TreeEntry(name: name, metadata, node: .pipe)
        let before = previous?.kind == .directory ? previous : nil
        do {
            let subdirectory = try directory.openSubdirectory(name, expecting: metadata)
            if let before, before.inode == entry.inode, before.changed == entry.changed {
                entry.attributes = before.attributes
            } else {
                entry.attributes = try subdirectory.extendedAttributes()
            }
            let isOtherSystem =
                request.excludes.oneFileSystem
                && device ?? metadata.device
                    != metadata.device
            let names = isOtherSystem ? [] : try chosenNames(of: subdirectory)
            frames.append(
                Frame(
                    directory: subdirectory,
                    path: path,
                    entry: entry,
                    previous: before,
                    device: metadata.device,
                    isOptional: verdict == .excludeButEnter,
                    names: names
                )
            )
        } catch {
            entry.isIncomplete = true
            try output.add(.enter(path: path))
            try output.add(.problem(Problem(path: path, error)))
            try output.add(.leave(entry, previous: before, isOptional: false))
            filter.leave()
            return
        }
        frames[frames.count - 1].earlier = try trees.cursor(beneath: before)
        try output.add(.enter(path: path))
    }

    /// The names in a folder, less what its own markers leave out.
    private func chosenNames(of directory: SourceDirectory) throws(FileFailure) -> [FileName] {
        let names = try directory.names()
        for marker in request.excludes.ifPresent where names.contains(marker) { return [marker] }
        let tag = CacheDirectoryTag.name
        if request.excludes.caches, names.contains(tag), isCacheTag(tag, in: directory) {
            return [tag]
        }
        return names
    }

    private func isCacheTag(_ name: FileName, in directory: SourceDirectory) -> Bool {
        let buffer = ByteBuffer(capacity: CacheDirectoryTag.signature.count)
        // A tag that cannot be read marks nothing.
        guard let file = try? directory.openFile(name),
            (try? file.read(upTo: CacheDirectoryTag.signature.count, into: buffer)) != nil
        else { return false }
        return CacheDirectoryTag.isValid(buffer.span)
    }

    private mutating func visitFile(
        _ name: FileName,
        _ metadata: FileMetadata,
        in directory: SourceDirectory,
        path: [UInt8],
        previous: TreeEntry?
    ) throws(CairnError) {
        if let limit = request.excludes.largerThan, metadata.size > limit { return }
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
