internal import CCairn
internal import Glibc

/// Writes trees of files for tests: the same tree for the same seed.
///
/// A tree has what backup programs trip over: names that are no UTF-8, hold newlines, escapes or
/// look like options, names of 255 bytes, empty files and folders, sparse files, hard links,
/// symbolic links that lead nowhere or to themselves, FIFOs, extended attributes, deep nesting and
/// folders with many entries. ``TreeComparison`` compares two of them.
public struct TreeGenerator {
    /// How large a tree becomes.
    public struct Limits: Sendable {
        /// About how many entries are written besides the fixed ones.
        public var entryCount = 120
        /// How deep folders go at random; one chain goes 40 deep.
        public var depthMax = 5
        /// The largest file, in bytes.
        public var fileSizeMax = 300_000
        /// How many entries the crowded folder has.
        public var crowdedCount = 300

        /// The defaults: a tree of a few megabytes.
        public init() {}
    }

    /// A call of the system failed.
    public struct Failure: Error, Sendable {
        /// Which call.
        public let call: String
        /// Its error number.
        public let code: Int32
    }

    private var random: SeededRandom
    private let limits: Limits
    /// Regular files so far, for hard links.
    private var files: [[UInt8]] = []

    /// Prepares a generator.
    public init(seed: UInt64, limits: Limits = Limits()) {
        random = SeededRandom(seed: seed)
        self.limits = limits
    }

    /// Writes the tree into a folder that exists.
    public mutating func write(into folder: String) throws(Failure) {
        let root = Array(folder.utf8)
        try writeHostileNames(in: root)
        try writeSpecialFiles(in: root)
        try writeDeepChain(in: root)
        let crowded = join(root, Array("crowded".utf8))
        try makeFolder(crowded)
        for number in 0..<limits.crowdedCount {
            try writeFile(join(crowded, Array("entry-\(number)".utf8)), contents(ofSizeUpTo: 64))
        }
        var left = limits.entryCount
        try fill(join(root, Array("random".utf8)), depth: 0, left: &left)
        try writeHardLinks(in: root)
        try setTimes(of: root)
    }

    // MARK: - Parts of the tree

    /// Names that break careless programs; none holds a slash or a zero.
    static let hostileNames: [[UInt8]] =
        [
            "-rf", "--help", " ", "  two  ", "new\nline", "tab\there", "\u{1b}[31mred\u{1b}[0m",
            "\u{1b}]0;title\u{7}", "back\\slash", "..\\..\\up", "...", ".hidden", "*", "?", "[a]",
            "a:b", "CON", "nul.txt", "trailing.", "trailing ", "quote\"'`", "$HOME", "%s%n",
            "caf\u{e9}", "cafe\u{301}", "\u{202e}txt.exe", "\u{1f980}", "Case", "case", "~", "#",
        ].map { Array($0.utf8) } + [
            [0xff, 0xfe], [0xc3], [0xed, 0xa0, 0x80], [0x80, 0x2e, 0x2e],
            [UInt8](repeating: UInt8(ascii: "x"), count: 255),
            [UInt8](repeating: 0xe9, count: 255), [1, 2, 3, 0x7f],
        ]

    private mutating func writeHostileNames(in root: [UInt8]) throws(Failure) {
        let folder = join(root, Array("names".utf8))
        try makeFolder(folder)
        for (index, name) in TreeGenerator.hostileNames.enumerated() {
            let path = join(folder, name)
            if index.isMultiple(of: 3) {
                try makeFolder(path)
                try writeFile(join(path, name), contents(ofSizeUpTo: 100))
            } else {
                try writeFile(path, contents(ofSizeUpTo: 3_000))
            }
        }
    }

