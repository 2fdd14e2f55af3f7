internal import CairnCore
package import CairnFormat
package import CairnIO

extension TreeEntry {
    /// Describes a file-system entry; `node` says what is not in its metadata.
    package init(name: FileName, _ metadata: FileMetadata, node: Node) {
        let isLinked = metadata.kind != .directory && metadata.linkCount > 1
        self.init(
            name: name,
            mode: UInt16(truncatingIfNeeded: metadata.mode & 0o7777),
            userID: metadata.userID,
            groupID: metadata.groupID,
            modified: metadata.modified,
            changed: metadata.changed,
            inode: metadata.inode,
            hardLink: isLinked
                ? HardLink(device: metadata.device, count: UInt64(metadata.linkCount)) : nil,
            node: node
        )
    }

    /// The entry's kind in the file system's terms.
    package var kind: FileKind {
        switch node {
        case .regular: .regular
        case .directory: .directory
        case .symbolicLink: .symlink
        case .pipe: .fifo
        case .characterDevice: .characterDevice
        case .blockDevice: .blockDevice
        }
    }

    /// The size a regular file has, holes included; 0 for everything else.
    package var logicalSize: UInt64 {
        guard case .regular(let content, let layout) = node else { return 0 }
        return layout?.logicalSize ?? content.length
    }

    /// Whether this entry of an earlier snapshot surely still describes the file.
    package func stillDescribes(
        _ metadata: FileMetadata,
        _ request: BackupRequest
    ) -> Bool {
        kind == metadata.kind && !isIncomplete && logicalSize == metadata.size
            && modified == metadata.modified
            && (!request.comparesChangeTimes || changed == metadata.changed)
            && (!request.comparesInodes || inode == metadata.inode)
    }
}
