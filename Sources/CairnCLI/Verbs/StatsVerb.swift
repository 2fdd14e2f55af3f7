internal import ArgumentParser
internal import Cairn

/// The verb `stats`.
struct StatsVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Count what snapshots hold and what it takes to store them.",
        discussion: "Without snapshots or filters, all snapshots together."
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup(title: "Choosing snapshots") var selectors: SelectorOptions

    @Argument(help: ArgumentHelp("The snapshots to count.", valueName: "snapshot"))
    var names: [ArgumentBytes] = []

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        let chosen = try await repository.chosen(names, selectors.filter, session.output)
        let report = try await JobRunner(output: session.output, reporter: QuietReporter())
            .run(repository.statistics(chosen.map(\.id)))
        let ratio = StatsVerb.ratio(report.chunkBytes, report.storedBytes)
        if session.output.isJSON {
            session.output.json([
                ("snapshots_count", .count(report.snapshots)),
                ("total_size", .unsigned(report.bytes)),
                ("total_file_count", .unsigned(report.files)),
                ("total_directory_count", .unsigned(report.directories)),
                ("total_blob_count", .unsigned(report.chunks)),
                ("total_uncompressed_size", .unsigned(report.chunkBytes)),
                ("total_stored_size", .unsigned(report.storedBytes)),
                ("compression_ratio", .number(ratio)),
                ("deduplication_ratio", .number(StatsVerb.ratio(report.bytes, report.chunkBytes))),
            ])
            return .done
        }
        let lines = [
            ("Snapshots:", "\(report.snapshots)"),
            ("Files:", "\(report.files) in \(Units.count(report.directories, "folder"))"),
            ("Size restored:", Units.bytes(report.bytes)),
            (
                "Chunks:",
                "\(report.chunks), \(Units.bytes(report.chunkBytes)) "
                    + "(deduplication \(StatsVerb.factor(report.bytes, report.chunkBytes)))"
            ),
            (
                "Stored:",
                "\(Units.bytes(report.storedBytes)) "
                    + "(compression \(StatsVerb.factor(report.chunkBytes, report.storedBytes)))"
            ),
        ]
        for (name, value) in lines {
            session.output.line(name + String(repeating: " ", count: 16 - name.count) + value)
        }
        return .done
    }

    private static func ratio(_ large: UInt64, _ small: UInt64) -> Double {
        small == 0 ? 1 : Double(large) / Double(small)
    }

    private static func factor(_ large: UInt64, _ small: UInt64) -> String {
        Units.fixed(ratio(large, small), digits: 2) + "x"
    }
}
