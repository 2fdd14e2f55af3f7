import CairnCore

@testable import CairnFormat

/// A type that can draw small, valid values of itself.
protocol Sampled {
    static func sample(_ random: inout SeededRandom) -> Self
}

extension SeededRandom {
    mutating func id() -> ChunkID { ChunkID(words: (next(), next(), next(), next())) }

    mutating func optional<T: Sampled>(_: T.Type) -> T? { bool() ? T.sample(&self) : nil }

    /// Strictly ascending byte strings.
    mutating func ascending(count: ClosedRange<Int>, size: ClosedRange<Int>) -> [[UInt8]] {
        let items = (0..<self.count(count)).map { _ in bytes(size) }
        return Set(items).sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// Strictly ascending names of entries.
    mutating func names(_ count: ClosedRange<Int>) -> [[UInt8]] {
        ascending(count: count, size: 1...9).filter { TreeEntry.isStorable(name: $0) }
    }

    mutating func pick<T: CaseIterable>(_: T.Type) -> T where T.AllCases == [T] {
        T.allCases[count(0...T.allCases.count - 1)]
    }

    mutating func uint32() -> UInt32 { UInt32(integer(upTo: UInt64(UInt32.max))) }
    mutating func int64() -> Int64 { Int64(bitPattern: integer()) }
}

extension SessionID: Sampled {
    static func sample(_ random: inout SeededRandom) -> SessionID {
        SessionID(
            writer: random.integer(),
            counter: random.uint32(),
            random: random.bytes(12)
        )
    }
}

extension PackID: Sampled {
    static func sample(_ random: inout SeededRandom) -> PackID {
        PackID(session: .sample(&random), number: random.uint32())
    }
}

extension RepositoryID: Sampled {
    static func sample(_ random: inout SeededRandom) -> RepositoryID {
        unwrap(RepositoryID(bytes: random.bytes(16)))
    }
}

extension KeySlotID: Sampled {
    static func sample(_ random: inout SeededRandom) -> KeySlotID {
        unwrap(KeySlotID(bytes: random.bytes(16)))
    }
}

extension RepositoryFormat: Sampled {
    static func sample(_ random: inout SeededRandom) -> RepositoryFormat {
        let isEncrypted = random.bool()
        let zeros = [UInt8](repeating: 0, count: 32)
        return RepositoryFormat(
            repository: .sample(&random),
            identifiers: isEncrypted ? .hmacSHA256 : .sha256,
            sealing: isEncrypted ? .aes256GCM : .none,
            chunking: .fastcdc,
            chunkSizeMin: 256 << 10,
            chunkSizeMean: 1 << 20,
            chunkSizeMax: 4 << 20,
            packSizeTarget: UInt32(random.count(4...128)) << 20,
            optionalFeatures: random.integer(),
            created: random.int64(),
            chunkerKey: isEncrypted ? zeros : random.bytes(32)
        )
    }
}

extension KeySlot: Sampled {
    static func sample(_ random: inout SeededRandom) -> KeySlot {
        let kind = random.pick(KeySlot.Kind.self)
        let work = Argon2Parameters(memoryKiB: 65_536, passes: 3, lanes: 4)
        var slot = KeySlot(
            kind: kind,
            repository: .sample(&random),
            id: .sample(&random),
            salt: random.bytes(32),
            work: kind == .passphrase ? work : nil,
            created: random.int64(),
            label: random.bytes(0...40)
        )
        slot.commitment = random.bytes(32)
        slot.sealedBundle = random.bytes(82)
        return slot
    }
}

extension RecordEnvelope: Sampled {
    static func sample(_ random: inout SeededRandom) -> RecordEnvelope {
        let isEncrypted = random.bool()
        let zeros = [UInt8](repeating: 0, count: 32)
        return RecordEnvelope(
            type: random.pick(RecordType.self),
            sealing: isEncrypted ? .aes256GCM : .none,
            codec: random.pick(Codec.self),
            plainSize: random.count(0...64 << 10),
            repository: .sample(&random),
            salt: random.bytes(32),
            commitment: isEncrypted ? random.bytes(32) : zeros
        )
    }
}

extension SessionRecord: Sampled {
    static func sample(_ random: inout SeededRandom) -> SessionRecord {
        SessionRecord(
            host: random.bytes(0...20),
            user: random.bytes(0...20),
            bootID: random.bytes(0...36),
            processID: random.uint32(),
            processStart: random.integer(),
            started: random.int64(),
            cleanupGeneration: random.integer(),
            roots: random.sorted(0...3),
            predecessors: random.sorted(0...4)
        )
    }
}

extension SeededRandom {
    /// Distinct values in ascending order.
    mutating func sorted<T: Sampled & Comparable & Hashable>(_ range: ClosedRange<Int>) -> [T] {
        Set((0..<count(range)).map { _ in T.sample(&self) }).sorted()
    }
}

extension IndexID: Sampled {
    static func sample(_ random: inout SeededRandom) -> IndexID {
        IndexID(session: .sample(&random), number: random.uint32())
    }
}

extension CondemnedRecord: Sampled {
    static func sample(_ random: inout SeededRandom) -> CondemnedRecord {
        CondemnedRecord(
            executor: .sample(&random),
            packs: random.sorted(0...5),
            indexes: random.sorted(0...5)
        )
    }
}

extension DoomedRecord: Sampled {
    static func sample(_ random: inout SeededRandom) -> DoomedRecord {
        var record = DoomedRecord(executor: .sample(&random))
        record.packs = random.sorted(0...5)
        record.masked = random.sorted(0...5)
        record.superseded = random.sorted(0...5)
        record.retired = random.sorted(0...5)
        let added: [IndexID] = random.sorted(0...5)
        record.added = added.map { .init(id: $0, digest: random.id()) }
        return record
    }
}

extension DoneRecord: Sampled {
    static func sample(_ random: inout SeededRandom) -> DoneRecord {
        DoneRecord(
            executor: .sample(&random),
            time: random.int64(),
            packCount: random.integer(),
            bytes: random.integer()
        )
    }
}

extension Tombstone: Sampled {
    static func sample(_ random: inout SeededRandom) -> Tombstone {
        Tombstone(
            reason: random.pick(Reason.self),
            successor: random.optional(SessionID.self),
            time: random.int64(),
            host: random.bytes(0...20)
        )
    }
}

extension ForgottenRecord: Sampled {
    static func sample(_ random: inout SeededRandom) -> ForgottenRecord {
        ForgottenRecord(
            time: random.int64(),
            host: random.bytes(0...20),
            user: random.bytes(0...20),
            reason: random.bytes(0...200)
        )
    }
}

extension Problem: Sampled {
    static func sample(_ random: inout SeededRandom) -> Problem {
        Problem(
            reason: random.pick(Reason.self),
            path: random.bytes(0...40),
            message: random.bytes(0...40)
        )
    }
}

extension ProblemList: Sampled {
    static func sample(_ random: inout SeededRandom) -> ProblemList {
        ProblemList((0..<random.count(0...4)).map { _ in .sample(&random) })
    }
}

extension SnapshotStatistics: Sampled {
    static func sample(_ random: inout SeededRandom) -> SnapshotStatistics {
        var statistics = SnapshotStatistics()
        statistics.files = random.integer()
        statistics.directories = random.integer()
        statistics.bytes = random.integer()
        statistics.filesChanged = random.integer()
        statistics.chunksAdded = random.integer()
        statistics.bytesStored = random.integer()
        return statistics
    }
}

extension SnapshotRecord: Sampled {
    static func sample(_ random: inout SeededRandom) -> SnapshotRecord {
        var snapshot = SnapshotRecord(session: .sample(&random), tree: .sample(&random))
        snapshot.started = random.int64()
        snapshot.ended = random.int64()
        snapshot.host = random.bytes(0...20)
        snapshot.user = random.bytes(0...20)
        snapshot.userID = random.uint32()
        snapshot.groupID = random.uint32()
        snapshot.paths = random.ascending(count: 0...3, size: 0...20)
        snapshot.tags = random.ascending(count: 0...3, size: 0...10)
        snapshot.description = random.bytes(0...30)
        snapshot.programVersion = random.bytes(0...12)
        snapshot.statistics = .sample(&random)
        snapshot.parent = random.optional(SessionID.self)
        snapshot.original = random.optional(SessionID.self)
        let names: [IndexID] = random.sorted(0...3)
        snapshot.indexes = names.map { .init(id: $0, digest: random.id()) }
        snapshot.problemCount = random.integer()
        snapshot.problems = .sample(&random)
        if random.bool() {
            snapshot.previous = .init(session: .sample(&random), digest: random.id())
        }
        snapshot.frontier = random.id()
        snapshot.cleanupGeneration = random.integer()
        snapshot.referenceSummary = .sample(&random)
        return snapshot
    }
}

extension ContentReference: Sampled {
    static func sample(_ random: inout SeededRandom) -> ContentReference {
        let depth = UInt8(random.count(0...8))
        let chunkSizeMax = UInt64(FormatLimits.chunkSizeMax)
        let lengthMax = depth == 0 ? chunkSizeMax : FormatLimits.lengthMax
        return ContentReference(
            length: random.integer(upTo: lengthMax),
            depth: depth,
            root: random.id()
        )
    }
}

extension ContentList: Sampled {
    static func sample(_ random: inout SeededRandom) -> ContentList {
        let depth = UInt8(random.count(1...8))
        let lengthMax: UInt64 = depth == 1 ? UInt64(FormatLimits.chunkSizeMax) : 1 << 40
        let entries = (0..<random.count(1...8)).map { _ in
            Entry(id: random.id(), length: max(random.integer(upTo: lengthMax), 1))
        }
        return ContentList(depth: depth, entries: entries)
    }
}
