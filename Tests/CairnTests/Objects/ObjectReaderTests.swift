import Cairn
import CairnCore
import CairnFormat
import CairnTestKit
import Testing

@testable import Cairn

@Suite struct ObjectReaderTests {
    @Test("Any range reads as the same range of the file")
    func ranges() async throws {
        let seed: UInt64 = 41
        // Some 2,000 chunks, so that lists have several nodes.
        let fixture = try await RestoreFixture(seed: seed, chunkSize: 1024)
        var random = SeededRandom(seed: seed)
        let bytes = random.bytes(count: 3_000_000)
        try fixture.folder.write("file", bytes)
        let snapshot = try await fixture.backUp()
        let (chunks, entry) = try find(fixture, snapshot, "/file")
        guard case .regular(let content, let layout) = entry.node else {
            Issue.record("no regular file")
            return
        }
        #expect(content.depth > 1)
        var reader = ObjectReader(chunks, content, layout: layout)
        #expect(reader.size == UInt64(bytes.count))
        for _ in 0..<300 {
            let a = Int(random.next() % UInt64(bytes.count + 1))
            let span = random.next() % 2 == 0 ? UInt64(bytes.count) : 5000
            let b = min(bytes.count, a + Int(random.next() % (span + 1)))
            let buffer = ByteBuffer()
            try reader.read(UInt64(a)..<UInt64(b), into: buffer)
            #expect(buffer.array == Array(bytes[a..<b]), "seed \(seed): \(a)..<\(b)")
        }
        #expect(throws: CairnError.self) {
            try reader.read(0..<UInt64(bytes.count + 1), into: ByteBuffer())
        }
    }

    @Test("Holes read as zeros")
    func holes() async throws {
        let fixture = try await RestoreFixture(seed: 42, chunkSize: 1024)
        var random = SeededRandom(seed: 42)
        let stored = random.bytes(count: 30_000)
        try fixture.folder.write("file", stored)
        let snapshot = try await fixture.backUp()
        let (chunks, entry) = try find(fixture, snapshot, "/file")
        guard case .regular(let content, _) = entry.node else { return }
        let layout = SparseLayout(
            logicalSize: 200_000,
            extents: [
                .init(gap: 500, length: 10_000), .init(gap: 100_000, length: 20_000),
            ]
        )
        var model = [UInt8](repeating: 0, count: 200_000)
        model.replaceSubrange(500..<10_500, with: stored[..<10_000])
        model.replaceSubrange(110_500..<130_500, with: stored[10_000...])
        var reader = ObjectReader(chunks, content, layout: layout)
        for _ in 0..<200 {
            let a = Int(random.next() % 200_001)
            let b = min(200_000, a + Int(random.next() % 60_000))
            let buffer = ByteBuffer()
            try reader.read(UInt64(a)..<UInt64(b), into: buffer)
            #expect(buffer.array == Array(model[a..<b]), "\(a)..<\(b)")
        }
    }

    @Test("A file is dumped whole, and an object by its reference")
    func dumps() async throws {
        let fixture = try await RestoreFixture(seed: 43, chunkSize: 1024)
        var random = SeededRandom(seed: 43)
        let bytes = random.bytes(count: 40_000)
        try fixture.folder.write("file", bytes)
        let snapshot = try await fixture.backUp()
        let sink = CollectingSink()
        let path = fixture.source + Array("/file".utf8)
        let count = try await fixture.repository.read(snapshot, file: path, into: sink).value
        #expect(count == 40_000)
        #expect(sink.bytes == bytes)
        let (_, entry) = try find(fixture, snapshot, "/file")
        guard case .regular(let content, _) = entry.node else { return }
        let reference = try #require(ObjectReference(bytes: ObjectReference(content).bytes))
        let part = CollectingSink()
        _ = try await fixture.repository.readObject(reference, range: 10..<20_010, into: part)
            .value
        #expect(part.bytes == Array(bytes[10..<20_010]))
    }

    private func find(
        _ fixture: RestoreFixture,
        _ snapshot: SessionID,
        _ name: String
    ) throws -> (ChunkReader, TreeEntry) {
        let opened = try OpenedSnapshot(
            snapshot,
            fixture.repository.records,
            JobContext()
        )
        let start = try TreeLoader(opened.chunks)
            .find(fixture.source + Array(name.utf8), in: opened.record.tree)
        return (opened.chunks, try #require(start.entry))
    }
}
