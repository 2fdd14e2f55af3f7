public import CairnCore
internal import Synchronization

/// A store that keeps its objects in memory and forgets them with the process.
public final class MemoryStore: Store {
    /// By folder and then by name, so that a listing looks at its folder alone.
    private let folders = Mutex<[String: [ObjectName: [UInt8]]]>([:])

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
        return folders.withLock { folders in
            guard folders[name.folder]?[name] == nil else { return .exists }
            folders[name.folder, default: [:]][name] = copy
            return .created
        }
    }

    public func read(
        _ name: ObjectName,
        _ range: Range<UInt64>?,
        into buffer: ByteBuffer
    ) throws(StoreError) {
        guard let bytes = bytes(of: name) else { throw .notFound(name) }
        let wanted = range ?? 0..<UInt64(bytes.count)
        guard wanted.upperBound <= UInt64(bytes.count) else {
            throw .shorter(name, size: UInt64(bytes.count), than: wanted)
        }
        buffer.append(bytes.span.extracting(Int(wanted.lowerBound)..<Int(wanted.upperBound)))
    }

    public func size(of name: ObjectName) throws(StoreError) -> UInt64 {
        guard let bytes = bytes(of: name) else { throw .notFound(name) }
        return UInt64(bytes.count)
    }

    public func list(folder: String) throws(StoreError) -> Listing {
        let found = folders.withLock { folders in
            (folders[folder] ?? [:]).map { name, bytes in
                ObjectInfo(name: name, size: UInt64(bytes.count))
            }
        }
        return Listing(objects: found)
    }

    private func bytes(of name: ObjectName) -> [UInt8]? {
        folders.withLock { $0[name.folder]?[name] }
    }

    /// How many objects a folder holds.
    package func objectCount(in folder: String) -> Int {
        folders.withLock { $0[folder]?.count ?? 0 }
    }

    public func delete(_ name: ObjectName) throws(StoreError) {
        folders.withLock { _ = $0[name.folder]?.removeValue(forKey: name) }
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
