internal import CairnCore

/// What the file system under a folder can do for a ``LocalStore``.
public struct LocalStoreProbe: Sendable, Hashable {
    /// Files can be written without a name and be given one later (`O_TMPFILE`, linkat(2)).
    public let hasUnnamedFiles: Bool
    /// A file can be given a second name unless that is taken.
    public let hasExclusiveLinks: Bool
    /// A file can be moved unless the new name is taken.
    public let hasExclusiveRename: Bool
    /// The entries of a folder can be made durable.
    public let hasFolderSync: Bool
    /// Names that differ in case only are different names.
    public let isCaseSensitive: Bool

    /// Whether a store here is of class A: exactly one of racing callers creates an object.
    public var hasAtomicCreate: Bool { hasExclusiveLinks || hasExclusiveRename }
    /// Whether a store can be kept here at all.
    public var isUsable: Bool { hasAtomicCreate && hasFolderSync }
}

extension LocalStore {
    /// Tries out the file system under a folder that exists.
    ///
    /// Writes a few empty files into `tmp/` there and removes them.
    public static func probe(_ path: String) throws(StoreError) -> LocalStoreProbe {
        let store = try LocalStore(path: path, create: false)
        do throws(StoreFileError) {
            let folder = try store.folder(LocalStore.temporaryFolder)
            let stem = ".probe-" + HexText.encode(try store.randomName())
            return try Probe(files: store.files, folder: folder, stem: stem).run()
        } catch {
            throw error.storeError(for: nil, "try out the file system")
        }
    }
}

/// One run of the probe in a folder of its own names.
private struct Probe {
    let files: any StoreFiles
    let folder: StoreHandle
    let stem: String

    func run() throws(StoreFileError) -> LocalStoreProbe {
        files.close(try files.create(stem + "-a", in: folder))
        defer {
            for ending in ["-a", "-b", "-c", "-d"] { try? files.unlink(stem + ending, in: folder) }
        }
        let foldsCase = succeeds { () throws(StoreFileError) in
            _ = try files.status((stem + "-a").uppercased(), in: folder)
        }
        let hasUnnamed = succeeds { () throws(StoreFileError) in
            let file = try files.createUnnamed(in: folder)
            defer { files.close(file) }
            try files.link(file, as: stem + "-b", in: folder)
        }
        let hasLinks = succeeds { () throws(StoreFileError) in
            try files.link(stem + "-a", in: folder, as: stem + "-c", in: folder)
        }
        let linkReplaces = succeeds { () throws(StoreFileError) in
            try files.link(stem + "-a", in: folder, as: stem + "-c", in: folder)
        }
        let target = hasLinks ? "-c" : "-a"
        let renameReplaces = succeeds { () throws(StoreFileError) in
            try files.rename(stem + "-a", in: folder, to: stem + target, in: folder)
        }
        let hasRename = succeeds { () throws(StoreFileError) in
            try files.rename(stem + "-a", in: folder, to: stem + "-d", in: folder)
        }
        let hasSync = succeeds { () throws(StoreFileError) in try files.syncFolder(folder) }
        return LocalStoreProbe(
            hasUnnamedFiles: hasUnnamed,
            hasExclusiveLinks: hasLinks && !linkReplaces,
            hasExclusiveRename: hasRename && !renameReplaces,
            hasFolderSync: hasSync,
            isCaseSensitive: !foldsCase
        )
    }

    private func succeeds(_ call: () throws(StoreFileError) -> Void) -> Bool {
        do {
            try call()
            return true
        } catch {
            return false
        }
    }
}
