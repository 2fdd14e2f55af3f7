internal import Glibc

/// Small questions to the file system, about paths in bytes.
enum FileTree {
    /// Whether something is there, a dangling link included.
    static func exists(_ path: [UInt8]) -> Bool {
        var facts = stat()
        return unsafe Descriptor.withPath(path) { unsafe lstat($0, &facts) } == 0
    }

    /// Why nothing is there, or nil where something is.
    static func reasonMissing(_ path: [UInt8]) -> SystemFailure? {
        var facts = stat()
        let result = unsafe Descriptor.withPath(path) { unsafe lstat($0, &facts) }
        return result == 0 ? nil : SystemFailure(code: errno)
    }

    /// Whether there is a folder that this process may write in.
    static func isWritableFolder(_ path: [UInt8]) -> Bool {
        unsafe Descriptor.withPath(path + Array("/.".utf8)) { unsafe access($0, W_OK | X_OK) } == 0
    }

    /// Makes a folder for this user alone; whether it worked shows when it is used.
    static func makeFolder(_ path: [UInt8]) {
        _ = unsafe Descriptor.withPath(path) { unsafe mkdir($0, 0o700) }
    }

    /// Makes the folders that lead to `path` where they are missing.
    static func makeFolders(above path: [UInt8]) {
        for (index, byte) in path.enumerated() where byte == UInt8(ascii: "/") && index > 0 {
            makeFolder(Array(path[..<index]))
        }
    }

    /// The path with every link followed; nil where it leads nowhere.
    static func resolved(_ path: [UInt8]) -> [UInt8]? {
        guard let text = unsafe Descriptor.withPath(path, { unsafe realpath($0, nil) }) else {
            return nil
        }
        defer { unsafe free(text) }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }

    /// The folder this process is in.
    static var current: [UInt8] {
        guard let text = unsafe getcwd(nil, 0) else { return [UInt8(ascii: "/")] }
        defer { unsafe free(text) }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }

    /// The paths that a pattern of the shell names, sorted; none where nothing matches.
    static func matches(_ pattern: [UInt8]) -> [[UInt8]] {
        var result = unsafe glob_t()
        defer { unsafe globfree(&result) }
        let status = unsafe Descriptor.withPath(pattern) { unsafe glob($0, 0, nil, &result) }
        guard status == 0, let paths = unsafe result.gl_pathv else { return [] }
        return unsafe (0..<Int(result.gl_pathc)).compactMap { index in
            guard let path = unsafe paths[index] else { return nil }
            return unsafe [UInt8](UnsafeRawBufferPointer(start: path, count: strlen(path)))
        }
    }
}

/// The paths that a backup is asked to take.
enum SourcePaths {
    /// The path from the root, without `.`, `..` and doubled slashes.
    ///
    /// `..` leads to where the system would go: links before it are followed.
    static func absolute(_ path: [UInt8]) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        let start = path.first == slash ? [] : FileTree.current
        var result: [UInt8] = start == [slash] ? [] : start
        for part in path.split(separator: slash) {
            if part.elementsEqual([UInt8(ascii: ".")]) { continue }
            if part.elementsEqual("..".utf8) {
                result = FileTree.resolved(result) ?? result
                let end = result.lastIndex(of: slash) ?? 0
                result.removeSubrange(end...)
                continue
            }
            result.append(slash)
            result += part
        }
        return result.isEmpty ? [slash] : result
    }
}
