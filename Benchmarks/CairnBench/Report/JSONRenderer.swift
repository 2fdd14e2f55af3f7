/// Shows a report as one JSON document, with every single measurement in it.
enum JSONRenderer {
    /// A value of JSON.
    indirect enum Value {
        /// A string.
        case text(String)
        /// A number; null where it is not finite.
        case number(Double)
        /// An array.
        case list([Value])
        /// An object, with its members in this order.
        case object([(String, Value)])
        /// Nothing.
        case null

        /// The value on one line.
        var encoded: String {
            switch self {
            case .text(let text): JSONRenderer.quoted(text)
            case .number(let value): JSONRenderer.number(value)
            case .list(let values): "[" + values.map(\.encoded).joined(separator: ",") + "]"
            case .object(let members):
                "{"
                    + members.map { "\(JSONRenderer.quoted($0.0)):\($0.1.encoded)" }
                    .joined(separator: ",") + "}"
            case .null: "null"
            }
        }
    }

    /// The whole report; it ends with a line feed.
    static func render(_ report: Report) -> String {
        let sections = report.sections.map { section(of: $0).encoded }.joined(separator: ",\n")
        let head: [(String, Value)] = [
            ("title", .text(report.title)),
            ("facts", .object(report.facts.map { ($0.name, .text($0.text)) })),
            ("notes", .list(report.notes.map { .text($0) })),
        ]
        let members = head.map { "\(quoted($0.0)):\($0.1.encoded)" }.joined(separator: ",\n")
        return "{\(members),\n\"sections\":[\n\(sections)\n]}\n"
    }

    private static func section(of section: Report.Section) -> Value {
        let columns = section.columns.map { column -> Value in
            .object([("title", .text(column.title)), ("unit", .text(column.unit))])
        }
        let samples = section.samples.map { sample -> Value in
            .object(
                sample.labels.map { ($0.name, .text($0.text)) }
                    + sample.values.map { ($0.name, .number($0.value)) }
            )
        }
        return .object([
            ("title", .text(section.title)),
            ("columns", .list(columns)),
            ("rows", .list(section.rows.map { .list($0.map(cell)) })),
            ("samples", .list(samples)),
            ("notes", .list(section.notes.map { .text($0) })),
        ])
    }

    private static func cell(_ cell: Report.Cell) -> Value {
        switch cell {
        case .text(let text): .text(text)
        case .number(let value, _): .number(value)
        case .failure(let text): .object([("failure", .text(text))])
        case .none: .null
        }
    }

    private static func number(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
