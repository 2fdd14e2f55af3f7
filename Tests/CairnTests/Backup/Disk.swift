import Foundation
import Glibc

/// A new folder that is removed with its contents when the last reference to it goes.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "cairn-backup-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: false
        )
    }

    /// Writes a file, making the folders on the way.
    func write(_ name: String, _ bytes: [UInt8]) throws {
        let url = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(bytes).write(to: url)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Looks at files through calls of the system alone, sharing no code with the engine.
enum Disk {
    /// What `lstat` says.
    static func status(_ path: [UInt8]) -> stat? {
        var status = stat()
        let result = unsafe withPath(path) { unsafe lstat($0, &status) }
        return result == 0 ? status : nil
    }

    /// The names in a folder, in the order of their bytes.
    static func names(_ path: [UInt8]) -> [[UInt8]] {
        guard let folder = unsafe withPath(path, { unsafe opendir($0) }) else { return [] }
        defer { unsafe _ = closedir(folder) }
        var names: [[UInt8]] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe Array(bytes.prefix { $0 != 0 })
            }
            if name != Array(".".utf8) && name != Array("..".utf8) { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// All bytes of a file.
    static func bytes(_ path: [UInt8]) -> [UInt8]? {
        let file = unsafe withPath(path) { unsafe open($0, O_RDONLY | O_CLOEXEC) }
        guard file >= 0 else { return nil }
        defer { _ = close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = unsafe part.withUnsafeMutableBytes { buffer in
                unsafe read(file, buffer.baseAddress, buffer.count)
            }
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            bytes += part[..<count]
        }
    }

    /// Whether two arrays are equal; for large ones faster than `==` in a build for debugging.
    static func areEqual(_ first: [UInt8], _ second: [UInt8]?) -> Bool {
        guard let second, first.count == second.count else { return false }
        return unsafe first.withUnsafeBytes { a in
            unsafe second.withUnsafeBytes { b in
                guard let start = a.baseAddress, let other = b.baseAddress else { return true }
                return unsafe memcmp(start, other, a.count) == 0
            }
        }
    }

    /// Where a symbolic link leads.
    static func target(_ path: [UInt8]) -> [UInt8]? {
        var target = [UInt8](repeating: 0, count: 5000)
        let count = unsafe withPath(path) { path in
            unsafe target.withUnsafeMutableBytes { buffer in
                let bytes = unsafe buffer.bindMemory(to: CChar.self)
                return unsafe bytes.baseAddress.map {
                    unsafe readlink(path, $0, bytes.count)
                } ?? -1
            }
        }
        return count < 0 ? nil : Array(target[..<count])
    }

    /// Writes a file in place, or makes it.
    @discardableResult
    static func write(_ path: String, _ bytes: [UInt8], at offset: Int = 0) -> Bool {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { return false }
        defer { _ = close(file) }
        return unsafe bytes.withUnsafeBytes { buffer in
            unsafe pwrite(file, buffer.baseAddress, buffer.count, offset)
        } == bytes.count
    }

    /// Makes a file longer by a hole.
    @discardableResult
    static func setSize(_ path: String, _ size: Int) -> Bool {
        unsafe truncate(path, size) == 0
    }

    /// Sets the time of change of a file's content.
    @discardableResult
    static func setModified(_ path: String, seconds: Int, nanoseconds: Int = 0) -> Bool {
        var times = [timespec(), timespec()]
        for index in times.indices {
            times[index].tv_sec = seconds
            times[index].tv_nsec = nanoseconds
        }
        return unsafe utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// Removes a file.
    @discardableResult
    static func remove(_ path: String) -> Bool { unsafe unlink(path) == 0 }

    /// Makes a named pipe.
    @discardableResult
    static func makePipe(_ path: String) -> Bool { unsafe mkfifo(path, 0o600) == 0 }

    /// Makes a folder.
    @discardableResult
    static func makeFolder(_ path: String) -> Bool { unsafe mkdir(path, 0o755) == 0 }

    /// Changes a file's permissions.
    @discardableResult
    static func setMode(_ path: String, _ mode: mode_t) -> Bool { unsafe chmod(path, mode) == 0 }

    /// Gives a file another name.
    @discardableResult
    static func link(_ old: String, _ new: String) -> Bool { unsafe Glibc.link(old, new) == 0 }

    /// Every path beneath a folder, the folder first, in the order of a depth-first walk.
    static func walk(_ path: [UInt8]) -> [[UInt8]] {
        var found = [path]
        guard let status = status(path), status.st_mode & S_IFMT == S_IFDIR else { return found }
        for name in names(path) { found += walk(path + [UInt8(ascii: "/")] + name) }
        return found
    }

    @unsafe
    private static func withPath<R>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> R) -> R {
        let characters = path.map { CChar(bitPattern: $0) } + [0]
        return unsafe characters.withUnsafeBufferPointer { buffer in
            // The closing zero makes the buffer non-empty.
            unsafe body(buffer.baseAddress.unsafelyUnwrapped)
        }
    }
}
