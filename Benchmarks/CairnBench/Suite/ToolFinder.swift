import Glibc

/// Finds the tools to compare.
enum ToolFinder {
    /// The peers that the suite knows how to drive.
    static let peerNames = ["restic", "borg"]

    /// Cairn's own command and its peers.
    ///
    /// - Parameters:
    ///   - cairn: Where Cairn's command is; nil for the one beside this executable.
    ///   - peers: Which peers must be there; nil for those that are.
    static func find(cairn: String?, peers: [String]?) throws -> [any BackupTool] {
        let own = try Scratch.resolve(cairn ?? beside("cairn"))
        guard isProgram(own) else { throw BenchFailure("\(own) is no program") }
        var tools: [any BackupTool] = [CairnTool(program: own)]
        for name in peers ?? peerNames {
            guard let program = search(name) else {
                if peers == nil { continue }
                throw BenchFailure("\(name) is not on PATH")
            }
            switch name {
            case "restic": tools.append(ResticTool(program: program))
            case "borg": tools.append(BorgTool(program: program))
            default: throw BenchFailure("\(name) is no peer; known are restic and borg")
            }
        }
        return tools
    }

    /// The first line that a tool says about its version.
    static func version(of tool: some BackupTool, _ scratch: Scratch) -> String {
        let log = scratch.path + "/version-\(tool.name)"
        let command = ChildCommand(
            arguments: [tool.program] + tool.versionArguments,
            environment: ["HOME=\(scratch.path)", "LC_ALL=C.UTF-8"]
        )
        let run = ChildRun.run(command, log: log)
        defer { try? scratch.remove(log) }
        if let failure = run.failure { return "unknown (\(failure))" }
        return Machine.text(of: log).split(separator: "\n").first.map(String.init) ?? "unknown"
    }

    private static func beside(_ name: String) throws -> String {
        let own = try Scratch.resolve("/proc/self/exe")
        return own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/" + name
    }

    private static func search(_ name: String) -> String? {
        (variable("PATH") ?? "").split(separator: ":").map { "\($0)/\(name)" }.first(
            where: isProgram
        )
    }

    private static func isProgram(_ path: String) -> Bool {
        var found = stat()
        guard unsafe stat(path, &found) == 0, found.st_mode & S_IFMT == S_IFREG else {
            return false
        }
        return unsafe access(path, X_OK) == 0
    }
}
