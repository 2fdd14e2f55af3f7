import Testing

@testable import CairnBench

@Suite("Reports of the benchmarks")
struct ReportTests {
    private static let hostile = "<b>&\"'|\n\u{1}\\é"

    private var report: Report {
        var report = Report(title: ReportTests.hostile)
        report.facts = [("fact", ReportTests.hostile)]
        var section = Report.Section(
            title: ReportTests.hostile,
            explanation: ReportTests.hostile,
            columns: [Report.Column("name"), Report.Column("time", "s")]
        )
        section.rows = [
            [.text(ReportTests.hostile), .number(1.5, digits: 2)],
            [.none, .failure("exit code 2")],
        ]
        section.plot = .bars(
            unit: "s",
            series: [ReportTests.hostile, "b"],
            groups: [Report.BarGroup(label: ReportTests.hostile, values: [1, nil])]
        )
        report.sections = [section]
        section.plot = .lines(
            across: "size",
            up: "s",
            series: [Report.Line(name: ReportTests.hostile, points: [(10, 1), (100, 20)])]
        )
        report.sections.append(section)
        return report
    }

    @Test("A page holds no text that HTML takes for its own, and asks for nothing from outside")
    func page() {
        let page = HTMLRenderer.render(report)
        #expect(!page.contains("<b>"))
        #expect(page.contains("&lt;b&gt;&amp;&quot;&#39;|"))
        for word in ["src=", "href=", "url(", "@import", "<script"] {
            #expect(!page.contains(word), "\(word)")
        }
        #expect(page.occurrences(of: "<svg") == 2)
    }

    @Test("A cell of Markdown ends neither its row nor its table")
    func markdown() {
        let lines = MarkdownRenderer.render(report).split(separator: "\n")
        let rows = lines.filter { $0.hasPrefix("| ") }
        #expect(rows.count == 8)
        for row in rows { #expect(row.replacing("\\|", with: "").occurrences(of: "|") == 3) }
        #expect(rows.contains { $0.contains("FAILED: exit code 2") })
    }

    @Test("JSON escapes what it must, and tells a failure from a number")
    func json() {
        let json = JSONRenderer.render(report)
        #expect(json.contains("\"<b>&\\\"'|\\n\\u0001\\\\é\""))
        #expect(json.contains("{\"failure\":\"exit code 2\"}"))
        #expect(json.contains("1.5]"))
    }

    @Test(
        "Numbers are rounded to their digits",
        arguments: [
            (1.005, 1, "1.0"), (0.0625, 3, "0.063"), (-0.04, 1, "0.0"), (-0.26, 1, "-0.3"),
            (9.99, 1, "10.0"), (12, 0, "12"),
        ]
    )
    func rounding(value: Double, digits: Int, text: String) {
        #expect(decimals(value, digits) == text)
    }

    @Test("Growth is the exponent of a power, and nothing where there is one point")
    func growth() throws {
        let square = [10.0, 100, 1000].map { (across: $0, up: 3 * $0 * $0) }
        #expect(abs(try #require(ScaleRun.growth(square)) - 2) < 1e-9)
        #expect(ScaleRun.growth([(10, 1)]) == nil)
    }
}

extension StringProtocol where SubSequence == Substring {
    /// How often `text` occurs.
    fileprivate func occurrences(of text: String) -> Int {
        var (count, rest) = (0, Substring(self))
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
