internal import ArgumentParser
internal import Cairn

/// The verb `diff`.
struct DiffVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what differs between two snapshots.",
        discussion: """
            + was added, - was removed, M has other content, T is of another kind, and with \
            --metadata U has other metadata.
            """
    )

    @Flag(help: "Show what differs in metadata alone, too.")
    var metadata = false

    @Argument(help: ArgumentHelp("The earlier snapshot.", valueName: "snapshot[:path]"))
    var earlier: SnapshotArgument

    @Argument(help: ArgumentHelp("The later snapshot.", valueName: "snapshot[:path]"))
    var later: SnapshotArgument

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        guard earlier.path == later.path || later.path.isEmpty else {
            throw Failure.usage("both snapshots must have the same path")
        }
        let repository = try await session.open()
        let first = try await repository.find(earlier.name)
        let second = try await repository.find(later.name)
        let output = session.output
        let showsMetadata = metadata
        let comparison = repository.compare(first.id, second.id, path: earlier.path) {
            (difference) throws(CairnError) in
            if difference.change == .metadata && !showsMetadata { return }
            DiffVerb.show(difference, output)
            try output.checkWritable()
        }
        let summary = try await JobRunner(output: output, reporter: QuietReporter())
            .run(comparison)
        DiffVerb.summarize(summary, first, second, output)
        return .done
    }

    private static func show(_ difference: Difference, _ output: Output) {
        let mark =
            switch difference.change {
            case .added: "+"
            case .removed: "-"
            case .content: "M"
            case .metadata: "U"
            case .kind: "T"
            }
        if output.isJSON {
            let head: [(String, JSON)] = [("message_type", "change")]
            let members = head + JSON.bytes("path", difference.path)
            output.line(JSON.object(members + [("modifier", .string(mark))]).text)
        } else {
            output.line("\(mark)    \(PathText.escaped(difference.path))")
        }
    }

    private static func summarize(
        _ summary: ComparisonSummary,
        _ first: Snapshot,
        _ second: Snapshot,
        _ output: Output
    ) {
        if output.isJSON {
            output.json([
                ("message_type", "statistics"), ("source_snapshot", .string(first.id.text)),
                ("target_snapshot", .string(second.id.text)),
                ("changed_files", .unsigned(summary.filesChanged)),
                (
                    "added",
                    .object([
                        ("files", .unsigned(summary.filesAdded)),
                        ("dirs", .unsigned(summary.directoriesAdded)),
                        ("others", .unsigned(summary.othersAdded)),
                        ("bytes", .unsigned(summary.bytesAdded)),
                    ])
                ),
                (
                    "removed",
                    .object([
                        ("files", .unsigned(summary.filesRemoved)),
                        ("dirs", .unsigned(summary.directoriesRemoved)),
                        ("others", .unsigned(summary.othersRemoved)),
                        ("bytes", .unsigned(summary.bytesRemoved)),
                    ])
                ),
            ])
            return
        }
        output.remark(
            "Files:  \(summary.filesAdded) added, \(summary.filesRemoved) removed, "
                + "\(summary.filesChanged) changed"
        )
        output.remark(
            "Dirs:   \(summary.directoriesAdded) added, \(summary.directoriesRemoved) removed"
        )
        output.remark(
            "Others: \(summary.othersAdded) added, \(summary.othersRemoved) removed"
        )
        output.remark(
            "Bytes:  \(Units.bytes(summary.bytesAdded)) added, "
                + "\(Units.bytes(summary.bytesRemoved)) removed"
        )
    }
}