    private mutating func writeSpecialFiles(in root: [UInt8]) throws(Failure) {
        let folder = join(root, Array("special".utf8))
        try makeFolder(folder)
        func place(_ name: String) -> [UInt8] { join(folder, Array(name.utf8)) }
        try makeFolder(place("empty-folder"))
        try writeFile(place("empty-file"), [])
        let fifo = place("fifo")
        try check("mkfifo", unsafe TreePath(fifo).call { unsafe mkfifo($0, 0o640) })
        let links: [(String, [UInt8])] = [
            ("link", Array("empty-file".utf8)), ("dangling", Array("nowhere/at all".utf8)),
            ("loop", Array("loop".utf8)), ("absolute", Array("/etc/passwd".utf8)),
            ("up", Array("../../../..".utf8)), ("odd", [0xff, 0x0a]),
            ("long", [UInt8](repeating: UInt8(ascii: "l"), count: 4_000)),
        ]
        for (name, target) in links { try makeLink(place(name), to: target) }
        try writeSparse(place("hole-at-start"), holes: [0..<1_048_576], size: 1_052_672)
        try writeSparse(place("hole-at-end"), holes: [8_192..<2_097_152], size: 2_097_152)
        try writeSparse(place("only-hole"), holes: [0..<3_000_001], size: 3_000_001)
        try writeSparse(
            place("several-holes"),
            holes: [65_536..<262_144, 327_680..<655_360],
            size: 700_001
        )
        let attributed = place("attributes")
        try writeFile(attributed, contents(ofSizeUpTo: 500))
        setAttribute(attributed, "user.plain", Array("value".utf8))
        setAttribute(attributed, "user.empty", [])
        setAttribute(attributed, "user.binary", random.bytes(count: 900))
        setAttribute(folder, "user.on-a-folder", [0, 1, 2])
        // Only root reads a file that nobody may read.
        let least: mode_t = geteuid() == 0 ? 0o000 : 0o440
        for mode in [least, 0o400, 0o777, 0o1755, 0o2755, 0o4711] as [mode_t] {
            let path = place("mode-\(mode)")
            try writeFile(path, contents(ofSizeUpTo: 50))
            try check("chmod", unsafe TreePath(path).call { unsafe chmod($0, mode) })
        }
    }

    private mutating func writeDeepChain(in root: [UInt8]) throws(Failure) {
        var path = join(root, Array("deep".utf8))
        try makeFolder(path)
        for level in 0..<40 {
            path = join(path, Array("level-\(level)".utf8))
            try makeFolder(path)
        }
        try writeFile(join(path, Array("bottom".utf8)), contents(ofSizeUpTo: 100))
    }

    private mutating func fill(
        _ folder: [UInt8],
        depth: Int,
        left: inout Int
    ) throws(Failure) {
        try makeFolder(folder)
        let count = Int.random(in: 2...12, using: &random)
        for number in 0..<count where left > 0 {
            left -= 1
            let path = join(folder, Array("n\(number)".utf8))
            if depth < limits.depthMax && random.chance(0.4) {
                try fill(path, depth: depth + 1, left: &left)
            } else {
                try writeFile(path, contents(ofSizeUpTo: limits.fileSizeMax))
            }
        }
        // Until the entries are used up, the top has more folders.
        var extra = 0
        while depth == 0 && left > 0 {
            extra += 1
            try fill(join(folder, Array("more-\(extra)".utf8)), depth: 1, left: &left)
        }
    }

    private mutating func writeHardLinks(in root: [UInt8]) throws(Failure) {
        let folder = join(root, Array("hard-links".utf8))
        try makeFolder(folder)
        for number in 0..<min(12, files.count) {
            guard let file = files.randomElement(using: &random) else { return }
            let path = join(folder, Array("link-\(number)".utf8))
            let result = unsafe TreePath(file).call { old in
                unsafe TreePath(path).call { new in unsafe link(old, new) }
            }
            try check("link", result)
        }
    }

