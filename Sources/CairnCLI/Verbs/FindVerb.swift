internal import ArgumentParser
internal import Cairn
internal import Synchronization

/// The verb `find`.
struct FindVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "Find files by name in snapshots.",
        discussion: "Patterns are those of --exclude: *.txt, /etc/**/*.conf."
    )

    @OptionGroup(title: "Choosing snapshots") var selectors: SelectorOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Look in this snapshot; may be repeated.", valueName: "snapshot")
    )
    var snapshot: [ArgumentBytes] = []

    @Flag(name: .shortAndLong, help: "Ignore the case of ASCII letters.")
    var ignoreCase = false

    @Flag(name: .shortAndLong, help: "Show permissions, owner, size and time.")
    var long = false

    @Argument(help: ArgumentHelp("What to look for.", valueName: "pattern"))
    var patterns: [ArgumentBytes]

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        var chosen: [Snapshot] = []
        for name in snapshot {
            let text = try name.requireText("--snapshot")
            chosen.append(try await repository.find(text, selectors.filter))
        }
        if snapshot.isEmpty {
            let list = try await repository.snapshots()
            SnapshotText.warn(list.damaged, session.output)
            chosen = list.snapshots.filter(selectors.filter.includes)
        }
        let output = session.output
        let finder = Finder(output: output, isLong: long, snapshots: chosen)
        let search = repository.find(
            patterns.map(\.bytes),
            caseless: ignoreCase,
            in: chosen.map(\.id)
        ) { (id, entry) throws(CairnError) in
            finder.found(entry, in: id)
            try output.checkWritable()
        }
        _ = try await JobRunner(output: output, reporter: PlainReporter()).run(search)
        finder.end()
        return .done
    }
}

/// Gathers what was found, snapshot by snapshot.
private final class Finder: Sendable {
    private struct State {
        var last: SessionID?
        var matches: [SessionID: [JSON]] = [:]
    }

    private let output: Output
    private let isLong: Bool
    private let snapshots: [Snapshot]
    private let state = Mutex(State())

    init(output: Output, isLong: Bool, snapshots: [Snapshot]) {
        self.output = output
        self.isLong = isLong
        self.snapshots = snapshots
    }

    func found(_ entry: FileEntry, in id: SessionID) {
        if output.isJSON {
            state.withLock {
                $0.matches[id, default: []].append(.object(EntryText.members(entry)))
            }
            return
        }
        let isFirst = state.withLock { state in
            defer { state.last = id }
            return state.last != id
        }
        if isFirst, let snapshot = snapshots.first(where: { $0.id == id }) {
            output.remark("in snapshot \(id.short) of \(TimeText.local(snapshot.time)):")
        }
        output.line(isLong ? EntryText.long(entry) : PathText.escaped(entry.path))
    }

    /// Writes the JSON document.
    func end() {
        guard output.isJSON else { return }
        let matches = state.withLock { $0.matches }
        let documents = snapshots.compactMap { snapshot -> JSON? in
            guard let found = matches[snapshot.id] else { return nil }
            return .object([
                ("matches", .array(found)), ("hits", .count(found.count)),
                ("snapshot", .string(snapshot.id.text)),
            ])
        }
        output.line(JSON.array(documents).text)
    }
}
