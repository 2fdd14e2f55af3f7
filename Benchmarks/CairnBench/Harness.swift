import Cairn

/// One measured figure.
struct Figure {
    /// What was measured, such as `sha256:avx2 1 MiB`.
    let name: String
    /// Bytes worked on in one round.
    let bytes: Int
    /// Nanoseconds of each round.
    let rounds: [UInt64]

    /// The middle of the rounds.
    var median: UInt64 { rounds.sorted()[rounds.count / 2] }
    /// Bytes a nanosecond, which is gigabytes a second.
    var rate: Double { median == 0 ? 0 : Double(bytes) / Double(median) }
}

/// Runs benchmarks in turns and prints them beside the limit of the machine.
///
/// Every benchmark of a group runs once a round, so that a busy neighbour hits all alike; figures
/// are medians. The first of a group is what the others are compared with.
struct Harness {
    let rounds: Int
    let isJSON: Bool
    private(set) var figures: [Figure] = []

    init(rounds: Int, isJSON: Bool) {
        self.rounds = rounds
        self.isJSON = isJSON
    }

    /// Measures a group of alternatives that each work on `bytes` bytes.
    mutating func group(
        _ title: String,
        bytes: Int,
        _ members: [(name: String, body: () throws -> Void)]
    ) throws {
        var times = [[UInt64]](repeating: [], count: members.count)
        for _ in 0..<rounds {
            for (index, member) in members.enumerated() {
                let start = Environment.system.time.monotonicNanoseconds
                try member.body()
                times[index].append(Environment.system.time.monotonicNanoseconds - start)
            }
        }
        let group = zip(members, times).map { Figure(name: $0.name, bytes: bytes, rounds: $1) }
        figures += group
        if !isJSON { show(title, group) }
    }

    private func show(_ title: String, _ group: [Figure]) {
        print("\n\(title)")
        for figure in group {
            let ratio = group[0].rate > 0 ? figure.rate / group[0].rate : 0
            let name = figure.name.padded(to: 34)
            print("  \(name)\(decimals(figure.rate, 3)) GB/s  \(decimals(ratio, 2)) of the first")
        }
    }

    /// Prints every figure as one JSON document.
    func finish() {
        guard isJSON else { return }
        let rows = figures.map { figure in
            "{\"name\":\"\(figure.name)\",\"bytes\":\(figure.bytes),"
                + "\"median_ns\":\(figure.median),\"gb_per_s\":\(decimals(figure.rate, 4))}"
        }
        print("[" + rows.joined(separator: ",\n ") + "]")
    }
}

extension String {
    /// The text with spaces behind it.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - count))
    }
}

/// A number with so many digits after the point.
func decimals(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((value * scale).rounded())
    let whole = scaled / Int(scale)
    let rest = String(scaled % Int(scale))
    return "\(whole)." + String(repeating: "0", count: digits - rest.count) + rest
}
