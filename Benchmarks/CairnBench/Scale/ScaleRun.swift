import Glibc

/// One figure.
struct Figure {
    /// What was measured.
    let name: String
    /// How much it is.
    let value: Double
    /// What it is measured in.
    let unit: String
}

/// Something whose costs may grow with its size.
protocol ScaleSubject: Sendable {
    /// What it is called on the command line.
    var name: String { get }
    /// What its size counts, such as `chunks`.
    var unit: String { get }
    /// The smallest size measured.
    var sizeMin: Int { get }
    /// The largest size that can be measured in reasonable time.
    var sizeMax: Int { get }

    /// Makes one of a size in an empty folder and measures it.
    func measure(size: Int, folder: String) async throws -> [Figure]
}

/// Measures subjects at growing sizes.
enum ScaleRun {
    /// What can be scaled. A further subject is one more line here.
    static let subjects: [any ScaleSubject] = [IndexScale(), SnapshotScale(), CleanupScale()]

    /// The folder in the scratch that holds everything.
    static let workName = "work"

    /// Measures the subjects at every power of ten within a range, one section for each unit.
    static func run(
        _ sizes: ClosedRange<Int>,
        only names: [String]?,
        _ scratch: Scratch
    ) async throws -> [Report.Section] {
        let known = subjects.map(\.name)
        for name in names ?? [] where !known.contains(name) {
            throw BenchFailure("\(name) is not among \(known.joined(separator: ", "))")
        }
        var sections: [Report.Section] = []
        for subject in subjects where names?.contains(subject.name) ?? true {
            sections += try await measure(subject, sizes, scratch)
        }
        return sections
    }

    private static func measure(
        _ subject: some ScaleSubject,
        _ sizes: ClosedRange<Int>,
        _ scratch: Scratch
    ) async throws -> [Report.Section] {
        var results: [(size: Int, figures: [Figure])] = []
        var size = subject.sizeMin
        while size < sizes.lowerBound { size *= 10 }
        while size <= min(sizes.upperBound, subject.sizeMax) {
            progress("\(subject.name), \(size) \(subject.unit)")
            let folder = try scratch.folder("\(workName)/\(subject.name)-\(size)")
            results.append((size, try await subject.measure(size: size, folder: folder)))
            size *= 10
        }
        guard let first = results.first else {
            throw BenchFailure(
                "\(subject.name) has sizes of \(subject.sizeMin) to \(subject.sizeMax)"
            )
        }
        var units: [String] = []
        for figure in first.figures where !units.contains(figure.unit) { units.append(figure.unit) }
        return units.map { section(subject, $0, results) }
    }

    private static func section(
        _ subject: some ScaleSubject,
        _ unit: String,
        _ results: [(size: Int, figures: [Figure])]
    ) -> Report.Section {
        let heads = results.map { Report.Column("\($0.size)", unit) }
        var section = Report.Section(
            title: "\(subject.name), in \(unit)",
            explanation: "Columns are sizes in \(subject.unit). Growth is the slope of a line "
                + "through the logarithms (least squares): 0 does not grow, 1 grows with the size.",
            columns: [Report.Column("figure")] + heads + [Report.Column("growth")]
        )
        var lines: [Report.Line] = []
        for figure in results[0].figures where figure.unit == unit {
            let values = results.map { result in
                result.figures.first { $0.name == figure.name }?.value
            }
            let points = zip(results, values).compactMap { result, value in
                value.flatMap { $0 > 0 ? (across: Double(result.size), up: $0) : nil }
            }
            let cells = values.map { value -> Report.Cell in
                value.map { .number($0, digits: 3) } ?? .none
            }
            let slope = growth(points)
            section.rows.append(
                [.text(figure.name)] + cells + [slope.map { .number($0, digits: 2) } ?? .none]
            )
            lines.append(Report.Line(name: figure.name, points: points))
        }
        section.plot = .lines(across: subject.unit, up: unit, series: lines)
        return section
    }

    /// The slope of the line that fits the logarithms of the points best; nil with fewer than two.
    static func growth(_ points: [(across: Double, up: Double)]) -> Double? {
        guard points.count >= 2 else { return nil }
        let places = points.map { (x: log($0.across), y: log($0.up)) }
        let count = Double(places.count)
        let meanX = places.reduce(0) { $0 + $1.x } / count
        let meanY = places.reduce(0) { $0 + $1.y } / count
        let spread = places.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
        guard spread > 0 else { return nil }
        return places.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) } / spread
    }
}
