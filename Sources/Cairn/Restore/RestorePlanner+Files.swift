internal import CairnCore
internal import CairnFormat
internal import CairnIO

extension RestorePlanner {
    /// The most groups of names under way; further ones are restored as files of their own.
    private static var linkCountMax: Int { 1 << 20 }

    /// Restores anything but a folder, or sees to it that workers do.
    mutating func visit(
        _ entry: TreeEntry,
        _ attributes: FileAttributes,
        in directory: RestoredDirectory
    ) throws(CairnError) {
        if entry.isRegular { counters.fileFound(bytes: entry.logicalSize) }
        let handle: TargetDirectory?
        let existing: ExistingEntry
        do throws(FileFailure) {
            handle = try directory.open(target.tree)
            let found = directory.isFresh ? nil : handle
            existing = try ExistingEntry(entry, in: found, request.overwrite)
        } catch {
            return try note(error, entry, in: directory)
        }
        switch existing {
        case .kept:
            counters.skipped(
                directory.path(of: entry.name),
                bytes: entry.logicalSize,
                isFile: entry.isRegular
            )
        case .unchanged(let metadata):
            do throws(FileFailure) {
                try keep(entry, attributes, metadata, in: directory, handle)
            } catch {
                try note(error, entry, in: directory)
            }
        case .none, .replaced:
            if target.isDryRun { return count(entry, in: directory, existing) }
            let (isFurther, group) = link(entry, in: directory, existing)
            if isFurther { return }
            if entry.isRegular {
                return try plan(entry, attributes, in: directory, existing, group)
            }
            do throws(FileFailure) {
                try makeSpecial(entry, attributes, in: directory, handle, existing, group)
            } catch {
                group?.fail()
                try note(error, entry, in: directory)
            }
        }
    }

    /// Reports a failure of the target; only a full one ends the restore.
    private func note(
        _ failure: FileFailure,
        _ entry: TreeEntry,
        in directory: RestoredDirectory
    ) throws(CairnError) {
        let path = directory.path(of: entry.name)
        target.report(failure, at: path)
        guard failure.isOutOfSpace else { return }
        throw RestoreTarget.isFull(failure, at: path)
    }

    /// Counts what a dry run would restore.
    private func count(
        _ entry: TreeEntry,
        in directory: RestoredDirectory,
        _ existing: ExistingEntry
    ) {
        let path = directory.path(of: entry.name)
        if entry.isRegular {
            counters.wrote(bytes: Int(clamping: entry.logicalSize))
            counters.restored(path, bytes: entry.logicalSize, replaced: existing.isReplaced)
        } else {
            counters.other(path, action: existing.isReplaced ? .updated : .restored)
        }
    }

    /// Leaves a file that is as in the snapshot, but for its metadata.
    private mutating func keep(
        _ entry: TreeEntry,
        _ attributes: FileAttributes,
        _ found: FileMetadata,
        in directory: RestoredDirectory,
        _ handle: TargetDirectory?
    ) throws(FileFailure) {
        let path = directory.path(of: entry.name)
        guard entry.isRegular else { return counters.other(path, action: .unchanged) }
        counters.unchanged(path, bytes: entry.logicalSize)
        guard let handle, !target.isDryRun else { return }
        let differs =
            found.mode != attributes.mode || found.userID != attributes.userID
            || found.groupID != attributes.groupID || !attributes.extended.isEmpty
        if differs {
            let failures = try handle.apply(
                attributes,
                toFile: entry.name,
                expecting: found.identity,
                policy: target.policy(for: attributes)
            )
            for failure in failures { target.report(failure, at: path) }
        }
        target.marks?.insert(ordinal)
        let group = link(entry, in: directory, .none, isThere: true).group
        group?.resolve(
            LinkSource(directory: handle.path, name: entry.name, identity: found.identity)
        )
    }

    /// Finds the other names of a file.
    ///
    /// - Parameter isThere: Whether the name exists already and only stands for the file.
    /// - Returns: Whether the name was left to the group, and the group where it was not.
    private mutating func link(
        _ entry: TreeEntry,
        in directory: RestoredDirectory,
        _ existing: ExistingEntry,
        isThere: Bool = false
    ) -> (isFurther: Bool, group: LinkGroup?) {
        guard let key = LinkKey(entry), let names = entry.hardLink?.count else {
            return (false, nil)
        }
        if let known = links[key] {
            links[key] = known.left > 1 ? (known.group, known.left - 1) : nil
            guard !isThere else { return (true, nil) }
            known.group.add(
                WaitingLink(
                    directory: directory,
                    name: entry.name,
                    isReplacing: existing.isReplaced
                )
            )
            return (true, nil)
        }
        guard links.count < RestorePlanner.linkCountMax, names > 1 else { return (false, nil) }
        let group = LinkGroup(
            target: target,
            size: entry.logicalSize,
            isFile: entry.isRegular
        )
        links[key] = (group, names - 1)
        return (false, group)
    }

