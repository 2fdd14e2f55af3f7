internal import CCairn
internal import Glibc

/// ``StoreFiles`` over the calls of Linux.
package struct PosixFiles: StoreFiles {
    /// Makes a value; it has no state.
    package init() {}

    package func openRoot(
        _ path: String,
        create: Bool
    ) throws(StoreFileError) -> StoreHandle {
        do {
            return try openFolder(path, in: StoreHandle(number: AT_FDCWD), following: true)
        } catch {
            guard create, error.isMissing else { throw error }
        }
        let made = unsafe path.withCString { unsafe mkdir($0, 0o700) }
        if made != 0 && errno != EEXIST { throw StoreFileError(code: errno) }
        let root = try openFolder(path, in: StoreHandle(number: AT_FDCWD), following: true)
        do {
            let parent = try openFolder("..", in: root)
            defer { close(parent) }
            try syncFolder(parent)
        } catch {
            close(root)
            throw error
        }
        return root
    }

    package func makeFolder(_ name: String, in folder: StoreHandle) throws(StoreFileError) {
        try check(unsafe name.withCString { unsafe mkdirat(folder.number, $0, 0o700) })
    }

    package func openFolder(
        _ name: String,
        in folder: StoreHandle
    ) throws(StoreFileError) -> StoreHandle {
        try openFolder(name, in: folder, following: false)
    }

    private func openFolder(
        _ name: String,
        in folder: StoreHandle,
        following: Bool
    ) throws(StoreFileError) -> StoreHandle {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (following ? 0 : O_NOFOLLOW)
        return try handle(unsafe name.withCString { unsafe openat(folder.number, $0, flags) })
    }

    package func createUnnamed(in folder: StoreHandle) throws(StoreFileError) -> StoreHandle {
        try handle(cairn_open_unnamed(folder.number, 0o600))
    }

    package func create(
        _ name: String,
        in folder: StoreHandle
    ) throws(StoreFileError) -> StoreHandle {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        return try handle(
            unsafe name.withCString { unsafe openat(folder.number, $0, flags, 0o600) }
        )
    }

    package func reserve(_ size: UInt64, for file: StoreHandle) throws(StoreFileError) {
        guard let size = off_t(exactly: size) else { throw StoreFileError(code: EFBIG) }
        try check(cairn_reserve(file.number, size))
    }

    package func write(
        _ bytes: Span<UInt8>,
        to file: StoreHandle,
        at offset: UInt64
    ) throws(StoreFileError) -> Int {
        guard let offset = off_t(exactly: offset) else { throw StoreFileError(code: EFBIG) }
        let count = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe pwrite(file.number, buffer.baseAddress, buffer.count, offset)
        }
        guard count >= 0 else { throw StoreFileError(code: errno) }
        return count
    }

    package func syncData(of file: StoreHandle) throws(StoreFileError) {
        try check(fdatasync(file.number))
    }

    package func syncFolder(_ folder: StoreHandle) throws(StoreFileError) {
        try check(fsync(folder.number))
    }

    package func link(
        _ file: StoreHandle,
        as name: String,
        in folder: StoreHandle
    ) throws(StoreFileError) {
        let path = "/proc/self/fd/\(file.number)"
        let result = unsafe path.withCString { path in
            unsafe name.withCString { name in
                unsafe linkat(AT_FDCWD, path, folder.number, name, AT_SYMLINK_FOLLOW)
            }
        }
        try check(result)
    }

    package func link(
        _ name: String,
        in folder: StoreHandle,
        as newName: String,
        in newFolder: StoreHandle
    ) throws(StoreFileError) {
        let result = unsafe name.withCString { name in
            unsafe newName.withCString { newName in
                unsafe linkat(folder.number, name, newFolder.number, newName, 0)
            }
        }
        try check(result)
    }

    package func rename(
        _ name: String,
        in folder: StoreHandle,
        to newName: String,
        in newFolder: StoreHandle
    ) throws(StoreFileError) {
        let result = unsafe name.withCString { name in
            unsafe newName.withCString { newName in
                unsafe cairn_rename_exclusively(folder.number, name, newFolder.number, newName)
            }
        }
        try check(result)
    }

    package func unlink(_ name: String, in folder: StoreHandle) throws(StoreFileError) {
        try check(unsafe name.withCString { unsafe unlinkat(folder.number, $0, 0) })
    }

    package func open(
        _ name: String,
        in folder: StoreHandle
    ) throws(StoreFileError) -> StoreHandle {
        // Without O_NONBLOCK the opening of a planted FIFO would wait for ever.
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        return try handle(unsafe name.withCString { unsafe openat(folder.number, $0, flags) })
    }

    package func status(of file: StoreHandle) throws(StoreFileError) -> StoreFileStatus {
        var found = stat()
        try check(unsafe fstat(file.number, &found))
        return PosixFiles.status(found)
    }

    package func status(
        _ name: String,
        in folder: StoreHandle
    ) throws(StoreFileError) -> StoreFileStatus {
        var found = stat()
        let result = unsafe name.withCString {
            unsafe fstatat(folder.number, $0, &found, AT_SYMLINK_NOFOLLOW)
        }
        try check(result)
        return PosixFiles.status(found)
    }

    package func read(
        _ file: StoreHandle,
        at offset: UInt64,
        into bytes: inout MutableSpan<UInt8>,
        from start: Int
    ) throws(StoreFileError) -> Int {
        guard let offset = off_t(exactly: offset) else { return 0 }
        let count = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            let rest = buffer.extracting(start...)
            return unsafe pread(file.number, rest.baseAddress, rest.count, offset)
        }
        guard count >= 0 else { throw StoreFileError(code: errno) }
        return count
    }

    package func forEachName(
        in folder: StoreHandle,
        _ body: ([UInt8]) throws(StoreFileError) -> Bool
    ) throws(StoreFileError) {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = unsafe cairn_directory_entries(folder.number, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw StoreFileError(code: errno) }
            guard count > 0 else { return }
            guard try PosixFiles.visitNames(in: buffer[..<count], body) else { return }
        }
    }

    /// Takes the names out of what getdents64(2) wrote: per entry an inode number and an offset of
    /// 8 bytes each, the entry's size in 2, a kind in 1 and the name up to a zero. False where
    /// `body` says not to go on.
    private static func visitNames(
        in entries: ArraySlice<UInt8>,
        _ body: ([UInt8]) throws(StoreFileError) -> Bool
    ) throws(StoreFileError) -> Bool {
        var rest = entries
        while rest.count > 19 {
            let start = rest.startIndex
            let size = Int(rest[start + 16]) | Int(rest[start + 17]) << 8
            guard size > 19 && size <= rest.count else { return true }
            let name = rest[(start + 19)..<(start + size)].prefix { $0 != 0 }
            if name != [UInt8(ascii: ".")] && name != [UInt8(ascii: "."), UInt8(ascii: ".")] {
                guard try body(Array(name)) else { return false }
            }
            rest = rest[(start + size)...]
        }
        return true
    }

    package func close(_ handle: StoreHandle) {
        // The descriptor is gone whatever the answer; synced data does not depend on it.
        _ = Glibc.close(handle.number)
    }

    private static func status(_ found: stat) -> StoreFileStatus {
        let kind: StoreFileStatus.Kind =
            switch found.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            default: .other
            }
        return StoreFileStatus(
            kind: kind,
            size: UInt64(max(found.st_size, 0)),
            linkCount: UInt64(found.st_nlink)
        )
    }

    private func check(_ result: CInt) throws(StoreFileError) {
        guard result == 0 else { throw StoreFileError(code: errno) }
    }

    private func handle(_ number: CInt) throws(StoreFileError) -> StoreHandle {
        guard number >= 0 else { throw StoreFileError(code: errno) }
        return StoreHandle(number: number)
    }
}
