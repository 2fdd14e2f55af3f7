internal import Synchronization

/// A store in a folder of this machine.
///
/// An object is one file: `<root>/<folder>/<leaf>`, or `<root>/<leaf>`. Its bytes are written to a
/// file that has no name, made durable, and only then given the object's name, which fails where
/// the name is taken; so an object is there whole or not at all, whenever power is lost
/// (Specs/Durability.md#publish). Names become durable at the next ``barrier()``.
///
/// What a disk did with bytes after it failed to sync them is unknowable. Where that happens twice
/// for one object, or once for a folder, this value refuses further changes: the session must end.
/// Reading goes on.
public final class LocalStore: Store {
    struct Folder: Sendable {
        let handle: StoreHandle
        var isDirty: Bool
    }

    /// The ways to give a file its name, best first.
    enum Publishing: Int, Sendable {
        /// A file without a name, then linkat(2).
        case unnamed
        /// A file in `tmp/`, then linkat(2) and unlinkat(2).
        case linked
        /// A file in `tmp/`, then renameat2(2) that replaces nothing.
        case renamed
    }

    struct State: Sendable {
        var folders: [String: Folder] = [:]
        var publishing = Publishing.unnamed
        var failure: String?
    }

    /// The folder for files that have no object's name yet, where the file system needs them named.
    static var temporaryFolder: String { "tmp" }
    /// How the names of drafts begin. No object's name begins with a dot.
    static var draftPrefix: String { ".draft-" }
    /// Objects from this size on have their room on the device taken before they are written.
    static var reserveSizeMin: Int { 1 << 20 }

    let files: any StoreFiles
    let entropy: any EntropySource
    let root: StoreHandle
    let state = Mutex(State())
    let openFiles = Mutex(OpenFiles())
    private let barrierTurn = Mutex(())

    /// Opens the store in a folder. Opening writes nothing into it.
    ///
    /// - Parameters:
    ///   - path: The folder; a link to it is followed.
    ///   - create: Whether to make the folder where it is missing. Its parent must exist.
    public convenience init(path: String, create: Bool) throws(StoreError) {
        try self.init(
            path: path,
            create: create,
            files: PosixFiles(),
            entropy: Environment.system.entropy
        )
    }

    /// Opens a store over other files than the system's.
    package init(
        path: String,
        create: Bool,
        files: any StoreFiles,
        entropy: any EntropySource
    ) throws(StoreError) {
        self.files = files
        self.entropy = entropy
        do {
            root = try files.openRoot(path, create: create)
        } catch {
            throw error.storeError(for: nil, "open the folder of the store")
        }
        let rootFolder = Folder(handle: root, isDirty: false)
        state.withLock { $0.folders[""] = rootFolder }
    }

    deinit {
        openFiles.withLock { $0.removeAll() }
        state.withLock { state in
            for folder in state.folders.values { files.close(folder.handle) }
        }
    }

    public var capabilities: StoreCapabilities {
        StoreCapabilities(hasAtomicCreate: true, isDurable: true, hasLimitedSpace: true)
    }

    public func delete(_ name: ObjectName) throws(StoreError) {
        try expectUsable()
        do throws(StoreFileError) {
            guard let folder = try existingFolder(name.folder) else { return }
            openFiles.withLock { $0.forget(name) }
            do throws(StoreFileError) {
                try uninterrupted { () throws(StoreFileError) in
                    try files.unlink(name.leaf, in: folder)
                }
            } catch {
                guard error.isMissing else { throw error }
                // Whoever removed it may not have made that durable; the barrier below does.
            }
            markDirty(name.folder)
        } catch {
            throw error.storeError(for: name, "delete")
        }
    }

    public func barrier() throws(StoreError) {
        // One at a time: a second caller must not return while the first still syncs its folders.
        try barrierTurn.withLock { _ throws(StoreError) in
            try expectUsable()
            let dirty = state.withLock { state in
                let dirty = state.folders.filter { $0.value.isDirty }
                for name in dirty.keys { state.folders[name]?.isDirty = false }
                return dirty
            }
            for folder in dirty.values {
                do throws(StoreFileError) {
                    try files.syncFolder(folder.handle)
                } catch {
                    throw fail("the entries of a folder could not be synced", error)
                }
            }
        }
    }

    // MARK: - State

    /// Refuses changes after a failure that left the disk in an unknown state.
    func expectUsable() throws(StoreError) {
        if let failure = state.withLock({ $0.failure }) { throw .failed(reason: failure) }
    }

    /// Refuses every later change, and says why.
    func fail(_ what: String, _ error: StoreFileError) -> StoreError {
        let reason = "\(what): \(error.description)"
        state.withLock { $0.failure = $0.failure ?? reason }
        return .failed(reason: reason)
    }

    /// Notes that the entries of a folder changed since the last barrier.
    func markDirty(_ folder: String) {
        state.withLock { $0.folders[folder]?.isDirty = true }
    }

    // MARK: - Folders

    /// The open folder of that name, or nil where it was never created.
    func existingFolder(_ name: String) throws(StoreFileError) -> StoreHandle? {
        if let folder = state.withLock({ $0.folders[name]?.handle }) { return folder }
        let opened: StoreHandle
        do {
            opened = try uninterrupted { () throws(StoreFileError) in
                try files.openFolder(name, in: root)
            }
        } catch {
            guard error.isMissing else { throw error }
            // In a root that was itself removed nothing is found: that is no empty store.
            guard try files.status(of: root).linkCount > 0 else { throw error }
            return nil
        }
        return keep(opened, as: name)
    }

    /// The open folder of that name, made where it is missing.
    func folder(_ name: String) throws(StoreFileError) -> StoreHandle {
        if let folder = try existingFolder(name) { return folder }
        do {
            try uninterrupted { () throws(StoreFileError) in
                try files.makeFolder(name, in: root)
            }
        } catch {
            // Another caller may have made it in between.
            guard error.isTaken else { throw error }
        }
        guard let folder = try existingFolder(name) else { throw StoreFileError.missing }
        return folder
    }

    /// Keeps an open folder, unless another thread did so first.
    ///
    /// The root becomes dirty: whoever made the folder may not have made its entry durable.
    private func keep(_ opened: StoreHandle, as name: String) -> StoreHandle {
        let kept = state.withLock { state in
            if let known = state.folders[name] { return known.handle }
            state.folders[name] = Folder(handle: opened, isDirty: false)
            state.folders[""]?.isDirty = true
            return opened
        }
        if kept != opened { files.close(opened) }
        return kept
    }

    /// Repeats a call for as long as signals interrupt it.
    func uninterrupted<R>(
        _ call: () throws(StoreFileError) -> R
    ) throws(StoreFileError) -> R {
        while true {
            do {
                return try call()
            } catch {
                guard error.isInterruption else { throw error }
            }
        }
    }
}
