package import CairnCore

/// One name in a directory and all that is kept about it: Specs/Format.md#tree-entry.
package struct TreeEntry: Hashable, Sendable {
    /// The name: 1 to 255 bytes without "/" and NUL, neither "." nor "..".
    package var name: [UInt8]
    /// Permission bits with set-user-ID, set-group-ID and sticky: at most 0o7777.
    package var mode: UInt16
    /// The owner.
    package var userID: UInt32
    /// The owning group.
    package var groupID: UInt32
    /// When the content last changed.
    package var modified: Timestamp
    /// When the content or the metadata last changed.
    package var changed: Timestamp
    /// The file's number on its file system.
    package var inode: UInt64
    /// Set where other names lead to the same file; never for directories.
    package var hardLink: HardLink?
    /// Extended attributes, access control lists included, ascending by name.
    package var attributes: [ExtendedAttribute]
    /// What the name stands for.
    package var node: Node
    /// A regular file changed while it was read; a directory's listing is missing in part or whole.
    package var isIncomplete: Bool

    /// What a name stands for.
    package enum Node: Hashable, Sendable {
        /// A file with content; `layout` where it has holes.
        case regular(content: ContentReference, layout: SparseLayout?)
        /// A directory with its own tree.
        case directory(TreeReference)
        /// A symbolic link and its target, at most 4096 bytes.
        case symbolicLink(target: [UInt8])
        /// A named pipe.
        case pipe
        /// A character device.
        case characterDevice(DeviceNumber)
        /// A block device.
        case blockDevice(DeviceNumber)
    }

    /// Puts an entry together; ``validate()`` says whether it may be stored.
    package init(
        name: [UInt8],
        mode: UInt16,
        userID: UInt32,
        groupID: UInt32,
        modified: Timestamp,
        changed: Timestamp,
        inode: UInt64,
        hardLink: HardLink? = nil,
        attributes: [ExtendedAttribute] = [],
        node: Node,
        isIncomplete: Bool = false
    ) {
        self.name = name
        self.mode = mode
        self.userID = userID
        self.groupID = groupID
        self.modified = modified
        self.changed = changed
        self.inode = inode
        self.hardLink = hardLink
        self.attributes = attributes
        self.node = node
        self.isIncomplete = isIncomplete
    }

    /// Whether `name` may be stored as the name of an entry.
    package static func isStorable(name: [UInt8]) -> Bool {
        guard name.count >= 1 && name.count <= FormatLimits.nameSizeMax else { return false }
        if name.count <= 2 && name.allSatisfy({ $0 == UInt8(ascii: ".") }) { return false }
        return !name.contains { $0 == 0 || $0 == UInt8(ascii: "/") }
    }
}

/// What ties the names of one file together.
package struct HardLink: Hashable, Sendable {
    /// The file system that the inode number belongs to.
    package let device: UInt64
    /// How many names the file had, at least 2; not all of them need be in the snapshot.
    package let count: UInt64

    /// Joins a file system and a count.
    package init(device: UInt64, count: UInt64) {
        self.device = device
        self.count = count
    }
}

/// Where the stored bytes of a file with holes belong.
///
/// Invariants: extents ascend, do not touch, are not empty; the last ends within the file; at
/// least one byte of the file is a hole.
package struct SparseLayout: Hashable, Sendable {
    /// The most extents of one file.
    package static let extentCountMax = 1 << 20

    /// Stored bytes and the hole before them.
    package struct Extent: Hashable, Sendable {
        /// The size of the hole between the previous extent, or the file's start, and this one.
        package let gap: UInt64
        /// How many stored bytes there are, at least 1.
        package let length: UInt64

        /// Joins a gap and a length.
        package init(gap: UInt64, length: UInt64) {
            self.gap = gap
            self.length = length
        }
    }

    /// The size of the file, holes included.
    package let logicalSize: UInt64
    /// The stored parts in order; none where the whole file is a hole.
    package let extents: [Extent]

    /// Takes a size and the stored parts.
    package init(logicalSize: UInt64, extents: [Extent]) {
        self.logicalSize = logicalSize
        self.extents = extents
    }
}

/// A directory's tree: its topmost node.
package struct TreeReference: Hashable, Sendable {
    /// How many nodes lie above the leaves: 0 where the root is the one leaf.
    package let level: UInt8
    /// The topmost node.
    package let root: ChunkID

    /// Refers to the node `root` on `level`.
    package init(level: UInt8, root: ChunkID) {
        self.level = level
        self.root = root
    }
}

extension TreeReference: StoredValue {
    package func validate() throws(DecodingFailure) {
        try require(level <= FormatLimits.treeLevelMax, "tree level")
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(level)
        writer.write(root)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        level = try reader.readUInt8()
        root = try reader.readChunkID()
        try validate()
    }
}

extension ExtendedAttribute {
    /// The longest value, in bytes.
    package static let valueSizeMax = 64 << 10
    /// The most attributes of one entry.
    package static let countMax = 4096
    /// The most bytes that the names and values of one entry's attributes may have together.
    package static let totalSizeMax = 8 << 20
}
