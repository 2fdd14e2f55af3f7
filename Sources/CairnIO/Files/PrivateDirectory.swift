internal import CCairn
internal import Glibc

/// A directory that only this user can read or write, such as the local cache.
///
/// Files in it have mode 0600 and appear whole or not at all. They are not synced: after a loss of
/// power a file may be missing or damaged, so readers check what they read.
package final class PrivateDirectory: Sendable {
    private let directory: TargetDirectory

    private init(_ directory: TargetDirectory) throws(FileFailure) {
        let metadata = try directory.contents.metadata()
        guard metadata.userID == geteuid() else {
            throw FileFailure(.open, reason: "the directory belongs to another user")
        }
        if metadata.mode & 0o077 != 0 {
            let result = cairn_set_mode(directory.number, metadata.mode & 0o7700)
            try check(Int64(result), .setMode)
        }
        self.directory = directory
    }

    /// Opens the directory at `path`, and makes it and those above it (mode 0700) where missing.
    ///
    /// One that others could read is closed to them; one of another user is a failure.
    package static func open(path: [UInt8]) throws(FileFailure) -> PrivateDirectory {
        try PrivateDirectory(try TargetTree.open(path: path).root)
    }

    /// Opens or makes a directory in this one.
    package func subdirectory(_ name: FileName) throws(FileFailure) -> PrivateDirectory {
        try PrivateDirectory(try directory.openOrCreateDirectory(name, replacing: .refuse))
    }

    /// Writes a file whole, in the place of one that is there.
    package func write(_ name: FileName, _ bytes: Span<UInt8>) throws(FileFailure) {
        guard FileName.isValid(name) else { throw FileFailure(.create, errno: EINVAL) }
        let temporary = TargetDirectory.temporaryName()
        do throws(FileFailure) {
            let file = try Descriptor.open(
                name: temporary,
                in: directory.number,
                cairn_open_write | cairn_open_create,
                mode: 0o600,
                .create
            )
            let number = file.number
            let result = unsafe bytes.withUnsafeBufferPointer { source -> Int32 in
                guard let start = source.baseAddress else { return 0 }
                return unsafe cairn_write(number, start, source.count, 0)
            }
            try check(Int64(result), .write)
            try directory.publish(temporary, as: name, replacing: .replace)
        } catch {
            try? directory.removeFile(temporary)
            throw error
        }
    }

    /// The bytes of a file, or nil where there is none.
    ///
    /// - Parameter sizeMax: A larger file is a failure, before memory is taken for it.
    package func read(_ name: FileName, sizeMax: Int) throws(FileFailure) -> [UInt8]? {
        guard let file = try open(name) else { return nil }
        let metadata = try file.metadata()
        guard metadata.kind == .regular else { throw .replaced(.read) }
        guard let size = Int(exactly: metadata.size), size <= sizeMax else {
            throw FileFailure(.read, errno: EFBIG)
        }
        let number = file.number
        var result: Int64 = 0
        // For a small file this takes half as long as a mapping.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { room, count in
            guard let start = room.baseAddress else { return }
            while count < size {
                let rest = size - count
                result = unsafe cairn_read_at(number, start + count, rest, UInt64(count))
                // The end comes early only where the file was cut short, which readers find out.
                guard result > 0 else { return }
                count += Int(result)
            }
        }
        _ = try check(result, .read)
        return bytes
    }

    /// A file mapped for reading, or nil where there is none.
    package func map(_ name: FileName) throws(FileFailure) -> MappedFile? {
        guard let file = try open(name) else { return nil }
        return try MappedFile(file)
    }

    /// A file open for reading, or nil where there is none.
    private func open(_ name: FileName) throws(FileFailure) -> Descriptor? {
        do throws(FileFailure) {
            let how = cairn_open_read | cairn_open_nonblocking
            return try Descriptor.open(name: name, in: directory.number, how)
        } catch {
            if error.errno == ENOENT { return nil }
            throw error
        }
    }

    /// The names in the directory, sorted; unfinished files are left out.
    package func names() throws(FileFailure) -> [FileName] {
        try directory.contents.names().filter {
            !$0.starts(with: TargetDirectory.temporaryPrefix)
        }
    }

    /// What the file system says about a file.
    package func metadata(of name: FileName) throws(FileFailure) -> FileMetadata {
        try directory.contents.metadata(of: name)
    }

    /// Removes a file; succeeds if there is none.
    package func remove(_ name: FileName) throws(FileFailure) {
        try directory.removeFile(name)
    }

    /// Begins a file without a name in this directory, for what does not fit into memory.
    package func makeSpillFile() throws(FileFailure) -> SpillFile {
        try SpillFile(in: directory.number)
    }
}
