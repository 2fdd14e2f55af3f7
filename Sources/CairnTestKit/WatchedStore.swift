public import CairnCore
public import CairnIO
internal import Synchronization

/// A store that says what is done to it, so that a test can act at exactly that moment.
///
/// Who watches may use the store; what it does itself is not watched.
public final class WatchedStore<Base: Store>: Store {
    /// Called with the operation and the name or folder: of a `create` before it, of a `list` after
    /// it.
    public typealias Watcher = @Sendable (StoreOperation, String) -> Void

    private let base: Base
    private let watcher = Mutex<Watcher?>(nil)

    /// Wraps a store; nobody watches yet.
    public init(_ base: Base) {
        self.base = base
    }

    /// Lets somebody watch.
    public func watch(_ body: @escaping Watcher) {
        watcher.withLock { $0 = body }
    }

    private func tell(_ operation: StoreOperation, _ name: String) {
        let watching = watcher.withLock { watcher in
            defer { watcher = nil }
            return watcher
        }
        guard let watching else { return }
        watching(operation, name)
        // Unless somebody else watches from now on.
        watcher.withLock { $0 = $0 ?? watching }
    }

    public var capabilities: StoreCapabilities { base.capabilities }

    public func create(
        _ name: ObjectName,
        _ bytes: Span<UInt8>
    ) throws(StoreError) -> CreateOutcome {
        tell(.create, name.text)
        return try base.create(name, bytes)
    }

    public func read(
        _ name: ObjectName,
        _ range: Range<UInt64>?,
        into buffer: ByteBuffer
    ) throws(StoreError) {
        try base.read(name, range, into: buffer)
    }

    public func size(of name: ObjectName) throws(StoreError) -> UInt64 {
        try base.size(of: name)
    }

    public func list(folder: String) throws(StoreError) -> Listing {
        let listing = try base.list(folder: folder)
        tell(.list, folder)
        return listing
    }

    public func delete(_ name: ObjectName) throws(StoreError) { try base.delete(name) }

    public func barrier() throws(StoreError) { try base.barrier() }
}
