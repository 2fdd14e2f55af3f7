public import CairnCore
internal import Synchronization

extension LocalStore {
    public func read(
        _ name: ObjectName,
        _ range: Range<UInt64>?,
        into buffer: ByteBuffer
    ) throws(StoreError) {
        let file = try openFile(name, keeping: range != nil)
        let wanted = range ?? 0..<file.size
        guard wanted.upperBound <= file.size else {
            throw .shorter(name, size: file.size, than: wanted)
        }
        let count = wanted.upperBound - wanted.lowerBound
        _ = try buffer.append(upTo: Int(count)) { bytes throws(StoreError) in
            try fill(&bytes, from: file, at: wanted.lowerBound, name)
            return Int(count)
        }
    }

    private func fill(
        _ bytes: inout MutableSpan<UInt8>,
        from file: OpenFile,
        at start: UInt64,
        _ name: ObjectName
    ) throws(StoreError) {
        var done = 0
        while done < bytes.count {
            let count: Int
            do throws(StoreFileError) {
                count = try files.read(
                    file.handle,
                    at: start + UInt64(done),
                    into: &bytes,
                    from: done
                )
            } catch {
                if error.isInterruption { continue }
                throw error.storeError(for: name, "read")
            }
            guard count > 0 else {
                throw .damaged(name, reason: "the file became shorter while it was read")
            }
            done += count
        }
    }

    public func size(of name: ObjectName) throws(StoreError) -> UInt64 {
        do throws(StoreFileError) {
            guard let folder = try existingFolder(name.folder) else { throw StoreFileError.missing }
            let status = try uninterrupted { () throws(StoreFileError) in
                try files.status(name.leaf, in: folder)
            }
            guard status.kind == .file else { throw StoreFileError.missing }
            return status.size
        } catch {
            throw error.storeError(for: name, "look at")
        }
    }

    public func list(folder: String) throws(StoreError) -> Listing {
        var listing = Listing()
        listing.foreignCount = try visit(folder) { object in
            listing.objects.append(object)
            return true
        }
        return listing
    }

    public func forEachObject(
        in folder: String,
        _ body: (ObjectInfo) -> Bool
    ) throws(StoreError) {
        _ = try visit(folder, body)
    }

    /// Calls `body` for every object in a folder, until that says not to go on.
    ///
    /// - Returns: How many entries were no object names.
    private func visit(
        _ folder: String,
        _ body: (ObjectInfo) -> Bool
    ) throws(StoreError) -> Int {
        var foreignCount = 0
        try forEachEntry(in: folder) { leaf, status in
            let name = ObjectName(folder.isEmpty ? leaf : "\(folder)/\(leaf)")
            switch (status.kind, name) {
            case (.file, let name?): return body(ObjectInfo(name: name, size: status.size))
            // The store's own folders stand in the root.
            case (.folder, _?) where folder.isEmpty: break
            default: foreignCount += 1
            }
            return true
        }
        return foreignCount
    }

    /// Calls `body` for everything in a folder of the store, until that says not to go on.
    private func forEachEntry(
        in folder: String,
        _ body: (String, StoreFileStatus) -> Bool
    ) throws(StoreError) {
        guard folder.isEmpty || ObjectName(folder: folder, leaf: "x") != nil else {
            throw .failed(reason: "no folder of a store can have this name")
        }
        do throws(StoreFileError) {
            guard try existingFolder(folder) != nil else { return }
            // A handle of its own: the position of a listing belongs to the open folder.
            let opened = try uninterrupted { () throws(StoreFileError) in
                try files.openFolder(folder.isEmpty ? "." : folder, in: root)
            }
            defer { files.close(opened) }
            try files.forEachName(in: opened) { bytes throws(StoreFileError) in
                let leaf = String(decoding: bytes, as: UTF8.self)
                do throws(StoreFileError) {
                    let status = try uninterrupted { () throws(StoreFileError) in
                        try files.status(leaf, in: opened)
                    }
                    return body(leaf, status)
                } catch {
                    guard error.isMissing else { throw error }
                    // Deleted since, or no UTF-8; the latter is never an object.
                    if leaf.utf8.elementsEqual(bytes) { return true }
                    return body(leaf, StoreFileStatus(kind: .other, size: 0, linkCount: 0))
                }
            }
        } catch {
            throw error.storeError(for: nil, "list the folder \(folder)")
        }
    }

