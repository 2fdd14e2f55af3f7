internal import CairnCore
public import CairnIO

/// Checks that a store keeps the contract of ``CairnIO/Store``.
///
/// Run it over every store, wrapped ones too:
/// ```swift
/// #expect(StoreConformance(store).violations() == [])
/// ```
/// It works in the folders `conformance`, `conformance-race` and so on and removes what it made,
/// unless it finds violations. The store must hold nothing in them.
public struct StoreConformance {
    private let store: any Store
    /// How many callers race to create one object.
    public var racerCount = 16
    /// How many races are run.
    public var raceCount = 20
    /// How many objects a folder gets for the test of long listings.
    public var listingCount = 1_100

    /// Prepares the checks of one store.
    public init(_ store: any Store) {
        self.store = store
    }

    /// Runs all checks and says in words what the store did wrong; nothing if it conforms.
    public func violations() -> [String] {
        var found: [String] = []
        for (law, check) in laws {
            do {
                found += try check().map { "\(law): \($0)" }
            } catch {
                found.append("\(law): unexpected error \(error)")
            }
        }
        return found
    }

    private typealias Check = () throws -> [String]

    private var laws: [(String, Check)] {
        [
            ("bytes come back", bytesComeBack),
            ("ranges", ranges),
            ("what is missing is reported", missing),
            ("create never replaces", neverReplaces),
            ("exactly one racer creates", races),
            ("listings are complete", longListing),
            ("delete", deletes),
            ("odd names", oddNames),
            ("names without folder", rootNames),
            ("barriers", barriers),
        ]
    }

    private func bytesComeBack() throws -> [String] {
        var problems: [String] = []
        var random = SeededRandom(seed: 1)
        for size in [0, 1, 511, 512, 4095, 4096, 4097, 65_537, 3 << 20] {
            let name = try object("conformance/bytes-\(size)")
            let bytes = random.bytes(count: size)
            if try create(name, bytes) != .created {
                problems.append("a new object of \(size) bytes was not created")
            }
            let buffer = ByteBuffer()
            buffer.append([7, 8, 9])
            try store.read(name, nil, into: buffer)
            if buffer.array != [7, 8, 9] + bytes {
                problems.append("\(size) bytes were not appended as they were written")
            }
            let sizeFound = try store.size(of: name)
            if sizeFound != UInt64(size) {
                problems.append("\(size) bytes have the size \(sizeFound)")
            }
            try store.delete(name)
        }
        return problems
    }

    private func ranges() throws -> [String] {
        var problems: [String] = []
        let name = try object("conformance/ranges")
        var random = SeededRandom(seed: 2)
        let bytes = random.bytes(count: 10_000)
        _ = try create(name, bytes)
        let wanted: [Range<Int>] = [
            0..<0, 0..<1, 0..<10_000, 1..<10_000, 9_999..<10_000, 10_000..<10_000, 4_095..<4_097,
        ]
        for range in wanted {
            let buffer = ByteBuffer()
            try store.read(name, UInt64(range.lowerBound)..<UInt64(range.upperBound), into: buffer)
            if buffer.array != Array(bytes[range]) { problems.append("wrong bytes at \(range)") }
        }
        let beyond: [Range<UInt64>] = [
            0..<10_001, 9_999..<10_001, 10_001..<10_001, 10_000..<10_001, 20_000..<20_001,
            0..<UInt64.max, UInt64.max - 1..<UInt64.max,
        ]
        for range in beyond {
            let buffer = ByteBuffer()
            buffer.append(1)
            let error = readError(name, range, into: buffer)
            if case .damaged(name, _)? = error {
                if buffer.array != [1] { problems.append("a failed read changed the buffer") }
            } else {
                problems.append("reading \(range) of 10000 bytes: \(outcome(error))")
            }
        }
        try store.delete(name)
        return problems
    }

