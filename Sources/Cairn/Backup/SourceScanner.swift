internal import CairnCore
internal import CairnIO

/// Goes through the source depth first, in the order of names, and says what is there and is not
/// left out.
///
/// One thread runs it, ahead of the ``SourceWalker``. It reads names and metadata; it opens files
/// only to look for the mark of a cache.
struct SourceScanner: ~Copyable {
    /// A batch is sent on with this many sightings.
    private static var batchCountMax: Int { 512 }

    private let request: BackupRequest
    private let repositoryIdentity: FileIdentity?
    private let context: JobContext
    private let handles: SourceHandles
    private let emit: (SightingBatch) throws(CairnError) -> Void
    private var batch = SightingBatch()
    private var filter: ExcludeRules.Walker
    private var frames: [Frame] = []

    /// A folder being scanned.
    private struct Frame {
        /// Nil while the scan is far beneath it.
        var directory: SourceDirectory?
        let identity: FileIdentity
        let path: [UInt8]
        let names: DirectoryListing
        /// What each name leads to, where the folder only leads to the source.
        let leads: [SourceRoots.Node]?
        var next = 0
    }

    /// Makes a scanner.
    ///
    /// - Parameter repositoryIdentity: The folder of the repository itself, left out where met.
    init(
        request: BackupRequest,
        repositoryIdentity: FileIdentity?,
        handles: SourceHandles,
        context: JobContext,
        emit: @escaping (SightingBatch) throws(CairnError) -> Void
    ) throws(CairnError) {
        self.request = request
        self.repositoryIdentity = repositoryIdentity
        self.handles = handles
        self.context = context
        self.emit = emit
        filter = ExcludeRules.Walker(try ExcludeRules(request.excludes))
    }

    /// Scans everything the roots name.
    ///
    /// - Parameter root: The folder `/`.
    mutating func scan(_ roots: SourceRoots, from root: SourceDirectory) throws(CairnError) {
        let slash = [UInt8(ascii: "/")]
        let frame: Frame
        do {
            frame = try SourceScanner.frame(
                of: root,
                path: [],
                node: roots.root,
                identity: root.metadata().identity
            )
        } catch {
            throw CairnError.unreadableSource(slash, error)
        }
        frames.append(frame)
        while !frames.isEmpty { try step() }
        try flush()
    }

    private static func frame(
        of directory: SourceDirectory,
        path: [UInt8],
        node: SourceRoots.Node,
        identity: FileIdentity
    ) throws(FileFailure) -> Frame {
        let children = node.isSource ? [] : node.sortedChildren
        return Frame(
            directory: directory,
            identity: identity,
            path: path,
            names: node.isSource
                ? try directory.listing() : try DirectoryListing(children.map(\.0)),
            leads: node.isSource ? nil : children.map(\.1)
        )
    }

    /// Looks at the next name of the innermost folder, or leaves it.
    private mutating func step() throws(CairnError) {
        let top = frames.count - 1
        guard frames[top].next < frames[top].names.count else { return try leave() }
        if frames[top].next & 63 == 0 { try context.checkCancelled() }
        // Whoever could not open it again has said so and left nothing to look at.
        guard let directory = frames[top].directory else { return try interrupt(.replaced(.open)) }
        let index = frames[top].next
        frames[top].next += 1
        let name = frames[top].names[index]
        if let node = frames[top].leads?[index], !node.isSource {
            return try lead(name, node, in: directory)
        }
        try visit(name, in: directory)
    }

    private mutating func add(_ sighting: Sighting) throws(CairnError) {
        batch.add(sighting)
        if batch.sightings.count >= SourceScanner.batchCountMax
            || batch.folderCount >= handles.perSightingBatch
        {
            try flush()
        }
    }

    private mutating func flush() throws(CairnError) {
        guard !batch.sightings.isEmpty else { return }
        let full = batch
        batch = SightingBatch()
        try emit(full)
    }

    // MARK: - Folders

    private mutating func enter(_ frame: Frame, _ folder: SeenFolder) throws(CairnError) {
        frames.append(frame)
        let far = frames.count - 1 - SourceHandles.depthMax
        if far >= 0 { frames[far].directory = nil }
        try add(.enter(folder))
    }

