internal import ArgumentParser
internal import Cairn

/// The verb `stats`.
struct StatsVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Count what snapshots hold and what it takes to store them.",
        discussion: "Without snapshots or filters, all snapshots together."
    )

    @OptionGroup(title: "Choosing snapshots") var selectors: SelectorOptions

    @Argument(help: ArgumentHelp("The snapshots to count.", valueName: "snapshot"))
    var names: [ArgumentBytes] = []

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        let chosen = try await repository.chosen(names, selectors.filter, session.output)
        if chosen.isEmpty && selectors.isGiven {
            throw Failure(.failed, "no snapshot is chosen")
        }
        let report = try await JobRunner(output: session.output, reporter: QuietReporter())
            .run(repository.statistics(chosen.map(\.id)))
        let total = report.total
        if session.output.isJSON {
            session.output.json([
                ("snapshots_count", .count(report.bySnapshot.count)),
                ("total_size", .unsigned(total.restoreBytes)),
                ("total_file_count", .unsigned(total.files)),
                ("total_directory_count", .unsigned(total.directories)),
                ("total_blob_count", .unsigned(report.chunks)),
                ("total_uncompressed_size", .unsigned(report.chunkBytes)),
                ("total_stored_size", .unsigned(report.storedBytes)),
                ("repository_size", .unsigned(report.repositoryBytes)),
                ("compression_ratio", .number(report.compressionFactor)),
                ("deduplication_ratio", .number(report.deduplicationFactor)),
            ])
            return .done
        }
        let deduplication = Units.fixed(report.deduplicationFactor, digits: 2)
        let compression = Units.fixed(report.compressionFactor, digits: 2)
        let unique = Units.bytes(report.chunkBytes)
        let lines = [
            ("Snapshots", "\(report.bySnapshot.count)"),
            ("Files", "\(total.files) in \(Units.count(total.directories, "folder"))"),
            ("Others", "\(total.symbolicLinks + total.others)"),
            ("Size restored", Units.bytes(total.restoreBytes)),
            ("Chunks", "\(report.chunks), \(unique) (deduplication \(deduplication)x)"),
            ("Stored", "\(Units.bytes(report.storedBytes)) (compression \(compression)x)"),
            ("Repository", Units.bytes(report.repositoryBytes)),
        ]
        for (name, value) in lines {
            session.output.line(name + String(repeating: " ", count: 16 - name.count) + value)
        }
        return .done
    }
}
