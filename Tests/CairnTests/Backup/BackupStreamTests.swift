import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Synchronization
import Testing

/// Counts from 0, from any thread.
final class Counter: Sendable {
    private let value = Mutex(0)

    /// The number before this call.
    @discardableResult
    func take() -> Int {
        value.withLock { value in
            defer { value += 1 }
            return value
        }
    }

    /// How often ``take()`` was called.
    var count: Int { value.withLock { $0 } }
}

/// A stream that gives its bytes in parts.
final class PartedSource: ByteSource {
    private let rest: Mutex<ArraySlice<[UInt8]>>
    private let readError: CairnError?
    private let finishError: CairnError?

    /// Makes a source that gives the parts, cut where they are too long for a call, and then the
    /// error, if there is one.
    init(
        parts: [[UInt8]],
        readError: CairnError? = nil,
        finishError: CairnError? = nil
    ) {
        rest = Mutex(parts[...])
        self.readError = readError
        self.finishError = finishError
    }

    func read(upTo size: Int, into buffer: ByteBuffer) throws(CairnError) -> Int {
        let part = rest.withLock { rest -> [UInt8]? in
            guard let first = rest.popFirst() else { return nil }
            if first.count > size { rest = [Array(first[size...])] + rest }
            return Array(first.prefix(size))
        }
        guard let part else {
            if let readError { throw readError }
            return 0
        }
        buffer.append(part.span)
        return part.count
    }

    func finish() throws(CairnError) {
        if let finishError { throw finishError }
    }
}

@Suite("A backup of a stream")
struct BackupStreamTests {
    private func backUp(
        _ source: PartedSource,
        _ bench: BackupBench<MemoryStore>
    ) async throws -> BackupSummary {
        try await bench.repository.backup(
            BackupRequest(.stream(name: Array("dump.sql".utf8), source))
        ).value
    }

    @Test("A stream is stored byte for byte", arguments: [0, 1, 40])
    func wholeStream(partCount: Int) async throws {
        let bench = try await BackupBench(seed: 41)
        var random = SeededRandom(seed: UInt64(partCount))
        let parts = (0..<partCount).map { _ in
            random.bytes(count: Int.random(in: 1...500_000, using: &random))
        }
        var whole: [UInt8] = []
        for part in parts { whole += part }
        let summary = try await backUp(PartedSource(parts: parts), bench)
        let tree = try bench.tree(summary)
        #expect(tree.order == [Array("/dump.sql".utf8)])
        #expect(Disk.areEqual(try tree.bytes("/dump.sql"), whole), "\(random)")
        #expect(tree.record.paths == [Array("/dump.sql".utf8)])
        #expect(summary.statistics.bytes == UInt64(whole.count))
    }

    @Test("A stream whose reading fails commits nothing")
    func failingRead() async throws {
        let error = CairnError(.source, "the pipe broke")
        try await expectFailure(
            PartedSource(parts: [[1, 2, 3], [4]], readError: error),
            with: error
        )
    }

    @Test("A stream that says at its end that it is not whole commits nothing")
    func failingFinish() async throws {
        let error = CairnError(.source, "the command ended with status 1")
        var random = SeededRandom(seed: 42)
        let parts = (0..<12).map { _ in random.bytes(count: 1 << 20) }
        try await expectFailure(PartedSource(parts: parts, finishError: error), with: error)
    }

    private func expectFailure(_ source: PartedSource, with expected: CairnError) async throws {
        let bench = try await BackupBench(seed: 43)
        let error = await #expect(throws: CairnError.self) {
            try await backUp(source, bench)
        }
        #expect(error?.code == expected.code && error?.message == expected.message)
        #expect(try bench.names("snapshots").isEmpty)
        #expect(try bench.names("indexes").isEmpty)
        // The repository is as good as before.
        let summary = try await backUp(PartedSource(parts: [[7]]), bench)
        #expect(try bench.tree(summary).bytes("/dump.sql") == [7])
    }
}
