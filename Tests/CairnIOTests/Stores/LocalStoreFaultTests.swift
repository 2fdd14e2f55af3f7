import CairnCore
import CairnIO
import CairnTestKit
import Foundation
import Testing

@Suite("A store in a folder when calls of the system fail")
struct LocalStoreFaultTests {
    private let bytes = [UInt8](repeating: 5, count: 5_000)

    private func store(over files: CrashingFiles) throws -> LocalStore {
        try LocalStore(path: "/", create: true, files: files, entropy: SeededEntropy(seed: 1))
    }

    private func name(_ text: String) throws -> ObjectName {
        try #require(ObjectName(text))
    }

    /// Creates two objects and a barrier, then reads, lists and deletes.
    private func workload(_ store: LocalStore, _ files: CrashingFiles) throws {
        #expect(try store.create(name("packs/a"), bytes.span) == .created)
        #expect(try store.create(name("packs/b"), bytes.span) == .created)
        try store.barrier()
        files.mark("barrier")
        let buffer = ByteBuffer()
        try store.read(name("packs/a"), 0..<5_000, into: buffer)
        #expect(buffer.array == bytes)
        #expect(try store.list(folder: "packs").objects.count == 2)
        try store.delete(name("packs/b"))
        try store.barrier()
        files.mark("deleted")
    }

