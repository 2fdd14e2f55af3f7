internal import ArgumentParser
internal import Cairn

/// The verb `restore`.
struct RestoreVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Write the files of a snapshot into a folder.",
        discussion: """
            Files land in the target under their whole path; with SNAPSHOT:PATH the content of \
            that folder lands directly in it.
            """,
        aliases: ["extract"]
    )

    @OptionGroup(title: "Choosing among snapshots") var selectors: SelectorOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The folder to restore into, made where it is missing.",
            valueName: "folder"
        )
    )
    var target: ArgumentBytes

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Restore only what matches; may be repeated.", valueName: "pattern")
    )
    var include: [ArgumentBytes] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Leave out what matches; may be repeated.", valueName: "pattern")
    )
    var exclude: [ArgumentBytes] = []

    @Option(
        help: ArgumentHelp(
            "What to do about files that are there already: always replace them, if-changed, or "
                + "never.",
            valueName: "when"
        )
    )
    var overwrite = OverwriteArgument.always

    @Flag(name: [.customShort("n"), .long], help: "Say what would be done, and write nothing.")
    var dryRun = false

    @Flag(help: "Read everything back afterwards and compare.")
    var verify = false

    @Flag(help: "Restore owners by number, whatever the names are here.")
    var numericIds = false

    @Flag(help: "Make holes of runs of zero bytes.")
    var sparse = false

    @Flag(help: "Restore the attributes security.* and trusted.* too.")
    var privilegedAttributes = false

    @Argument(
        help: ArgumentHelp(
            "A snapshot, perhaps with a path: latest, 3f2a91c0:/etc.",
            valueName: "snapshot[:path]"
        )
    )
    var snapshot: SnapshotArgument

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        if target.bytes.isEmpty { throw Failure.usage("the target's path is empty") }
        let repository = try await session.open()
        let found = try await repository.snapshot(snapshot.name, filter: selectors.filter)
        var request = RestoreRequest(
            snapshot: found.id,
            target: SourcePaths.absolute(target.bytes)
        )
        request.subtree = snapshot.path
        request.includes = include.map(\.bytes)
        request.excludes = exclude.map(\.bytes)
        request.overwrite = overwrite.choice
        request.isDryRun = dryRun
        request.verifies = verify
        request.usesNumericOwners = numericIds
        request.restoresPrivilegedAttributes = privilegedAttributes
        request.makesHoles = sparse
        request.reportsItems = session.output.verbosity > 0
        session.output.remark(
            "restoring snapshot \(found.id.short) of \(TimeText.local(found.time)) to "
                + PathText.escaped(request.target)
        )
        let summary = try await JobRunner(output: session.output, reporter: RestoreReporter())
            .run(repository.restore(request))
        report(summary, session.output)
        return summary.problemCount == 0 ? .done : .incomplete
    }

    private func report(_ summary: RestoreSummary, _ output: Output) {
        if output.isJSON {
            let files = summary.filesRestored + summary.filesUnchanged + summary.filesSkipped
            var members: [(String, JSON)] = [("message_type", "summary")]
            if dryRun { members.append(("dry_run", true)) }
            members += [
                ("seconds_elapsed", .unsigned(summary.duration / 1_000_000_000)),
                ("total_files", .unsigned(files)),
                ("files_restored", .unsigned(summary.filesRestored)),
                ("files_unchanged", .unsigned(summary.filesUnchanged)),
                ("files_skipped", .unsigned(summary.filesSkipped)),
                ("files_verified", .unsigned(summary.filesVerified)),
                ("dirs_restored", .unsigned(summary.directories)),
                ("others_restored", .unsigned(summary.others)),
                ("owners_left", .unsigned(summary.ownersLeft)),
                ("bytes_restored", .unsigned(summary.bytesRestored)),
                ("total_duration", .seconds(summary.duration)),
                ("error_count", .count(summary.problemCount)),
            ]
            output.json(members)
            return
        }
        output.remark(
            "\(dryRun ? "Would restore" : "Restored") "
                + "\(Units.count(summary.filesRestored, "file")), "
                + "\(Units.count(summary.directories, "folder")), "
                + "\(Units.bytes(summary.bytesRestored)) in "
                + Units.clock(nanoseconds: summary.duration)
        )
        if summary.filesUnchanged + summary.filesSkipped > 0 {
            output.remark(
                "\(summary.filesUnchanged) unchanged, \(summary.filesSkipped) left as they were"
            )
        }
        if summary.ownersLeft > 0 {
            output.remark(
                "left with you, since only root can give files away: "
                    + Units.count(summary.ownersLeft, "path")
            )
        }
        if verify {
            output.remark("\(Units.count(summary.filesVerified, "file")) read back: right")
        }
        if summary.problemCount > 0 {
            output.warning(
                "\(Units.count(summary.problemCount, "path")) could not be restored wholly"
            )
        }
    }
}

/// Words of a restore's events.
struct RestoreReporter: JobReporter {
    var stage: String { "restore" }

    func status(_ progress: Progress) -> [(String, JSON)]? {
        StatusMembers.time(progress) + [
            ("total_files", .unsigned(progress.itemsTotal)),
            ("files_restored", .unsigned(progress.itemsDone)),
            ("total_bytes", .unsigned(progress.bytesTotal)),
            ("bytes_restored", .unsigned(progress.bytesDone)),
            ("error_count", .unsigned(progress.problems)),
        ] + StatusMembers.current(progress)
    }

    func counts(_ progress: Progress) -> String {
        let total = progress.itemsTotal > 0 ? " of \(progress.itemsTotal)" : ""
        return "\(progress.itemsDone)\(total) files"
    }

    func action(_ action: ItemAction) -> String {
        action == .unmodified ? "unchanged" : action.rawValue
    }
}
