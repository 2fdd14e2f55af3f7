internal import CCairn
package import CairnCore

/// What sort of thing a directory entry is. Raw values are those that trees store
/// (Specs/Format.md).
public enum FileKind: UInt8, Sendable {
    case regular = 1
    case directory = 2
    case symlink = 3
    case fifo = 4
    case socket = 5
    case characterDevice = 6
    case blockDevice = 7

    /// The kind that the type bits of a mode say; unknown ones count as sockets, which are never
    /// opened nor stored.
    init(mode: UInt32) {
        switch mode & 0o170000 {
        case 0o100000: self = .regular
        case 0o040000: self = .directory
        case 0o120000: self = .symlink
        case 0o010000: self = .fifo
        case 0o020000: self = .characterDevice
        case 0o060000: self = .blockDevice
        default: self = .socket
        }
    }

    /// The type bits of a mode.
    var modeBits: UInt32 {
        switch self {
        case .regular: 0o100000
        case .directory: 0o040000
        case .symlink: 0o120000
        case .fifo: 0o010000
        case .socket: 0o140000
        case .characterDevice: 0o020000
        case .blockDevice: 0o060000
        }
    }
}

/// Which file a name led to: the same pair is the same file as long as it exists.
package struct FileIdentity: Hashable, Sendable {
    /// The file system.
    package var device: UInt64
    /// The file in it.
    package var inode: UInt64

    /// Makes an identity.
    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}

/// What the file system says about a file, without its content and extended attributes.
package struct FileMetadata: Hashable, Sendable {
    package var kind: FileKind
    /// Permission bits with setuid, setgid and sticky (07777).
    package var mode: UInt32
    package var userID: UInt32
    package var groupID: UInt32
    /// Bytes of a regular file, or of a symlink's target.
    package var size: UInt64
    /// Blocks of 512 bytes that are allocated.
    package var blocks: UInt64
    package var modified: Timestamp
    /// When content or metadata last changed by the system's own clock; nobody can set it.
    package var changed: Timestamp
    package var accessed: Timestamp
    package var inode: UInt64
    /// The file system that the file is on.
    package var device: UInt64
    package var linkCount: UInt32
    /// What a device node stands for; zeros otherwise.
    package var deviceNumber: DeviceNumber

    /// Describes a file.
    package init(
        kind: FileKind,
        mode: UInt32,
        userID: UInt32 = 0,
        groupID: UInt32 = 0,
        size: UInt64 = 0,
        blocks: UInt64 = 0,
        modified: Timestamp = Timestamp(seconds: 0),
        changed: Timestamp = Timestamp(seconds: 0),
        accessed: Timestamp = Timestamp(seconds: 0),
        inode: UInt64 = 0,
        device: UInt64 = 0,
        linkCount: UInt32 = 1,
        deviceNumber: DeviceNumber = DeviceNumber(major: 0, minor: 0)
    ) {
        self.kind = kind
        self.mode = mode
        self.userID = userID
        self.groupID = groupID
        self.size = size
        self.blocks = blocks
        self.modified = modified
        self.changed = changed
        self.accessed = accessed
        self.inode = inode
        self.device = device
        self.linkCount = linkCount
        self.deviceNumber = deviceNumber
    }

    init(_ found: cairn_metadata) {
        kind = FileKind(mode: found.mode)
        mode = found.mode & 0o7777
        userID = found.user_id
        groupID = found.group_id
        size = found.size
        blocks = found.blocks
        modified = Timestamp(
            seconds: found.modified_seconds,
            nanoseconds: found.modified_nanoseconds
        )
        changed = Timestamp(seconds: found.changed_seconds, nanoseconds: found.changed_nanoseconds)
        accessed = Timestamp(
            seconds: found.accessed_seconds,
            nanoseconds: found.accessed_nanoseconds
        )
        inode = found.inode
        device = found.device
        linkCount = found.link_count
        deviceNumber = DeviceNumber(major: found.device_major, minor: found.device_minor)
    }

    /// Which file this is.
    package var identity: FileIdentity { FileIdentity(device: device, inode: inode) }

    /// Whether fewer blocks are allocated than the size needs, so that there must be holes (or
    /// compression): only then is it worth asking for extents.
    package var mayHaveHoles: Bool { kind == .regular && blocks < (size >> 9) }

    /// Whether this is still the same file with the same content as `earlier`, as far as metadata
    /// can tell.
    package func hasSameContent(as earlier: FileMetadata) -> Bool {
        kind == earlier.kind && identity == earlier.identity && size == earlier.size
            && modified == earlier.modified && changed == earlier.changed
    }
}
