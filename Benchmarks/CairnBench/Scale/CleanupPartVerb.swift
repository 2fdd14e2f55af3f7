import ArgumentParser
import Cairn

/// The hidden verb by which ``CleanupScale`` runs a step in a process of its own.
struct CleanupPartVerb: AsyncParsableCommand {
    /// What it is called.
    static let name = "cleanup-part"

    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "One step of the cleanup subject of scale.",
        shouldDisplay: false
    )

    @Argument(help: "The step.")
    var part: String

    @Argument(help: "The folder of the generated repository.")
    var folder: String

    @Argument(help: "The file that the figures are written to.")
    var result: String

    func run() async throws {
        guard let part = CleanupPart(rawValue: part) else {
            throw BenchFailure("\(part) is no step")
        }
        let lines = try await part.measure(folder).map { figure in
            "\(figure.name)\t\(figure.value)\t\(figure.unit)\n"
        }
        try Machine.write(lines.joined(), to: result)
    }
}
