package import CairnCore

extension TreeEntry {
    /// Bits of an entry's flag byte.
    private enum Flag {
        static let hasAttributes: UInt8 = 1
        static let isSparse: UInt8 = 2
        static let isHardLinked: UInt8 = 4
        static let changedWhileRead: UInt8 = 8
        static let listingIncomplete: UInt8 = 16
    }

    /// The kinds as they are stored; 5 is reserved for sockets, which are never stored.
    private enum Kind {
        static let regular: UInt8 = 1
        static let directory: UInt8 = 2
        static let symbolicLink: UInt8 = 3
        static let pipe: UInt8 = 4
        static let characterDevice: UInt8 = 6
        static let blockDevice: UInt8 = 7
    }

    /// The fewest bytes an entry can have; a decoder checks counts against it.
    package static let sizeMin = 12

    private var kind: UInt8 {
        switch node {
        case .regular: Kind.regular
        case .directory: Kind.directory
        case .symbolicLink: Kind.symbolicLink
        case .pipe: Kind.pipe
        case .characterDevice: Kind.characterDevice
        case .blockDevice: Kind.blockDevice
        }
    }

    private var flags: UInt8 {
        var flags: UInt8 = 0
        if !attributes.isEmpty { flags |= Flag.hasAttributes }
        if hardLink != nil { flags |= Flag.isHardLinked }
        switch node {
        case .regular(_, let layout):
            if layout != nil { flags |= Flag.isSparse }
            if isIncomplete { flags |= Flag.changedWhileRead }
        case .directory:
            if isIncomplete { flags |= Flag.listingIncomplete }
        case .symbolicLink, .pipe, .characterDevice, .blockDevice: break
        }
        return flags
    }

    /// The flags that an entry of a kind may carry.
    private static func flagsAllowed(kind: UInt8) -> UInt8 {
        switch kind {
        case Kind.regular:
            Flag.hasAttributes | Flag.isSparse | Flag.isHardLinked | Flag.changedWhileRead
        case Kind.directory: Flag.hasAttributes | Flag.listingIncomplete
        default: Flag.hasAttributes | Flag.isHardLinked
        }
    }
}

extension TreeEntry: StoredValue {
    package func validate() throws(DecodingFailure) {
        try require(TreeEntry.isStorable(name: name), "entry name")
        try require(mode <= 0o7777, "entry mode")
        try modified.validate()
        try changed.validate()
        if let hardLink { try require(hardLink.count >= 2, "hard link without another name") }
        try validateAttributes()
        switch node {
        case .regular(let content, let layout):
            try content.validate()
            try layout?.validate(contentLength: content.length)
        case .directory(let tree):
            try tree.validate()
            try require(hardLink == nil, "hard link to a directory")
        case .symbolicLink(let target):
            try require(target.count <= FormatLimits.pathSizeMax, "symbolic link target")
            try require(!isIncomplete, "incomplete symbolic link")
        case .pipe, .characterDevice, .blockDevice:
            try require(!isIncomplete, "incomplete special file")
        }
    }

    private func validateAttributes() throws(DecodingFailure) {
        if attributes.isEmpty { return }
        try require(attributes.count <= ExtendedAttribute.countMax, "attribute count")
        var total = 0
        for attribute in attributes {
            let (name, value) = (attribute.name, attribute.value)
            try require(!name.isEmpty && !name.contains(0), "attribute name")
            try require(name.count <= FormatLimits.nameSizeMax, "attribute name size")
            try require(value.count <= ExtendedAttribute.valueSizeMax, "attribute value size")
            total += name.count + value.count
        }
        try require(total <= ExtendedAttribute.totalSizeMax, "size of all attributes")
        let pairs = zip(attributes, attributes.dropFirst())
        let isAscending = pairs.allSatisfy { $0.name.lexicographicallyPrecedes($1.name) }
        try require(isAscending, "attribute order")
    }

