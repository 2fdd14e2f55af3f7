internal import CCairn

/// An open file descriptor, closed exactly once.
struct Descriptor: ~Copyable, Sendable {
    let number: Int32

    /// Takes over an open descriptor.
    init(owning number: Int32) {
        self.number = number
    }

    deinit {
        cairn_close(number)
    }

    /// Opens `path` relative to `directory`, which may be `cairn_working_directory`.
    static func open(
        _ path: [UInt8],
        in directory: Int32,
        _ how: Int,
        mode: UInt32 = 0,
        _ operation: FileOperation = .open
    ) throws(FileFailure) -> Descriptor {
        let result = unsafe path.withPath { text in
            Int64(unsafe cairn_open_at(directory, text, Int32(how), mode))
        }
        return Descriptor(owning: Int32(try check(result, operation)))
    }

    /// Opens the entry `name` of `directory`.
    static func open(
        name: FileName,
        in directory: Int32,
        _ how: Int,
        mode: UInt32 = 0,
        _ operation: FileOperation = .open
    ) throws(FileFailure) -> Descriptor {
        let result = unsafe name.withName { text in
            Int64(unsafe cairn_open_at(directory, text, Int32(how), mode))
        }
        return Descriptor(owning: Int32(try check(result, operation)))
    }

    /// What the file system says about the open file.
    func metadata() throws(FileFailure) -> FileMetadata {
        var found = cairn_metadata()
        let result = unsafe cairn_metadata_at(number, "", &found)
        try check(Int64(result), .readMetadata)
        return FileMetadata(found)
    }

    /// What the file system says about the entry `name`; a link is not followed.
    func metadata(of name: FileName) throws(FileFailure) -> FileMetadata {
        var found = cairn_metadata()
        let result = unsafe name.withName { text in
            Int64(unsafe cairn_metadata_at(number, text, &found))
        }
        try check(result, .readMetadata)
        return FileMetadata(found)
    }
}
