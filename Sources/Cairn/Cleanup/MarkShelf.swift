internal import CairnCore
internal import CairnFormat
internal import CairnIO
internal import Synchronization

/// A kept mark in memory.
package final class MarkMemory: Sendable {
    fileprivate let kept = Mutex<RunStorage?>(nil)

    /// Nothing is kept.
    package init() {}
}

/// Where the mark of the last cleanup is kept: in the folder of the local index, or in memory where
/// there is none. Losing it costs only time.
package final class MarkShelf: Sendable {
    private let space: RunSpace
    private let memory: MarkMemory

    init(_ space: RunSpace, _ memory: MarkMemory) {
        self.space = space
        self.memory = memory
    }

    /// Whether there is anything to ``load(_:)``.
    var isEmpty: Bool {
        guard let folder = space.folder else { return memory.kept.withLock { $0 == nil } }
        return folder.markNames().isEmpty
    }

    /// Takes the kept mark over to an index.
    ///
    /// - Returns: Nil where there is none, or where it is damaged or counts chunks that this index
    ///   does not know.
    func load(
        _ places: IndexPlaces,
        _ cancellation: Cancellation = Cancellation()
    ) throws(CairnError) -> MarkState? {
        guard let folder = space.folder else {
            guard let storage = memory.kept.withLock({ $0 }) else { return nil }
            return try KeptMark.read(storage, space, places, cancellation)
        }
        for name in folder.markNames() {
            if let storage = folder.open(name),
                let state = try KeptMark.read(storage, space, places, cancellation)
            {
                return state
            }
            folder.remove(name)
        }
        return nil
    }

    /// Keeps a mark in the place of the last one.
    func save(_ state: MarkState) {
        guard let salt = try? space.salt() else { return }
        guard let folder = space.folder else {
            let buffer = ByteBuffer()
            let isWritten = KeptMark.write(state, space, salt) { bytes, _ in
                buffer.append(bytes)
            }
            memory.kept.withLock { $0 = isWritten ? RunStorage(buffer) : nil }
            return
        }
        let earlier = folder.markNames()
        let unique = HexText.encode(salt[..<16])
        guard let file = try? folder.makeFile(unique: unique, prefix: RunFolder.markPrefix),
            KeptMark.write(
                state,
                space,
                salt,
                { bytes, offset throws(IndexError) in try file.write(bytes, at: offset) }
            ),
            (try? file.finish()) != nil
        else { return }
        for name in earlier { folder.remove(name) }
    }

    /// Forgets what is kept.
    func clear() {
        memory.kept.withLock { $0 = nil }
        guard let folder = space.folder else { return }
        for name in folder.markNames() { folder.remove(name) }
    }
}
