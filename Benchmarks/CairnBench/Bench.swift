import Cairn

/// `cairn-bench`: how fast each layer is, beside what the machine allows.
@main
struct Bench {
    static let usage = """
        usage: cairn-bench micro [--rounds N] [--json]
               cairn-bench engine FOLDER SCRATCH [--json]
               cairn-bench index COUNT SCRATCH

          micro    every kernel and codec on its own, one thread, beside memcpy
          engine   backup, backup again, restore and check of FOLDER, in the empty folder SCRATCH
          index    an index of COUNT generated chunks in the folder SCRATCH: opening, hits, misses
        """

    static func main() async throws {
        var words = Array(CommandLine.arguments.dropFirst())
        let isJSON = words.contains("--json")
        words.removeAll { $0 == "--json" }
        switch words.first {
        case "micro":
            var rounds = 7
            if words.count == 3, words[1] == "--rounds", let count = Int(words[2]), count > 0 {
                rounds = count
            }
            var harness = Harness(rounds: rounds, isJSON: isJSON)
            try MicroBench.run(&harness)
            harness.finish()
        case "engine" where words.count == 3:
            try await EngineBench.run(source: words[1], scratch: words[2], isJSON: isJSON)
        case "index" where words.count == 3:
            guard let count = Int(words[1]), count > 0 else { return print(usage) }
            try IndexBench(chunkCount: count, folder: words[2]).run()
        default:
            print(usage)
        }
    }
}
