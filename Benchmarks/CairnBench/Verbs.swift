import ArgumentParser

/// The verb `suite`.
struct SuiteVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suite",
        abstract: "Cairn beside other tools, as whole processes, on trees of files.",
        discussion: """
            Each tree is copied to the scratch, backed up, changed, backed up again, restored, \
            checked and cleaned up by each tool in turn. A step that fails is reported as failed, \
            the others go on, and the exit code is 1.
            """
    )

    @Argument(help: ArgumentHelp("The trees to back up.", valueName: "folder"))
    var trees: [String]

    @OptionGroup var place: PlaceOptions

    @Option(
        help: ArgumentHelp(
            "Cairn's command. (default: the one beside this program)",
            valueName: "path"
        )
    )
    var cairn: String?

    @Option(
        help: ArgumentHelp(
            "The tools to compare with, separated by commas, out of "
                + ToolFinder.peerNames.joined(separator: ", ")
                + "; '' for none. (default: those on PATH)",
            valueName: "names"
        )
    )
    var peers: String?

    @Flag(help: "Measure Cairn once more, opened by a key file instead of a password.")
    var keyFile = false

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let names = peers.map { $0.split(separator: ",").map(String.init) }
        let tools = try ToolFinder.find(cairn: cairn, withKeyFile: keyFile, peers: names)
        let trees = try trees.map(Scratch.resolve)
        let scratch = try Scratch(place.scratch)
        let runs: [SuiteRun]
        var report = Report(title: "Cairn beside other tools")
        report.facts += facts(tools, scratch)
        do {
            runs = try measure(trees, tools, scratch)
        } catch {
            // The logs stay, so that there is something to look at.
            try? scratch.remove(scratch.path + "/" + SuiteRun.workName)
            throw error
        }
        try scratch.remove(scratch.path + "/" + SuiteRun.workName)
        report.sections = zip(runs, trees).map { SuiteReport.section(of: $0, tree: $1) }
        report.facts.append(("load after", Machine.load))
        try output.show(report)
        guard runs.allSatisfy({ $0.results.allSatisfy { $0.run.failure == nil } }) else {
            progress("some steps failed; see the logs in \(scratch.path)/logs")
            throw ExitCode.failure
        }
        scratch.finish()
    }

    private func facts(
        _ tools: [any BackupTool],
        _ scratch: Scratch
    ) -> [(name: String, text: String)] {
        [("scratch", Machine.fileSystem(of: scratch.path))]
            + tools.map { tool in
                (tool.name, "\(ToolFinder.version(of: tool, scratch)); \(tool.settings)")
            }
    }

    private func measure(
        _ trees: [String],
        _ tools: [any BackupTool],
        _ scratch: Scratch
    ) throws -> [SuiteRun] {
        try trees.enumerated().map { index, tree in
            var run = try SuiteRun(
                scratch,
                tools: tools,
                rounds: place.rounds.value,
                number: index + 1
            )
            try run.run(on: tree)
            return run
        }
    }
}

/// The verb `roofline`.
struct RooflineVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roofline",
        abstract: "What the machine allows for a tree of files, beside the engine.",
        discussion: "Each part of a job is measured alone, on as many threads as there are cores."
    )

    @Argument(help: ArgumentHelp("The tree of files.", valueName: "folder"))
    var tree: String

    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let tree = try Scratch.resolve(tree)
        let scratch = try Scratch(place.scratch)
        defer { scratch.finish() }
        var report = Report(title: "Roofline of \(tree.split(separator: "/").last ?? "/")")
        report.facts.append(("scratch", Machine.fileSystem(of: scratch.path)))
        var run = RooflineRun(tree: tree, scratch: scratch)
        for round in 1...place.rounds.value {
            progress("round \(round)")
            try await run.runRound(round)
        }
        try scratch.remove(scratch.path + "/" + RooflineRun.workName)
        report.sections = RooflineReport.sections(of: run)
        report.facts.append(("load after", Machine.load))
        try output.show(report)
    }
}

