internal import ArgumentParser
internal import Cairn

/// The verb `ls`.
struct LsVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the files of a snapshot.",
        discussion: """
            Without a path, everything is listed; with paths, what stands directly in them, or \
            with --recursive everything beneath them.
            """
    )

    @OptionGroup(title: "Choosing among snapshots") var selectors: SelectorOptions

    @Flag(name: .shortAndLong, help: "Show permissions, owner, size and time.")
    var long = false

    @Flag(help: "List everything beneath the paths.")
    var recursive = false

    @Argument(
        help: ArgumentHelp(
            "A snapshot, perhaps with a path: latest, 3f2a91c0:/etc.",
            valueName: "snapshot[:path]"
        )
    )
    var snapshot: SnapshotArgument

    @Argument(help: ArgumentHelp("Folders or files in the snapshot.", valueName: "path"))
    var paths: [ArgumentBytes] = []

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        let found = try await repository.find(snapshot.name, selectors.filter)
        var roots = paths.map(\.bytes)
        if !snapshot.path.isEmpty { roots.append(snapshot.path) }
        let output = session.output
        if output.isJSON {
            let head: [(String, JSON)] = [
                ("message_type", "snapshot"), ("struct_type", "snapshot"),
            ]
            output.json(head + SnapshotText.members(found))
        } else {
            let names = found.paths.map(PathText.escaped).joined(separator: ", ")
            output.remark(
                "snapshot \(found.id.short) of \(names) at \(TimeText.local(found.time)):"
            )
        }
        let isRecursive = recursive || roots.isEmpty
        let isLong = long
        let runner = JobRunner(output: output, reporter: PlainReporter())
        for root in roots.isEmpty ? [[UInt8(ascii: "/")]] : roots {
            let walk = repository.walk(found.id, path: root, isRecursive: isRecursive) {
                (entry) throws(CairnError) in
                LsVerb.show(entry, isLong: isLong, output)
                try output.checkWritable()
            }
            _ = try await runner.run(walk)
        }
        return .done
    }

    private static func show(_ entry: FileEntry, isLong: Bool, _ output: Output) {
        if output.isJSON {
            let head: [(String, JSON)] = [("message_type", "node"), ("struct_type", "node")]
            output.line(JSON.object(head + EntryText.members(entry)).text)
        } else {
            output.line(isLong ? EntryText.long(entry) : PathText.escaped(entry.path))
        }
    }
}
