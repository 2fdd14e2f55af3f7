internal import ArgumentParser
internal import Cairn

/// The verb `snapshots`.
struct SnapshotsVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "snapshots",
        abstract: "List the snapshots.",
        discussion: "A ! behind an ID marks a snapshot that lacks files that could not be read.",
        aliases: ["list"]
    )

    @OptionGroup(title: "Choosing snapshots") var selectors: SelectorOptions

    @Option(help: ArgumentHelp("Only the last so many of each host and paths.", valueName: "n"))
    var latest: Int?

    @Flag(name: .shortAndLong, help: "Leave out paths and sizes.")
    var compact = false

    @Argument(help: ArgumentHelp("Only these snapshots.", valueName: "snapshot"))
    var names: [ArgumentBytes] = []

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if let latest, latest < 1 { throw ValidationError("--latest takes 1 or more.") }
    }

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        let list = try await repository.snapshots()
        var chosen = list.snapshots.filter(selectors.filter.includes)
        if !names.isEmpty {
            var wanted: Set<SessionID> = []
            for name in names {
                let text = try name.requireText("a snapshot's name")
                wanted.insert(try await repository.find(text, selectors.filter).id)
            }
            chosen = chosen.filter { wanted.contains($0.id) }
        }
        if let latest { chosen = SnapshotsVerb.last(latest, of: chosen) }
        SnapshotText.warn(list.damaged, session.output)
        if session.output.isJSON {
            session.output.line(JSON.array(chosen.map { .object(SnapshotText.members($0)) }).text)
            return .done
        }
        if !chosen.isEmpty {
            for line in SnapshotText.table(chosen, compact: compact).lines {
                session.output.line(line)
            }
        }
        session.output.remark(Units.count(chosen.count, "snapshot"))
        return .done
    }

    /// The last `count` snapshots of every host and paths.
    private static func last(_ count: Int, of snapshots: [Snapshot]) -> [Snapshot] {
        var seen: [[[UInt8]]: Int] = [:]
        let kept = snapshots.reversed().filter { snapshot in
            let source = [snapshot.host] + snapshot.paths
            seen[source, default: 0] += 1
            return seen[source, default: 0] <= count
        }
        return kept.reversed()
    }
}