    /// Plans the pieces of a file.
    private mutating func plan(
        _ entry: TreeEntry,
        _ attributes: FileAttributes,
        in directory: RestoredDirectory,
        _ existing: ExistingEntry,
        _ group: LinkGroup?
    ) throws(CairnError) {
        guard case .regular(let content, _) = entry.node else { return }
        let file = RestoredFile(
            entry,
            in: directory,
            attributes: attributes,
            isReplacing: existing.isReplaced,
            group: group,
            ordinal: ordinal,
            target: target
        )
        if content.depth > 0 { stretch.addLargeFile() }
        var cursor = ContentCursor(chunks, content)
        do throws(CairnError) {
            while !file.hasFailed, let chunk = try cursor.next() {
                try plan(chunk, of: file)
                if stretch.isFull && content.depth > 0 {
                    try context.checkCancelled()
                    try flush()
                }
            }
        } catch {
            guard error.code == .damaged || error.code == .unsupported else { throw error }
            file.fail(error)
        }
        try file.release()
    }

    private mutating func plan(
        _ chunk: ContentCursor.Chunk,
        of file: RestoredFile
    ) throws(CairnError) {
        guard let location = chunks.index.location(of: chunk.id) else {
            throw CairnError(
                .damaged,
                "chunk \(chunk.id) is in no pack; run 'check' and 'rebuild-index'"
            )
        }
        guard UInt64(location.length) == chunk.range.upperBound - chunk.range.lowerBound,
            location.type == .data
        else {
            throw CairnError(.damaged, "chunk \(chunk.id) is not what the file needs; run 'check'")
        }
        stretch.add(chunk.id, of: file, at: chunk.range.lowerBound, from: location)
    }

    /// Makes a link, FIFO or device.
    private func makeSpecial(
        _ entry: TreeEntry,
        _ attributes: FileAttributes,
        in directory: RestoredDirectory,
        _ handle: TargetDirectory?,
        _ existing: ExistingEntry,
        _ group: LinkGroup?
    ) throws(FileFailure) {
        guard let handle else { return }
        let replacing: Replacement = existing.isReplaced ? .replace : .refuse
        let policy = target.policy(for: attributes)
        let created: CreatedEntry
        switch entry.node {
        case .symbolicLink(let text):
            created = try handle.createSymlink(
                entry.name,
                target: text,
                attributes: attributes,
                policy: policy,
                replacing: replacing
            )
        case .pipe:
            created = try handle.createFIFO(
                entry.name,
                attributes: attributes,
                policy: policy,
                replacing: replacing
            )
        case .characterDevice(let number):
            created = try handle.createDevice(
                entry.name,
                kind: .characterDevice,
                number: number,
                attributes: attributes,
                policy: policy,
                replacing: replacing
            )
        case .blockDevice(let number):
            created = try handle.createDevice(
                entry.name,
                kind: .blockDevice,
                number: number,
                attributes: attributes,
                policy: policy,
                replacing: replacing
            )
        case .regular, .directory: return
        }
        let path = directory.path(of: entry.name)
        for failure in created.problems { target.report(failure, at: path) }
        counters.other(path, action: existing.isReplaced ? .updated : .restored)
        group?.resolve(
            LinkSource(
                directory: handle.path,
                name: entry.name,
                identity: created.identity
            )
        )
    }
}

/// What stands in the place of an entry, and what becomes of it.
enum ExistingEntry {
    /// Nothing is there.
    case none
    /// It makes way.
    case replaced
    /// It is what the snapshot holds.
    case unchanged(FileMetadata)
    /// It stays.
    case kept

    var isReplaced: Bool {
        if case .replaced = self { true } else { false }
    }

    /// Looks what is there.
    ///
    /// - Parameter directory: Nil where nothing can be there.
    init(
        _ entry: TreeEntry,
        in directory: TargetDirectory?,
        _ overwrite: RestoreRequest.Overwrite
    ) throws(FileFailure) {
        self = .none
        guard let directory else { return }
        let found: FileMetadata
        do throws(FileFailure) {
            found = try directory.contents.metadata(of: entry.name)
        } catch {
            if error.isVanished { return }
            throw error
        }
        switch overwrite {
        case .never: self = .kept
        case .always: self = .replaced
        case .ifChanged:
            let isSame = try ExistingEntry.isSame(entry, found, in: directory)
            self = isSame ? .unchanged(found) : .replaced
        }
    }

    private static func isSame(
        _ entry: TreeEntry,
        _ found: FileMetadata,
        in directory: TargetDirectory
    ) throws(FileFailure) -> Bool {
        switch entry.node {
        case .regular:
            // Someone may have given a file from elsewhere this name, to have it changed.
            guard found.kind == .regular, found.linkCount == 1 || entry.hardLink != nil else {
                return false
            }
            return found.size == entry.logicalSize && found.modified == entry.modified
        case .symbolicLink(let target):
            guard found.kind == .symlink else { return false }
            return try directory.contents.readLink(entry.name) == target
        case .pipe: return found.kind == .fifo
        case .characterDevice(let number):
            return found.kind == .characterDevice && found.deviceNumber == number
        case .blockDevice(let number):
            return found.kind == .blockDevice && found.deviceNumber == number
        case .directory: return false
        }
    }
}

extension TreeEntry {
    /// Whether it is a file with content.
    var isRegular: Bool {
        if case .regular = node { true } else { false }
    }
}

extension FileFailure {
    /// Something is there that must stay.
    static let occupied = FileFailure(.create, errno: 17)  // EEXIST
}
