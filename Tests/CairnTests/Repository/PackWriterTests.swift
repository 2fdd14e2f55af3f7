import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@testable import Cairn

@Suite("A pack")
struct PackWriterTests {
    @Test("is closed with 65,536 chunks, however small they are, and the index keeps up")
    func manyChunks() throws {
        let store = MemoryStore()
        var options = RepositoryOptions()
        options.environment = .virtual(seed: 1)
        _ = try RepositoryCreation.run(store, RepositorySettings(), nil, options)
        let core = try SimulatedFiles.core(store, seed: 2, process: 1)
        let session = try WriterSession.begin(core, context: JobContext()) { _ in [] }
        let saver = ChunkSaver(
            session,
            packs: session.dataPacks,
            type: .data,
            compression: .none
        )
        let count = PackWriter.chunkCountMax + 5000
        for number in 0..<UInt64(count) {
            var writer = ByteWriter()
            writer.write(number)
            let id = core.identifier.identify(writer.bytes.span)
            try saver.save(id, writer.bytes.span)
        }
        try saver.flush()
        try session.dataPacks.finish()
        var counts: [Int] = []
        for object in try store.list(folder: "packs").objects {
            guard case .pack(let id)? = ObjectNames.parse(object.name.text) else { continue }
            let tail = try PackTail(of: id, size: object.size, core: core)
            counts.append(tail.directory.chunks.count)
        }
        #expect(counts.count == 2 && counts.reduce(0, +) == count)
        #expect(counts.allSatisfy { $0 <= PackWriter.chunkCountMax })
        session.abandon()
    }
}
