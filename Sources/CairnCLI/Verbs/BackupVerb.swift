internal import ArgumentParser
internal import Cairn

/// The verb `backup`.
struct BackupVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Save files and folders, or a stream, as a new snapshot.",
        discussion: """
            Files that the parent snapshot has unchanged are not read again. Files that cannot be \
            read are reported and listed in the snapshot, and the exit code is 3.
            """,
        aliases: ["create"]
    )

    @OptionGroup(title: "Sources") var sources: SourceArguments
    @OptionGroup(title: "Leaving out") var leavingOut: ExcludeArguments

    @Option(
        help: ArgumentHelp(
            "Tags for the snapshot, separated by commas; may be repeated.",
            valueName: "tags"
        )
    )
    var tag: [ArgumentBytes] = []

    @Option(
        help: ArgumentHelp("The host's name to record. (default: this one's)", valueName: "name")
    )
    var host: ArgumentBytes?

    @Option(help: ArgumentHelp("The time to record. (default: now)", valueName: "time"))
    var time: TimeArgument?

    @Option(help: ArgumentHelp("A remark to record.", valueName: "text"))
    var description: ArgumentBytes?

    @Option(
        help: ArgumentHelp(
            "Compare with this snapshot. (default: the latest of the same host and paths)",
            valueName: "snapshot"
        )
    )
    var parent: ArgumentBytes?

    @Flag(name: .shortAndLong, help: "Read every file, whatever an earlier snapshot has.")
    var force = false

    @Option(
        help: ArgumentHelp(
            "auto, none, lz4, zstd, deflate, the latter two and auto with a level, as in zstd,19. "
                + "Environment: CAIRN_COMPRESSION. (default: auto,3)",
            valueName: "method"
        )
    )
    var compression: CompressionArgument?

    @Flag(name: [.customShort("n"), .long], help: "Read everything, but save nothing.")
    var dryRun = false

    @Flag(help: "Make no snapshot where nothing differs from the parent.")
    var skipIfUnchanged = false

    @Flag(help: "Do not compare inode numbers when looking for changed files.")
    var ignoreInode = false

    @Flag(help: "Do not compare times of status change when looking for changed files.")
    var ignoreCtime = false

    @Argument(help: ArgumentHelp("Files and folders to save.", valueName: "path"))
    var paths: [ArgumentBytes] = []

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if force && parent != nil {
            throw ValidationError("--force and --parent exclude each other.")
        }
        if sources.stdin && sources.stdinFromCommand {
            throw ValidationError("--stdin and --stdin-from-command exclude each other.")
        }
        let isStream = sources.stdin || sources.stdinFromCommand
        if isStream && SourceLists.areGiven(sources) {
            throw ValidationError("A stream and lists of files exclude each other.")
        }
        if sources.stdin && !paths.isEmpty {
            throw ValidationError("--stdin takes no paths.")
        }
        if sources.stdinFromCommand && paths.isEmpty {
            throw ValidationError("--stdin-from-command needs a command behind --.")
        }
        if sources.stdinFilename != nil && !isStream {
            throw ValidationError("--stdin-filename needs --stdin or --stdin-from-command.")
        }
        if !isStream && paths.isEmpty && !SourceLists.areGiven(sources) {
            throw ValidationError("What should be backed up? Give at least one path.")
        }
    }

    func execute(_ session: Session) async throws -> ExitStatus {
        var request = BackupRequest(.paths([]))
        if !sources.stdin && !sources.stdinFromCommand { request.source = try pathSource() }
        request.tags = TagText.union(tag)
        request.host = host?.bytes
        request.time = time?.nanoseconds
        request.description = description?.bytes ?? []
        request.excludes = try excludes()
        request.compression = try chosenCompression()
        request.reportsItems = session.output.verbosity > 0
        request.isDryRun = dryRun
        request.skipsIfUnchanged = skipIfUnchanged
        request.comparesInodes = !ignoreInode
        request.comparesChangeTimes = !ignoreCtime
        request.repositoryPath = FileTree.resolved(try session.repositoryPath())
        if force { request.parent = .none }

        let repository = try await session.open()
        if let parent {
            let name = try parent.requireText("--parent")
            request.parent = .snapshot(try await repository.snapshot(name).id)
        }
        let start = TimeText.now
        let summary = try await run(request, repository, session.output)
        report(summary, start: start, session.output)
        return summary.isComplete ? .done : .incomplete
    }

    /// Starts the stream where there is one, and the job.
    private func run(
        _ request: BackupRequest,
        _ repository: Repository,
        _ output: Output
    ) async throws -> BackupSummary {
        var request = request
        let runner = JobRunner(output: output, reporter: BackupReporter())
        let name = sources.stdinFilename?.bytes ?? Array("stdin".utf8)
        if sources.stdinFromCommand {
            let source = try CommandSource(paths.map(\.bytes))
            let registration = Interrupts.shared.register { source.cancel() }
            defer { Interrupts.shared.remove(registration) }
            try source.start()
            defer { source.close() }
            request.source = .stream(name: name, source)
            return try await runner.run(repository.backup(request))
        }
        if sources.stdin {
            let source = DescriptorSource(0)
            let registration = Interrupts.shared.register { source.cancel() }
            defer { Interrupts.shared.remove(registration) }
            request.source = .stream(name: name, source)
            return try await runner.run(repository.backup(request))
        }
        return try await runner.run(repository.backup(request))
    }

    /// The paths given, which must all be there.
    private func pathSource() throws -> BackupRequest.Source {
        let given = paths.map(\.bytes) + (try SourceLists.read(sources))
        if given.isEmpty { throw Failure(.failed, "the lists name no files") }
        if let empty = given.first(where: \.isEmpty) {
            throw Failure.usage("'\(PathText.escaped(empty))' is no path")
        }
        let absolute = given.map(SourcePaths.absolute)
        for path in absolute {
            if let reason = FileTree.reasonMissing(path) {
                throw Failure(
                    .failed,
                    "cannot back up \(PathText.escaped(path)): \(reason.description); "
                        + "nothing was saved"
                )
            }
        }
        return .paths(absolute)
    }

    private func chosenCompression() throws -> CompressionSetting {
        if let compression { return compression.setting }
        guard let text = Variables.text("CAIRN_COMPRESSION") else { return .default }
        guard let choice = CompressionArgument(argument: text) else {
            throw Failure.usage("CAIRN_COMPRESSION: '\(text)' is no compression")
        }
        return choice.setting
    }

    private func excludes() throws -> ExcludeOptions {
        var options = ExcludeOptions()
        options.rules = try excludeRules()
        options.ifPresent = leavingOut.excludeIfPresent.map(\.bytes)
        options.caches = leavingOut.excludeCaches
        options.oneFileSystem = leavingOut.oneFileSystem
        options.largerThan = leavingOut.excludeLargerThan?.bytes
        return options
    }

    /// The patterns of all options, in the order of the command line.
    private func excludeRules() throws -> [ExcludeOptions.Rule] {
        var rules: [(place: Int, rule: ExcludeOptions.Rule)] = []
        for (list, ignoresCase) in [(leavingOut.exclude, false), (leavingOut.iexclude, true)] {
            for pattern in list {
                let rule = ExcludeOptions.Rule.pattern(
                    pattern.value.bytes,
                    ignoresCase: ignoresCase
                )
                rules.append((pattern.place, rule))
            }
        }
        let files = [(leavingOut.excludeFile, false), (leavingOut.iexcludeFile, true)]
        for (list, ignoresCase) in files {
            for file in list {
                let content = try SourceLists.contents(file.value.bytes)
                rules.append((file.place, .file(content, ignoresCase: ignoresCase)))
            }
        }
        return rules.sorted { $0.place < $1.place }.map(\.rule)
    }

    private func report(_ summary: BackupSummary, start: Int64, _ output: Output) {
        let counts = summary.statistics
        if output.isJSON {
            var members: [(String, JSON)] = [("message_type", "summary")]
            if dryRun { members.append(("dry_run", true)) }
            members += SnapshotText.counts(counts)
            members.append(("total_duration", .seconds(summary.duration)))
            members.append(("backup_start", .time(start)))
            members.append(("backup_end", .time(TimeText.now)))
            members.append(("error_count", .count(summary.problemCount)))
            if let parent = summary.parent { members.append(("parent", .string(parent.text))) }
            if let id = summary.snapshot { members.append(("snapshot_id", .string(id.text))) }
            output.json(members)
            return
        }
        let rows = [
            ("Files:", counts.filesNew, counts.filesChanged, counts.filesUnmodified),
            (
                "Dirs:", counts.directoriesNew, counts.directoriesChanged,
                counts.directoriesUnmodified
            ),
        ]
        for (title, new, changed, same) in rows {
            let space = String(repeating: " ", count: 7 - title.count)
            output.remark("\(title)\(space)\(new) new, \(changed) changed, \(same) unmodified")
        }
        let verb = dryRun ? "Would add" : "Added"
        let stored = Units.bytes(counts.bytesStored)
        output.remark("\(verb) \(Units.bytes(counts.bytesAdded)), stored as \(stored)")
        output.remark(
            "Processed \(Units.count(counts.files, "file")), \(Units.bytes(counts.bytes)) in "
                + Units.clock(nanoseconds: summary.duration)
        )
        if summary.problemCount > 0 {
            output.warning(
                "\(Units.count(summary.problemCount, "path")) could not be read, or not wholly"
            )
        }
        if let id = summary.snapshot {
            output.remark("snapshot \(id.short) saved")
        } else {
            output.remark(dryRun ? "nothing was saved" : "nothing differs: no snapshot was made")
        }
    }
}

/// Words of a backup's events.
struct BackupReporter: JobReporter {
    var stage: String { "archival" }

    func status(_ progress: Progress) -> [(String, JSON)]? {
        StatusMembers.time(progress) + [
            ("total_files", .unsigned(progress.itemsTotal)),
            ("files_done", .unsigned(progress.itemsDone)),
            ("total_bytes", .unsigned(progress.bytesTotal)),
            ("bytes_done", .unsigned(progress.bytesDone)),
            ("error_count", .unsigned(progress.problems)),
        ] + StatusMembers.current(progress)
    }

    func counts(_ progress: Progress) -> String {
        let total = progress.itemsTotal > 0 ? " of \(progress.itemsTotal)" : ""
        return "\(progress.itemsDone)\(total) files"
    }

    func action(_ action: ItemAction) -> String {
        switch action {
        case .changed: "modified"
        case .unmodified: "unchanged"
        default: action.rawValue
        }
    }
}
