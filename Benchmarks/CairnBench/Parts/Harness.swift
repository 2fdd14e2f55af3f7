import Cairn

/// Runs alternatives in turns and compares them with the first.
///
/// Every benchmark of a group runs once a round, so that a busy neighbour hits all alike; figures
/// are medians. The first of a group is what the others are compared with.
struct Harness {
    /// How often each benchmark runs.
    let rounds: Int
    /// One section for each group so far.
    private(set) var sections: [Report.Section] = []

    /// Prepares for so many rounds.
    init(rounds: Int) { self.rounds = rounds }

    /// Measures a group of alternatives that each work on `bytes` bytes.
    mutating func group(
        _ title: String,
        bytes: Int,
        _ members: [(name: String, body: () throws -> Void)]
    ) throws {
        progress(title)
        var rates = [[Double]](repeating: [], count: members.count)
        for _ in 0..<rounds {
            for (index, member) in members.enumerated() {
                let start = Environment.system.time.monotonicNanoseconds
                try member.body()
                let elapsed = Environment.system.time.monotonicNanoseconds - start
                rates[index].append(Double(bytes) / Double(max(1, elapsed)))
            }
        }
        let middles = rates.map(median)
        var section = Report.Section(
            title: title,
            columns: [
                Report.Column("kernel"), Report.Column("rate", "GB/s"),
                Report.Column("lowest", "GB/s"), Report.Column("highest", "GB/s"),
                Report.Column("of the first"),
            ]
        )
        for (index, member) in members.enumerated() {
            section.rows.append([
                .text(member.name), .number(middles[index], digits: 3),
                .number(rates[index].min() ?? 0, digits: 3),
                .number(rates[index].max() ?? 0, digits: 3),
                .number(middles[0] > 0 ? middles[index] / middles[0] : 0, digits: 2),
            ])
            section.samples += rates[index].enumerated().map { round, rate in
                Report.Sample(
                    labels: [("kernel", member.name)],
                    values: [("round", Double(round + 1)), ("gb_per_s", rate)]
                )
            }
        }
        section.plot = .bars(
            unit: "GB/s",
            series: ["rate"],
            groups: zip(members, middles).map { Report.BarGroup(label: $0.name, values: [$1]) }
        )
        sections.append(section)
    }
}