    /// Error numbers: EINTR, EIO, EACCES, EROFS, ENOSPC, EDQUOT, EMFILE.
    @Test(
        "each call of a workload failing is a clean error or no error, and no lie",
        arguments: [4, 5, 13, 30, 28, 122, 24] as [Int32],
        [true, false]
    )
    func everyCall(code: Int32, supportsUnnamed: Bool) throws {
        let clean = CrashingFiles(supportsUnnamed: supportsUnnamed)
        try workload(store(over: clean), clean)
        for number in 1...clean.callCount {
            let files = CrashingFiles(supportsUnnamed: supportsUnnamed)
            files.fail(at: number, with: .error(code))
            do {
                let store = try store(over: files)
                try workload(store, files)
            } catch let error as StoreError {
                if case .damaged = error { Issue.record("call \(number): \(error)") }
                if code == 28 || code == 122 {
                    let isFull = error == .outOfSpace
                    if case .failed = error {} else { #expect(isFull, "call \(number)") }
                }
            }
            #expect(files.openHandleCount == 0, "call \(number), error \(code): handles leak")
            guard code == 5 || code == 28 else { continue }
            files.forEachCrashState(seed: 1) { state in
                let packs = state.disk.folders["packs"] ?? [:]
                let (a, b) = (packs["a"], packs["b"])
                if packs.values.contains(where: { !state.disk.hasBytes($0, bytes) }) {
                    Issue.record("call \(number), error \(code): a name with other bytes")
                }
                if state.acknowledged.contains("barrier") && a == nil {
                    Issue.record("call \(number), error \(code): an acknowledged object is lost")
                }
                if state.acknowledged.contains("deleted") && b != nil {
                    Issue.record("call \(number), error \(code): a deleted object returns")
                }
            }
        }
    }

    @Test("short writes are completed")
    func shortWrites() throws {
        let clean = CrashingFiles()
        try workload(store(over: clean), clean)
        for number in 1...clean.callCount {
            let files = CrashingFiles()
            files.fail(at: number, with: .shortWrite)
            try workload(store(over: files), files)
        }
    }

    /// The number of the first call that syncs an object's bytes: root, folder twice, made, then
    /// the file, two writes and the sync.
    private func firstSync() throws -> Int {
        for number in 1..<30 {
            let files = CrashingFiles()
            files.fail(at: number, with: .error(5))
            let store = try? store(over: files)
            guard let store else { continue }
            if (try? store.create(name("packs/a"), bytes.span)) == .created { return number }
        }
        throw StoreError.failed(reason: "no call can fail without a failing create")
    }

    @Test("an object that fails to sync is written anew once")
    func rewritten() throws {
        let number = try firstSync()
        let files = CrashingFiles()
        files.fail(at: number, with: .error(5))
        let store = try store(over: files)
        #expect(try store.create(name("packs/a"), bytes.span) == .created)
        try store.barrier()
        files.mark("done")
        files.forEachCrashState(seed: 1) { state in
            let found = state.disk.bytes("packs", "a")
            #expect(found == bytes || (found == nil && state.acknowledged.isEmpty))
        }
    }

    @Test("a second failing sync ends the session: creates, deletes and barriers are refused")
    func secondSyncFailure() throws {
        let number = try firstSync()
        let files = CrashingFiles()
        files.fail(at: number, with: .error(5))
        files.fail(at: number + 4, with: .error(5))
        let store = try store(over: files)
        #expect(throws: StoreError.self) { try store.create(name("packs/a"), bytes.span) }
        #expect(throws: StoreError.self) { try store.create(name("packs/b"), bytes.span) }
        #expect(throws: StoreError.self) { try store.delete(name("packs/b")) }
        #expect(throws: StoreError.self) { try store.barrier() }
        #expect(try store.list(folder: "packs").objects == [])
    }

    @Test("a folder that fails to sync ends the session")
    func folderSyncFailure() throws {
        let clean = CrashingFiles()
        let first = try store(over: clean)
        #expect(try first.create(name("packs/a"), bytes.span) == .created)
        let files = CrashingFiles()
        let store = try store(over: files)
        #expect(try store.create(name("packs/a"), bytes.span) == .created)
        files.fail(at: clean.callCount + 1, with: .error(5))
        #expect(throws: StoreError.self) { try store.barrier() }
        #expect(throws: StoreError.self) { try store.barrier() }
        #expect(throws: StoreError.self) { try store.create(name("packs/b"), bytes.span) }
    }

    @Test("an object whose draft was tidied up before it had a name is written anew")
    func tidiedUp() throws {
        let clean = CrashingFiles(supportsUnnamed: false)
        let opened = try store(over: clean)
        let first = clean.callCount + 1
        #expect(try opened.create(name("packs/a"), bytes.span) == .created)
        // ENOENT at the call that gives the name says that the draft is gone.
        var naming: (number: Int, callCount: Int)?
        for number in first...clean.callCount {
            let files = CrashingFiles(supportsUnnamed: false)
            let store = try store(over: files)
            files.fail(at: number, with: .error(2))
            guard (try? store.create(name("packs/a"), bytes.span)) == .created else { continue }
            let more = files.callCount - clean.callCount
            if more > 3 { naming = (number, more) }
        }
        let (number, callCount) = try #require(naming)
        let files = CrashingFiles(supportsUnnamed: false)
        let store = try store(over: files)
        for turn in 0..<8 { files.fail(at: number + turn * callCount, with: .error(2)) }
        #expect(try store.create(name("packs/a"), bytes.span) == .created)
        #expect(files.callCount == clean.callCount + 8 * callCount)
        let found = ByteBuffer()
        try store.read(name("packs/a"), nil, into: found)
        #expect(found.array == bytes)
        #expect(try store.temporaryFiles().isEmpty)
    }

    @Test("only drafts are taken for what a crash left in tmp, and nothing else can be removed")
    func onlyDrafts() throws {
        let folder = try TemporaryFolder()
        let store = try LocalStore(path: folder.path, create: true)
        try FileManager.default.createDirectory(
            atPath: folder.path + "/tmp",
            withIntermediateDirectories: true
        )
        let names = [".draft-00ff", ".probe-1", "letter", ".draft-00fe"]
        for name in names {
            try Data([1]).write(to: URL(fileURLWithPath: "\(folder.path)/tmp/\(name)"))
        }
        let retrying = RetryingStore(store)
        #expect(
            Set(try retrying.temporaryFiles().map { $0.name }) == [".draft-00ff", ".draft-00fe"]
        )
        for name in ["letter", ".probe-1", "", ".", "../format", ".draft-/../letter"] {
            #expect(throws: StoreError.self) { try retrying.removeTemporaryFile(name) }
        }
        try retrying.removeTemporaryFile(".draft-00ff")
        try retrying.removeTemporaryFile(".draft-00ff")
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/tmp")
        #expect(Set(left) == [".probe-1", "letter", ".draft-00fe"])
    }

    @Test("drafts that a crash left in tmp are listed and can be removed")
    func orphans() throws {
        let files = CrashingFiles(supportsUnnamed: false)
        #expect(try store(over: files).create(name("packs/a"), bytes.span) == .created)
        var sizes: Set<UInt64> = []
        try files.forEachCrashState(seed: 1) { state in
            let store = try store(over: CrashingFiles(state.disk))
            for orphan in try store.temporaryFiles() {
                sizes.insert(orphan.size)
                try store.removeTemporaryFile(orphan.name)
            }
            #expect(try store.temporaryFiles().isEmpty)
        }
        #expect(sizes.contains(5_000))
    }
}
