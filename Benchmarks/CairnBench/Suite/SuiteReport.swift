import CairnIO

/// Puts what ``SuiteRun`` measured into a report.
enum SuiteReport {
    /// The table, the plot and the single measurements of one tree.
    static func section(of run: SuiteRun, tree: String) -> Report.Section {
        let size = decimals(Double(run.census.bytes) / 1e9, 3)
        var section = Report.Section(
            title: "\(name(of: tree)): \(run.census.files) files, \(size) GB",
            explanation:
                "Medians over rounds (here \(run.rounds)), tools in turns. Ratios are Cairn's "
                + "figure divided by the tool's: below 1 Cairn needs less. A row of dashes is a "
                + "step that the tool does not have.",
            columns: columns
        )
        let own = run.tools[0].name
        for step in SuiteStep.allCases where run.results.contains(where: { $0.step == step }) {
            let base = Middle(run.results.filter { $0.step == step && $0.tool == own })
            for tool in run.tools {
                let results = run.results.filter { $0.step == step && $0.tool == tool.name }
                section.rows.append(
                    results.isEmpty
                        ? emptyRow(step, tool.label)
                        : row(step, tool.label, Middle(results), base, isOwn: tool.name == own)
                )
            }
        }
        section.plot = plot(run)
        section.samples = run.results.map(sample)
        section.notes = notes(run)
        return section
    }

    private static let columns = [
        Report.Column("step"), Report.Column("tool"), Report.Column("wall", "s"),
        Report.Column("from–to", "s"), Report.Column("CPU", "s"),
        Report.Column("peak memory", "MiB"), Report.Column("stored", "MB"),
        Report.Column("cairn/tool wall"), Report.Column("cairn/tool CPU"),
        Report.Column("cairn/tool memory"), Report.Column("cairn/tool stored"),
    ]

    /// The medians of one tool in one step, over the rounds in which it worked.
    private struct Middle {
        let wall: Double
        let processor: Double
        let peak: Double
        let stored: Double
        let spread: String
        /// Whether there is no round in which it worked, and so no figure.
        let isEmpty: Bool
        /// What went wrong, with how often; nil where nothing did.
        let failure: String?

        init(_ results: [SuiteRun.Result]) {
            let good = results.filter { $0.run.failure == nil }
            let walls = good.map(\.run.wall)
            wall = median(walls)
            processor = median(good.map(\.run.processor))
            peak = median(good.map { Double($0.run.peak) })
            stored = median(good.map { Double($0.stored) })
            spread = "\(decimals(walls.min() ?? 0, 2))–\(decimals(walls.max() ?? 0, 2))"
            isEmpty = good.isEmpty
            let bad = results.filter { $0.run.failure != nil }
            failure = bad.first?.run.failure.map { first in
                let wall = median(bad.map(\.run.wall))
                let time = wall > 0 ? " after \(decimals(wall, 2)) s" : ""
                let share = good.isEmpty ? "" : " (\(bad.count) of \(results.count) rounds)"
                return first + time + share
            }
        }
    }

    /// The row of a tool that has no such step.
    private static func emptyRow(_ step: SuiteStep, _ tool: String) -> [Report.Cell] {
        [.text(step.rawValue), .text(tool)] + columns.dropFirst(2).map { _ in .none }
    }

    private static func row(
        _ step: SuiteStep,
        _ tool: String,
        _ middle: Middle,
        _ own: Middle,
        isOwn: Bool
    ) -> [Report.Cell] {
        let isComparable = !isOwn && middle.failure == nil && own.failure == nil
        func ratio(_ value: KeyPath<Middle, Double>) -> Report.Cell {
            guard isComparable, middle[keyPath: value] > 0 else { return .none }
            return .number(own[keyPath: value] / middle[keyPath: value], digits: 2)
        }
        func figure(_ value: Double, digits: Int) -> Report.Cell {
            middle.isEmpty ? .none : .number(value, digits: digits)
        }
        let wall = middle.failure.map { Report.Cell.failure($0) } ?? figure(middle.wall, digits: 2)
        return [
            .text(step.rawValue), .text(tool), wall,
            middle.isEmpty ? .none : .text(middle.spread), figure(middle.processor, digits: 2),
            figure(middle.peak / 1_048_576, digits: 0), figure(middle.stored / 1e6, digits: 1),
            ratio(\.wall), ratio(\.processor), ratio(\.peak), ratio(\.stored),
        ]
    }

    private static func plot(_ run: SuiteRun) -> Report.Plot {
        let groups = SuiteStep.allCases.map { step in
            let values = run.tools.map { tool -> Double? in
                let results = run.results.filter { $0.step == step && $0.tool == tool.name }
                guard !results.isEmpty, results.allSatisfy({ $0.run.failure == nil }) else {
                    return nil
                }
                return median(results.map(\.run.wall))
            }
            return Report.BarGroup(label: step.rawValue, values: values)
        }
        return .bars(unit: "seconds of wall time", series: run.tools.map(\.label), groups: groups)
    }

    private static func sample(_ result: SuiteRun.Result) -> Report.Sample {
        var labels = [("step", result.step.rawValue), ("tool", result.tool)]
        if let failure = result.run.failure { labels.append(("failure", failure)) }
        var values = [("round", Double(result.round))]
        // What was never started took no time that could be told.
        if result.run.wall > 0 {
            values += [
                ("wall_s", result.run.wall), ("cpu_s", result.run.processor),
                ("peak_bytes", Double(result.run.peak)), ("stored_bytes", Double(result.stored)),
            ]
        }
        return Report.Sample(
            labels: labels.map { (name: $0.0, text: $0.1) },
            values: values.map { (name: $0.0, value: $0.1) }
        )
    }

    private static func notes(_ run: SuiteRun) -> [String] {
        let share = decimals(SourceEdit.share * 100, 0)
        var notes = [
            "The changed backup found \(run.edit.files) files (about \(share) %) with up to 64 "
                + "changed bytes each.",
            "Stored is the sum of the sizes of all files in the repository after the step.",
            "Peak memory is never less than \(ChildRun.peakFloor >> 20) MiB, the peak of this "
                + "benchmark, from which the kernel starts to count.",
        ]
        let open = run.tools.filter { !$0.isEncrypted }.map(\.name).joined(separator: " and ")
        if !open.isEmpty {
            notes.append(
                "Without encryption: \(open). What encryption costs the others in time and in "
                    + "room is missing there."
            )
        }
        if run.edit.failures > 0 {
            notes.append("\(run.edit.failures) files to be changed could not be written.")
        }
        let failures = run.results.filter { $0.run.failure != nil }.count
        if failures > 0 { notes.append("\(failures) measurements failed; the logs say why.") }
        return notes
    }

    private static func name(of tree: String) -> String {
        tree.split(separator: "/").last.map(String.init) ?? tree
    }
}
