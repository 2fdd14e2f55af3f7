import CairnIO

/// Measures every tool on one tree, as whole processes that take turns.
///
/// Nothing is removed: creating files just after many were removed is slow on ext4, and the tool
/// that restores after another one would pay for it. The verb removes everything at its end.
struct SuiteRun {
    /// One step of one tool in one round.
    struct Result {
        /// The round, from one.
        let round: Int
        /// What was done.
        let step: SuiteStep
        /// Who did it.
        let tool: String
        /// How it went.
        let run: ChildRun
        /// The sizes of all files of the repository afterwards, in bytes.
        let stored: UInt64
    }

    /// Where everything is written.
    let scratch: Scratch
    /// Who is compared; the first is Cairn.
    let tools: [any BackupTool]
    /// How often everything is done.
    let rounds: Int
    /// Where this tree is worked on, in the scratch.
    let folder: String
    /// Where the output of every command goes.
    let logs: String
    /// Whether what was written is synced before each step. Tests do without, as that waits for
    /// what everybody else on the machine has written.
    var settles = true
    /// What was measured so far.
    private(set) var results: [Result] = []
    /// The tree as it was copied.
    private(set) var census = FolderCensus()
    /// The change that the changed backup found.
    private(set) var edit = SourceEdit.Outcome()

    private let seed: UInt64 = 20_240_601
    /// The tools that have no repository in this round, by name, and why.
    private var unmade: [String: String] = [:]

    /// The folder in the scratch that holds everything but logs.
    static let workName = "work"

    /// Prepares for one tree.
    init(_ scratch: Scratch, tools: [any BackupTool], rounds: Int, number: Int) throws {
        self.scratch = scratch
        self.tools = tools
        self.rounds = rounds
        folder = try scratch.folder("\(SuiteRun.workName)/tree-\(number)")
        logs = try scratch.folder("logs/tree-\(number)")
    }

    private var source: String { folder + "/source" }

    /// Copies the tree and measures everything.
    mutating func run(on tree: String) throws {
        progress("copying \(tree)")
        let copy = ["/bin/cp", "-a", "-T", "--reflink=never", "--", tree, source]
        let copied = ChildRun.run(
            ChildCommand(arguments: copy, environment: ["LC_ALL=C.UTF-8"]),
            log: logs + "/copy.log"
        )
        if let failure = copied.failure {
            throw BenchFailure("copying \(tree): \(failure); see \(logs)/copy.log")
        }
        census = try FolderCensus.count(source)
        for round in 1...rounds { try run(round: round) }
    }

    private mutating func run(round: Int) throws {
        // Nobody is always the first, who finds the disk idle, nor always behind the same one.
        let turn = (round - 1) % tools.count
        let order = Array(tools[turn...] + tools[..<turn])
        edit = try SourceEdit(seed: seed).apply(to: source, writes: false)
        guard edit.files > 0 else { throw BenchFailure("the tree has no file with bytes in it") }
        unmade = [:]
        for tool in order { unmade[tool.name] = try create(tool, round) }
        for step in SuiteStep.allCases {
            if step == .changed { edit = try change() }
            for tool in order {
                progress("round \(round), \(step.rawValue), \(tool.name)")
                try measure(step, tool, round)
            }
        }
        // The same change once more is none.
        _ = try SourceEdit(seed: seed).apply(to: source)
    }

    private func change() throws -> SourceEdit.Outcome {
        let outcome = try SourceEdit(seed: seed).apply(to: source)
        guard outcome.files > 0 else { throw BenchFailure("no file of the tree can be written") }
        return outcome
    }

    /// The folder of a tool in a round, below the scratch.
    private func name(of tool: some BackupTool, _ round: Int) -> String {
        "\(folder.dropFirst(scratch.path.count + 1))/\(tool.name)-\(round)"
    }

    private func place(of tool: some BackupTool, _ round: Int, _ step: SuiteStep?) -> ToolPlace {
        let own = scratch.path + "/" + name(of: tool, round)
        return ToolPlace(
            source: source,
            repository: own + "/repository",
            cache: own + "/cache",
            home: own + "/home",
            target: own + "/" + (step == .restoreOne ? "one" : "restored"),
            file: edit.example ?? ""
        )
    }

    /// Makes a repository; what went wrong, or nil.
    private func create(_ tool: some BackupTool, _ round: Int) throws -> String? {
        for part in ["cache", "home", "restored", "one"] {
            _ = try scratch.folder(name(of: tool, round) + "/" + part)
        }
        for command in tool.create(place(of: tool, round, nil)) {
            let log = log(of: tool, "create", round)
            if let failure = ChildRun.run(command, log: log).failure {
                progress("  \(tool.name) made no repository: \(failure); see \(log)")
                return "no repository: \(failure)"
            }
        }
        return nil
    }

    private mutating func measure(
        _ step: SuiteStep,
        _ tool: some BackupTool,
        _ round: Int
    ) throws {
        let place = place(of: tool, round, step)
        let commands = tool.commands(for: step, place)
        if commands.isEmpty || step == .restoreOne && place.file.isEmpty { return }
        var (run, stored) = (ChildRun(), UInt64(0))
        if let failure = unmade[tool.name] {
            run.failure = failure
        } else {
            if step.isBackup { try FolderCensus.warm(source) }
            if settles { scratch.settle() }
            let log = log(of: tool, step.rawValue.replacing(" ", with: "-"), round)
            run = self.run(commands, log: log)
            if run.failure == nil { run.failure = missing(step, place) }
            do {
                stored = try FolderCensus.count(place.repository).bytes
            } catch {
                run.failure = run.failure ?? "the repository cannot be counted: \(error)"
            }
            if let failure = run.failure { progress("  \(tool.name): \(failure); see \(log)") }
        }
        results.append(
            Result(round: round, step: step, tool: tool.name, run: run, stored: stored)
        )
    }

    /// Runs commands one after the other, up to the first that fails.
    private func run(_ commands: [ChildCommand], log: String) -> ChildRun {
        var run = ChildRun()
        for command in commands where run.failure == nil {
            run = run.followed(by: ChildRun.run(command, log: log))
        }
        return run
    }

    /// What a restore did not bring back; nil where the counts are right, and for other steps.
    private func missing(_ step: SuiteStep, _ place: ToolPlace) -> String? {
        guard step == .restore || step == .restoreOne else { return nil }
        let restored: FolderCensus
        do {
            restored = try FolderCensus.count(place.target)
        } catch {
            return "what was restored cannot be counted: \(error)"
        }
        if step == .restoreOne {
            return restored.files == 1 ? nil : "restored \(restored.files) files, not one"
        }
        if restored == census { return nil }
        return "restored \(restored.files) files with \(restored.bytes) bytes, not "
            + "\(census.files) with \(census.bytes)"
    }

    private func log(of tool: some BackupTool, _ what: String, _ round: Int) -> String {
        "\(logs)/\(tool.name)-\(what)-\(round).log"
    }
}
