/// Rows of text in aligned columns.
struct Table {
    /// Where a column's text stands.
    enum Alignment {
        case left
        case right
    }

    private let titles: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []

    /// Makes a table from its columns.
    init(_ columns: [(String, Alignment)]) {
        titles = columns.map(\.0)
        alignments = columns.map(\.1)
    }

    /// Adds a row.
    ///
    /// A cell with several lines makes the row as high.
    mutating func add(_ cells: [String]) {
        let parts = cells.map {
            $0.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        }
        let height = parts.map(\.count).max() ?? 0
        for line in 0..<height {
            rows.append(parts.map { line < $0.count ? $0[line] : "" })
        }
    }

    /// The lines of the table, the titles first.
    var lines: [String] {
        var widths = titles.map(Table.width)
        for row in rows {
            for (column, cell) in row.enumerated() where column < widths.count {
                widths[column] = max(widths[column], Table.width(cell))
            }
        }
        let total = widths.reduce(0, +) + 2 * max(0, widths.count - 1)
        let rule = String(repeating: "-", count: total)
        return [line(titles, widths), rule] + rows.map { line($0, widths) } + [rule]
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var text = ""
        for (column, cell) in cells.enumerated() where column < widths.count {
            if column > 0 { text += "  " }
            let space = String(repeating: " ", count: widths[column] - Table.width(cell))
            text += alignments[column] == .right ? space + cell : cell + space
        }
        while text.last == " " { text.removeLast() }
        return text
    }

    /// How many columns of a terminal the text takes.
    static func width(_ text: String) -> Int {
        if text.utf8.count == text.unicodeScalars.count { return text.utf8.count }
        return text.reduce(0) { sum, character in
            sum + (character.unicodeScalars.contains(where: isWide) ? 2 : 1)
        }
    }

    /// The text cut down to so many columns, with a mark where something was left out.
    static func clipped(_ text: String, to columns: Int) -> String {
        if width(text) <= columns { return text }
        var kept = ""
        var used = 0
        for character in text {
            let size = width(String(character))
            if used + size > columns - 1 { break }
            used += size
            kept.append(character)
        }
        return columns > 0 ? kept + "…" : ""
    }

    /// Whether a terminal gives the character two columns.
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff,
            0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f,
            0x1f900...0x1f9ff, 0x20000...0x3fffd:
            true
        default: false
        }
    }
}
