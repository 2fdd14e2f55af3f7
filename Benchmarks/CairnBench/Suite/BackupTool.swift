/// What is measured, in the order in which it happens in a round.
enum SuiteStep: String, CaseIterable {
    /// Into an empty repository.
    case first = "first backup"
    /// After a small change of the tree.
    case changed = "changed backup"
    /// Nothing has changed, and every file is read all the same.
    case reread = "re-read"
    /// Nothing has changed.
    case unchanged = "unchanged backup"
    /// Everything, to a new folder.
    case restore = "restore"
    /// One file, to a new folder.
    case restoreOne = "restore of one file"
    /// Every stored byte.
    case check = "check all data"
    /// All snapshots but the last are forgotten and their space is freed.
    case cleanup = "cleanup"

    /// Whether the files of the source are read, so that they must be in the page cache.
    var isBackup: Bool {
        switch self {
        case .first, .changed, .reread, .unchanged: true
        case .restore, .restoreOne, .check, .cleanup: false
        }
    }
}

/// Where a tool works in one round; all of it lies in the scratch.
struct ToolPlace {
    /// The tree to back up.
    let source: String
    /// The tool's repository.
    let repository: String
    /// The tool's cache.
    let cache: String
    /// The home of the tool, and its folder of temporary files.
    let home: String
    /// A folder to restore into; the tool finds it empty.
    let target: String
    /// The file to restore alone, as a path below `source`.
    let file: String

    /// The password of every repository of the suite.
    static let password = "benchmark"

    /// What every tool finds in its environment.
    var environment: [String] {
        let path = "PATH=/usr/local/bin:/usr/bin:/bin"
        return [
            path, "HOME=\(home)", "XDG_CACHE_HOME=\(cache)", "TMPDIR=\(home)", "LC_ALL=C.UTF-8",
        ]
    }
}

/// A program for backups and how to make it do each step.
protocol BackupTool: Sendable {
    /// What it is called in tables.
    var name: String { get }
    /// Where it is.
    var program: String { get }
    /// How it is asked for its version.
    var versionArguments: [String] { get }

    /// The settings that stand in every report.
    var settings: String { get }
    /// Whether it encrypts what it stores; tables say so where it does not.
    var isEncrypted: Bool { get }

    /// Makes an empty repository, encrypted where the tool can do that.
    func create(_ place: ToolPlace) -> [ChildCommand]

    /// Does one step; what several commands take is added up, and the first that fails is the last.
    ///
    /// Empty where the tool has no such step: nothing is measured then.
    func commands(for step: SuiteStep, _ place: ToolPlace) -> [ChildCommand]
}

extension BackupTool {
    var isEncrypted: Bool { true }

    /// Its name in tables and plots.
    var label: String { isEncrypted ? name : "\(name) (unencrypted)" }
}

/// This project's command.
struct CairnTool: BackupTool {
    let program: String
    /// Whether repositories open by a key file rather than a password, so that no slow hash is
    /// computed. None of the peers has that.
    var usesKeyFile = false
    let versionArguments = ["version"]

    var name: String { usesKeyFile ? "cairn-key" : "cairn" }

    var settings: String {
        "AES-256-GCM, compression auto,3" + (usesKeyFile ? ", opened by a key file" : "")
    }

    func create(_ place: ToolPlace) -> [ChildCommand] {
        let key = CairnTool.key(place)
        let make = ["/bin/sh", "-c", "umask 077 && head -c 64 /dev/urandom > \"$0\"", key]
        let making = ChildCommand(arguments: make, environment: place.environment)
        return (usesKeyFile ? [making] : []) + [command(["init"], place)]
    }

    private static func key(_ place: ToolPlace) -> String { place.home + "/key" }

    func commands(for step: SuiteStep, _ place: ToolPlace) -> [ChildCommand] {
        let into = ["--target", place.target]
        let one = ["--include", place.source + "/" + place.file]
        return switch step {
        case .first, .changed, .unchanged: [command(["backup", place.source], place)]
        case .reread: [command(["backup", "--force", place.source], place)]
        case .restore: [command(["restore", "latest"] + into, place)]
        case .restoreOne: [command(["restore", "latest"] + into + one, place)]
        case .check: [command(["check", "--read-data"], place)]
        case .cleanup: [command(["forget", "--keep-last", "1", "--prune"], place)]
        }
    }

