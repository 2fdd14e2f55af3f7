/// Shows a report as Markdown with one table a section.
enum MarkdownRenderer {
    /// The whole report; it ends with a line feed.
    static func render(_ report: Report) -> String {
        var lines = ["# \(plain(report.title))", ""]
        lines += report.facts.map { "- \(plain($0.name)): \(plain($0.text))" }
        for section in report.sections {
            lines += ["", "## \(plain(section.title))", ""]
            if !section.explanation.isEmpty { lines += [plain(section.explanation), ""] }
            lines += table(section)
            lines += list(section.notes)
        }
        lines += list(report.notes)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func list(_ notes: [String]) -> [String] {
        notes.isEmpty ? [] : [""] + notes.map { "- \(plain($0))" }
    }

    private static func table(_ section: Report.Section) -> [String] {
        let heads = section.columns.map { plain($0.heading) }
        let rows = section.rows.map { $0.map { plain($0.text) } }
        let widths = heads.indices.map { index in
            max(3, ([heads] + rows).map { $0[index].count }.max() ?? 3)
        }
        let isRight = heads.indices.map { index in
            section.rows.contains { row in
                if case .number = row[index] { true } else { false }
            }
        }
        func line(_ cells: [String]) -> String {
            let padded = cells.indices.map { index in
                let space = String(repeating: " ", count: widths[index] - cells[index].count)
                return isRight[index] ? space + cells[index] : cells[index] + space
            }
            return "| " + padded.joined(separator: " | ") + " |"
        }
        let rules = heads.indices.map { index in
            let dashes = String(repeating: "-", count: widths[index] - 1)
            return isRight[index] ? dashes + ":" : dashes + "-"
        }
        return [line(heads), line(rules)] + rows.map(line)
    }

    /// The text on one line, with nothing in it that would end a cell.
    private static func plain(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "|": result += "\\|"
            case "\n", "\r": result += " "
            default: result.append(character)
            }
        }
        return result
    }
}