    // MARK: - Open files

    /// Opens an object for reading, or takes it from those kept open.
    ///
    /// - Parameter keeping: Whether more reads of this object are likely.
    private func openFile(_ name: ObjectName, keeping: Bool) throws(StoreError) -> OpenFile {
        let (known, removals) = openFiles.withLock { ($0.use(name), $0.removalCount) }
        if let known { return known }
        do throws(StoreFileError) {
            guard let folder = try existingFolder(name.folder) else { throw StoreFileError.missing }
            let handle = try uninterrupted { () throws(StoreFileError) in
                try files.open(name.leaf, in: folder)
            }
            let status: StoreFileStatus
            do throws(StoreFileError) {
                status = try files.status(of: handle)
            } catch {
                files.close(handle)
                throw error
            }
            let file = OpenFile(handle: handle, size: status.size, files: files)
            guard status.kind == .file else { throw StoreFileError.missing }
            if keeping { openFiles.withLock { $0.keep(file, as: name, removals) } }
            return file
        } catch {
            throw error.storeError(for: name, "open")
        }
    }

    // MARK: - Orphans

    /// Drafts in `tmp/`: only file systems that give no files without names need them.
    public func temporaryFiles() throws(StoreError) -> [(name: String, size: UInt64)] {
        var found: [(name: String, size: UInt64)] = []
        try forEachEntry(in: LocalStore.temporaryFolder) { leaf, status in
            if status.kind == .file, leaf.hasPrefix(LocalStore.draftPrefix) {
                found.append((name: leaf, size: status.size))
            }
            return true
        }
        return found
    }

    public func removeTemporaryFile(_ name: String) throws(StoreError) {
        try expectUsable()
        guard name.hasPrefix(LocalStore.draftPrefix), !name.utf8.contains(UInt8(ascii: "/"))
        else { throw .failed(reason: "no temporary file can have this name") }
        do throws(StoreFileError) {
            guard let folder = try existingFolder(LocalStore.temporaryFolder) else { return }
            try uninterrupted { () throws(StoreFileError) in
                try files.unlink(name, in: folder)
            }
            markDirty(LocalStore.temporaryFolder)
        } catch {
            if error.isMissing { return }
            throw error.storeError(for: nil, "remove a temporary file")
        }
    }
}

/// A file kept open for reading; closed when the last reader lets go.
final class OpenFile: Sendable {
    let handle: StoreHandle
    let size: UInt64
    private let files: any StoreFiles

    init(handle: StoreHandle, size: UInt64, files: any StoreFiles) {
        self.handle = handle
        self.size = size
        self.files = files
    }

    deinit {
        files.close(handle)
    }
}

/// The most recently read files. Objects never change, so an open file never becomes wrong.
struct OpenFiles: Sendable {
    /// How many files are kept open.
    static var countMax: Int { 32 }

    private var entries: [ObjectName: (file: OpenFile, lastUse: UInt64)] = [:]
    private var useCount: UInt64 = 0
    /// How often an object was forgotten; tells a reader that its file may be deleted.
    private(set) var removalCount = 0

    mutating func use(_ name: ObjectName) -> OpenFile? {
        guard let entry = entries[name] else { return nil }
        useCount += 1
        entries[name]?.lastUse = useCount
        return entry.file
    }

    /// Keeps a file, unless something was deleted since `removals` was read.
    mutating func keep(_ file: OpenFile, as name: ObjectName, _ removals: Int) {
        guard removals == removalCount else { return }
        if entries.count >= OpenFiles.countMax,
            let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            entries[oldest.key] = nil
        }
        useCount += 1
        entries[name] = (file, useCount)
    }

    mutating func forget(_ name: ObjectName) {
        removalCount += 1
        entries[name] = nil
    }

    mutating func removeAll() {
        entries.removeAll()
    }
}
