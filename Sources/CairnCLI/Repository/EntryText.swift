internal import Cairn

/// A file of a snapshot in words and in JSON.
enum EntryText {
    /// Members of a file's JSON object, with restic's names.
    static func members(_ entry: FileEntry) -> [(String, JSON)] {
        let slash = UInt8(ascii: "/")
        let name = entry.path.lastIndex(of: slash).map { Array(entry.path[($0 + 1)...]) }
        var members = JSON.bytes("name", name ?? entry.path)
        members.append(("type", .string(kind(entry.kind))))
        members += JSON.bytes("path", entry.path)
        members.append(("uid", .unsigned(UInt64(entry.userID))))
        members.append(("gid", .unsigned(UInt64(entry.groupID))))
        if let user = entry.userName { members += JSON.bytes("user", user) }
        if let group = entry.groupName { members += JSON.bytes("group", group) }
        if entry.kind == .regular { members.append(("size", .unsigned(entry.size))) }
        members.append(("mode", .unsigned(UInt64(entry.mode))))
        members.append(("permissions", .string(permissions(entry))))
        members.append(("mtime", time(entry.modified)))
        members.append(("ctime", time(entry.changed)))
        members.append(("inode", .unsigned(entry.inode)))
        if entry.linkCount > 1 { members.append(("links", .unsigned(UInt64(entry.linkCount)))) }
        if entry.kind == .symlink { members += JSON.bytes("linktarget", entry.target) }
        if entry.isPartial { members.append(("partial", true)) }
        return members
    }

    /// A line as `ls -l` has it.
    static func long(_ entry: FileEntry) -> String {
        let owner = "\(entry.userID)".leftPadded(5) + " " + "\(entry.groupID)".leftPadded(5)
        let size = "\(entry.size)".leftPadded(12)
        let time = TimeText.local(seconds: entry.modified.seconds)
        let target = entry.kind == .symlink ? " -> " + PathText.escaped(entry.target) : ""
        return "\(permissions(entry)) \(owner) \(size) \(time) "
            + PathText.escaped(entry.path) + target
    }

    /// The kind as restic calls it.
    static func kind(_ kind: FileKind) -> String {
        switch kind {
        case .regular: "file"
        case .directory: "dir"
        case .symlink: "symlink"
        case .fifo: "fifo"
        case .socket: "socket"
        case .characterDevice: "chardev"
        case .blockDevice: "dev"
        }
    }

    /// Kind and permissions, as in `drwxr-xr-x`.
    static func permissions(_ entry: FileEntry) -> String {
        let first =
            switch entry.kind {
            case .regular: "-"
            case .directory: "d"
            case .symlink: "l"
            case .fifo: "p"
            case .socket: "s"
            case .characterDevice: "c"
            case .blockDevice: "b"
            }
        let special: [(bit: UInt32, set: String, unset: String)] = [
            (0o4000, "s", "S"), (0o2000, "s", "S"), (0o1000, "t", "T"),
        ]
        var text = first
        for (index, special) in special.enumerated() {
            let bits = entry.mode >> UInt32(6 - 3 * index) & 7
            text += bits & 4 != 0 ? "r" : "-"
            text += bits & 2 != 0 ? "w" : "-"
            let runs = bits & 1 != 0
            let isSpecial = entry.mode & special.bit != 0
            text += isSpecial ? (runs ? special.set : special.unset) : runs ? "x" : "-"
        }
        return text
    }

    private static func time(_ time: Timestamp) -> JSON {
        .string(TimeText.rfc3339(seconds: time.seconds, nanoseconds: time.nanoseconds))
    }
}

extension String {
    /// The text with spaces before it, at least `width` characters long.
    func leftPadded(_ width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}
