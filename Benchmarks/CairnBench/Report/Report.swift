/// What a verb of `cairn-bench` found out, apart from how it is shown.
///
/// A verb fills this in; ``JSONRenderer``, ``MarkdownRenderer`` and ``HTMLRenderer`` show it.
struct Report {
    /// A line above everything.
    let title: String
    /// What was run where, as pairs of a name and a text.
    var facts: [(name: String, text: String)] = []
    /// The results in their order.
    var sections: [Section] = []
    /// Remarks on all of it.
    var notes: [String] = []

    /// Starts a report that says which machine it is from.
    init(title: String) {
        self.title = title
        facts = Machine.facts
    }

    /// One table with a plot of it.
    struct Section {
        /// A line above the table.
        let title: String
        /// How to read the table.
        var explanation = ""
        /// The columns of the table.
        var columns: [Column] = []
        /// The rows of the table, each with a cell for every column.
        var rows: [[Cell]] = []
        /// The table as a picture.
        var plot: Plot?
        /// Every single measurement behind the table.
        var samples: [Sample] = []
        /// Remarks on this table.
        var notes: [String] = []

        /// Starts a section.
        init(title: String, explanation: String = "", columns: [Column]) {
            self.title = title
            self.explanation = explanation
            self.columns = columns
        }
    }

    /// The head of a column.
    struct Column {
        /// What is in it.
        let title: String
        /// The unit of its numbers; empty where it has none.
        let unit: String

        /// Names a column.
        init(_ title: String, _ unit: String = "") {
            self.title = title
            self.unit = unit
        }

        /// The name with the unit behind it.
        var heading: String { unit.isEmpty ? title : "\(title), \(unit)" }
    }

    /// One place in a table.
    enum Cell {
        /// Words.
        case text(String)
        /// A number, shown with so many digits after the point.
        case number(Double, digits: Int)
        /// Something did not work; the words say what.
        case failure(String)
        /// Nothing to say.
        case none

        /// What people read.
        var text: String {
            switch self {
            case .text(let text): text
            case .number(let value, let digits): decimals(value, digits)
            case .failure(let text): "FAILED: \(text)"
            case .none: "–"
            }
        }
    }

    /// One measurement with its circumstances.
    struct Sample {
        /// What was measured, such as the step, the tool and the round.
        let labels: [(name: String, text: String)]
        /// What came out.
        let values: [(name: String, value: Double)]
    }

    /// A picture of a table.
    enum Plot {
        /// Bars in groups: one group for each label, one bar in it for each series.
        case bars(unit: String, series: [String], groups: [BarGroup])
        /// Lines over axes that are both logarithmic.
        case lines(across: String, up: String, series: [Line])
    }

    /// Bars that are compared with each other.
    struct BarGroup {
        /// What they have in common.
        let label: String
        /// A length for each series; nil where there is no bar.
        let values: [Double?]
    }

    /// Points of one series.
    struct Line {
        /// The name of the series.
        let name: String
        /// The points from left to right; all numbers are above zero.
        let points: [(across: Double, up: Double)]
    }
}

/// A number with so many digits after the point.
func decimals(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    guard value.isFinite, abs(value * scale) < 1e18 else { return "\(value)" }
    let scaled = Int((abs(value) * scale).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return sign + String(scaled) }
    let rest = String(scaled % Int(scale))
    let zeros = String(repeating: "0", count: digits - rest.count)
    return "\(sign)\(scaled / Int(scale)).\(zeros)\(rest)"
}

/// The middle of some numbers, or zero where there are none.
func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2)
        ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}