    /// Ends the innermost folder, and opens the one above again where it was closed.
    private mutating func leave() throws(CairnError) {
        let left = frames.removeLast()
        // The folder `/` was never entered.
        guard let top = frames.indices.last else { return }
        filter.leave()
        try add(.leave)
        guard frames[top].directory == nil else { return }
        let again: Result<SourceDirectory, FileFailure>
        do throws(FileFailure) {
            guard let beneath = left.directory else { throw FileFailure.replaced(.open) }
            again = .success(try beneath.openParent(expecting: frames[top].identity))
        } catch {
            again = .failure(error)
        }
        switch again {
        case .success(let directory):
            frames[top].directory = directory
            try add(.resume(directory))
        case .failure(let failure) where frames[top].next < frames[top].names.count:
            try interrupt(failure)
        case .failure:
            break
        }
    }

    /// Leaves the rest of the innermost folder out, and says so.
    private mutating func interrupt(_ failure: FileFailure) throws(CairnError) {
        let top = frames.count - 1
        frames[top].next = frames[top].names.count
        try add(.interrupted(failure))
    }

    /// Goes into a folder that only leads to a source; without it nothing can be captured.
    private mutating func lead(
        _ name: FileName,
        _ node: SourceRoots.Node,
        in directory: SourceDirectory
    ) throws(CairnError) {
        let path = frames[frames.count - 1].path + [UInt8(ascii: "/")] + name
        let metadata: FileMetadata
        let subdirectory: SourceDirectory
        let frame: Frame
        do {
            metadata = try directory.metadata(of: name)
            subdirectory = try directory.openSubdirectory(name, expecting: metadata)
            frame = try SourceScanner.frame(
                of: subdirectory,
                path: path,
                node: node,
                identity: metadata.identity
            )
        } catch {
            throw CairnError.unreadableSource(path, error)
        }
        _ = filter.enter(name.span)
        try enter(frame, SeenFolder(name, metadata, .lead, .success(subdirectory)))
    }

    /// Looks at one entry and sends on what it is.
    private mutating func visit(
        _ name: FileName,
        in directory: SourceDirectory
    ) throws(CairnError) {
        let metadata: FileMetadata
        do {
            metadata = try directory.metadata(of: name)
        } catch {
            return try add(.failed(name, error))
        }
        if metadata.kind == .directory { return try visitFolder(name, metadata, in: directory) }
        guard filter.verdict(ofFile: name.span) != .exclude else { return }
        switch metadata.kind {
        case .socket:
            let path = frames[frames.count - 1].path + [UInt8(ascii: "/")] + name
            context.report(.notice("socket left out: \(PathText.escaped(path))"))
        case .regular:
            if let limit = request.excludes.largerThan, metadata.size > limit { return }
            try add(.entry(name, metadata))
        default:
            try add(.entry(name, metadata))
        }
    }

    private mutating func visitFolder(
        _ name: FileName,
        _ metadata: FileMetadata,
        in directory: SourceDirectory
    ) throws(CairnError) {
        let above = frames[frames.count - 1]
        let path = above.path + [UInt8(ascii: "/")] + name
        if metadata.identity == repositoryIdentity {
            context.report(.notice("the repository itself is left out: \(PathText.escaped(path))"))
            return
        }
        let verdict = filter.enter(name.span)
        if verdict == .exclude { return filter.leave() }
        // What a source lies on is its own affair.
        let isOtherSystem =
            request.excludes.oneFileSystem && above.leads == nil
            && above.identity.device != metadata.device
        let role = verdict == .excludeButEnter ? SeenFolder.Role.optional : .source
        let subdirectory: SourceDirectory
        let names: DirectoryListing
        do {
            subdirectory = try directory.openSubdirectory(name, expecting: metadata)
            names = isOtherSystem ? try DirectoryListing([]) : try chosenNames(of: subdirectory)
        } catch {
            filter.leave()
            try add(.enter(SeenFolder(name, metadata, .source, .failure(error))))
            return try add(.leave)
        }
        let frame = Frame(
            directory: subdirectory,
            identity: metadata.identity,
            path: path,
            names: names,
            leads: nil
        )
        try enter(frame, SeenFolder(name, metadata, role, .success(subdirectory)))
    }

    /// The names in a folder, less what its own markers leave out.
    private func chosenNames(
        of directory: SourceDirectory
    ) throws(FileFailure) -> DirectoryListing {
        let names = try directory.listing()
        for marker in request.excludes.ifPresent where names.contains(marker) {
            return try DirectoryListing([marker])
        }
        let tag = CacheDirectoryTag.name
        if request.excludes.caches, names.contains(tag), isCacheTag(tag, in: directory) {
            return try DirectoryListing([tag])
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
}
