package import CairnFormat
internal import CairnIO

/// The part of a snapshot that a request names.
package struct SubtreeStart: Sendable {
    package enum Content: Sendable {
        case folder(TreeReference)
        /// Anything but a folder.
        case entry(TreeEntry)
    }

    /// The names that lead to the folder that the content lies in, or that it is.
    package let ancestors: [FileName]
    package let content: Content
    /// The entry itself; nil for the snapshot's root.
    package let entry: TreeEntry?
    package let users: [OwnerName]
    package let groups: [OwnerName]

    /// The path of the folder that the content lies in, or that it is; empty for the root.
    package var path: [UInt8] {
        ancestors.reduce(into: []) { path, name in path += [UInt8(ascii: "/")] + name }
    }
}

extension TreeLoader {
    /// Finds what a path leads to.
    ///
    /// - Parameter path: From the snapshot's root; slashes at its start and end do not count, and
    ///   the empty path is the root.
    /// - Throws: `.notFound` where it leads nowhere.
    package func find(_ path: [UInt8], in root: TreeReference) throws(CairnError) -> SubtreeStart {
        let names = path.split(separator: UInt8(ascii: "/")).map { FileName($0) }
            .filter { $0 != [UInt8(ascii: ".")] }
        var folder = root
        var found: (entry: TreeEntry, leaf: TreeLeaf)?
        for (index, name) in names.enumerated() {
            found = try entry(named: name, in: folder)
            guard let entry = found?.entry else {
                throw CairnError(
                    .notFound,
                    "the snapshot holds no \(PathText.escaped(path))"
                )
            }
            if case .directory(let reference) = entry.node {
                folder = reference
            } else if index < names.count - 1 {
                throw CairnError(
                    .notFound,
                    "\(PathText.escaped(entry.name)) in \(PathText.escaped(path)) is no folder"
                )
            }
        }
        guard let found else {
            return SubtreeStart(
                ancestors: [],
                content: .folder(root),
                entry: nil,
                users: [],
                groups: []
            )
        }
        let (users, groups) = (found.leaf.users, found.leaf.groups)
        if case .directory = found.entry.node {
            return SubtreeStart(
                ancestors: names,
                content: .folder(folder),
                entry: found.entry,
                users: users,
                groups: groups
            )
        }
        return SubtreeStart(
            ancestors: names.dropLast(),
            content: .entry(found.entry),
            entry: found.entry,
            users: users,
            groups: groups
        )
    }

    /// The entry of a name in a folder with the leaf it is in, or nil.
    package func entry(
        named name: FileName,
        in folder: TreeReference
    ) throws(CairnError) -> (entry: TreeEntry, leaf: TreeLeaf)? {
        var (id, level) = (folder.root, folder.level)
        while true {
            switch try node(id, level: level) {
            case .leaf(let leaf):
                guard let entry = leaf.entries.first(where: { $0.name == name }) else {
                    return nil
                }
                return (entry, leaf)
            case .inner(let inner):
                guard let child = inner.child(holding: name) else { return nil }
                id = child.id
                level -= 1
            }
        }
    }
}
