internal import CairnCore
internal import CairnFormat

/// Writes a tar archive for other programs: the pax interchange format of POSIX.1-2001, with
/// extended attributes as GNU tar and libarchive write them (`SCHILY.xattr.`).
///
/// Names are written as they are stored, in bytes; what does not fit into a header goes into
/// extended records. One thread uses it.
struct TarWriter {
    private static var blockSize: Int { 512 }
    /// Bytes of paths remembered at once, since more names of their files are to come; beyond it a
    /// further name is a file of its own.
    private static var linkSizeMax: Int { 32 << 20 }

    let sink: any ByteSink
    private(set) var byteCount: UInt64 = 0
    /// The first name of each file of which more are to come, and how many.
    private var links: [LinkKey: (path: [UInt8], left: UInt64)] = [:]
    private var linkSize = 0

    init(_ sink: any ByteSink) {
        self.sink = sink
    }

    /// Begins an entry.
    ///
    /// - Parameter path: Its path in the archive, without a slash in front.
    /// - Returns: Whether its content goes to ``sink`` next, and ``end(_:size:)`` is called then.
    mutating func begin(_ leaf: LeafEntry, path: [UInt8]) throws(CairnError) -> Bool {
        let entry = leaf.entry
        var header = TarHeader(leaf, path: path)
        if entry.isRegular, let first = firstName(of: entry, path: path) {
            header.becomeLink(to: first)
            try write(header.encode())
            return false
        }
        try write(header.encode())
        return entry.isRegular
    }

    /// The name under which the archive has the file already; nil for its first one, which is
    /// remembered.
    private mutating func firstName(of entry: TreeEntry, path: [UInt8]) -> [UInt8]? {
        guard let key = LinkKey(entry), let names = entry.hardLink?.count else { return nil }
        if let known = links[key] {
            links[key] = known.left > 1 ? (known.path, known.left - 1) : nil
            if known.left <= 1 { linkSize -= known.path.count }
            return known.path
        }
        if names > 1, linkSize + path.count <= TarWriter.linkSizeMax {
            links[key] = (path, names - 1)
            linkSize += path.count
        }
        return nil
    }

    /// Ends an entry of which so many bytes of content were written.
    mutating func end(_ leaf: LeafEntry, size: UInt64) throws(CairnError) {
        guard size == leaf.entry.logicalSize else {
            let name = PathText.escaped(leaf.entry.name)
            throw CairnError(.damaged, "\(name) has another size than stated; run 'check'")
        }
        byteCount += size
        let rest = Int(size % UInt64(TarWriter.blockSize))
        if rest > 0 { try write([UInt8](repeating: 0, count: TarWriter.blockSize - rest)) }
    }

    /// Ends the archive.
    mutating func finish() throws(CairnError) {
        try write([UInt8](repeating: 0, count: 2 * TarWriter.blockSize))
    }

    private mutating func write(_ bytes: [UInt8]) throws(CairnError) {
        try sink.write(bytes.span)
        byteCount += UInt64(bytes.count)
    }
}

/// The header of one entry of a tar archive, and the extended records before it.
struct TarHeader {
    private static let blockSize = 512
    private static let nameSizeMax = 100
    private static let ownerSizeMax = 31

    private var path: [UInt8]
    private var type: UInt8
    private var target: [UInt8] = []
    private var size: UInt64 = 0
    private let mode: UInt64
    private let userID: UInt64
    private let groupID: UInt64
    private let userName: [UInt8]
    private let groupName: [UInt8]
    private let modified: Timestamp
    private var device: DeviceNumber?
    private let attributes: [ExtendedAttribute]

    init(_ leaf: LeafEntry, path: [UInt8]) {
        let entry = leaf.entry
        self.path = path
        mode = UInt64(entry.mode)
        userID = UInt64(entry.userID)
        groupID = UInt64(entry.groupID)
        userName = leaf.userName ?? []
        groupName = leaf.groupName ?? []
        modified = entry.modified
        attributes = entry.attributes
        switch entry.node {
        case .regular:
            type = UInt8(ascii: "0")
            size = entry.logicalSize
        case .symbolicLink(let text):
            type = UInt8(ascii: "2")
            target = text
        case .characterDevice(let number):
            type = UInt8(ascii: "3")
            device = number
        case .blockDevice(let number):
            type = UInt8(ascii: "4")
            device = number
        case .directory:
            type = UInt8(ascii: "5")
            self.path.append(UInt8(ascii: "/"))
        case .pipe:
            type = UInt8(ascii: "6")
        }
    }

    /// Makes it a further name of a file that the archive has.
    mutating func becomeLink(to first: [UInt8]) {
        type = UInt8(ascii: "1")
        target = first
        size = 0
    }

    /// The blocks, those of extended records first.
    func encode() -> [UInt8] {
        let records = records
        var bytes: [UInt8] = []
        if !records.isEmpty {
            var extended = self
            extended.path = Array("PaxHeaders/".utf8 + path.prefix(80))
            extended.type = UInt8(ascii: "x")
            extended.target = []
            extended.device = nil
            extended.size = UInt64(records.count)
            bytes += extended.block
            bytes += records
            bytes += [UInt8](repeating: 0, count: -records.count & (TarHeader.blockSize - 1))
        }
        return bytes + block
    }

