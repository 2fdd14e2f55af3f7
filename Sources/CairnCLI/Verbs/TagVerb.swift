internal import ArgumentParser
internal import Cairn

/// The verb `tag`.
struct TagVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "Change the tags of snapshots.",
        discussion: """
            Without snapshots or filters, all snapshots are changed. A changed snapshot gets a new \
            ID; it keeps the old one as its original.
            """
    )

    @OptionGroup(title: "Choosing snapshots") var selectors: SelectorOptions

    @Option(
        help: ArgumentHelp(
            "Replace the tags by these, separated by commas; '' removes all.",
            valueName: "tags"
        )
    )
    var set: [ArgumentBytes] = []

    @Option(help: ArgumentHelp("Add these tags; may be repeated.", valueName: "tags"))
    var add: [ArgumentBytes] = []

    @Option(help: ArgumentHelp("Remove these tags; may be repeated.", valueName: "tags"))
    var remove: [ArgumentBytes] = []

    @Flag(help: "Pin the snapshots: no rule removes them. A pin is the tag 'pinned'.")
    var pin = false

    @Flag(help: "Take the pin away.")
    var unpin = false

    @Argument(help: ArgumentHelp("The snapshots to change.", valueName: "snapshot"))
    var names: [ArgumentBytes] = []

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if set.isEmpty && add.isEmpty && remove.isEmpty && !pin && !unpin {
            throw ValidationError("Give --set, --add, --remove, --pin or --unpin.")
        }
        if pin && unpin { throw ValidationError("--pin excludes --unpin.") }
        if (pin || unpin) && names.isEmpty && !selectors.isGiven {
            throw ValidationError("Name the snapshots to pin or unpin.")
        }
        if !set.isEmpty && !(add.isEmpty && remove.isEmpty) {
            throw ValidationError("--set excludes --add and --remove.")
        }
    }

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        let chosen = try await repository.chosen(names, selectors.filter, session.output)
        var changed = 0
        for snapshot in chosen {
            let tags = newTags(of: snapshot)
            if tags == snapshot.tags { continue }
            let id = try await repository.retag(snapshot.id, tags: tags)
            changed += 1
            if session.output.isJSON {
                session.output.json([
                    ("message_type", "changed"), ("old_snapshot_id", .string(snapshot.id.text)),
                    ("new_snapshot_id", .string(id.text)),
                ])
            } else {
                session.output.remark("snapshot \(snapshot.id.short) is now \(id.short)")
            }
        }
        if session.output.isJSON {
            session.output.json([
                ("message_type", "summary"), ("changed_snapshots", .count(changed)),
            ])
        } else {
            session.output.remark("changed the tags of \(Units.count(changed, "snapshot"))")
        }
        return .done
    }

    private func newTags(of snapshot: Snapshot) -> [[UInt8]] {
        var removed = TagText.union(remove)
        var added = TagText.union(set) + TagText.union(add)
        if pin || (!set.isEmpty && snapshot.isPinned) { added.append(Snapshot.pinTag) }
        if unpin { removed.append(Snapshot.pinTag) }
        var tags = set.isEmpty ? snapshot.tags : []
        for tag in added where !tags.contains(tag) { tags.append(tag) }
        return tags.filter { !removed.contains($0) }
    }
}

extension Repository {
    /// The snapshots named, or all that the filter takes where none is named.
    func chosen(
        _ names: [ArgumentBytes],
        _ filter: SnapshotFilter,
        _ output: Output
    ) async throws -> [Snapshot] {
        if names.isEmpty {
            let list = try await snapshots()
            SnapshotText.warn(list.damaged, output)
            return list.snapshots.filter(filter.takes)
        }
        var chosen: [Snapshot] = []
        for name in names {
            let snapshot = try await snapshot(
                try name.requireText("a snapshot's name"),
                filter: filter
            )
            if !chosen.contains(where: { $0.id == snapshot.id }) { chosen.append(snapshot) }
        }
        return chosen
    }
}