    package func write(to writer: inout ByteWriter) {
        writer.writeCountedBytes(name)
        writer.write(kind)
        writer.write(flags)
        writer.writeVarint(UInt64(mode))
        writer.writeVarint(UInt64(userID))
        writer.writeVarint(UInt64(groupID))
        modified.write(to: &writer)
        changed.write(to: &writer)
        writer.writeVarint(inode)
        if let hardLink {
            writer.writeVarint(hardLink.device)
            writer.writeVarint(hardLink.count)
        }
        if !attributes.isEmpty {
            writer.writeVarint(UInt64(attributes.count))
            for attribute in attributes {
                writer.writeCountedBytes(attribute.name)
                writer.writeCountedBytes(attribute.value)
            }
        }
        switch node {
        case .regular(let content, let layout):
            content.write(to: &writer)
            layout?.write(to: &writer)
        case .directory(let tree): tree.write(to: &writer)
        case .symbolicLink(let target): writer.writeCountedBytes(target)
        case .pipe: break
        case .characterDevice(let device), .blockDevice(let device): device.write(to: &writer)
        }
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        name = try reader.readCountedBytes(limit: FormatLimits.nameSizeMax)
        let start = reader.offset
        let kind = try reader.readUInt8()
        let flags = try reader.readUInt8()
        guard flags & ~TreeEntry.flagsAllowed(kind: kind) == 0 else {
            throw .outOfRange(offset: start + 1)
        }
        mode = UInt16(truncatingIfNeeded: try reader.readVarint(limit: 0o7777))
        userID = try reader.readVarint32()
        groupID = try reader.readVarint32()
        modified = try Timestamp(from: &reader)
        changed = try Timestamp(from: &reader)
        inode = try reader.readVarint()
        if flags & Flag.isHardLinked != 0 {
            hardLink = HardLink(device: try reader.readVarint(), count: try reader.readVarint())
        }
        attributes = []
        if flags & Flag.hasAttributes != 0 {
            attributes = try ExtendedAttribute.readList(from: &reader)
        }
        isIncomplete = flags & (Flag.changedWhileRead | Flag.listingIncomplete) != 0
        switch kind {
        case Kind.regular:
            let content = try ContentReference(from: &reader)
            let isSparse = flags & Flag.isSparse != 0
            node = .regular(
                content: content,
                layout: isSparse ? try SparseLayout(from: &reader) : nil
            )
        case Kind.directory: node = .directory(try TreeReference(from: &reader))
        case Kind.symbolicLink:
            let target = try reader.readCountedBytes(limit: FormatLimits.pathSizeMax)
            node = .symbolicLink(target: target)
        case Kind.pipe: node = .pipe
        case Kind.characterDevice: node = .characterDevice(try DeviceNumber(from: &reader))
        case Kind.blockDevice: node = .blockDevice(try DeviceNumber(from: &reader))
        default: throw .outOfRange(offset: start)
        }
        try validate()
    }
}

extension ExtendedAttribute {
    fileprivate static func readList(
        from reader: inout ByteReader
    ) throws(DecodingFailure) -> [ExtendedAttribute] {
        let start = reader.offset
        let count = try reader.readCount(limit: countMax, itemSizeMin: 3)
        guard count > 0 else { throw .notCanonical(offset: start) }
        var list: [ExtendedAttribute] = []
        list.reserveCapacity(count)
        for _ in 0..<count {
            let name = try reader.readCountedBytes(limit: FormatLimits.nameSizeMax)
            let value = try reader.readCountedBytes(limit: valueSizeMax)
            list.append(ExtendedAttribute(name: name, value: value))
        }
        return list
    }
}

extension DeviceNumber {
    fileprivate func write(to writer: inout ByteWriter) {
        writer.writeVarint(UInt64(major))
        writer.writeVarint(UInt64(minor))
    }

    fileprivate init(from reader: inout ByteReader) throws(DecodingFailure) {
        let major = try reader.readVarint32()
        self.init(major: major, minor: try reader.readVarint32())
    }
}

extension SparseLayout {
    fileprivate func validate(contentLength: UInt64) throws(DecodingFailure) {
        try require(logicalSize <= FormatLimits.lengthMax, "logical size")
        try require(contentLength < logicalSize, "sparse file without a hole")
        try require(extents.count <= SparseLayout.extentCountMax, "extent count")
        var end: UInt64 = 0
        var stored: UInt64 = 0
        for (index, extent) in extents.enumerated() {
            try require(extent.length > 0, "empty extent")
            try require(extent.gap > 0 || index == 0, "extents that touch")
            // Each step is checked before it is added, so that no sum can overflow.
            try require(extent.gap <= logicalSize - end, "extent past the end")
            end += extent.gap
            try require(extent.length <= logicalSize - end, "extent past the end")
            end += extent.length
            stored += extent.length
        }
        try require(stored == contentLength, "extents and content differ in size")
    }

    fileprivate func write(to writer: inout ByteWriter) {
        writer.writeVarint(logicalSize)
        writer.writeVarint(UInt64(extents.count))
        for extent in extents {
            writer.writeVarint(extent.gap)
            writer.writeVarint(extent.length)
        }
    }

    fileprivate init(from reader: inout ByteReader) throws(DecodingFailure) {
        logicalSize = try reader.readVarint()
        let count = try reader.readCount(limit: SparseLayout.extentCountMax, itemSizeMin: 2)
        var list: [Extent] = []
        list.reserveCapacity(count)
        for _ in 0..<count {
            list.append(Extent(gap: try reader.readVarint(), length: try reader.readVarint()))
        }
        extents = list
    }
}
