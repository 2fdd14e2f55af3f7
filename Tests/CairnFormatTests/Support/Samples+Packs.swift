import CairnCore

@testable import CairnFormat

extension PackHeader: Sampled {
    static func sample(_ random: inout SeededRandom) -> PackHeader {
        let isEncrypted = random.bool()
        let zeros = [UInt8](repeating: 0, count: 32)
        return PackHeader(
            kind: random.pick(PackKind.self),
            sealing: isEncrypted ? .aes256GCM : .none,
            id: .sample(&random),
            repository: .sample(&random),
            salt: random.bytes(32),
            commitment: isEncrypted ? random.bytes(32) : zeros
        )
    }
}

extension SegmentHeader: Sampled {
    static func sample(_ random: inout SeededRandom) -> SegmentHeader {
        let codec = random.pick(Codec.self)
        let type = random.pick(ChunkType.self)
        if random.bool() {
            let length = UInt32(random.count(1...FormatLimits.chunkSizeMax))
            return SegmentHeader(codec: codec, type: type, lengths: [length])
        }
        let lengths = (0..<random.count(2...8)).map { _ in UInt32(random.count(1...1 << 15)) }
        return SegmentHeader(codec: codec, type: type, lengths: lengths)
    }
}

extension PackDirectory: Sampled {
    static func sample(_ random: inout SeededRandom) -> PackDirectory {
        var directory = PackDirectory()
        for _ in 0..<random.count(0...4) {
            let count = random.bool() ? 1 : random.count(2...4)
            let chunks = (0..<count).map { _ in
                PackChunk(id: random.id(), length: UInt32(random.count(2...1 << 14)))
            }
            let plainSize = chunks.reduce(0) { $0 + Int($1.length) }
            let codec = random.pick(Codec.self)
            let payloadSize = codec == .none ? plainSize : random.count(1...plainSize - 1)
            let headSize = SegmentHeader.size(chunkCount: count) + FormatLimits.sealSize
            directory.append(
                storedSize: UInt32(headSize + payloadSize),
                codec: codec,
                type: random.pick(ChunkType.self),
                chunks: chunks
            )
        }
        directory.paddingSize = random.count(0...30)
        return directory
    }
}

extension PackLocator: Sampled {
    static func sample(_ random: inout SeededRandom) -> PackLocator {
        PackLocator(PackDirectory.sample(&random))
    }
}

extension PackTrailer: Sampled {
    static func sample(_ random: inout SeededRandom) -> PackTrailer {
        let bodySize = random.count(1...20 << 16)
        let count = PackTrailer.blockCount(bodySize: bodySize)
        let checksums = (0..<count).map { _ in random.uint32() }
        return PackTrailer(bodySize: bodySize, checksums: checksums)
    }
}

extension IndexedPack: Sampled {
    static func sample(_ random: inout SeededRandom) -> IndexedPack {
        let bodySize = random.count(1...2048) << 16
        return IndexedPack(
            id: .sample(&random),
            kind: random.pick(PackKind.self),
            size: UInt64(bodySize + PackTrailer.size(bodySize: bodySize))
        )
    }
}

extension IndexEntry {
    /// An entry that fits a pack whose body has 64 KiB.
    static func sample(_ random: inout SeededRandom, pack: Int) -> IndexEntry {
        let isGrouped = random.bool()
        let length = random.count(1...9000)
        let offset = random.count(128...40_000)
        let entry = IndexEntry(
            id: random.id(),
            pack: UInt32(pack),
            segmentOffset: offset,
            segmentStoredSize: isGrouped ? random.count(30...10_000) : length + 24,
            type: random.pick(ChunkType.self),
            place: isGrouped ? random.count(0...250_000) : nil,
            length: length
        )
        return unwrap(entry)
    }
}

extension IndexObject: Sampled {
    static func sample(_ random: inout SeededRandom) -> IndexObject {
        let packs = (0..<random.count(1...3)).map { _ in IndexedPack.sample(&random) }
        let entries = (0..<random.count(0...6)).map { _ in
            IndexEntry.sample(&random, pack: random.count(0...packs.count - 1))
        }
        return IndexObject(packs: packs.sorted { $0.id < $1.id }, entries: entries.sorted())
    }
}
