internal import Foundation
internal import Testing

@Suite("Help and its documents")
struct HelpTests {
    /// A verb and the rows of its tables of options, as the documents have them.
    private struct Verb {
        let name: String
        let rows: [String]
        let globalRows: [String]
    }

    private static func verbs() throws -> [Verb] {
        let sandbox = try Sandbox()
        let dump = try sandbox.cairn("--experimental-dump-help").object()
        return try verbs(try #require(dump["command"] as? [String: Any]), [])
    }

    private static func verbs(_ command: [String: Any], _ path: [String]) throws -> [Verb] {
        let children = command["subcommands"] as? [[String: Any]] ?? []
        if children.isEmpty {
            let name = path.joined(separator: " ")
            let rows = rows(command, isGlobal: false)
            return [Verb(name: name, rows: rows, globalRows: self.rows(command, isGlobal: true))]
        }
        return try children.flatMap { child in
            let name = try #require(child["commandName"] as? String)
            return name == "help" ? [] : try verbs(child, path + [name])
        }
    }

    private static func rows(_ command: [String: Any], isGlobal: Bool) -> [String] {
        let arguments = command["arguments"] as? [[String: Any]] ?? []
        return arguments.compactMap { argument in
            let isOfGlobal = argument["sectionTitle"] as? String == "Global options"
            let names = (argument["names"] as? [[String: Any]] ?? [])
                .compactMap { $0["name"] as? String }
                .sorted { $0.count < $1.count }
            guard isOfGlobal == isGlobal, !names.isEmpty, names.last != "help",
                names.last != "version"
            else { return nil }
            var text = names.map { $0.count == 1 ? "-" + $0 : "--" + $0 }.joined(separator: ", ")
            if argument["kind"] as? String == "option" {
                text += " <\(argument["valueName"] as? String ?? "")>"
            }
            return "| `\(text)` | \(argument["abstract"] as? String ?? "") |"
        }
    }

    private static func document(_ name: String) throws -> [Substring] {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        let bytes = try Data(contentsOf: root.appendingPathComponent(name))
        return String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The rows of options between a heading and the next one.
    private static func section(_ heading: String, _ lines: [Substring]) -> [String] {
        guard let start = lines.firstIndex(of: Substring(heading)) else { return [] }
        let end = lines[(start + 1)...].firstIndex { $0.hasPrefix("#") } ?? lines.endIndex
        return lines[start..<end].filter { $0.hasPrefix("| `-") }.map(String.init)
    }

    @Test("help lists every verb, and every verb has help")
    func verbsHaveHelp() throws {
        let sandbox = try Sandbox()
        let help = try sandbox.cairn("--help")
        #expect(help.status == 0)
        let expected = [
            "init", "backup", "snapshots", "ls", "find", "diff", "dump", "restore", "check", "tag",
            "stats", "status", "key list", "key add", "key remove", "key change", "forget",
            "rebuild-index", "version",
        ]
        let names = try HelpTests.verbs().map(\.name)
        #expect(Set(names).isSuperset(of: expected))
        for verb in names {
            let words = verb.split(separator: " ").map(String.init)
            #expect(help.output.contains("  " + words[0]), "\(verb)")
            let run = try sandbox.cairn(words + ["--help"], [:])
            #expect(run.status == 0)
            #expect(run.output.contains("USAGE: cairn \(verb)"), "\(run.output)")
        }
    }

    @Test("the specification lists the options that help lists")
    func specification() throws {
        let lines = try HelpTests.document("Specs/CommandLine.md")
        for verb in try HelpTests.verbs() {
            let rows = HelpTests.section("### " + verb.name, lines)
            #expect(rows == verb.rows, "### \(verb.name)\n\(verb.rows.joined(separator: "\n"))")
            #expect(lines.contains { $0 == "### " + verb.name }, "\(verb.name)")
            let global = HelpTests.section("## Repository, password and cache", lines)
            #expect(global == verb.globalRows, "\(verb.globalRows.joined(separator: "\n"))")
        }
    }

    @Test("the options in the introduction exist")
    func introduction() throws {
        let verbs = try HelpTests.verbs()
        for line in try HelpTests.document("README.md") where line.hasPrefix("cairn ") {
            let words = line.split(separator: " ").dropFirst()
            let name = words.first.map(String.init) ?? ""
            let verb = try #require(verbs.first { $0.name == name }, "\(line)")
            let known = (verb.rows + verb.globalRows).flatMap { row in
                row.split { " ,`|".contains($0) }
            }
            for word in words where word.hasPrefix("-") {
                #expect(known.contains(word), "\(line): \(word)")
            }
        }
    }
}
