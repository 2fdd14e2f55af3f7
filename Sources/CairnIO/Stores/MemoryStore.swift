public import CairnCore
internal import Synchronization

/// A store that keeps its objects in memory and forgets them with the process.
public final class MemoryStore: Store {
    private let objects = Mutex<[ObjectName: [UInt8]]>([:])

    /// Makes an empty store.
    public init() {}

    public var capabilities: StoreCapabilities {
        StoreCapabilities(hasAtomicCreate: true, isDurable: false)
    }

    public func create(
        _ name: ObjectName,
        _ bytes: Span<UInt8>
    ) throws(StoreError) -> CreateOutcome {
        let copy = unsafe bytes.withUnsafeBufferPointer { unsafe [UInt8]($0) }
        return objects.withLock { objects in
            guard objects[name] == nil else { return .exists }
            objects[name] = copy
            return .created
        }
    }

    public func read(
        _ name: ObjectName,
        _ range: Range<UInt64>?,
        into buffer: ByteBuffer
    ) throws(StoreError) {
        guard let bytes = objects.withLock({ $0[name] }) else { throw .notFound(name) }
        let wanted = range ?? 0..<UInt64(bytes.count)
        guard wanted.upperBound <= UInt64(bytes.count) else {
            throw .shorter(name, size: UInt64(bytes.count), than: wanted)
        }
        buffer.append(bytes.span.extracting(Int(wanted.lowerBound)..<Int(wanted.upperBound)))
    }

    public func size(of name: ObjectName) throws(StoreError) -> UInt64 {
        guard let bytes = objects.withLock({ $0[name] }) else { throw .notFound(name) }
        return UInt64(bytes.count)
    }

    public func list(folder: String) throws(StoreError) -> Listing {
        let found = objects.withLock { objects in
            objects.compactMap { name, bytes in
                name.folder == folder ? ObjectInfo(name: name, size: UInt64(bytes.count)) : nil
            }
        }
        return Listing(objects: found)
    }

    public func delete(_ name: ObjectName) throws(StoreError) {
        objects.withLock { _ = $0.removeValue(forKey: name) }
    }

    public func barrier() throws(StoreError) {}
}

extension StoreError {
    /// The error of a read past the end.
    package static func shorter(
        _ name: ObjectName,
        size: UInt64,
        than range: Range<UInt64>
    ) -> StoreError {
        .damaged(
            name,
            reason: "asked for bytes \(range.lowerBound)..<\(range.upperBound) of \(size)"
        )
    }
}
