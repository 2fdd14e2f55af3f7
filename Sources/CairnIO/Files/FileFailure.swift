internal import Glibc
internal import SystemPackage

/// What was being done to a file when it failed.
package enum FileOperation: String, Sendable {
    case open = "open"
    case list = "list"
    case readMetadata = "read the metadata"
    case readLink = "read the link"
    case readAttributes = "read the extended attributes"
    case read = "read"
    case findData = "find the data"
    case map = "map"
    case create = "create"
    case write = "write"
    case setSize = "set the size"
    case sync = "sync"
    case publish = "put in place"
    case link = "link"
    case setOwner = "set the owner"
    case setMode = "set the mode"
    case setTimes = "set the times"
    case setAttributes = "set the extended attributes"
    case remove = "remove"
    case measureSpace = "measure the free space"
}

/// Why something could not be done to a file. It does not say to which: the caller knows.
package struct FileFailure: Error, Hashable, Sendable {
    /// What was being done.
    package let operation: FileOperation
    /// The system's error number, or 0 where a check of ours refused.
    package let errno: Int32
    /// A short text in lower case, such as "permission denied".
    package let reason: String

    /// Describes an error of the system.
    package init(_ operation: FileOperation, errno: Int32) {
        self.operation = operation
        self.errno = errno
        let text = Errno(rawValue: errno).description
        reason = text.prefix(1).lowercased() + text.dropFirst()
    }

    /// Describes a refusal of ours.
    package init(_ operation: FileOperation, reason: String) {
        self.operation = operation
        self.errno = 0
        self.reason = reason
    }

    /// Another file has taken the place of the one whose metadata was read before.
    package static func replaced(_ operation: FileOperation) -> FileFailure {
        FileFailure(operation, reason: replacedReason)
    }

    private static let replacedReason = "replaced while opening"

    /// Whether the file has been removed, or its folder has.
    package var isVanished: Bool { errno == ENOENT || errno == ENOTDIR || errno == ESTALE }
    /// Whether another file took its place between two looks at it.
    package var isReplaced: Bool { errno == 0 && reason == FileFailure.replacedReason }
    /// Whether the device or a quota is full.
    package var isOutOfSpace: Bool { errno == ENOSPC || errno == EDQUOT }
    /// Whether something of that name exists already.
    package var isExisting: Bool { errno == EEXIST || errno == ENOTEMPTY }
    /// Whether this user may not do it.
    package var isPermission: Bool { errno == EACCES || errno == EPERM || errno == EROFS }
    /// Whether the file system cannot do it at all.
    package var isUnsupported: Bool { errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL }

    static let invalidArgument = EINVAL
    static let tooManyEntries = EOVERFLOW
}

extension FileFailure: CustomStringConvertible {
    package var description: String { "cannot \(operation.rawValue): \(reason)" }
}

/// Throws where a shim of `cairn_files.h` gave a negative error number; otherwise gives its value.
@discardableResult
func check(_ result: Int64, _ operation: FileOperation) throws(FileFailure) -> Int {
    guard result >= 0 else {
        throw FileFailure(operation, errno: Int32(truncatingIfNeeded: -result))
    }
    return Int(result)
}
