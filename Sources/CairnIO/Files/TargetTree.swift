internal import CCairn
internal import Glibc

/// How a path of several names is walked without meeting a link.
package enum PathResolution: Sendable {
    /// By the kernel, in one call (`openat2`); name by name where the kernel has no such call.
    case kernel
    /// Name by name, each opened without following it.
    case nameByName
}

/// What to do where a name that is to be created exists.
package enum Replacement: Sendable {
    /// Fail (``FileFailure/isExisting``).
    case refuse
    /// Put the new entry in the place of a file, link, FIFO, device or empty directory, in one
    /// step where the old one is no directory. A directory that holds something stays, and the call
    /// fails.
    case replace
}

/// The room left on a file system for this user.
package struct FreeSpace: Hashable, Sendable {
    /// In bytes.
    package var size: UInt64
    /// In files; `UInt64.max` where there is no such limit.
    package var fileCount: UInt64
}

/// The directory that a restore writes into.
///
/// Every step below it starts at an open directory and meets no link, whether it came from the
/// restored snapshot, was there before or is planted meanwhile: nothing outside is ever opened,
/// changed or linked to.
package final class TargetTree: Sendable {
    private let resolution: PathResolution
    private let contents: SourceDirectory
    private let wasCreated: Bool

    private init(_ contents: SourceDirectory, _ resolution: PathResolution, wasCreated: Bool) {
        self.contents = contents
        self.resolution = resolution
        self.wasCreated = wasCreated
    }

    /// Opens the directory at `path`, and makes it and those above it (mode 0700) where missing.
    ///
    /// The path is the user's: links in it are followed.
    package static func open(
        path: [UInt8],
        resolution: PathResolution = .kernel
    ) throws(FileFailure) -> TargetTree {
        let wasCreated = try makeDirectories(path)
        let contents = try SourceDirectory.open(path: path)
        return TargetTree(contents, resolution, wasCreated: wasCreated)
    }

    /// Makes a directory and those above it where they are missing.
    ///
    /// - Returns: Whether the last one was missing.
    static func makeDirectories(_ path: [UInt8]) throws(FileFailure) -> Bool {
        var wasCreated = false
        for end in 1...max(path.count, 1) where end <= path.count {
            guard end == path.count || path[end] == UInt8(ascii: "/") else { continue }
            let result = unsafe Array(path[..<end]).withPath { text in
                Int64(unsafe cairn_make_directory(cairn_working_directory, text, 0o700))
            }
            wasCreated = result == 0
            // What exists, or may not be made, shows itself when it is opened.
            guard result == 0 || result == -Int64(EEXIST) || end < path.count else {
                try check(result, .create)
                continue
            }
        }
        return wasCreated
    }

    /// The directory itself.
    package var root: TargetDirectory {
        TargetDirectory(contents, in: self, path: [], isFresh: wasCreated)
    }

    /// Opens a directory beneath the target again, as a caller does who keeps few of them open.
    package func directory(at path: [FileName]) throws(FileFailure) -> TargetDirectory {
        guard !path.isEmpty else { return root }
        let opened = try openDirectory(path, from: contents.descriptor.number)
        return TargetDirectory(SourceDirectory(opened), in: self, path: path, isFresh: false)
    }

    /// How much room is left where the target is.
    package func freeSpace() throws(FileFailure) -> FreeSpace {
        var space = FreeSpace(size: 0, fileCount: 0)
        let result = unsafe cairn_free_space(
            contents.descriptor.number,
            &space.size,
            &space.fileCount
        )
        try check(Int64(result), .measureSpace)
        return space
    }

    /// Opens the directory that `path` leads to from `start`.
    func openDirectory(
        _ path: [FileName],
        from start: Int32
    ) throws(FileFailure) -> Descriptor {
        guard path.allSatisfy({ FileName.isValid($0) }), let first = path.first else {
            throw FileFailure(.open, errno: EINVAL)
        }
        if resolution == .kernel, let opened = try openByKernel(path, from: start) {
            return opened
        }
        var opened = try Descriptor.open(name: first, in: start, cairn_open_directory)
        for name in path.dropFirst() {
            opened = try Descriptor.open(name: name, in: opened.number, cairn_open_directory)
        }
        return opened
    }

    /// Opens a path by openat2, or gives nil where it is too long for it or there is no such call.
    private func openByKernel(
        _ path: [FileName],
        from start: Int32
    ) throws(FileFailure) -> Descriptor? {
        var joined: [UInt8] = []
        for name in path {
            if !joined.isEmpty { joined.append(UInt8(ascii: "/")) }
            joined += name
        }
        guard joined.count < 4096 else { return nil }  // PATH_MAX
        let result = unsafe joined.withPath { text in
            Int64(unsafe cairn_open_beneath(start, text, Int32(cairn_open_directory)))
        }
        // EPERM: some sandboxes refuse calls that they do not know.
        if result == -Int64(ENOSYS) || result == -Int64(EPERM) { return nil }
        return Descriptor(owning: Int32(try check(result, .open)))
    }
}