    private func missing() throws -> [String] {
        var problems: [String] = []
        let name = try object("conformance/never-created")
        for range in [nil, 0..<1] as [Range<UInt64>?] {
            let error = readError(name, range, into: ByteBuffer())
            if error != .notFound(name) { problems.append("reading: \(outcome(error))") }
        }
        do throws(StoreError) {
            _ = try store.size(of: name)
            problems.append("an object that was never created has a size")
        } catch {
            if error != .notFound(name) { problems.append("asking for the size: \(error)") }
        }
        let listing = try store.list(folder: "conformance-never-created")
        if listing != Listing() { problems.append("a folder that was never created has entries") }
        try store.forEachObject(in: "conformance-never-created") {
            problems.append("a folder that was never created gives \($0.name)")
            return true
        }
        return problems
    }

    private func neverReplaces() throws -> [String] {
        var problems: [String] = []
        let name = try object("conformance/twice")
        let first: [UInt8] = [1, 2, 3]
        let second: [UInt8] = [4, 5, 6, 7]
        _ = try create(name, first)
        if try create(name, second) != .exists {
            problems.append("a taken name was created again")
        }
        if try create(name, first) != .exists {
            problems.append("a taken name was created again with the same bytes")
        }
        let buffer = ByteBuffer()
        try store.read(name, nil, into: buffer)
        if buffer.array != first { problems.append("the bytes changed") }
        try store.delete(name)
        return problems
    }

    /// Lets threads create one name with bytes of their own: one must win, and its bytes stand.
    private func races() throws -> [String] {
        guard store.capabilities.hasAtomicCreate else { return [] }
        var problems: [String] = []
        for race in 0..<raceCount {
            let name = try object("conformance-race/\(race)")
            let outcomes = try runRace(for: name)
            let winners = outcomes.filter { $0.outcome == .success(.created) }.map(\.racer)
            let losers = outcomes.filter { $0.outcome == .success(.exists) }
            let buffer = ByteBuffer()
            try store.read(name, nil, into: buffer)
            if winners.count != 1 || losers.count != outcomes.count - 1 {
                problems.append("\(winners.count) of \(outcomes.count) racers created \(name)")
            } else if buffer.array != StoreConformance.bytes(of: winners[0]) {
                problems.append("\(name) does not have its creator's bytes")
            }
            try store.delete(name)
        }
        return problems
    }

    private typealias RaceOutcome = (racer: Int, outcome: Result<CreateOutcome, StoreError>)

    /// Lets the racers create one object and tells what each was told.
    private func runRace(for name: ObjectName) throws(StoreError) -> [RaceOutcome] {
        let outcomes = Monitor<[RaceOutcome]>([])
        let racers = try ThreadGroup(name: "racer", count: racerCount) { [store] racer in
            let outcome = StoreConformance.take(name, as: racer, from: store)
            outcomes.withLock { $0.append((racer, outcome)) }
        }
        racers.join()
        return outcomes.withLock { $0 }
    }

    private static func take(
        _ name: ObjectName,
        as racer: Int,
        from store: any Store
    ) -> Result<CreateOutcome, StoreError> {
        let bytes = StoreConformance.bytes(of: racer)
        do {
            return .success(try store.create(name, bytes.span))
        } catch {
            return .failure(error)
        }
    }

