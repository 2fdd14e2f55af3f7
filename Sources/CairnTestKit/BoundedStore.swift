public import CairnCore
public import CairnIO
internal import Synchronization

/// A store that is full once its objects take so many blocks of 4096 bytes.
///
/// Deleting makes room. Use it to see what an embedder does on a full disk.
public final class BoundedStore<Base: Store>: Store {
    private struct State: Sendable {
        var used = 0
        var limit: Int
    }

    private static var blockSize: Int { 4096 }

    /// The store beneath.
    public let base: Base
    private let state: Mutex<State>

    /// Wraps an empty store.
    ///
    /// - Parameter blockCount: How many blocks there are.
    public init(_ base: Base, blockCount: Int) {
        self.base = base
        state = Mutex(State(limit: blockCount))
    }

    /// How many blocks are free.
    public var freeCount: Int { state.withLock { max(0, $0.limit - $0.used) } }

    /// Leaves no block free, or so many.
    public func fill(leaving count: Int = 0) {
        state.withLock { $0.limit = $0.used + count }
    }

    public var capabilities: StoreCapabilities {
        var capabilities = base.capabilities
        capabilities.hasLimitedSpace = true
        return capabilities
    }

    private static func blocks(_ size: Int) -> Int { max(1, (size + blockSize - 1) / blockSize) }

    public func create(
        _ name: ObjectName,
        _ bytes: Span<UInt8>
    ) throws(StoreError) -> CreateOutcome {
        let count = BoundedStore.blocks(bytes.count)
        let fits = state.withLock { state in
            guard state.used + count <= state.limit else { return false }
            state.used += count
            return true
        }
        guard fits else { throw .outOfSpace }
        do throws(StoreError) {
            let outcome = try base.create(name, bytes)
            if outcome == .exists { state.withLock { $0.used -= count } }
            return outcome
        } catch {
            state.withLock { $0.used -= count }
            throw error
        }
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
        try base.list(folder: folder)
    }

    public func delete(_ name: ObjectName) throws(StoreError) {
        let size = try? base.size(of: name)
        try base.delete(name)
        if let size { state.withLock { $0.used -= BoundedStore.blocks(Int(size)) } }
    }

    public func barrier() throws(StoreError) { try base.barrier() }
}
