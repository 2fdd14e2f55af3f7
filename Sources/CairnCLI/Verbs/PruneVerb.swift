internal import ArgumentParser
internal import Cairn

/// The verb `prune`.
struct PruneVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Free the space of what no snapshot needs.",
        discussion: """
            Backups, restores and other cleanups may run meanwhile; none waits for another. What \
            interrupted backups have left goes too. An interrupted cleanup is gone on with by the \
            next. A plan can be looked at first, kept in a file, and applied later; it is refused \
            if the repository has changed since.
            """,
        aliases: ["cleanup"]
    )

    @Flag(name: [.customShort("n"), .long], help: "Say what would be done, and do nothing.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "How much of what remains may be needed by nothing: a part such as 5%, a size such as "
                + "2G, or unlimited. (default: 5%)",
            valueName: "limit"
        )
    )
    var maxUnused: UnusedArgument?

    @Option(help: ArgumentHelp("Rewrite packs of at most this size in all.", valueName: "size"))
    var maxRepackSize: SizeArgument?

    @Option(
        help: ArgumentHelp(
            "Shut a backup out that shows no sign of life for so long. (default: 1h)",
            valueName: "time"
        )
    )
    var fenceAfter: DurationArgument?

    @Option(
        help: ArgumentHelp("Write the plan to this file, and do nothing.", valueName: "file")
    )
    var plan: ArgumentBytes?

    @Option(help: ArgumentHelp("Do what the plan in this file says.", valueName: "file"))
    var apply: ArgumentBytes?

    @Flag(help: "Vouch that nobody else uses the repository: for stores without atomic create.")
    var exclusive = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if apply != nil && (plan != nil || maxUnused != nil || maxRepackSize != nil) {
            throw ValidationError("--apply takes its limits from the plan.")
        }
        if apply != nil && dryRun {
            throw ValidationError("--apply and --dry-run exclude each other.")
        }
    }

    func execute(_ session: Session) async throws -> ExitStatus {
        let given = try apply.map { try PlanFile.read($0.bytes) }
        let repository = try await session.open()
        var options = CleanupOptions()
        if let maxUnused { options.maxUnused = maxUnused.limit }
        options.maxRepackSize = maxRepackSize?.bytes
        if let fenceAfter { options.fenceAfter = UInt64(fenceAfter.nanoseconds) }
        options.isExclusive = exclusive
        let runner = JobRunner(output: session.output, reporter: PruneReporter())
        if dryRun || plan != nil {
            let made = try await runner.run(repository.planCleanup(options))
            if let plan { try PlanFile.write(made, plan.bytes) }
            PlanText.show(made, session.output)
            return .done
        }
        let report = try await runner.run(repository.cleanUp(given, options: options))
        PruneVerb.show(report, session.output)
        return .done
    }

    /// Says what a cleanup did.
    static func show(_ report: CleanupReport, _ output: Output) {
        if output.isJSON {
            output.json([
                ("message_type", "summary"), ("packs_deleted", .count(report.packsDeleted)),
                ("packs_written", .count(report.packsWritten)),
                ("packs_reprieved", .count(report.packsReprieved)),
                ("bytes_deleted", .unsigned(report.bytesDeleted)),
                ("bytes_written", .unsigned(report.bytesWritten)),
                ("bytes_freed", .unsigned(report.bytesFreed)),
                ("bytes_unused", .unsigned(report.bytesUnused)),
                ("temporary_files_deleted", .count(report.temporaryFilesDeleted)),
                ("sessions_fenced", .count(report.sessionsFenced)),
                ("indexes_replaced", .count(report.indexesReplaced)),
                ("generations", .count(report.generations)),
                ("total_duration", .seconds(report.duration)),
            ])
            return
        }
        if report.packsDeleted == 0 {
            output.remark("there is nothing to free")
        } else {
            output.remark(
                "deleted \(Units.count(report.packsDeleted, "pack")) with "
                    + "\(Units.bytes(report.bytesDeleted)), wrote "
                    + "\(Units.count(report.packsWritten, "pack")) with "
                    + Units.bytes(report.bytesWritten)
            )
            output.remark("freed \(Units.bytes(report.bytesFreed))")
        }
        output.remark("\(Units.bytes(report.bytesUnused)) that nothing needs stay")
        if report.packsReprieved > 0 {
            output.remark("\(Units.count(report.packsReprieved, "pack")) had to stay")
        }
        if report.temporaryFilesDeleted > 0 {
            let files = Units.count(report.temporaryFilesDeleted, "file")
            output.remark("removed \(files) that interrupted runs left in tmp/")
        }
        if report.sessionsFenced > 0 {
            output.remark("ended \(Units.count(report.sessionsFenced, "interrupted backup"))")
        }
    }
}

/// How much may stay that nothing needs, given as text.
struct UnusedArgument: ExpressibleByArgument, Sendable {
    let limit: CleanupOptions.Unused

    /// Reads `5%`, `2G` or `unlimited`.
    init?(argument: String) {
        if argument == "unlimited" {
            limit = .unlimited
        } else if argument.hasSuffix("%") {
            guard let percent = Double(argument.dropLast()), (0...100).contains(percent) else {
                return nil
            }
            limit = .percent(percent)
        } else {
            guard let size = SizeArgument(argument: argument) else { return nil }
            limit = .bytes(size.bytes)
        }
    }
}

/// Words of a cleanup's events.
struct PruneReporter: JobReporter {
    var stage: String { "prune" }

    func status(_ progress: Progress) -> [(String, JSON)]? {
        var members: [(String, JSON)] = [("phase", .string(progress.phase))]
        members += PlainReporter().status(progress) ?? []
        return members
    }

    func counts(_ progress: Progress) -> String {
        switch progress.phase {
        case "rewriting", "deleting":
            "\(progress.phase) \(progress.itemsDone) of \(progress.itemsTotal) packs"
        case "waiting":
            "waiting for "
                + Units.count(
                    progress.itemsTotal - min(progress.itemsDone, progress.itemsTotal),
                    "running backup"
                )
        default:
            progress.phase
        }
    }
}
