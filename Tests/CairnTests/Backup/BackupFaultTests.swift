import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Glibc
import Synchronization
import Testing

@Suite("A backup on a failing store")
struct BackupFaultTests {
    private static let errors: [StoreError] = [
        .outOfSpace, .permissionDenied(reason: "test"), .unavailable(reason: "test"),
        .failed(reason: "test"),
    ]

    private func bench(seed: UInt64) async throws -> BackupBench<FaultyStore<MemoryStore>> {
        let bench = try await BackupBench(FaultyStore(MemoryStore()), seed: seed)
        var random = SeededRandom(seed: seed)
        try bench.source.write("a/first", random.bytes(count: 3000))
        try bench.source.write("a/text", Array("some text".utf8))
        return bench
    }

    private func expectWhole(
        _ bench: BackupBench<FaultyStore<MemoryStore>>,
        _ snapshot: SessionID,
        _ files: [String: [UInt8]],
        _ place: String
    ) throws {
        let tree = try StoredTree(bench.repository, snapshot)
        for (name, bytes) in files {
            #expect(try tree.bytes(bench.path(name)) == bytes, "\(place): \(name)")
        }
    }

    @Test("Whichever operation fails, the error is typed and earlier snapshots stay whole")
    func everyOperation() async throws {
        let files = ["a/first", "a/text"]
        var number = 0
        while true {
            number += 1
            let bench = try await bench(seed: 81)
            let first = try #require(try await bench.backUp().snapshot)
            let before = Dictionary(
                uniqueKeysWithValues: files.map { ($0, Disk.bytes(bench.path($0)) ?? []) }
            )
            try bench.source.write("a/second", Array("added".utf8))
            let error = BackupFaultTests.errors[number % BackupFaultTests.errors.count]
            let place = "seed 81, operation \(number), \(error)"
            let start = bench.store.count()
            bench.store.plan(.error(error), for: nil, at: number)
            do {
                let snapshot = try await bench.backUp().snapshot
                try expectWhole(bench, try #require(snapshot), before, place)
            } catch let error as CairnError {
                #expect(error.code != .cancelled && error.code != .fenced, "\(place): \(error)")
            }
            let wasHit = bench.store.count() - start >= number
            bench.store.clearPlans()
            try expectWhole(bench, first, before, place)
            let next = try await bench.backUp()
            #expect(next.isComplete, "\(place)")
            var after = before
            after["a/second"] = Array("added".utf8)
            try expectWhole(bench, try #require(next.snapshot), after, place)
            // Past the last operation of a backup nothing is left to fail.
            guard wasHit && number < 60 else { break }
        }
        #expect(number > 10)
    }

    @Test("Every kind of failure of a write has its code")
    func codes() async throws {
        let expected: [(StoreError, CairnError.Code)] = [
            (.outOfSpace, .outOfSpace), (.unavailable(reason: "x"), .unavailable),
            (.permissionDenied(reason: "x"), .store), (.failed(reason: "x"), .store),
        ]
        for (error, code) in expected {
            // From the registration to the snapshot's record.
            for number in 1...5 {
                let bench = try await bench(seed: 82)
                bench.store.plan(.error(error), for: .create, at: number)
                let thrown = await #expect(throws: CairnError.self) { try await bench.backUp() }
                #expect(thrown?.code == code, "create \(number), \(error)")
                #expect(try bench.names("snapshots").isEmpty)
            }
        }
    }

    @Test("A full store is named as the cause though other threads only see the end")
    func outOfSpaceWhileReading() async throws {
        var settings = RepositorySettings()
        settings.packSize = 4 << 20
        let bench = try await BackupBench(
            FaultyStore(MemoryStore()),
            seed: 83,
            settings: settings
        )
        bench.store.plan(.error(.outOfSpace), for: .create, at: 2, lasting: true)
        let error = #expect(throws: CairnError.self) {
            try BackupRun.run(
                bench.repository.core,
                BackupRequest(.stream(name: Array("data".utf8), LongSource())),
                context: JobContext()
            )
        }
        #expect(error?.code == .outOfSpace)
    }

    @Test("A damaged chunk of the parent fails or is worked around, and is never stored anew")
    func damagedReads() async throws {
        for bit in [0, 77, 3000] {
            let bench = try await bench(seed: 84)
            let first = try await bench.backUp()
            bench.store.plan(.flippedBit(bit), for: .read, at: 1)
            _ = try? await bench.backUp()
            bench.store.clearPlans()
            let next = try await bench.backUp()
            #expect(try bench.tree(next).sourceNode == bench.tree(first).sourceNode)
        }
    }
}

/// A stream that outlasts any job that does not stop: 4 GiB of noise.
private final class LongSource: ByteSource {
    private let random = Mutex(SeededRandom(seed: 83))
    private let given = Mutex(0)

    func read(upTo size: Int, into buffer: ByteBuffer) throws(CairnError) -> Int {
        let total = given.withLock { given in
            given += size
            return given
        }
        guard total <= 4 << 30 else { return 0 }
        let bytes = random.withLock { $0.bytes(count: size) }
        buffer.append(bytes.span)
        return size
    }

    func finish() throws(CairnError) {}
}