    /// Times before 1970, with nanoseconds, and far ahead.
    private mutating func setTimes(of root: [UInt8]) throws(Failure) {
        for (index, file) in files.enumerated() where index.isMultiple(of: 5) {
            var times = [timespec(), timespec()]
            let seconds = [-86_401, 0, 1, 1_234_567_890, 4_102_444_800]
            times[0].tv_sec = 1_000_000_000
            times[1].tv_sec = seconds[index / 5 % seconds.count]
            times[1].tv_nsec = Int.random(in: 0..<1_000_000_000, using: &random)
            let result = unsafe TreePath(file).call {
                unsafe utimensat(AT_FDCWD, $0, times, AT_SYMLINK_NOFOLLOW)
            }
            try check("utimensat", result)
        }
    }

    // MARK: - Single entries

    /// Random bytes, repeated bytes or text, so that some compress and some repeat.
    private mutating func contents(ofSizeUpTo sizeMax: Int) -> [UInt8] {
        let size = Int.random(in: 0...sizeMax, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: return random.bytes(count: size)
        case 1: return [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: size)
        default:
            let line = Array("line \(UInt16.random(in: 0...99, using: &random)) of text\n".utf8)
            return (0..<size).map { line[$0 % line.count] }
        }
    }

    private func join(_ folder: [UInt8], _ name: [UInt8]) -> [UInt8] {
        folder + [UInt8(ascii: "/")] + name
    }

    private func makeFolder(_ path: [UInt8]) throws(Failure) {
        try check("mkdir", unsafe TreePath(path).call { unsafe mkdir($0, 0o755) })
    }

    private func makeLink(_ path: [UInt8], to target: [UInt8]) throws(Failure) {
        let result = unsafe TreePath(target).call { target in
            unsafe TreePath(path).call { path in unsafe symlink(target, path) }
        }
        try check("symlink", result)
    }

    private mutating func writeFile(_ path: [UInt8], _ bytes: [UInt8]) throws(Failure) {
        try writeSparse(path, holes: [], size: bytes.count, bytes)
        files.append(path)
    }

    /// Writes all of a file but its holes.
    private mutating func writeSparse(
        _ path: [UInt8],
        holes: [Range<Int>],
        size: Int,
        _ given: [UInt8]? = nil
    ) throws(Failure) {
        let bytes = given ?? random.bytes(count: size)
        let file = unsafe TreePath(path).call {
            unsafe open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        }
        try check("open", file < 0 ? -1 : 0)
        defer { _ = close(file) }
        try check("ftruncate", ftruncate(file, size))
        var offset = 0
        while offset < size {
            if let hole = holes.first(where: { $0.contains(offset) }) {
                offset = hole.upperBound
                continue
            }
            let end = holes.map(\.lowerBound).filter { $0 > offset }.min() ?? size
            let count = unsafe bytes.withUnsafeBytes { buffer in
                let part = unsafe UnsafeRawBufferPointer(rebasing: buffer[offset..<end])
                return unsafe pwrite(file, part.baseAddress, part.count, offset)
            }
            try check("pwrite", count > 0 ? 0 : -1)
            offset += count
        }
    }

    /// Sets an extended attribute; file systems without them are left without.
    private func setAttribute(_ path: [UInt8], _ name: String, _ value: [UInt8]) {
        _ = unsafe TreePath(path).call { path in
            unsafe cairn_link_set_attribute(path, name, value, value.count)
        }
    }

    private func check(_ call: String, _ result: CInt) throws(Failure) {
        guard result == 0 else { throw Failure(call: call, code: errno) }
    }
}

/// A path of bytes for calls of the system.
struct TreePath {
    private let characters: [CChar]

    init(_ bytes: [UInt8]) {
        characters = bytes.map { CChar(bitPattern: $0) } + [0]
    }

    @unsafe
    func call<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
        unsafe characters.withUnsafeBufferPointer { buffer in
            // The closing zero makes the buffer non-empty.
            unsafe body(buffer.baseAddress.unsafelyUnwrapped)
        }
    }
}
