/// kopia: <https://kopia.io>.
struct KopiaTool: BackupTool {
    let name = "kopia"
    let program: String
    let versionArguments = ["--version"]
    let settings = "AES-256-GCM, compression zstd"

    /// kopia does not compress unless it is told to.
    func create(_ place: ToolPlace) -> [ChildCommand] {
        [
            command(["repository", "create", "filesystem", "--path", place.repository], place),
            command(["policy", "set", "--global", "--compression", "zstd"], place),
        ]
    }

    func commands(for step: SuiteStep, _ place: ToolPlace) -> [ChildCommand] {
        let backup = ["snapshot", "create", place.source]
        let restore = ["snapshot", "restore", "--snapshot-time", "latest"]
        // A file is restored to the path that is named, not into it.
        let name = place.file.split(separator: "/").last.map(String.init) ?? ""
        let one = [place.source + "/" + place.file, place.target + "/" + name]
        return switch step {
        case .first, .changed, .unchanged: [command(backup, place)]
        case .reread: [command(backup + ["--force-hash", "100"], place)]
        case .restore: [command(restore + [place.source, place.target], place)]
        case .restoreOne: [command(restore + one, place)]
        case .check: [command(["snapshot", "verify", "--verify-files-percent", "100"], place)]
        case .cleanup: cleanup(place)
        }
    }

    /// What is kept is said in the policy. Without the last word maintenance leaves what was
    /// written in the last hours, and so all that there is.
    private func cleanup(_ place: ToolPlace) -> [ChildCommand] {
        let spans = ["hourly", "daily", "weekly", "monthly", "annual"]
        let policy =
            ["policy", "set", "--global", "--keep-latest", "1"]
            + spans.flatMap { ["--keep-\($0)", "0"] }
        return [
            command(policy, place), command(["snapshot", "expire", "--all", "--delete"], place),
            command(["maintenance", "run", "--full", "--safety", "none"], place),
        ]
    }

    private func command(_ words: [String], _ place: ToolPlace) -> ChildCommand {
        let environment = [
            "KOPIA_PASSWORD=\(ToolPlace.password)", "KOPIA_CONFIG_PATH=\(place.home)/kopia.config",
            "KOPIA_CACHE_DIRECTORY=\(place.cache)", "KOPIA_LOG_DIR=\(place.home)/logs",
            "KOPIA_PERSIST_CREDENTIALS_ON_CONNECT=false", "KOPIA_CHECK_FOR_UPDATES=false",
        ]
        return ChildCommand(
            arguments: [program] + words,
            environment: place.environment + environment
        )
    }
}
