import Cairn
import Testing

@Suite("The example of the README")
struct EmbeddingExampleTests {
    @Test("The example backs up, lists and restores")
    func runs() async throws {
        let scratch = try ScratchFolder()
        try scratch.write("documents/letter", Array("Dear reader".utf8))
        let (documents, folder) = (scratch.path + "/documents", scratch.path + "/repository")
        let target = scratch.path + "/restored"
        // example-begin
        let store = try LocalStore(path: folder, create: true)
        let repository = try await Repository.create(
            in: store,
            credential: .passphrase("correct horse battery staple")
        )

        let job = repository.backup(BackupRequest(.paths([Array(documents.utf8)])))
        for await event in job.events {
            switch event {
            case .progress(let progress): print("\(progress.bytesDone) bytes done")
            case .problem(let path, let reason): print("\(PathText.escaped(path)): \(reason)")
            default: break
            }
        }
        let summary = try await job.value  // cancelling the task, or job.cancel(), ends the backup

        for snapshot in try await repository.snapshots().snapshots {
            print("\(snapshot.id): \(snapshot.statistics.files) files")
        }
        if let id = summary.snapshot {
            let request = RestoreRequest(snapshot: id, target: Array(target.utf8))
            _ = try await repository.restore(request).value
        }
        // example-end
        let restored = "\(target)\(documents)/letter"
        #expect(Disk.bytes(Array(restored.utf8)) == Array("Dear reader".utf8))
    }

    @Test("The README shows exactly the example that is tested")
    func readme() throws {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let readme = try #require(Disk.bytes(Array("/\(folder)/README.md".utf8)))
        let source = try #require(Disk.bytes(Array(#filePath.utf8)))
        let lines = String(decoding: source, as: UTF8.self).split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        let start = try #require(lines.firstIndex { $0.hasSuffix("// example-begin") })
        let end = try #require(lines.firstIndex { $0.hasSuffix("// example-end") })
        let example = lines[(start + 1)..<end].map { $0.dropFirst(8) }.joined(separator: "\n")
        #expect(
            String(decoding: readme, as: UTF8.self).contains(
                "```swift\nimport Cairn\n\n\(example)\n```\n"
            )
        )
    }
}
