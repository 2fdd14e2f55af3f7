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

    @Flag(
        help: ArgumentHelp(
            "Say what only each snapshot needs, and what all chosen ones need together: what "
                + "forgetting them would free."
        )
    )
    var exclusive = false

    @Argument(help: ArgumentHelp("The snapshots to count.", valueName: "snapshot"))
    var names: [ArgumentBytes] = []

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        let chosen = try await repository.chosen(names, selectors.filter, session.output)
        if chosen.isEmpty && selectors.isGiven {
            throw Failure(.failed, "no snapshot is chosen")
        }
        if exclusive {
            return try await showExclusive(repository, chosen, session.output)
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

    /// What only the chosen snapshots need, each alone and all together.
    private func showExclusive(
        _ repository: Repository,
        _ chosen: [Snapshot],
        _ output: Output
    ) async throws -> ExitStatus {
        let list = chosen.isEmpty ? try await repository.snapshots().snapshots : chosen
        guard !list.isEmpty else { throw Failure(.failed, "there is no snapshot") }
        let job = repository.exclusiveSizes(list.map { [$0.id] } + [list.map(\.id)])
        // In JSON it is one document, as without --exclusive.
        let sizes =
            output.isJSON
            ? try await JobRunner(output: output, reporter: QuietReporter()).run(job)
            : try await JobRunner(output: output, reporter: PruneReporter()).run(job)
        if output.isJSON {
            let each: [JSON] = zip(list, sizes).map { snapshot, size in
                .object([("snapshot_id", .string(snapshot.id.text))] + StatsVerb.members(size))
            }
            output.json([("snapshots", .array(each))] + StatsVerb.members(sizes[list.count]))
            return .done
        }
        var table = Table([
            ("ID", .left), ("Time", .left), ("Chunks", .right), ("Size", .right),
            ("Stored", .right),
        ])
        for (snapshot, size) in zip(list, sizes) {
            table.add(
                [snapshot.id.short, TimeText.local(snapshot.time)] + StatsVerb.cells(size)
            )
        }
        table.add(["together", ""] + StatsVerb.cells(sizes[list.count]))
        for line in table.lines { output.line(line) }
        return .done
    }

    private static func members(_ size: ExclusiveSize) -> [(String, JSON)] {
        [
            ("exclusive_blob_count", .unsigned(size.chunks)),
            ("exclusive_uncompressed_size", .unsigned(size.bytes)),
            ("exclusive_stored_size", .unsigned(size.storedBytes)),
        ]
    }

    private static func cells(_ size: ExclusiveSize) -> [String] {
        ["\(size.chunks)", Units.bytes(size.bytes), Units.bytes(size.storedBytes)]
    }
}
