internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// An entry of a tree with what its leaf says about owners.
struct LeafEntry: Hashable {
    let entry: TreeEntry
    let userName: [UInt8]?
    let groupName: [UInt8]?

    init(_ entry: TreeEntry, users: [OwnerName], groups: [OwnerName]) {
        self.entry = entry
        userName = users.first { $0.id == entry.userID }?.name
        groupName = groups.first { $0.id == entry.groupID }?.name
    }

    /// Whether only the metadata that people set differs.
    func hasSameMetadata(as other: LeafEntry) -> Bool {
        entry.mode == other.entry.mode && entry.userID == other.entry.userID
            && entry.groupID == other.entry.groupID && entry.modified == other.entry.modified
            && entry.attributes == other.entry.attributes && userName == other.userName
            && groupName == other.groupName
    }

    /// Shows the entry to embedders.
    func shown(at path: [UInt8]) -> FileEntry {
        var target: [UInt8] = []
        var device: DeviceNumber?
        let kind: FileKind
        switch entry.node {
        case .regular: kind = .regular
        case .directory: kind = .directory
        case .symbolicLink(let text):
            kind = .symlink
            target = text
        case .pipe: kind = .fifo
        case .characterDevice(let number):
            kind = .characterDevice
            device = number
        case .blockDevice(let number):
            kind = .blockDevice
            device = number
        }
        return FileEntry(
            path: path,
            kind: kind,
            mode: UInt32(entry.mode),
            userID: entry.userID,
            groupID: entry.groupID,
            userName: userName,
            groupName: groupName,
            size: entry.isRegular ? entry.logicalSize : 0,
            modified: entry.modified,
            changed: entry.changed,
            inode: entry.inode,
            linkCount: UInt32(clamping: entry.hardLink?.count ?? 1),
            target: target,
            device: device.map { ($0.major, $0.minor) },
            attributes: entry.attributes.map { ($0.name, $0.value) },
            isPartial: entry.isIncomplete
        )
    }
}
