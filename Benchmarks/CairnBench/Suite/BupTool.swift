/// bup: <https://bup.github.io>. It does not encrypt.
struct BupTool: BackupTool {
    let name = "bup"
    let program: String
    let versionArguments = ["--version"]
    let settings = "not encrypted, compression zlib 1"
    let isEncrypted = false

    func create(_ place: ToolPlace) -> [ChildCommand] { [command(["init"], place)] }

    func commands(for step: SuiteStep, _ place: ToolPlace) -> [ChildCommand] {
        // A slash at the end asks for what is in the folder, which here is the whole tree.
        let last = "/unchanged/latest"
        let into = ["restore", "--outdir", place.target]
        return switch step {
        case .first: backup("first", [], place)
        case .changed: backup("changed", [], place)
        case .reread: backup("reread", ["--fake-invalid"], place)
        case .unchanged: backup("unchanged", [], place)
        case .restore: [command(into + [last + "/"], place)]
        case .restoreOne: [command(into + [last + place.source + "/" + place.file], place)]
        // Every object of every pack; whether snapshots lack objects is not looked at.
        case .check: [command(["fsck"], place)]
        // Snapshots of one name can only be kept by their age, so each has a name of its own.
        case .cleanup:
            [
                command(["rm", "--unsafe", "/first", "/changed", "/reread"], place),
                command(["gc", "--unsafe"], place),
            ]
        }
    }

    /// A backup takes two commands: one looks for what has changed, the other stores it.
    private func backup(_ name: String, _ options: [String], _ place: ToolPlace) -> [ChildCommand] {
        // The index lies in the repository by default, and is no more than a cache.
        let index = ["--indexfile", place.cache + "/bupindex"]
        return [
            command(["index", "--update"] + options + index + [place.source], place),
            command(["save", "--name", name] + index + [place.source], place),
        ]
    }

    private func command(_ words: [String], _ place: ToolPlace) -> ChildCommand {
        ChildCommand(
            arguments: [program] + words,
            environment: place.environment + ["BUP_DIR=\(place.repository)"]
        )
    }
}
