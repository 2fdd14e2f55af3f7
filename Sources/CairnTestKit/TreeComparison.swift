internal import CCairn
internal import Glibc

/// Compares two trees of files by means of its own, sharing no code with the engine.
public struct TreeComparison {
    /// What is compared besides names, kinds and contents.
    public struct Options: Sendable {
        /// Permission bits.
        public var comparesModes = true
        /// Owner and group.
        public var comparesOwners = true
        /// Times of change, to the nanosecond, of all but symbolic links.
        public var comparesTimes = true
        /// Extended attributes in `user.`
        public var comparesAttributes = true
        /// Which names lead to one file.
        public var comparesHardLinks = true
        /// Whether sparse files stay sparse: the copy may take up to 64 KiB more room per file.
        public var comparesHoles = true

        /// Everything.
        public init() {}
    }

    private let options: Options
    private var differences: [String] = []
    /// Files with several names met so far: where the other tree's name leads to.
    private var pairs: [UInt64: UInt64] = [:]
    private var reversePairs: [UInt64: UInt64] = [:]

    private init(_ options: Options) {
        self.options = options
    }

    /// The differences between two trees in words; none if they are equal.
    ///
    /// - Parameter differenceCountMax: After how many it stops.
    public static func differences(
        _ first: String,
        _ second: String,
        _ options: Options = Options(),
        differenceCountMax: Int = 50
    ) -> [String] {
        var comparison = TreeComparison(options)
        comparison.compare(
            Array(first.utf8),
            Array(second.utf8),
            at: [],
            differenceCountMax
        )
        return comparison.differences
    }

    private mutating func report(_ path: [UInt8], _ what: String) {
        differences.append("\(TreeComparison.text(path)): \(what)")
    }

    private mutating func compare(
        _ first: [UInt8],
        _ second: [UInt8],
        at path: [UInt8],
        _ countMax: Int
    ) {
        guard differences.count < countMax else { return }
        guard let a = TreeComparison.status(first), let b = TreeComparison.status(second) else {
            return report(path, "cannot be looked at in both trees")
        }
        let kind = a.st_mode & S_IFMT
        guard kind == b.st_mode & S_IFMT else { return report(path, "of different kinds") }
        compareMetadata(a, b, first, second, at: path)
        switch kind {
        case S_IFDIR: compareFolders(first, second, at: path, countMax)
        case S_IFREG: compareFiles(a, b, first, second, at: path)
        case S_IFLNK:
            let targets = (TreeComparison.target(first), TreeComparison.target(second))
            if targets.0 == nil || targets.0 != targets.1 { report(path, "links elsewhere") }
        case S_IFCHR, S_IFBLK:
            if a.st_rdev != b.st_rdev { report(path, "another device") }
        default: break
        }
    }

    private mutating func compareMetadata(
        _ a: stat,
        _ b: stat,
        _ first: [UInt8],
        _ second: [UInt8],
        at path: [UInt8]
    ) {
        let isLink = a.st_mode & S_IFMT == S_IFLNK
        if options.comparesModes && !isLink && a.st_mode != b.st_mode {
            report(path, "modes \(String(a.st_mode, radix: 8)), \(String(b.st_mode, radix: 8))")
        }
        if options.comparesOwners && (a.st_uid != b.st_uid || a.st_gid != b.st_gid) {
            report(path, "owners \(a.st_uid):\(a.st_gid), \(b.st_uid):\(b.st_gid)")
        }
        let isSameTime =
            a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec
        if options.comparesTimes && !isLink && !isSameTime {
            report(path, "times of change differ")
        }
        if options.comparesAttributes && !isLink {
            let attributes = (
                TreeComparison.attributes(first), TreeComparison.attributes(second)
            )
            if attributes.0 != attributes.1 { report(path, "extended attributes differ") }
        }
        guard options.comparesHardLinks, a.st_mode & S_IFMT != S_IFDIR else { return }
        if a.st_nlink != b.st_nlink { report(path, "names: \(a.st_nlink), \(b.st_nlink)") }
        let known = (pairs[UInt64(a.st_ino)], reversePairs[UInt64(b.st_ino)])
        if known.0 ?? UInt64(b.st_ino) != UInt64(b.st_ino)
            || known.1 ?? UInt64(a.st_ino) != UInt64(a.st_ino)
        {
            report(path, "hard links differ")
        }
        pairs[UInt64(a.st_ino)] = UInt64(b.st_ino)
        reversePairs[UInt64(b.st_ino)] = UInt64(a.st_ino)
    }

