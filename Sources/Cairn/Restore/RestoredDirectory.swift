internal import CairnCore
internal import CairnFormat
internal import CairnIO
internal import Synchronization

/// A folder of the target while something in it is still to be written.
///
/// Whoever has something to do in it holds it. When the last lets go, the folder gets its metadata
/// and is closed, and its parent is let go in turn: so deeper folders are finished first, and only
/// folders with work left are kept.
final class RestoredDirectory: Sendable {
    private struct State: Sendable {
        var handle: TargetDirectory?
        /// Tells the folder again after its handle was closed.
        var identity: FileIdentity?
        var holds = 1
        var parent: RestoredDirectory?
    }

    /// Its name in the snapshot; empty for the target itself.
    let name: FileName
    /// The target's own path in the snapshot; used by the target itself only.
    private let rootPath: [UInt8]
    /// Metadata to set in the end; nil to leave it alone.
    private let attributes: FileAttributes?
    /// Whether nothing was in it when the restore came.
    let isFresh: Bool
    private let state: Mutex<State>

    /// The target.
    init(root: TargetDirectory?, path: [UInt8], attributes: FileAttributes?) {
        name = []
        rootPath = path
        self.attributes = attributes
        isFresh = root?.isFresh ?? true
        state = Mutex(State(handle: root))
    }

    /// A folder in `parent`, which is held from now on.
    ///
    /// - Parameter handle: Nil in a dry run, where the folder need not be there.
    init(
        _ name: FileName,
        in parent: RestoredDirectory,
        handle: TargetDirectory?,
        attributes: FileAttributes?
    ) {
        self.name = name
        rootPath = []
        self.attributes = attributes
        isFresh = handle?.isFresh ?? true
        parent.hold()
        state = Mutex(State(handle: handle, parent: parent))
    }

    deinit {
        // A long chain that is dropped unfinished must not be taken apart by recursion.
        var next = takeParent()
        while isKnownUniquelyReferenced(&next) {
            let parent = next?.takeParent()
            next = parent
        }
    }

    private func takeParent() -> RestoredDirectory? {
        state.withLock { state in
            let parent = state.parent
            state.parent = nil
            return parent
        }
    }

    /// The path in the snapshot of an entry in this folder, or of the folder itself.
    func path(of entry: FileName?) -> [UInt8] {
        var names: [FileName] = []
        if let entry { names.append(entry) }
        var directory = self
        while let parent = directory.state.withLock({ $0.parent }) {
            names.append(directory.name)
            directory = parent
        }
        var path = directory.rootPath
        for name in names.reversed() {
            path.append(UInt8(ascii: "/"))
            path += name
        }
        return path.isEmpty ? [UInt8(ascii: "/")] : path
    }

    /// The open folder, or nil where a dry run has none.
    var handle: TargetDirectory? { state.withLock { $0.handle } }

    /// The open folder, opened again if it was closed to spare descriptors.
    func open(_ tree: TargetTree?) throws(FileFailure) -> TargetDirectory? {
        let (handle, identity) = state.withLock { ($0.handle, $0.identity) }
        if let handle { return handle }
        guard let identity, let tree else { return nil }
        var names: [FileName] = []
        var directory = self
        while let parent = directory.state.withLock({ $0.parent }) {
            names.append(directory.name)
            directory = parent
        }
        let opened = try tree.directory(at: names.reversed())
        guard try opened.contents.metadata().identity == identity else {
            throw .replaced(.open)
        }
        return opened
    }

    /// Closes the folder for now, if it can be told again later.
    func closeHandle() {
        guard let handle = handle, let found = try? handle.contents.metadata() else { return }
        state.withLock { state in
            state.identity = found.identity
            state.handle = nil
        }
    }

    /// Keeps the folder open until ``release(_:)``.
    func hold() {
        state.withLock { $0.holds += 1 }
    }

    /// Lets the folder go.
    func release(_ target: RestoreTarget) {
        var directory = self
        while directory.state.withLock({ state in
            state.holds -= 1
            return state.holds == 0
        }) {
            directory.finish(target)
            // Without its parent a long chain is not taken apart by recursion.
            let parent = directory.state.withLock { state in
                let parent = state.parent
                state.parent = nil
                state.handle = nil
                return parent
            }
            guard let parent else { return }
            directory = parent
        }
    }

    private func finish(_ target: RestoreTarget) {
        guard let attributes, !target.isDryRun else { return }
        do throws(FileFailure) {
            guard let opened = try open(target.tree) else { return }
            let failures = opened.apply(attributes, policy: target.policy(for: attributes))
            for failure in failures { target.report(failure, at: path(of: nil)) }
        } catch {
            target.report(error, at: path(of: nil))
        }
    }
}
