/// rustic, which works on repositories of restic's format: <https://rustic.cli.rs>.
struct RusticTool: BackupTool {
    let name = "rustic"
    let program: String
    let versionArguments = ["--version"]
    let settings = "AES-256-CTR with Poly1305, compression zstd at its default"

    func create(_ place: ToolPlace) -> [ChildCommand] { [command(["init"], place)] }

    func commands(for step: SuiteStep, _ place: ToolPlace) -> [ChildCommand] {
        let one = "latest:" + place.source + "/" + place.file
        return switch step {
        case .first, .changed, .unchanged: [command(["backup", place.source], place)]
        case .reread: [command(["backup", "--force", place.source], place)]
        case .restore: [command(["restore", "latest", place.target], place)]
        case .restoreOne: [command(["restore", one, place.target], place)]
        case .check: [command(["check", "--read-data"], place)]
        // Without the last word it only marks packs, and frees their space a day later.
        case .cleanup:
            [command(["forget", "--keep-last", "1", "--prune", "--instant-delete"], place)]
        }
    }

    private func command(_ words: [String], _ place: ToolPlace) -> ChildCommand {
        let environment = [
            "RUSTIC_REPOSITORY=\(place.repository)", "RUSTIC_PASSWORD=\(ToolPlace.password)",
            "RUSTIC_CACHE_DIR=\(place.cache)",
        ]
        return ChildCommand(
            arguments: [program] + words,
            environment: place.environment + environment
        )
    }
}