    private mutating func compareFolders(
        _ first: [UInt8],
        _ second: [UInt8],
        at path: [UInt8],
        _ countMax: Int
    ) {
        guard let a = TreeComparison.names(first), let b = TreeComparison.names(second) else {
            return report(path, "cannot be listed in both trees")
        }
        for name in a.subtracting(b) { report(path + slash + name, "only in the first tree") }
        for name in b.subtracting(a) { report(path + slash + name, "only in the second tree") }
        for name in a.intersection(b).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            compare(
                first + slash + name,
                second + slash + name,
                at: path + slash + name,
                countMax
            )
        }
    }

    private var slash: [UInt8] { [UInt8(ascii: "/")] }

    private mutating func compareFiles(
        _ a: stat,
        _ b: stat,
        _ first: [UInt8],
        _ second: [UInt8],
        at path: [UInt8]
    ) {
        guard a.st_size == b.st_size else {
            return report(path, "sizes \(a.st_size), \(b.st_size)")
        }
        let contents = (TreeComparison.contents(first), TreeComparison.contents(second))
        if contents.0 == nil || contents.0 != contents.1 { report(path, "contents differ") }
        // Only what was clearly sparse must stay so: file systems allocate in their own steps.
        let isSparse = Int(a.st_blocks) * 512 + 65_536 < Int(a.st_size)
        if options.comparesHoles && isSparse && b.st_blocks > a.st_blocks + 128 {
            report(path, "holes were filled: \(a.st_blocks), \(b.st_blocks) blocks")
        }
    }

    // MARK: - Calls of the system

    private static func status(_ path: [UInt8]) -> stat? {
        var found = stat()
        let result = unsafe TreePath(path).call { unsafe lstat($0, &found) }
        return result == 0 ? found : nil
    }

    private static func target(_ path: [UInt8]) -> [UInt8]? {
        var bytes = [CChar](repeating: 0, count: 8_192)
        let count = unsafe TreePath(path).call { unsafe readlink($0, &bytes, bytes.count) }
        return count < 0 ? nil : bytes[..<count].map { UInt8(bitPattern: $0) }
    }

    private static func contents(_ path: [UInt8]) -> [UInt8]? {
        let file = unsafe TreePath(path).call { unsafe open($0, O_RDONLY | O_NOFOLLOW) }
        guard file >= 0 else { return nil }
        defer { _ = close(file) }
        var contents: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = unsafe read(file, &part, part.count)
            guard count > 0 else { return count == 0 ? contents : nil }
            contents += part[..<count]
        }
    }

    private static func names(_ path: [UInt8]) -> Set<[UInt8]>? {
        guard let folder = unsafe TreePath(path).call({ unsafe opendir($0) }) else { return nil }
        defer { _ = unsafe closedir(folder) }
        var names: Set<[UInt8]> = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe Array(bytes.prefix { $0 != 0 })
            }
            if name != Array(".".utf8) && name != Array("..".utf8) { names.insert(name) }
        }
        return names
    }

    /// The attributes in `user.`; none where the file system has none.
    private static func attributes(_ path: [UInt8]) -> [[UInt8]: [UInt8]] {
        var list = [CChar](repeating: 0, count: 65_536)
        let size = unsafe TreePath(path).call {
            unsafe cairn_link_attribute_names($0, &list, list.count)
        }
        guard size > 0 else { return [:] }
        var attributes: [[UInt8]: [UInt8]] = [:]
        for name in list[..<size].split(separator: 0).map({ $0.map { UInt8(bitPattern: $0) } })
        where name.starts(with: Array("user.".utf8)) {
            var value = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe TreePath(path).call { path in
                unsafe TreePath(name).call { name in
                    unsafe cairn_link_attribute(path, name, &value, value.count)
                }
            }
            if count >= 0 { attributes[name] = Array(value[..<count]) }
        }
        return attributes
    }

    /// A path for people, with escapes for all but plain characters.
    private static func text(_ path: [UInt8]) -> String {
        path.map { byte in
            (0x20..<0x7f).contains(byte)
                ? String(UnicodeScalar(byte)) : "\\x" + String(byte, radix: 16)
        }.joined()
    }
}
