import Testing

@testable import CairnBench

@Suite("The tools that the suite drives")
struct ToolTests {
    private static let place = ToolPlace(
        source: "/s/source",
        repository: "/s/repository",
        cache: "/s/cache",
        home: "/s/home",
        target: "/s/target",
        file: "a/b.txt"
    )

    /// What a tool is asked to do, each command as one line without the program.
    private func lines(_ commands: [ChildCommand], of tool: some BackupTool) -> [String] {
        for command in commands { #expect(command.arguments.first == tool.program) }
        return commands.map { $0.arguments.dropFirst().joined(separator: " ") }
    }

    /// What a tool finds in its environment besides what all find there.
    private func variables(_ tool: some BackupTool) -> Set<String> {
        let commands =
            tool.create(ToolTests.place)
            + SuiteStep.allCases.flatMap { tool.commands(for: $0, ToolTests.place) }
        let common = Set(ToolTests.place.environment)
        let all = Set(commands.map { Set($0.environment) })
        #expect(all.count == 1 && all.allSatisfy { $0.isSuperset(of: common) })
        return (all.first ?? []).subtracting(common)
    }

    @Test("bup looks for changes, then stores them under a name of their own")
    func bup() {
        let tool = BupTool(program: "/bin/bup")
        let index = "--indexfile /s/cache/bupindex /s/source"
        let expected: [SuiteStep: [String]] = [
            .first: ["index --update \(index)", "save --name first \(index)"],
            .changed: ["index --update \(index)", "save --name changed \(index)"],
            .reread: ["index --update --fake-invalid \(index)", "save --name reread \(index)"],
            .unchanged: ["index --update \(index)", "save --name unchanged \(index)"],
            .restore: ["restore --outdir /s/target /unchanged/latest/"],
            .restoreOne: ["restore --outdir /s/target /unchanged/latest/s/source/a/b.txt"],
            .check: ["fsck"],
            .cleanup: ["rm --unsafe /first /changed /reread", "gc --unsafe"],
        ]
        #expect(lines(tool.create(ToolTests.place), of: tool) == ["init"])
        for step in SuiteStep.allCases {
            let commands = tool.commands(for: step, ToolTests.place)
            #expect(lines(commands, of: tool) == expected[step], "\(step.rawValue)")
        }
        #expect(variables(tool) == ["BUP_DIR=/s/repository"])
    }

    @Test("Cairn with a key file makes one of its own and never sees a password")
    func keyFile() {
        let tool = CairnTool(program: "/bin/cairn", usesKeyFile: true)
        let made = tool.create(ToolTests.place)
        #expect(made.count == 2)
        #expect(made.first?.arguments.last == "/s/home/key")
        #expect(made.last?.arguments == ["/bin/cairn", "init"])
        let steps = SuiteStep.allCases.flatMap { tool.commands(for: $0, ToolTests.place) }
        let all = made.dropFirst() + steps
        for command in all {
            #expect(command.environment.contains("CAIRN_KEY_FILE=/s/home/key"))
            #expect(!command.environment.contains { $0.hasPrefix("CAIRN_PASSWORD") })
        }
        let other = CairnTool(program: "/bin/cairn")
        #expect(other.name != tool.name && other.create(ToolTests.place).count == 1)
        #expect(variables(other).contains("CAIRN_PASSWORD=benchmark"))
    }

    @Test("kopia is told to compress, to restore by path, and to free space at once")
    func kopia() {
        let tool = KopiaTool(program: "/bin/kopia")
        let latest = "snapshot restore --snapshot-time latest"
        let expected: [SuiteStep: [String]] = [
            .first: ["snapshot create /s/source"],
            .changed: ["snapshot create /s/source"],
            .reread: ["snapshot create /s/source --force-hash 100"],
            .unchanged: ["snapshot create /s/source"],
            .restore: ["\(latest) /s/source /s/target"],
            .restoreOne: ["\(latest) /s/source/a/b.txt /s/target/b.txt"],
            .check: ["snapshot verify --verify-files-percent 100"],
            .cleanup: [
                "policy set --global --keep-latest 1 --keep-hourly 0 --keep-daily 0 "
                    + "--keep-weekly 0 --keep-monthly 0 --keep-annual 0",
                "snapshot expire --all --delete", "maintenance run --full --safety none",
            ],
        ]
        #expect(
            lines(tool.create(ToolTests.place), of: tool) == [
                "repository create filesystem --path /s/repository",
                "policy set --global --compression zstd",
            ]
        )
        for step in SuiteStep.allCases {
            let commands = tool.commands(for: step, ToolTests.place)
            #expect(lines(commands, of: tool) == expected[step], "\(step.rawValue)")
        }
        #expect(
            variables(tool) == [
                "KOPIA_PASSWORD=benchmark", "KOPIA_CONFIG_PATH=/s/home/kopia.config",
                "KOPIA_CACHE_DIRECTORY=/s/cache", "KOPIA_LOG_DIR=/s/home/logs",
                "KOPIA_PERSIST_CREDENTIALS_ON_CONNECT=false", "KOPIA_CHECK_FOR_UPDATES=false",
            ]
        )
    }

    @Test("rustic is asked like restic, and to free space at once")
    func rustic() {
        let tool = RusticTool(program: "/bin/rustic")
        let expected: [SuiteStep: [String]] = [
            .first: ["backup /s/source"],
            .changed: ["backup /s/source"],
            .reread: ["backup --force /s/source"],
            .unchanged: ["backup /s/source"],
            .restore: ["restore latest /s/target"],
            .restoreOne: ["restore latest:/s/source/a/b.txt /s/target"],
            .check: ["check --read-data"],
            .cleanup: ["forget --keep-last 1 --prune --instant-delete"],
        ]
        #expect(lines(tool.create(ToolTests.place), of: tool) == ["init"])
        for step in SuiteStep.allCases {
            let commands = tool.commands(for: step, ToolTests.place)
            #expect(lines(commands, of: tool) == expected[step], "\(step.rawValue)")
        }
        #expect(
            variables(tool) == [
                "RUSTIC_REPOSITORY=/s/repository", "RUSTIC_PASSWORD=benchmark",
                "RUSTIC_CACHE_DIR=/s/cache",
            ]
        )
    }

    @Test("Only bup is marked as without encryption")
    func encryption() {
        let tools: [any BackupTool] = [
            CairnTool(program: ""), ResticTool(program: ""), BorgTool(program: ""),
            BupTool(program: ""), KopiaTool(program: ""), RusticTool(program: ""),
        ]
        #expect(
            tools.map(\.label)
                == ["cairn", "restic", "borg", "bup (unencrypted)", "kopia", "rustic"]
        )
        #expect(tools.dropFirst().map(\.name) == ToolFinder.peerNames)
    }

    @Test(
        "A peer that is not known, and one that is not there, are told apart",
        arguments: [
            ("tar", "tar is no peer; known are restic, borg, bup, kopia, rustic"),
            ("kopia", "kopia is not on PATH"),
        ]
    )
    func missing(name: String, text: String) {
        let failure = #expect(throws: BenchFailure.self) {
            try ToolFinder.find(cairn: "/bin/sh", peers: [name], on: "/no/such")
        }
        #expect(failure?.description == text)
    }

    @Test("A peer that is named twice is refused, one that nobody named may be missing")
    func names() throws {
        let scratch = try Scratch(nil)
        defer { scratch.finish() }
        try Machine.write("#!/bin/sh\n", to: scratch.path + "/bup")
        let mode = ChildCommand(arguments: ["/bin/chmod", "755", scratch.path + "/bup"])
        #expect(ChildRun.run(mode, log: "/dev/null").failure == nil)
        let found = try ToolFinder.find(cairn: "/bin/sh", peers: nil, on: scratch.path)
        #expect(found.map(\.name) == ["cairn", "bup"])
        #expect(throws: BenchFailure.self) {
            try ToolFinder.find(cairn: "/bin/sh", peers: ["bup", "bup"], on: scratch.path)
        }
    }
}
