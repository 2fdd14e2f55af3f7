internal import ArgumentParser
internal import Cairn

/// The verb `forget`.
struct ForgetVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Remove snapshots: those named, or those that no rule keeps.",
        discussion: """
            A rule keeps snapshots of each group, and a snapshot that any rule keeps is kept. The \
            last good snapshot of a host and its paths is always kept, unless it is named. What \
            only removed snapshots needed stays stored until the next cleanup, which --prune adds.
            """
    )

    @OptionGroup(title: "Choosing snapshots") var selectors: SelectorOptions
    @OptionGroup(title: "Rules") var keep: KeepOptions

    @Flag(
        help: ArgumentHelp(
            "Bring the named snapshots back, as new ones, unless a cleanup has removed what they "
                + "need."
        )
    )
    var undo = false

    @Flag(name: [.customShort("n"), .long], help: "Say what would be removed, and remove nothing.")
    var dryRun = false

    @Flag(help: "Then free the space of what no snapshot needs, as 'prune' does.")
    var prune = false

    @Argument(help: ArgumentHelp("The snapshots to remove.", valueName: "snapshot"))
    var names: [ArgumentBytes] = []

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        let hasRules = !keep.policy.isEmpty
        if names.isEmpty && !hasRules {
            throw ValidationError("Name snapshots, or give rules such as --keep-daily 7.")
        }
        if undo && (names.isEmpty || dryRun || prune) {
            throw ValidationError("--undo takes the IDs of snapshots, no --dry-run, no --prune.")
        }
        if !names.isEmpty && (hasRules || selectors.isGiven) {
            throw ValidationError("Named snapshots exclude rules and filters.")
        }
    }

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        if undo { return try await bringBack(repository, session.output) }
        let list = try await repository.snapshots()
        SnapshotText.warn(list.damaged, session.output)
        let groups = try await decide(repository, list.snapshots)
        let byID = Dictionary(list.snapshots.map { ($0.id.text, $0) }) { first, _ in first }
        let removed = groups.flatMap(\.decisions).filter { !$0.isKept }
            .compactMap { byID[$0.candidate.id]?.id }
        if !dryRun && !removed.isEmpty { try await repository.forget(removed) }
        try await show(groups, byID, removed, repository, session.output)
        if prune && !dryRun {
            let report = try await JobRunner(output: session.output, reporter: PruneReporter())
                .run(repository.cleanUp())
            PruneVerb.show(report, session.output)
        }
        return .done
    }

    private func show(
        _ groups: [RetentionGroup],
        _ byID: [String: Snapshot],
        _ removed: [Snapshot.ID],
        _ repository: Repository,
        _ output: Output
    ) async throws {
        if output.isJSON {
            output.line(JSON.array(groups.map { RetentionText.json($0, byID) }).text)
            return
        }
        if names.isEmpty {
            for line in groups.flatMap({ RetentionText.lines($0, byID) }) { output.line(line) }
        }
        if dryRun && !removed.isEmpty { try await sayWhatIsFreed(removed, repository, output) }
        let verb = dryRun ? "would remove" : "removed"
        output.remark("\(verb) \(Units.count(removed.count, "snapshot"))")
    }

    /// Says about how much only these snapshots need. Damage makes that unknown, and what would be
    /// removed is known all the same.
    private func sayWhatIsFreed(
        _ snapshots: [Snapshot.ID],
        _ repository: Repository,
        _ output: Output
    ) async throws {
        do {
            let sizes = try await JobRunner(output: output, reporter: PruneReporter())
                .run(repository.exclusiveSizes([snapshots]))
            let size = Units.bytes(sizes.reduce(0) { $0 + $1.storedBytes })
            output.remark("only they need about \(size), which a cleanup would free")
        } catch {
            guard error.code == .damaged else { throw error }
            output.warning("what a cleanup would free cannot be said: \(error.message)")
        }
    }

    /// Commits forgotten snapshots anew.
    private func bringBack(
        _ repository: Repository,
        _ output: Output
    ) async throws -> ExitStatus {
        for name in names {
            let text = try name.requireText("a snapshot")
            let old = try await repository.forgottenSnapshot(text)
            let new = try await repository.restoreForgotten(old.id)
            if output.isJSON {
                output.json([
                    ("message_type", "changed"), ("old_snapshot_id", .string(old.id.text)),
                    ("new_snapshot_id", .string(new.text)),
                ])
            } else {
                output.remark("snapshot \(old.id.short) is back as \(new.short)")
            }
        }
        if output.isJSON {
            output.json([
                ("message_type", "summary"), ("changed_snapshots", .count(names.count)),
            ])
        }
        return .done
    }

    private func decide(
        _ repository: Repository,
        _ snapshots: [Snapshot]
    ) async throws -> [RetentionGroup] {
        let grouping = keep.groupBy?.grouping ?? .source
        if names.isEmpty {
            let candidates = snapshots.filter(selectors.filter.takes)
                .map(RetentionText.candidate)
            return keep.policy.decide(
                candidates,
                now: TimeText.now,
                zone: RetentionText.zone,
                groupedBy: grouping
            )
        }
        var ids: Set<String> = []
        for name in names {
            let snapshot = try await repository.snapshot(try name.requireText("a snapshot"))
            if snapshot.isPinned {
                throw Failure(
                    .failed,
                    "snapshot \(snapshot.id.short) is pinned; to remove it, first run 'tag "
                        + "--unpin \(snapshot.id.short)', which gives it a new ID"
                )
            }
            ids.insert(snapshot.id.text)
        }
        let candidates = snapshots.map(RetentionText.candidate)
        do {
            return try RetentionPolicy.remove(ids: ids, from: candidates, groupedBy: grouping)
        } catch {
            throw Failure(.failed, error.description)
        }
    }
}
