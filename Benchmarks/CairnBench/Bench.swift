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
            } else if args[1] == "snapshots" {
                for s in try await repo.snapshots().snapshots { print(s.id, s.time, s.statistics.files) }
            }
        } catch { print("ERROR", error) }
    }
}
