import CairnCore

@testable import CairnFormat

extension VectorValues {
    static func entry(_ name: String, _ node: TreeEntry.Node, mode: UInt16 = 0o644) -> TreeEntry {
        TreeEntry(
            name: text(name),
            mode: mode,
            userID: 1000,
            groupID: 100,
            modified: Timestamp(seconds: 1_700_000_000, nanoseconds: 5),
            changed: Timestamp(seconds: -1, nanoseconds: 999_999_999),
            inode: 300,
            node: node
        )
    }

    static let treeLeaf: TreeLeaf = {
        let one = ContentReference(length: 305, depth: 1, root: id(0x01))
        var file = entry("a", .regular(content: one, layout: nil))
        file.hardLink = HardLink(device: 2049, count: 2)
        file.attributes = [ExtendedAttribute(name: text("user.k"), value: text("v"))]
        let device = DeviceNumber(major: 1, minor: 3)
        let extents = [SparseLayout.Extent(gap: 4096, length: 512)]
        let layout = SparseLayout(logicalSize: 1 << 20, extents: extents)
        let stored = ContentReference(length: 512, depth: 0, root: id(0x90))
        return TreeLeaf(
            users: [OwnerName(id: 1000, name: text("ann"))],
            groups: [OwnerName(id: 100, name: text("users"))],
            entries: [
                file,
                entry("dir", .directory(TreeReference(level: 1, root: id(0x20))), mode: 0o755),
                entry("link", .symbolicLink(target: text("../a")), mode: 0o777),
                entry("null", .characterDevice(device), mode: 0o666),
                entry("pipe", .pipe),
                entry("sparse", .regular(content: stored, layout: layout)),
            ]
        )
    }()

    static let treeInner = TreeInner(
        level: 1,
        children: [
            .init(firstName: text("a"), id: id(0x20)), .init(firstName: text("m"), id: id(0x21)),
        ]
    )
}
