import Glibc

/// Finds the tools to compare.
enum ToolFinder {
    /// The peers that the suite knows how to drive.
    private static let peers: [(name: String, make: @Sendable (String) -> any BackupTool)] = [
        ("restic", { ResticTool(program: $0) }), ("borg", { BorgTool(program: $0) }),
        ("bup", { BupTool(program: $0) }), ("kopia", { KopiaTool(program: $0) }),
        ("rustic", { RusticTool(program: $0) }),
    ]

    /// The names of the peers that the suite knows, which are those of their programs.
    static var peerNames: [String] { peers.map(\.name) }

    /// Cairn's own command and its peers.
    ///
    /// - Parameters:
    ///   - cairn: Where Cairn's command is; nil for the one beside this executable.
    ///   - withKeyFile: Whether Cairn takes part once more, opened by a key file.
    ///   - names: Which peers must be there; nil for those that are.
    ///   - path: The folders to look for peers in, with colons between them.
    static func find(
        cairn: String?,
        withKeyFile: Bool = false,
        peers names: [String]?,
        on path: String = variable("PATH") ?? ""
    ) throws -> [any BackupTool] {
        let own = try Scratch.resolve(cairn ?? beside("cairn"))
        guard isProgram(own) else { throw BenchFailure("\(own) is no program") }
        var tools: [any BackupTool] = [CairnTool(program: own)]
        if withKeyFile { tools.append(CairnTool(program: own, usesKeyFile: true)) }
        for name in names ?? peerNames {
            guard let peer = peers.first(where: { $0.name == name }) else {
                let known = peerNames.joined(separator: ", ")
                throw BenchFailure("\(name) is no peer; known are \(known)")
            }
            guard !tools.contains(where: { $0.name == name }) else {
                throw BenchFailure("\(name) is named twice")
            }
            if let program = search(name, on: path) {
                tools.append(peer.make(program))
            } else if names != nil {
                throw BenchFailure("\(name) is not on PATH")
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

    private static func search(_ name: String, on path: String) -> String? {
        path.split(separator: ":").map { "\($0)/\(name)" }.first(where: isProgram)
    }

    private static func isProgram(_ path: String) -> Bool {
        var found = stat()
        guard unsafe stat(path, &found) == 0, found.st_mode & S_IFMT == S_IFREG else {
            return false
        }
        return unsafe access(path, X_OK) == 0
    }
}