/// The verb `scale`.
struct ScaleVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "How costs grow with size, up to a size of choice.",
        discussion: """
            Growth is the slope of the logarithm of the cost over that of the size: 0 where size \
            does not matter, 1 where twice the size costs twice as much.
            """
    )

    @Option(
        name: .customLong("max"),
        help: ArgumentHelp("The largest size, such as 10^7.", valueName: "count")
    )
    var sizeMax = Count(1_000_000)

    @Option(
        name: .customLong("min"),
        help: ArgumentHelp("The smallest size. (default: that of each subject)", valueName: "count")
    )
    var sizeMin: Count?

    @Option(
        help: ArgumentHelp(
            "What to scale, separated by commas: "
                + ScaleRun.subjects.map(\.name).joined(separator: ", ") + ". (default: all)",
            valueName: "names"
        )
    )
    var only: String?

    @Option(help: ArgumentHelp("An empty folder to work in. (default: a temporary one)"))
    var scratch: String?

    @Flag(help: "Leave what was generated in the scratch, to look at it with other tools.")
    var keep = false

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let names = only.map { $0.split(separator: ",").map(String.init) }
        let scratch = try Scratch(scratch)
        defer { scratch.finish() }
        var report = Report(title: "Growth with size")
        report.facts.append(("scratch", Machine.fileSystem(of: scratch.path)))
        let sizes = (sizeMin?.value ?? 1)...max(sizeMin?.value ?? 1, sizeMax.value)
        report.sections = try await ScaleRun.run(sizes, only: names, scratch)
        if !keep { try scratch.remove(scratch.path + "/" + ScaleRun.workName) }
        report.facts.append(("load after", Machine.load))
        try output.show(report)
    }
}

/// The verb `micro`.
struct MicroVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "micro",
        abstract: "Every kernel and codec on its own, one thread, beside memcpy."
    )

    @Option(help: ArgumentHelp("How often to measure.", valueName: "count"))
    var rounds = Count(7)

    @OptionGroup var output: OutputOptions

    func run() throws {
        var report = Report(title: "Kernels and codecs")
        var harness = Harness(rounds: rounds.value)
        try MicroBench.run(&harness)
        report.sections = harness.sections
        try output.show(report)
    }
}

/// The verb `engine`.
struct EngineVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "Backup, re-read, unchanged backup, restore and check of a folder, in process."
    )

    @Argument(help: ArgumentHelp("The folder to back up.", valueName: "folder"))
    var source: String

    @Argument(help: ArgumentHelp("An empty folder to work in.", valueName: "scratch"))
    var scratch: String

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let source = try Scratch.resolve(source)
        let scratch = try Scratch(scratch)
        var report = Report(title: "The engine in one process")
        report.facts.append(("scratch", Machine.fileSystem(of: scratch.path)))
        let figures = try await EngineBench.measure(source: source, folder: scratch.path)
        report.sections = [EngineBench.section(figures)]
        try output.show(report)
    }
}

/// The verb `index`.
struct IndexVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "An index of generated chunks: opening, hits, misses and memory."
    )

    @Argument(help: ArgumentHelp("How many chunks, such as 10^6.", valueName: "count"))
    var count: Count

    @Argument(help: ArgumentHelp("An empty folder to work in.", valueName: "scratch"))
    var scratch: String

    @OptionGroup var output: OutputOptions

    func run() throws {
        let scratch = try Scratch(scratch)
        let bench = IndexBench(chunkCount: count.value, folder: scratch.path)
        var report = Report(title: "The index")
        report.facts.append(("scratch", Machine.fileSystem(of: scratch.path)))
        report.sections = [IndexBench.section(try bench.measure(), chunkCount: count.value)]
        try output.show(report)
    }
}

/// Where a verb works and how often.
struct PlaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "An empty folder to work in; nothing else is written to. (default: a temporary one)",
            valueName: "folder"
        )
    )
    var scratch: String?

    @Option(help: ArgumentHelp("How often to measure everything.", valueName: "count"))
    var rounds = Count(3)
}
