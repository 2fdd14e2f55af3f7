import Cairn
import CairnCore
import CairnIO
import Glibc
import Synchronization

/// A local store that syncs nothing: what is generated would take hours otherwise. One process
/// at a time.
final class HastyStore: Store {
    private let store: LocalStore
    private let path: String
    private let folders = Mutex<Set<String>>([])

    /// Opens the store in a folder.
    init(path: String) throws {
        store = try LocalStore(path: path, create: true)
        self.path = path
    }

    var capabilities: StoreCapabilities { store.capabilities }

    func create(_ name: ObjectName, _ bytes: Span<UInt8>) throws(StoreError) -> CreateOutcome {
        folders.withLock { folders in
            if folders.insert(name.folder).inserted {
                _ = unsafe mkdir(path + "/" + name.folder, 0o700)
            }
        }
        let how = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        let file = unsafe open(path + "/" + name.text, how, 0o600)
        guard file >= 0 else {
            if errno == EEXIST { return .exists }
            throw .failed(reason: errorText(errno))
        }
        defer { close(file) }
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { room in
                unsafe write(file, room.baseAddress?.advanced(by: done), room.count - done)
            }
            guard count > 0 else { throw .failed(reason: errorText(errno)) }
            done += count
        }
        return .created
    }

    func read(
        _ name: ObjectName,
        _ range: Range<UInt64>?,
        into buffer: ByteBuffer
    ) throws(StoreError) {
        try store.read(name, range, into: buffer)
    }

    func size(of name: ObjectName) throws(StoreError) -> UInt64 { try store.size(of: name) }

    func list(folder: String) throws(StoreError) -> Listing { try store.list(folder: folder) }

    func forEachObject(in folder: String, _ body: (ObjectInfo) -> Bool) throws(StoreError) {
        try store.forEachObject(in: folder, body)
    }

    func delete(_ name: ObjectName) throws(StoreError) { try store.delete(name) }

    func barrier() throws(StoreError) {}
}
