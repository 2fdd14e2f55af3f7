import CairnCore

@testable import CairnFormat

extension Timestamp: Sampled {
    static func sample(_ random: inout SeededRandom) -> Timestamp {
        Timestamp(
            seconds: random.int64(),
            nanoseconds: UInt32(random.integer(upTo: 999_999_999))
        )
    }
}

extension TreeReference: Sampled {
    static func sample(_ random: inout SeededRandom) -> TreeReference {
        TreeReference(level: UInt8(random.count(0...8)), root: random.id())
    }
}

extension DeviceNumber: Sampled {
    static func sample(_ random: inout SeededRandom) -> DeviceNumber {
        DeviceNumber(major: random.uint32(), minor: random.uint32())
    }
}

extension SparseLayout {
    /// A layout and the content that it needs.
    static func sample(_ random: inout SeededRandom) -> (SparseLayout, ContentReference) {
        var extents: [Extent] = []
        var end: UInt64 = 0
        var stored: UInt64 = 0
        for index in 0..<random.count(0...4) {
            let gap = random.integer(upTo: 1 << 40) + (index == 0 ? 0 : 1)
            let extent = Extent(gap: gap, length: random.integer(upTo: 1 << 40) + 1)
            end += extent.gap + extent.length
            stored += extent.length
            extents.append(extent)
        }
        let hole: UInt64 = stored == end ? 1 : 0
        let layout = SparseLayout(logicalSize: end + hole, extents: extents)
        return (layout, ContentReference(length: stored, depth: 1, root: random.id()))
    }
}

extension TreeEntry: Sampled {
    static func sample(_ random: inout SeededRandom) -> TreeEntry {
        sample(&random, name: random.names(20...20).first ?? [1])
    }

    static func sample(_ random: inout SeededRandom, name: [UInt8]) -> TreeEntry {
        let node = Node.sample(&random)
        var entry = TreeEntry(
            name: name,
            mode: UInt16(random.integer(upTo: 0o7777)),
            userID: random.uint32(),
            groupID: random.uint32(),
            modified: .sample(&random),
            changed: .sample(&random),
            inode: random.integer(),
            node: node
        )
        switch node {
        case .regular: entry.isIncomplete = random.bool()
        case .directory:
            entry.isIncomplete = random.bool()
        default: break
        }
        if case .directory = node {
        } else if random.bool() {
            let count = max(random.integer(), 2)
            entry.hardLink = HardLink(device: random.integer(), count: count)
        }
        if random.bool() {
            let names = random.ascending(count: 1...3, size: 1...8).filter { !$0.contains(0) }
            entry.attributes = names.map {
                ExtendedAttribute(name: $0, value: random.bytes(0...20))
            }
        }
        return entry
    }
}

extension TreeEntry.Node: Sampled {
    static func sample(_ random: inout SeededRandom) -> TreeEntry.Node {
        switch random.count(0...6) {
        case 0: return .regular(content: .sample(&random), layout: nil)
        case 1:
            let (layout, content) = SparseLayout.sample(&random)
            return .regular(content: content, layout: layout)
        case 2: return .directory(.sample(&random))
        case 3: return .symbolicLink(target: random.bytes(0...30))
        case 4: return .pipe
        case 5: return .characterDevice(.sample(&random))
        default: return .blockDevice(.sample(&random))
        }
    }
}

extension OwnerName {
    static func samples(_ random: inout SeededRandom) -> [OwnerName] {
        let ids = Set((0..<random.count(0...3)).map { _ in random.uint32() })
        return ids.sorted().map { OwnerName(id: $0, name: random.bytes(0...12)) }
    }
}

extension TreeLeaf: Sampled {
    static func sample(_ random: inout SeededRandom) -> TreeLeaf {
        let names = random.names(0...6)
        return TreeLeaf(
            users: OwnerName.samples(&random),
            groups: OwnerName.samples(&random),
            entries: names.map { TreeEntry.sample(&random, name: $0) }
        )
    }
}

extension TreeInner: Sampled {
    static func sample(_ random: inout SeededRandom) -> TreeInner {
        let names = random.names(1...8)
        return TreeInner(
            level: UInt8(random.count(1...8)),
            children: (names.isEmpty ? [[97]] : names).map {
                Child(firstName: $0, id: random.id())
            }
        )
    }
}

extension TreeNode: Sampled {
    static func sample(_ random: inout SeededRandom) -> TreeNode {
        random.bool() ? .leaf(.sample(&random)) : .inner(.sample(&random))
    }
}
