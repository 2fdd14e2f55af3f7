/// Shows a report as one HTML page that needs nothing else: no scripts, no fonts, no network.
enum HTMLRenderer {
    /// The whole page.
    static func render(_ report: Report) -> String {
        let title = escaped(report.title)
        var body = "<h1>\(title)</h1>\n<dl>\n"
        for fact in report.facts {
            body += "<div><dt>\(escaped(fact.name))</dt><dd>\(escaped(fact.text))</dd></div>\n"
        }
        body += "</dl>\n"
        for section in report.sections { body += show(section) }
        body += list(report.notes)
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title)</title>
            <style>
            \(style)
            </style>
            </head>
            <body>
            \(body)</body>
            </html>

            """
    }

    /// The text with nothing in it that HTML would take for its own.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func show(_ section: Report.Section) -> String {
        var text = "<section>\n<h2>\(escaped(section.title))</h2>\n"
        if !section.explanation.isEmpty { text += "<p>\(escaped(section.explanation))</p>\n" }
        if let plot = section.plot { text += PlotRenderer.render(plot, title: section.title) }
        text += "<div class=\"table\"><table>\n<thead><tr>"
        for column in section.columns {
            text += "<th scope=\"col\">\(escaped(column.heading))</th>"
        }
        text += "</tr></thead>\n<tbody>\n"
        for row in section.rows {
            text += "<tr>" + row.map(show).joined() + "</tr>\n"
        }
        return text + "</tbody></table></div>\n" + list(section.notes) + "</section>\n"
    }

    private static func show(_ cell: Report.Cell) -> String {
        let text = escaped(cell.text)
        return switch cell {
        case .number: "<td class=\"number\">\(text)</td>"
        case .failure: "<td class=\"failure\">\(text)</td>"
        case .text, .none: "<td>\(text)</td>"
        }
    }

    private static func list(_ notes: [String]) -> String {
        guard !notes.isEmpty else { return "" }
        return "<ul>\n" + notes.map { "<li>\(escaped($0))</li>\n" }.joined() + "</ul>\n"
    }

    private static let style = """
        :root { color-scheme: light dark; --back: #fff; --fore: #1c1e21; --soft: #5d646e;
          --line: #d9dce1; --bad: #b3261e; --s0: #0b66c3; --s1: #d9730d; --s2: #2e8540;
          --s3: #8250df; --s4: #c2255c; --s5: #0f8b8d; --s6: #8d6e00; --s7: #5d646e; }
        @media (prefers-color-scheme: dark) {
          :root { --back: #15171a; --fore: #e6e8eb; --soft: #9aa3ad; --line: #34383e;
            --bad: #ff8a80; --s0: #5aa9f8; --s1: #f2a154; --s2: #6cc883; --s3: #b794f6;
            --s4: #f783ac; --s5: #5fd3d5; --s6: #dcc14a; --s7: #9aa3ad; } }
        body { background: var(--back); color: var(--fore); margin: 0 auto; max-width: 60rem;
          padding: 1.5rem 1rem 4rem; font: 16px/1.5 system-ui, sans-serif; }
        h1 { font-size: 1.6rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
        dl { color: var(--soft); font-size: .9rem; margin: 0; }
        dl div { display: flex; gap: .5rem; } dt { min-width: 9rem; } dd { margin: 0; }
        p, li { max-width: 46rem; }
        .table { overflow-x: auto; }
        table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
        th, td { border-bottom: 1px solid var(--line); padding: .3rem .7rem; text-align: left; }
        th { color: var(--soft); font-weight: 600; }
        td.number { text-align: right; white-space: nowrap; }
        td.failure { color: var(--bad); font-weight: 600; }
        svg { display: block; height: auto; margin: 1rem 0; max-width: 100%; }
        svg text { fill: var(--fore); font: 12px system-ui, sans-serif; }
        svg .soft { fill: var(--soft); } svg .axis { stroke: var(--line); fill: none; }
        .s0 { fill: var(--s0); stroke: var(--s0); } .s1 { fill: var(--s1); stroke: var(--s1); }
        .s2 { fill: var(--s2); stroke: var(--s2); } .s3 { fill: var(--s3); stroke: var(--s3); }
        .s4 { fill: var(--s4); stroke: var(--s4); } .s5 { fill: var(--s5); stroke: var(--s5); }
        .s6 { fill: var(--s6); stroke: var(--s6); } .s7 { fill: var(--s7); stroke: var(--s7); }
        polyline { fill: none !important; stroke-width: 2; } rect { stroke: none !important; }
        """
}
