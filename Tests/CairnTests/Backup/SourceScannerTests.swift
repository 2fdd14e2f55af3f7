import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Foundation
import Testing

@testable import Cairn

@Suite("Scan of the source")
struct SourceScannerTests {
    /// Scans a folder with few handles, and calls `look` after each batch.
    private func scan(
        _ path: String,
        _ look: @escaping (Int) -> Void = { _ in }
    ) throws -> [SightingBatch] {
        var batches: [SightingBatch] = []
        let roots = try SourceRoots([Array(path.utf8)])
        var scanner = try SourceScanner(
            request: BackupRequest(.paths([Array(path.utf8)])),
            repositoryIdentity: nil,
            handles: SourceHandles(limit: 32, workerCount: 2),
            context: JobContext()
        ) { batch in
            batches.append(batch)
            look(batches.count)
        }
        try scanner.scan(roots, from: SourceDirectory.open(path: [UInt8(ascii: "/")]))
        return batches
    }

    /// A folder in a folder and so on, each with a file behind the folder in it.
    private func makeChain(_ scratch: ScratchFolder, depth: Int) throws {
        var path = ""
        for _ in 0..<depth {
            path += "d/"
            try scratch.write(path + "z", [1])
        }
    }

    @Test("Folders far above are opened again on the way back, and nothing is left out")
    func deepFolders() throws {
        let scratch = try ScratchFolder()
        try makeChain(scratch, depth: 200)
        let sightings = try scan(scratch.path).flatMap(\.sightings)
        var depth = 0
        var files: [Int] = []
        var resumed = 0
        for sighting in sightings {
            switch sighting {
            case .enter: depth += 1
            case .leave: depth -= 1
            case .resume: resumed += 1
            case .entry: files.append(depth)
            case .failed, .interrupted: Issue.record("\(sighting)")
            }
        }
        #expect(depth == 0)
        let above = scratch.path.split(separator: "/").count
        #expect(files == (1...200).reversed().map { above + $0 })
        // `/` is one of them.
        #expect(resumed == 1 + above + 200 - SourceHandles.depthMax)
    }

    @Test("A folder that is moved while the scan is far beneath it is never read on elsewhere")
    func movedFolder() throws {
        let scratch = try ScratchFolder()
        let elsewhere = try ScratchFolder()
        try makeChain(scratch, depth: 200)
        let moved = String(repeating: "d/", count: 10)
        var isMoved = false
        let batches = try scan(scratch.path) { [path = scratch.path] count in
            guard count > 150, !isMoved else { return }
            isMoved = true
            let from = URL(fileURLWithPath: "\(path)/\(moved)")
            try? FileManager.default.moveItem(
                at: from,
                to: URL(fileURLWithPath: elsewhere.path + "/d")
            )
        }
        var (depth, files, problems) = (0, 0, [Int]())
        for sighting in batches.flatMap(\.sightings) {
            switch sighting {
            case .enter: depth += 1
            case .leave: depth -= 1
            case .entry: files += 1
            case .interrupted(let failure):
                #expect(failure.isReplaced)
                problems.append(depth)
            case .resume, .failed: break
            }
        }
        let above = scratch.path.split(separator: "/").count
        #expect(depth == 0, "every folder ends")
        // What lies above the moved folder can be reached by no handle any more.
        #expect(files == 191)
        #expect(problems == (1...9).reversed().map { above + $0 })
    }

    @Test("A folder far beneath that cannot be opened costs no file above it")
    func unopenedFolder() throws {
        let scratch = try ScratchFolder()
        try makeChain(scratch, depth: 200)
        var sightings = try scan(scratch.path).flatMap(\.sightings)
        // Beside the deepest folder another that cannot be opened.
        let deepest = try #require(
            sightings.lastIndex { sighting in
                if case .enter = sighting { true } else { false }
            }
        )
        guard case .enter(let folder) = sightings[deepest] else { return }
        let closed = SeenFolder(
            [UInt8(ascii: "e")],
            folder.metadata,
            .source,
            .failure(FileFailure(.open, errno: EACCES))
        )
        sightings.insert(contentsOf: [.enter(closed), .leave], at: deepest + 1)
        var batch = SightingBatch()
        for sighting in sightings { batch.add(sighting) }
        var (files, problems) = (0, [Problem]())
        var walker = try SourceWalker(
            request: BackupRequest(.paths([Array(scratch.path.utf8)])),
            root: SourceDirectory.open(path: [UInt8(ascii: "/")]),
            parent: nil,
            trees: try trees(),
            handles: SourceHandles(limit: 32, workerCount: 2),
            context: JobContext(),
            counters: BackupCounters()
        ) { batch in
            files += batch.takeJobs().count
            for case .problem(let problem) in batch.items { problems.append(problem) }
        }
        try walker.take(batch)
        try walker.finish()
        #expect(files == 200)
        #expect(problems.map { $0.path.suffix(4) } == [Array("/d/e".utf8)[...]])
    }

    /// Trees of an empty repository.
    private func trees() throws -> TreeLoader {
        let store = MemoryStore()
        var options = RepositoryOptions()
        options.environment = .virtual(seed: 1)
        _ = try RepositoryCreation.run(store, RepositorySettings(), nil, options)
        let core = try RepositoryOpening.run(store, nil, options).core
        let (_, index) = try RepositoryView.open(RecordStore(core), context: JobContext())
        return TreeLoader(ChunkReader(core: core, index: index))
    }

    @Test(
        "A batch brings no more open folders than its share",
        arguments: [16, 256, 1024, 1 << 20]
    )
    func shares(limit: Int) throws {
        for workers in [1, 2, 64, 256] {
            let handles = SourceHandles(limit: limit, workerCount: workers)
            let seen = handles.perSightingBatch * (SourceHandles.sightingBatchCountMax + 2)
            let read = handles.perJobBatch * (SourceHandles.jobBatchCountMax + workers + 2)
            #expect(handles.perSightingBatch > 0 && handles.perJobBatch > 0)
            // One folder a batch is the least.
            #expect(seen <= max(limit / 8, 16))
            #expect(read <= max(limit / 8, 16, SourceHandles.jobBatchCountMax + workers + 2))
        }
    }

    @Test("A batch of files is sent on before it would hold one folder more open")
    func jobFolders() throws {
        let scratch = try ScratchFolder()
        var batches: [[FileJob]] = []
        var builder = BatchBuilder(folderCountMax: 3) { batches.append($0.takeJobs()) }
        for folder in 0..<10 {
            let directory = try SourceDirectory.open(path: Array(scratch.path.utf8))
            for number in 0..<folder {
                let metadata = FileMetadata(kind: .regular, mode: 0)
                let name = Array("\(number)".utf8)
                let job = FileJob(directory: directory, name: name, path: name, metadata: metadata)
                try builder.add(job) { _ in .enter(path: name) }
            }
        }
        try builder.flush()
        #expect(batches.map(\.count) == [1 + 2 + 3, 4 + 5 + 6, 7 + 8 + 9])
    }
}
