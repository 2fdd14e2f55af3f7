internal import CCairn
package import CairnCore
internal import Glibc

/// What a restore created: which file it is, and what could not be set on it.
package struct CreatedEntry: Sendable {
    /// To find it again for a hard link.
    package let identity: FileIdentity
    /// Metadata that could not be set; the content is complete.
    package let problems: [FileFailure]
}

/// A file that this restore created, as the source of hard links.
package struct LinkSource: Hashable, Sendable {
    /// The names that lead from the target to the file's directory.
    package let directory: [FileName]
    package let name: FileName
    /// The file must still be this one.
    package let identity: FileIdentity

    /// Remembers a created file.
    package init(directory: [FileName], name: FileName, identity: FileIdentity) {
        self.directory = directory
        self.name = name
        self.identity = identity
    }
}

/// An open directory of a restore's target, closed when the last reference to it goes.
///
/// It stays writable for its owner alone until the caller, after everything in it is done, sets its
/// metadata with ``apply(_:policy:)``. Calls may come from any thread at once.
package final class TargetDirectory: Sendable {
    /// For listing and reading what is there: metadata, files to compare, links.
    package let contents: SourceDirectory
    /// The names that lead here from the target.
    package let path: [FileName]
    /// Whether this restore created the directory, so that nobody else's files are in it.
    package let isFresh: Bool
    private let tree: TargetTree

    init(_ contents: SourceDirectory, in tree: TargetTree, path: [FileName], isFresh: Bool) {
        self.contents = contents
        self.tree = tree
        self.path = path
        self.isFresh = isFresh
    }

    var number: Int32 { contents.descriptor.number }

    /// Opens a directory in this one. A link in its place is a failure.
    package func openDirectory(_ name: FileName) throws(FileFailure) -> TargetDirectory {
        let opened = try tree.openDirectory([name], from: number)
        return TargetDirectory(
            SourceDirectory(opened),
            in: tree,
            path: path + [name],
            isFresh: false
        )
    }

    /// Creates a directory (mode 0700), or opens the one that is there.
    ///
    /// - Parameter replacing: What to do where something else has the name.
    package func openOrCreateDirectory(
        _ name: FileName,
        replacing: Replacement
    ) throws(FileFailure) -> TargetDirectory {
        var result = makeDirectory(name)
        if result == -Int64(EEXIST) {
            guard try contents.metadata(of: name).kind != .directory else {
                return try openDirectory(name)
            }
            guard replacing == .replace else { throw FileFailure(.create, errno: EEXIST) }
            try removeFile(name)
            result = makeDirectory(name)
        }
        try check(result, .create)
        let opened = try tree.openDirectory([name], from: number)
        // Whoever may write here could have put another directory in its place; and there are file
        // systems that give what we make to another user. Neither counts as ours alone.
        let isOurs = try opened.metadata().userID == geteuid()
        return TargetDirectory(
            SourceDirectory(opened),
            in: tree,
            path: path + [name],
            isFresh: isOurs
        )
    }

    private func makeDirectory(_ name: FileName) -> Int64 {
        unsafe name.withName { Int64(unsafe cairn_make_directory(number, $0, 0o700)) }
    }

    /// Begins a regular file, which appears when ``TargetFile/finish(_:policy:durably:)`` returns.
    package func createFile(
        _ name: FileName,
        replacing: Replacement
    ) throws(FileFailure) -> TargetFile {
        try TargetFile(name, in: self, replacing: replacing)
    }

    /// Creates a symbolic link, whatever its target.
    package func createSymlink(
        _ name: FileName,
        target: [UInt8],
        attributes: FileAttributes,
        policy: AttributePolicy,
        replacing: Replacement
    ) throws(FileFailure) -> CreatedEntry {
        try createNode(name, .symlink, attributes, policy, replacing) { name in
            unsafe target.withPath { target in
                unsafe name.withName { Int64(unsafe cairn_make_link(target, self.number, $0)) }
            }
        }
    }

    /// Creates a FIFO.
    package func createFIFO(
        _ name: FileName,
        attributes: FileAttributes,
        policy: AttributePolicy,
        replacing: Replacement
    ) throws(FileFailure) -> CreatedEntry {
        try createDevice(
            name,
            kind: .fifo,
            number: DeviceNumber(major: 0, minor: 0),
            attributes: attributes,
            policy: policy,
            replacing: replacing
        )
    }

    /// Creates a device node; only root may (``FileFailure/isPermission`` otherwise).
    package func createDevice(
        _ name: FileName,
        kind: FileKind,
        number: DeviceNumber,
        attributes: FileAttributes,
        policy: AttributePolicy,
        replacing: Replacement
    ) throws(FileFailure) -> CreatedEntry {
        guard kind == .fifo || kind == .characterDevice || kind == .blockDevice else {
            throw FileFailure(.create, errno: EINVAL)
        }
        let mode = kind.modeBits | 0o600
        return try createNode(name, kind, attributes, policy, replacing) { name in
            unsafe name.withName {
                Int64(
                    unsafe cairn_make_node(self.number, $0, mode, number.major, number.minor)
                )
            }
        }
    }

    /// Makes an entry by `make`, sets its metadata and puts it in place.
    private func createNode(
        _ name: FileName,
        _ kind: FileKind,
        _ attributes: FileAttributes,
        _ policy: AttributePolicy,
        _ replacing: Replacement,
        _ make: (FileName) -> Int64
    ) throws(FileFailure) -> CreatedEntry {
        var made = name
        var result = make(made)
        if result == -Int64(EEXIST) && replacing == .replace {
            made = TargetDirectory.temporaryName()
            result = make(made)
        }
        try check(result, .create)
        do throws(FileFailure) {
            let node = try Descriptor.open(name: made, in: number, cairn_open_path)
            let found = try node.metadata()
            // Whoever may write here could have put another file in its place, to have it changed.
            guard found.kind == kind && found.linkCount == 1 else { throw .replaced(.create) }
            // Some file systems give what we make to another user: then only the content counts.
            let problems =
                found.userID == geteuid()
                ? node.apply(attributes, kind: kind, policy: policy)
                : [FileFailure(.setOwner, reason: "made as another user's")]
            if made != name { try publish(made, as: name, replacing: replacing) }
            return CreatedEntry(identity: found.identity, problems: problems)
        } catch {
            if !error.isReplaced { try? removeFile(made) }
            throw error
        }
    }

    /// Gives a file that this restore created a further name.
    ///
    /// The source is reached without meeting a link and must still be the file that was created.
    package func hardLink(
        _ name: FileName,
        to source: LinkSource,
        replacing: Replacement
    ) throws(FileFailure) {
        let directory = try tree.directory(at: source.directory)
        let file = try Descriptor.open(name: source.name, in: directory.number, cairn_open_path)
        guard try file.metadata().identity == source.identity else { throw .replaced(.link) }
        let result = addName(name, to: file)
        guard result == -Int64(EEXIST) && replacing == .replace else {
            try check(result, .link)
            return
        }
        let temporary = TargetDirectory.temporaryName()
        try check(addName(temporary, to: file), .link)
        // Where both names are the same file already, renaming does nothing and leaves the other.
        defer { try? removeFile(temporary) }
        try publish(temporary, as: name, replacing: .replace)
    }

    private func addName(_ name: FileName, to file: borrowing Descriptor) -> Int64 {
        let source = file.number
        return unsafe name.withName { Int64(unsafe cairn_add_name(source, number, $0)) }
    }

    /// Removes an entry; a directory must be empty. Succeeds if there is none.
    package func remove(_ name: FileName, isDirectory: Bool) throws(FileFailure) {
        let result = unsafe name.withName {
            Int64(unsafe cairn_remove(number, $0, isDirectory ? 1 : 0))
        }
        guard result != -Int64(ENOENT) else { return }
        try check(result, .remove)
    }

    func removeFile(_ name: FileName) throws(FileFailure) {
        try remove(name, isDirectory: false)
    }

    /// Sets this directory's own metadata; last, since it may make it unwritable, and everything
    /// that is created in it changes its times.
    ///
    /// - Returns: What could not be set.
    package func apply(_ attributes: FileAttributes, policy: AttributePolicy) -> [FileFailure] {
        contents.descriptor.apply(attributes, kind: .directory, policy: policy)
    }

    /// Sets the metadata of a regular file that is there already and whose content stays.
    ///
    /// - Returns: What could not be set.
    package func apply(
        _ attributes: FileAttributes,
        toFile name: FileName,
        expecting: FileIdentity,
        policy: AttributePolicy
    ) throws(FileFailure) -> [FileFailure] {
        let file = try Descriptor.open(name: name, in: number, cairn_open_path)
        let found = try file.metadata()
        guard found.kind == .regular && found.identity == expecting else {
            throw .replaced(.setMode)
        }
        return file.apply(attributes, kind: .regular, policy: policy)
    }

    /// Waits until the names in this directory are durable.
    package func sync() throws(FileFailure) {
        try check(Int64(cairn_sync(number, 0)), .sync)
    }

    /// Renames a finished temporary entry.
    func publish(
        _ temporary: FileName,
        as name: FileName,
        replacing: Replacement
    ) throws(FileFailure) {
        let replace: Int32 = replacing == .replace ? 1 : 0
        func rename() -> Int64 {
            unsafe temporary.withName { from in
                unsafe name.withName { Int64(unsafe cairn_rename(number, from, $0, replace)) }
            }
        }
        var result = rename()
        if result == -Int64(EISDIR) && replacing == .replace {
            try remove(name, isDirectory: true)
            result = rename()
        }
        try check(result, .publish)
    }

    /// A name that no snapshot's file is likely to have. Those left by a crash begin the same way.
    static func temporaryName() -> FileName {
        let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        return temporaryPrefix + Array(digits.utf8)
    }

    /// How the names of unfinished files begin.
    package static let temporaryPrefix = FileName(".cairn-unfinished-".utf8)
}