    private func command(_ words: [String], _ place: ToolPlace) -> ChildCommand {
        let environment = [
            "CAIRN_REPOSITORY=\(place.repository)", "CAIRN_CACHE_DIR=\(place.cache)",
            usesKeyFile
                ? "CAIRN_KEY_FILE=\(CairnTool.key(place))"
                : "CAIRN_PASSWORD=\(ToolPlace.password)",
        ]
        return ChildCommand(
            arguments: [program] + words,
            environment: place.environment + environment
        )
    }
}

/// restic: <https://restic.net>.
struct ResticTool: BackupTool {
    let name = "restic"
    let program: String
    let versionArguments = ["version"]
    let settings = "AES-256-CTR with Poly1305, compression auto"

    func create(_ place: ToolPlace) -> [ChildCommand] { [command(["init"], place)] }

    func commands(for step: SuiteStep, _ place: ToolPlace) -> [ChildCommand] {
        let into = ["--target", place.target]
        let one = ["--include", place.source + "/" + place.file]
        return switch step {
        case .first, .changed, .unchanged: [command(["backup", place.source], place)]
        case .reread: [command(["backup", "--force", place.source], place)]
        case .restore: [command(["restore", "latest"] + into, place)]
        case .restoreOne: [command(["restore", "latest"] + into + one, place)]
        case .check: [command(["check", "--read-data"], place)]
        // One command opens the repository once, which is the best that restic can do.
        case .cleanup: [command(["forget", "--keep-last", "1", "--prune"], place)]
        }
    }

    private func command(_ words: [String], _ place: ToolPlace) -> ChildCommand {
        let environment = [
            "RESTIC_REPOSITORY=\(place.repository)", "RESTIC_PASSWORD=\(ToolPlace.password)",
            "RESTIC_CACHE_DIR=\(place.cache)",
        ]
        return ChildCommand(
            arguments: [program] + words,
            environment: place.environment + environment
        )
    }
}

/// Borg 1: <https://www.borgbackup.org>.
struct BorgTool: BackupTool {
    let name = "borg"
    let program: String
    let versionArguments = ["--version"]
    let settings = "repokey-blake2, compression zstd,3"

    func create(_ place: ToolPlace) -> [ChildCommand] {
        [command(["init", "--encryption=repokey-blake2", place.repository], place)]
    }

    func commands(for step: SuiteStep, _ place: ToolPlace) -> [ChildCommand] {
        let last = "\(place.repository)::unchanged"
        // Borg leaves the first slash out and extracts into the folder it runs in.
        let one = String(place.source.dropFirst()) + "/" + place.file
        return switch step {
        case .first: [backup("first", [], place)]
        case .changed: [backup("changed", [], place)]
        case .reread: [backup("reread", ["--files-cache=disabled"], place)]
        case .unchanged: [backup("unchanged", [], place)]
        case .restore: [command(["extract", last], place, in: place.target)]
        case .restoreOne: [command(["extract", last, one], place, in: place.target)]
        case .check: [command(["check", "--verify-data", place.repository], place)]
        case .cleanup:
            [
                command(["prune", "--keep-last", "1", place.repository], place),
                command(["compact", place.repository], place),
            ]
        }
    }

    private func backup(_ name: String, _ options: [String], _ place: ToolPlace) -> ChildCommand {
        let archive = "\(place.repository)::\(name)"
        let words = ["create", "--compression", "zstd,3"] + options + [archive, place.source]
        return command(words, place)
    }

    private func command(
        _ words: [String],
        _ place: ToolPlace,
        in folder: String? = nil
    ) -> ChildCommand {
        let environment = [
            "BORG_PASSPHRASE=\(ToolPlace.password)", "BORG_BASE_DIR=\(place.home)",
            "BORG_CACHE_DIR=\(place.cache)",
        ]
        return ChildCommand(
            arguments: [program] + words,
            environment: place.environment + environment,
            folder: folder
        )
    }
}
