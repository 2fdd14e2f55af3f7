import CairnCore
import CairnIO
import CairnTestKit
import Testing

/// A small session: packs, a barrier, an index, a barrier, a snapshot, a barrier.
private struct Session {
    let number: Int
    let packCount: Int

    func name(_ folder: String, _ part: Int) throws -> ObjectName {
        try #require(ObjectName("\(folder)/s\(number)-\(part)"))
    }

    /// The bytes of an object: its own name, over and over, to a length that differs.
    static func bytes(_ folder: String, _ leaf: String) -> [UInt8] {
        let name = Array("\(folder)/\(leaf);".utf8)
        let length = 900 + (leaf.utf8.reduce(0) { $0 &+ Int($1) } % 11) * 800
        return (0..<length).map { name[$0 % name.count] }
    }

    func create(_ folder: String, _ part: Int, in store: LocalStore) throws {
        let name = try name(folder, part)
        let bytes = Session.bytes(folder, name.leaf)
        let outcome = try store.create(name, bytes.span)
        #expect(outcome == .created)
    }

    func run(in store: LocalStore, over files: CrashingFiles) throws {
        for part in 0..<packCount { try create("packs", part, in: store) }
        try store.barrier()
        files.mark("packs \(number)")
        try create("indexes", 0, in: store)
        try store.barrier()
        files.mark("indexes \(number)")
        try create("snapshots", 0, in: store)
        try store.barrier()
        files.mark("snapshots \(number)")
    }

    /// What is wrong with a disk as far as this session goes; nil if nothing.
    func violation(in state: CrashState) -> String? {
        let leaf = "s\(number)-0"
        let packs = (0..<packCount).map { "s\(number)-\($0)" }
        let hasPacks = packs.allSatisfy { state.disk.bytes("packs", $0) != nil }
        let hasIndex = state.disk.bytes("indexes", leaf) != nil
        let hasSnapshot = state.disk.bytes("snapshots", leaf) != nil
        if hasSnapshot && !hasIndex { return "a snapshot without its index" }
        if hasIndex && !hasPacks { return "an index without its packs" }
        if state.acknowledged.contains("packs \(number)") && !hasPacks { return "packs lost" }
        if state.acknowledged.contains("indexes \(number)") && !hasIndex { return "index lost" }
        if state.acknowledged.contains("snapshots \(number)") && !hasSnapshot {
            return "an acknowledged snapshot lost"
        }
        return nil
    }
}

@Suite("What a loss of power leaves of a store in a folder")
struct CrashTests {
    private static let sessions = (1...2).map { Session(number: $0, packCount: 8) }

    /// The bytes of every object that the sessions create.
    private static let expected: [String: [UInt8]] = {
        var expected: [String: [UInt8]] = [:]
        for folder in ["packs", "indexes", "snapshots"] {
            for session in 1...2 {
                for part in 0..<8 {
                    let leaf = "s\(session)-\(part)"
                    expected["\(folder)/\(leaf)"] = Session.bytes(folder, leaf)
                }
            }
        }
        return expected
    }()

    private func store(over files: CrashingFiles) throws -> LocalStore {
        try LocalStore(
            path: "/",
            create: true,
            files: files,
            entropy: SeededEntropy(seed: 1)
        )
    }

    /// The first thing wrong with the objects of a disk: bytes that are not all there.
    private func partialObject(in disk: CrashDisk) -> String? {
        for (folder, entries) in disk.folders where !folder.isEmpty && folder != "tmp" {
            for (leaf, file) in entries {
                let expected = CrashTests.expected["\(folder)/\(leaf)"]
                guard let expected, disk.hasBytes(file, expected) else {
                    return "\(folder)/\(leaf) is not whole"
                }
            }
        }
        return nil
    }

    @Test("nothing acknowledged is lost, no name has other than all its bytes")
    func everyCrashState() throws {
        let counts = [
            try checkCrashStates(supportsUnnamed: true, supportsLinks: true),
            try checkCrashStates(supportsUnnamed: false, supportsLinks: true),
            try checkCrashStates(supportsUnnamed: false, supportsLinks: false),
        ]
        #expect(counts.reduce(0, +) >= 20_000, "\(counts)")
    }

    /// Checks every crash state of the sessions and says how many there were.
    private func checkCrashStates(supportsUnnamed: Bool, supportsLinks: Bool) throws -> Int {
        let files = CrashingFiles(
            supportsUnnamed: supportsUnnamed,
            supportsLinks: supportsLinks
        )
        let store = try store(over: files)
        for session in CrashTests.sessions { try session.run(in: store, over: files) }
        var problems: [String] = []
        let count = files.forEachCrashState(seed: 7) { state in
            guard problems.count < 5 else { return }
            let found =
                [partialObject(in: state.disk)]
                + CrashTests.sessions.map { $0.violation(in: state) }
            problems += found.compactMap { $0 }.map { "after \(state.effectCount): \($0)" }
        }
        #expect(problems == [])
        return count
    }

    @Test("the check finds a session that leaves its barriers out")
    func withoutBarriers() throws {
        let files = CrashingFiles()
        let store = try store(over: files)
        let session = Session(number: 1, packCount: 3)
        for part in 0..<3 { try session.create("packs", part, in: store) }
        try session.create("indexes", 0, in: store)
        var violationCount = 0
        files.forEachCrashState(seed: 7) { state in
            if session.violation(in: state) != nil { violationCount += 1 }
        }
        #expect(violationCount > 0)
    }

    @Test("a store opens in every crash state, lists what is there and goes on")
    func reopening() throws {
        let files = CrashingFiles()
        let session = Session(number: 1, packCount: 3)
        try session.run(in: store(over: files), over: files)
        var disks: Set<CrashDisk> = []
        files.forEachCrashState(seed: 3) { disks.insert($0.disk) }
        #expect(disks.count > 40)
        let next = Session(number: 2, packCount: 1)
        for disk in disks {
            let after = CrashingFiles(disk)
            let reopened = try store(over: after)
            let listed = try reopened.list(folder: "packs")
            #expect(listed.objects.count == disk.folders["packs"]?.count ?? 0)
            try next.run(in: reopened, over: after)
            #expect(partialObject(in: after.disk) == nil)
        }
    }
}
