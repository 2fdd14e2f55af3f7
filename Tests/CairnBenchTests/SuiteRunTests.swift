import Testing

@testable import CairnBench

/// A tool made of scripts of the shell, which find the repository, the source, the target and the
/// file in `$1` to `$4`.
private struct ScriptedTool: BackupTool {
    let name: String
    let program = "/bin/sh"
    let versionArguments = ["-c", "echo 1"]
    let settings = "copies"
    var isEncrypted = true
    var creation = "mkdir \"$1\""
    var scripts: [SuiteStep: String] = [
        .first: copy, .changed: copy, .reread: copy, .unchanged: copy,
        .restore: "cp -a \"$1/tree/.\" \"$3\"", .restoreOne: "cp \"$1/tree/$4\" \"$3\"",
        .check: "true", .cleanup: "true",
    ]

    private static let copy = "rm -rf \"$1/tree\"; cp -a \"$2\" \"$1/tree\""

    func create(_ place: ToolPlace) -> [ChildCommand] { [command(creation, place)] }

    func commands(for step: SuiteStep, _ place: ToolPlace) -> [ChildCommand] {
        guard let script = scripts[step] else { return [] }
        return script.split(separator: "&&").map { command(String($0), place) }
    }

    private func command(_ script: String, _ place: ToolPlace) -> ChildCommand {
        ChildCommand(
            arguments: [
                program, "-c", script, "sh", place.repository, place.source, place.target,
                place.file,
            ],
            environment: place.environment
        )
    }
}

@Suite("A run of the suite")
struct SuiteRunTests {
    /// Runs tools on a small tree, in one round.
    private func run(_ tools: [any BackupTool]) throws -> SuiteRun {
        let scratch = try Scratch(nil)
        defer { scratch.finish() }
        let tree = try scratch.folder("tree")
        for number in 0..<5 {
            let text = String(repeating: "line \(number)\n", count: 300)
            try Machine.write(text, to: tree + "/file-\(number)")
        }
        var run = try SuiteRun(scratch, tools: tools, rounds: 1, number: 1)
        run.settles = false
        try run.run(on: tree)
        return run
    }

    /// What went wrong for a tool, by step.
    private func failures(of tool: String, in run: SuiteRun) -> [SuiteStep: String] {
        var failures: [SuiteStep: String] = [:]
        for result in run.results where result.tool == tool {
            failures[result.step] = result.run.failure
        }
        return failures
    }

    /// The cells of a tool's row in a step.
    private func cells(of label: String, in step: SuiteStep, _ run: SuiteRun) -> [String] {
        let rows = SuiteReport.section(of: run, tree: "/tree").rows.map { $0.map(\.text) }
        return rows.first { $0.starts(with: [step.rawValue, label]) } ?? []
    }

    @Test("A tool that fails in a step is reported there, and neither it nor the others stop")
    func failing() throws {
        var bad = ScriptedTool(name: "bad")
        bad.scripts[.changed] = "exit 3 && touch \"$1/after\""
        bad.scripts[.restore] = "true"
        bad.scripts[.check] = "test ! -e \"$1/after\""
        let run = try run([ScriptedTool(name: "good"), bad])
        #expect(failures(of: "good", in: run).isEmpty)
        let bytes = run.census.bytes
        #expect(
            failures(of: "bad", in: run) == [
                .changed: "exit code 3",
                .restore: "restored 0 files with 0 bytes, not 5 with \(bytes)",
            ]
        )
        #expect(run.results.count == 2 * SuiteStep.allCases.count)
        let row = cells(of: "bad", in: .changed, run)
        #expect(row.dropFirst(2).first?.hasPrefix("FAILED: exit code 3 after ") == true)
        #expect(row.dropFirst(3).allSatisfy { $0 == "–" })
        #expect(cells(of: "bad", in: .unchanged, run).last != "–")
    }

    @Test("A tool that makes no repository fails in every step, and the others do not")
    func noRepository() throws {
        var bad = ScriptedTool(name: "bad")
        bad.creation = "exit 4"
        let run = try run([ScriptedTool(name: "good"), bad])
        #expect(failures(of: "good", in: run).isEmpty)
        let failures = failures(of: "bad", in: run)
        #expect(failures.count == SuiteStep.allCases.count)
        #expect(Set(failures.values) == ["no repository: exit code 4"])
        #expect(
            cells(of: "bad", in: .first, run).dropFirst(2)
                == ["FAILED: no repository: exit code 4", "–", "–", "–", "–", "–", "–", "–", "–"]
        )
        for sample in SuiteReport.section(of: run, tree: "/tree").samples
        where sample.labels.contains(where: { $0.name == "failure" }) {
            #expect(sample.values.map(\.name) == ["round"])
        }
    }

    @Test("A step that a tool does not have is empty in the table, and measured by nobody as zero")
    func lacking() throws {
        var less = ScriptedTool(name: "less", isEncrypted: false)
        less.scripts[.check] = nil
        let run = try run([ScriptedTool(name: "good"), less])
        #expect(!run.results.contains { $0.tool == "less" && $0.step == .check })
        #expect(run.results.count == 2 * SuiteStep.allCases.count - 1)
        let row = cells(of: "less (unencrypted)", in: .check, run)
        #expect(row.count == 11 && row.dropFirst(2).allSatisfy { $0 == "–" })
        #expect(cells(of: "good", in: .check, run).dropFirst(2).first != "–")
        let section = SuiteReport.section(of: run, tree: "/tree")
        #expect(section.notes.contains { $0.hasPrefix("Without encryption: less.") })
    }
}
