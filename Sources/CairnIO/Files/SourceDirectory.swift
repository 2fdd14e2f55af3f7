internal import CCairn
package import CairnCore
internal import Glibc

/// An open directory that is read from, closed when the last reference to it goes.
///
/// Nothing here follows a symbolic link, and nothing but regular files and directories is opened,
/// so that no FIFO can hold the caller and no device is touched. All calls may come from any thread
/// at once, except that a directory is listed by one thread at a time.
package final class SourceDirectory: Sendable {
    let descriptor: Descriptor
    /// Whose files may be opened without changing their access times; root's are everyone's.
    private let effectiveUserID: UInt32

    init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
        effectiveUserID = geteuid()
    }

    private init(_ descriptor: consuming Descriptor, effectiveUserID: UInt32) {
        self.descriptor = descriptor
        self.effectiveUserID = effectiveUserID
    }

    /// Opens a directory by its path; here links are followed, as the user wrote the path.
    package static func open(path: [UInt8]) throws(FileFailure) -> SourceDirectory {
        guard !path.isEmpty else { throw FileFailure(.open, errno: ENOENT) }
        let how = cairn_open_directory | cairn_open_no_access_time | cairn_open_follow
        return SourceDirectory(try Descriptor.open(path, in: cairn_working_directory, how))
    }

    /// Opens a directory in this one.
    ///
    /// - Parameter expecting: What was read about it before; another directory in its place is a
    ///   failure (``FileFailure/isReplaced``).
    package func openSubdirectory(
        _ name: FileName,
        expecting: FileMetadata? = nil
    ) throws(FileFailure) -> SourceDirectory {
        let how = cairn_open_directory | accessTimeFlag(owner: expecting?.userID)
        let opened = try Descriptor.open(name: name, in: descriptor.number, how)
        if let expecting {
            guard try opened.metadata().identity == expecting.identity else {
                throw .replaced(.open)
            }
        }
        return SourceDirectory(opened, effectiveUserID: effectiveUserID)
    }

    /// Opens the directory that this one lies in.
    ///
    /// - Parameter expecting: Which it was before; if this directory was moved since, that is a
    ///   failure (``FileFailure/isReplaced``).
    package func openParent(expecting: FileIdentity) throws(FileFailure) -> SourceDirectory {
        let how = cairn_open_directory | accessTimeFlag(owner: nil)
        let above = [UInt8](repeating: UInt8(ascii: "."), count: 2)
        let opened = try Descriptor.open(above, in: descriptor.number, how)
        guard try opened.metadata().identity == expecting else { throw .replaced(.open) }
        return SourceDirectory(opened, effectiveUserID: effectiveUserID)
    }

    /// The names in this directory, sorted as bytes.
    package func names() throws(FileFailure) -> [FileName] {
        Array(try listing())
    }

    /// The names in this directory in less memory, with the kinds that the directory knows of.
    package func listing() throws(FileFailure) -> DirectoryListing {
        try DirectoryListing(readingFrom: descriptor)
    }

    /// What the file system says about this directory.
    package func metadata() throws(FileFailure) -> FileMetadata {
        try descriptor.metadata()
    }

    /// What the file system says about an entry; a link is not followed.
    package func metadata(of name: FileName) throws(FileFailure) -> FileMetadata {
        try descriptor.metadata(of: name)
    }

    /// What a symbolic link holds.
    package func readLink(_ name: FileName) throws(FileFailure) -> [UInt8] {
        let sizeMax = 4096  // PATH_MAX; a longer target cannot be
        var failed: Int64 = 0
        let target = unsafe [UInt8](unsafeUninitializedCapacity: sizeMax) { room, count in
            guard let start = room.baseAddress else { return }
            failed = unsafe name.withName { text in
                unsafe cairn_read_link_at(descriptor.number, text, start, sizeMax)
            }
            count = Int(max(failed, 0))
        }
        let size = try check(failed, .readLink)
        guard size < sizeMax else { throw FileFailure(.readLink, errno: ENAMETOOLONG) }
        return Array(target[...])
    }

    /// Opens a regular file for reading.
    ///
    /// - Parameter expecting: What was read about it before; another file, or something that is no
    ///   regular file, in its place is a failure (``FileFailure/isReplaced``).
    package func openFile(
        _ name: FileName,
        expecting: FileMetadata
    ) throws(FileFailure) -> SourceFile {
        guard expecting.kind == .regular else {
            throw FileFailure(.open, reason: "not a regular file")
        }
        let file = try openFile(name, owner: expecting.userID)
        guard file.opened.identity == expecting.identity else { throw .replaced(.open) }
        return file
    }

    /// Opens whatever regular file has this name now.
    package func openFile(_ name: FileName) throws(FileFailure) -> SourceFile {
        try openFile(name, owner: nil)
    }

    private func openFile(_ name: FileName, owner: UInt32?) throws(FileFailure) -> SourceFile {
        // A FIFO that has just taken the place of the file must not hold us: nonblocking.
        let how = cairn_open_read | cairn_open_nonblocking | accessTimeFlag(owner: owner)
        let result = unsafe name.withName { text in
            Int64(unsafe cairn_open_at(descriptor.number, text, Int32(how), 0))
        }
        // What a link gives, and a FIFO or socket without a peer.
        if result == -Int64(ELOOP) || result == -Int64(ENXIO) { throw .replaced(.open) }
        return try SourceFile(Descriptor(owning: Int32(try check(result, .open))))
    }

    /// Asking for it where it is refused would cost a second call for each file.
    private func accessTimeFlag(owner: UInt32?) -> Int {
        let mayAsk = effectiveUserID == 0 || owner == nil || owner == effectiveUserID
        return mayAsk ? cairn_open_no_access_time : 0
    }

    /// The extended attributes of an entry, sorted by name; POSIX ACLs are among them as
    /// `system.posix_acl_access` and `system.posix_acl_default`. Needs `/proc`.
    ///
    /// An open file or directory can say its own, which is cheaper.
    package func extendedAttributes(
        of name: FileName
    ) throws(FileFailure) -> [ExtendedAttribute] {
        guard FileName.isValid(name) else { throw FileFailure(.readAttributes, errno: EINVAL) }
        do {
            return try AttributeHolder.entry(name, in: descriptor.number).read()
        } catch {
            // Tell a missing /proc from a missing file.
            if error.isVanished, (try? descriptor.metadata(of: name)) != nil {
                throw FileFailure(.readAttributes, reason: "/proc is not mounted")
            }
            throw error
        }
    }

    /// The extended attributes of this directory, sorted by name.
    package func extendedAttributes() throws(FileFailure) -> [ExtendedAttribute] {
        try AttributeHolder.descriptor(descriptor.number).read()
    }
}
