import Cairn

@main struct Bench {
    static func main() async throws {
        let args = CommandLine.arguments
        let store = try LocalStore(path: args[2], create: args[1] == "init")
        let cred = Credential.passphrase("x")
        do {
            if args[1] == "init" {
                _ = try await Repository.create(in: store, credential: cred)
                return
            }
            let repo = try await Repository.open(store, credential: cred)
            if args[1] == "backup" {
                let op = repo.backup(BackupRequest(.paths(args[3...].map { Array($0.utf8) })))
                let s = try await op.value
                print(s.snapshot?.text ?? "none", s.problemCount, s.duration / 1_000_000, "ms", s.statistics)
                for p in s.problems.prefix(5) { print(PathText.escaped(p.path), p.text) }
            } else if args[1] == "restore" {
                let latest = try await repo.snapshots().snapshots[0]
                var request = RestoreRequest(snapshot: latest.id, target: Array(args[3].utf8))
                if args.count > 4 { request.subtree = Array(args[4].utf8) }
                if let mode = args.dropFirst(5).first { request.overwrite = .init(rawValue: mode) ?? .always }
                request.verifies = args.contains("verify")
                request.isDryRun = args.contains("dry")
                let s = try await repo.restore(request).value
                print(s.filesRestored, s.filesUnchanged, s.filesSkipped, s.directories, s.others, s.bytesRestored, "verified", s.filesVerified, "problems", s.problemCount, s.duration / 1_000_000, "ms")
                for p in s.problems.prefix(5) { print(PathText.escaped(p.path), p.text) }
            } else if args[1] == "restore" {
                let last = try await repo.snapshots().snapshots.last!
                let s = try await repo.restore(RestoreRequest(snapshot: last.id, target: Array(args[3].utf8))).value
                print(s)
            } else if args[1] == "check" {
                var r = CheckRequest()
                r.data = .all
                let s = try await repo.check(r).value
                print(s.isSound, s.packsRead, s.chunksRead, s.bytesRead, s.duration / 1_000_000, "ms", s.damages.prefix(5))
            } else if args[1] == "snapshots" {
                for s in try await repo.snapshots().snapshots { print(s.id, s.time, s.statistics.files) }
            }
        } catch { print("ERROR", error) }
    }
}