    // MARK: - Extended records

    private var records: [UInt8] {
        var records: [(name: [UInt8], value: [UInt8])] = []
        func add(_ name: String, _ value: [UInt8]) { records.append((Array(name.utf8), value)) }
        if path.count > TarHeader.nameSizeMax { add("path", path) }
        if target.count > TarHeader.nameSizeMax { add("linkpath", target) }
        if size > TarHeader.most(digits: 11) { add("size", Array("\(size)".utf8)) }
        if userID > TarHeader.most(digits: 7) { add("uid", Array("\(userID)".utf8)) }
        if groupID > TarHeader.most(digits: 7) { add("gid", Array("\(groupID)".utf8)) }
        if userName.count > TarHeader.ownerSizeMax { add("uname", userName) }
        if groupName.count > TarHeader.ownerSizeMax { add("gname", groupName) }
        if modified.nanoseconds != 0 || seconds != modified.seconds {
            add("mtime", TarHeader.decimal(modified))
        }
        let texts = records.map { $0.value }
        for attribute in attributes where type != UInt8(ascii: "1") {
            let prefix = Array("SCHILY.xattr.".utf8)
            records.append((prefix + TarHeader.escaped(attribute.name), attribute.value))
        }
        // Values are UTF-8 unless said otherwise.
        if texts.contains(where: { String(validating: $0, as: UTF8.self) == nil }) {
            records.insert((Array("hdrcharset".utf8), Array("BINARY".utf8)), at: 0)
        }
        return records.flatMap { TarHeader.record($0.name, $0.value) }
    }

    /// `LENGTH NAME=VALUE` and a line feed; the length counts its own digits.
    static func record(_ name: [UInt8], _ value: [UInt8]) -> [UInt8] {
        let rest = name.count + value.count + 3
        var length = rest
        while rest + "\(length)".utf8.count != length { length = rest + "\(length)".utf8.count }
        return Array("\(length) ".utf8) + name + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
    }

    /// An equals sign would end the name of a record.
    private static func escaped(_ name: [UInt8]) -> [UInt8] {
        name.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "%"): Array("%25".utf8)
            case UInt8(ascii: "="): Array("%3D".utf8)
            default: [byte]
            }
        }
    }

    /// Seconds with their fraction, such as -0.5 for half a second before 1970.
    static func decimal(_ time: Timestamp) -> [UInt8] {
        let isNegative = time.seconds < 0
        var whole = time.seconds.magnitude
        var fraction = time.nanoseconds
        if isNegative && fraction > 0 {
            whole -= 1
            fraction = 1_000_000_000 - fraction
        }
        let digits = "\(fraction)"
        let zeros = String(repeating: "0", count: 9 - digits.count)
        return Array("\(isNegative ? "-" : "")\(whole).\(zeros)\(digits)".utf8)
    }

    // MARK: - The block

    /// What of the time fits into the header.
    private var seconds: Int64 {
        min(max(modified.seconds, 0), Int64(TarHeader.most(digits: 11)))
    }

    /// The largest number of so many octal digits.
    private static func most(digits: Int) -> UInt64 { 1 << UInt64(3 * digits) - 1 }

    private var block: [UInt8] {
        var block: [UInt8] = []
        block.reserveCapacity(TarHeader.blockSize)
        func text(_ bytes: [UInt8], _ width: Int) {
            block += bytes.prefix(width)
            block += [UInt8](repeating: 0, count: max(0, width - bytes.count))
        }
        func octal(_ value: UInt64, _ width: Int) {
            let digits = value > TarHeader.most(digits: width - 1) ? "0" : String(value, radix: 8)
            let zeros = String(repeating: "0", count: width - 1 - digits.utf8.count)
            text(Array((zeros + digits).utf8), width)
        }
        text(path, TarHeader.nameSizeMax)
        octal(mode, 8)
        octal(userID, 8)
        octal(groupID, 8)
        octal(size, 12)
        octal(UInt64(seconds), 12)
        block += [UInt8](repeating: UInt8(ascii: " "), count: 8)
        block.append(type)
        text(target, TarHeader.nameSizeMax)
        text(Array("ustar".utf8), 6)
        text(Array("00".utf8), 2)
        text(userName.count > TarHeader.ownerSizeMax ? [] : userName, 32)
        text(groupName.count > TarHeader.ownerSizeMax ? [] : groupName, 32)
        octal(UInt64(device?.major ?? 0), 8)
        octal(UInt64(device?.minor ?? 0), 8)
        text([], TarHeader.blockSize - block.count)
        // The sum is taken with spaces in its own place: six digits, a zero and a space.
        let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
        let digits = String(repeating: "0", count: 6 - sum.utf8.count) + sum
        block.replaceSubrange(148..<156, with: Array(digits.utf8) + [0, UInt8(ascii: " ")])
        return block
    }
}
