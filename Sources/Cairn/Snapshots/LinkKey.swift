internal import CairnFormat

/// Tells names of one file in a snapshot; names whose content differs are not of one file,
/// whatever the snapshot says.
struct LinkKey: Hashable {
    private let inode: UInt64
    private let device: UInt64
    private let node: TreeEntry.Node

    /// Nil for an entry without further names.
    init?(_ entry: TreeEntry) {
        guard let link = entry.hardLink else { return nil }
        inode = entry.inode
        device = link.device
        node = entry.node
    }
}