    private static func bytes(of racer: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: racer), count: 1_000 + racer)
    }

    private func longListing() throws -> [String] {
        var problems: [String] = []
        let folder = "conformance-listing"
        var expected: Set<ObjectInfo> = []
        for number in 0..<listingCount {
            let name = try object("\(folder)/object-\(number)")
            let bytes = [UInt8](repeating: 1, count: number % 7)
            _ = try create(name, bytes)
            expected.insert(ObjectInfo(name: name, size: UInt64(bytes.count)))
        }
        for _ in 0..<2 {
            let listing = try store.list(folder: folder)
            if Set(listing.objects) != expected || listing.objects.count != expected.count {
                problems.append("\(listing.objects.count) of \(expected.count) objects are listed")
            }
            if listing.foreignCount != 0 { problems.append("own objects are listed as foreign") }
            let given = try objects(in: folder)
            if given != expected {
                problems.append("\(given.count) of \(expected.count) objects are given one by one")
            }
        }
        var given = 0
        try store.forEachObject(in: folder) { _ in
            given += 1
            return given < 2
        }
        if given != min(2, expected.count) { problems.append("\(given) objects are given, not 2") }
        for info in expected { try store.delete(info.name) }
        if try !store.list(folder: folder).objects.isEmpty {
            problems.append("deleted objects are listed")
        }
        if try !objects(in: folder).isEmpty { problems.append("deleted objects are given") }
        return problems
    }

    /// What a folder gives one by one, where an object may come several times.
    private func objects(in folder: String) throws -> Set<ObjectInfo> {
        var found: Set<ObjectInfo> = []
        try store.forEachObject(in: folder) { object in
            found.insert(object)
            return true
        }
        return found
    }

    private func deletes() throws -> [String] {
        var problems: [String] = []
        let name = try object("conformance/deleted")
        let bytes: [UInt8] = [1, 2]
        try store.delete(name)
        _ = try create(name, bytes)
        try store.read(name, 0..<1, into: ByteBuffer())
        try store.delete(name)
        try store.delete(name)
        for range in [nil, 0..<1] as [Range<UInt64>?] {
            let error = readError(name, range, into: ByteBuffer())
            if error != .notFound(name) { problems.append("reading: \(outcome(error))") }
        }
        try store.delete(object("conformance-never-created/x"))
        return problems
    }

    private func oddNames() throws -> [String] {
        var problems: [String] = []
        let longest = String(repeating: "x", count: 128)
        let leaves = [
            "0", "-", "_", "--help", "a..b", "a.", "con", "nul.txt", "0x1p3", longest,
            longest.dropLast() + ".",
        ]
        for leaf in leaves {
            let name = try object("conformance-odd/\(leaf)")
            if try create(name, Array(leaf.utf8)) != .created {
                problems.append("\(name) was not created")
            }
        }
        for leaf in leaves {
            let buffer = ByteBuffer()
            try store.read(object("conformance-odd/\(leaf)"), nil, into: buffer)
            if buffer.array != Array(leaf.utf8) { problems.append("\(leaf) has other bytes") }
        }
        let listed = try store.list(folder: "conformance-odd").objects.map(\.name.leaf)
        if listed.sorted() != leaves.sorted() { problems.append("odd names are listed otherwise") }
        for leaf in leaves { try store.delete(object("conformance-odd/\(leaf)")) }
        return problems
    }

    private func rootNames() throws -> [String] {
        var problems: [String] = []
        let name = try object("conformance-root-object")
        let bytes: [UInt8] = [9]
        _ = try create(name, bytes)
        if try create(name, bytes) != .exists {
            problems.append("a taken name was created again")
        }
        let listed = try store.list(folder: "").objects
        if !listed.contains(ObjectInfo(name: name, size: 1)) {
            problems.append("it is not listed")
        }
        if try objects(in: "") != Set(listed) {
            problems.append("the objects given one by one are not those listed")
        }
        if listed.contains(where: { !$0.name.folder.isEmpty }) {
            problems.append("objects in folders are listed too")
        }
        if try store.list(folder: "conformance").objects.contains(where: { $0.name == name }) {
            problems.append("it is listed in a folder")
        }
        try store.delete(name)
        return problems
    }

    private func barriers() throws -> [String] {
        let name = try object("conformance/barrier")
        let bytes: [UInt8] = [1]
        try store.barrier()
        _ = try create(name, bytes)
        try store.barrier()
        try store.delete(name)
        try store.barrier()
        try store.barrier()
        return []
    }

    private func create(
        _ name: ObjectName,
        _ bytes: [UInt8]
    ) throws(StoreError) -> CreateOutcome {
        try store.create(name, bytes.span)
    }

    /// The error of a read, or nil where it succeeded.
    private func readError(
        _ name: ObjectName,
        _ range: Range<UInt64>?,
        into buffer: ByteBuffer
    ) -> StoreError? {
        do throws(StoreError) {
            try store.read(name, range, into: buffer)
            return nil
        } catch {
            return error
        }
    }

    private func outcome(_ error: StoreError?) -> String {
        error.map { "\($0)" } ?? "no error"
    }

    private func object(_ text: String) throws -> ObjectName {
        guard let name = ObjectName(text) else { throw BadName(text: text) }
        return name
    }

    private struct BadName: Error {
        let text: String
    }
}
