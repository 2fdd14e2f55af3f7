internal import ArgumentParser
internal import Cairn

/// The verb `forget`.
struct ForgetVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Remove snapshots.",
        discussion: "What only they needed stays stored until the next cleanup."
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions

    @Flag(name: [.customShort("n"), .long], help: "Say what would be removed, and remove nothing.")
    var dryRun = false

    @Argument(help: ArgumentHelp("The snapshots to remove.", valueName: "snapshot"))
    var names: [ArgumentBytes]

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        let chosen = try await repository.chosen(names, SnapshotFilter(), session.output)
        if !dryRun { try await repository.forget(chosen.map(\.id)) }
        if session.output.isJSON {
            let documents = chosen.map { JSON.object(SnapshotText.members($0)) }
            let document = JSON.object([
                ("tags", .null), ("host", ""), ("paths", .null), ("keep", .array([])),
                ("remove", .array(documents)), ("reasons", .array([])),
            ])
            session.output.line(JSON.array([document]).text)
            return .done
        }
        for line in SnapshotText.table(chosen, compact: false).lines { session.output.line(line) }
        session.output.remark(
            "\(dryRun ? "would remove" : "removed") \(Units.count(chosen.count, "snapshot"))"
        )
        return .done
    }
}
