import ArgumentParser
import Glibc

/// How a report is shown: the same for every verb.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Write one JSON document instead of Markdown tables.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Write results.json, results.md and results.html to this folder too.",
            valueName: "folder"
        )
    )
    var out: String?

    /// Shows a report on standard output and, where asked, in files.
    func show(_ report: Report) throws {
        let (data, text) = (JSONRenderer.render(report), MarkdownRenderer.render(report))
        print(json ? data : text, terminator: "")
        guard let out else { return }
        if unsafe mkdir(out, 0o755) != 0 && errno != EEXIST {
            throw BenchFailure("\(out) cannot be made: \(errorText(errno))")
        }
        try Machine.write(data, to: out + "/results.json")
        try Machine.write(text, to: out + "/results.md")
        try Machine.write(HTMLRenderer.render(report), to: out + "/results.html")
    }
}

/// Says on standard error what is being done, as some things take long.
func progress(_ text: String) {
    let bytes = Array(("cairn-bench: " + text + "\n").utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
}
