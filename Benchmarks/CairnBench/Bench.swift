import ArgumentParser

/// `cairn-bench`: how fast each layer is, beside what the machine allows and beside other tools.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cairn-bench",
        abstract: "Measure Cairn beside what the machine allows and beside other tools.",
        discussion: "How to read the results is laid down in Benchmarks/README.md.",
        subcommands: [
            SuiteVerb.self, RooflineVerb.self, ScaleVerb.self, MicroVerb.self, EngineVerb.self,
            IndexVerb.self, CleanupPartVerb.self,
        ]
    )
}

/// A count on the command line that must be above zero.
struct Count: ExpressibleByArgument {
    /// The count.
    let value: Int

    /// Reads a number such as `1000000` or `10^6`; nil where it is none, or not above zero.
    init?(argument: String) {
        let parts = argument.split(separator: "^", omittingEmptySubsequences: false)
        guard let base = Int(parts[0]), base > 0, parts.count <= 2 else { return nil }
        var value = base
        if parts.count == 2 {
            guard let exponent = Int(parts[1]), (1...12).contains(exponent), base <= 10 else {
                return nil
            }
            value = (1..<exponent).reduce(base) { value, _ in value * base }
        }
        self.value = value
    }

    /// A count given in the code.
    init(_ value: Int) { self.value = value }

    var defaultValueDescription: String { "\(value)" }
}
