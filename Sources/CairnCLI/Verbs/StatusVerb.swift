internal import ArgumentParser
internal import Cairn

/// The verb `status`.
struct StatusVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Say for every source how old its last good snapshot is.",
        discussion: """
            A source is a host with its paths. Also shown are sessions that have not ended, and \
            what interrupted ones left behind.
            """
    )

    @Option(
        help: ArgumentHelp(
            "Exit with code 3 where a source's newest snapshot is older than this, such as 26h.",
            valueName: "age"
        )
    )
    var staleAfter: DurationArgument?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        let report = try await JobRunner(output: session.output, reporter: QuietReporter())
            .run(repository.status(staleAfter: staleAfter?.nanoseconds))
        if session.output.isJSON {
            session.output.line(JSON.object(StatusVerb.members(report)).text)
        } else {
            StatusVerb.show(report, session.output)
        }
        return report.isAnyStale || !report.damaged.isEmpty ? .incomplete : .done
    }

    private static func members(_ report: StatusReport) -> [(String, JSON)] {
        let sources = report.sources.map { source in
            var members = JSON.bytes("hostname", source.host)
            members += JSON.bytes("paths", list: source.paths)
            members.append(("snapshots", .count(source.snapshotCount)))
            members.append(("last_snapshot_id", .string(source.last.id.text)))
            members.append(("last_time", .time(source.last.time)))
            if let good = source.lastComplete {
                members.append(("last_complete_snapshot_id", .string(good.id.text)))
                members.append(("last_complete_time", .time(good.time)))
            }
            members.append(("age_seconds", .integer(source.age / 1_000_000_000)))
            members.append(("stale", .bool(source.isStale)))
            return JSON.object(members)
        }
        let sessions = report.sessions.map { session in
            var members: [(String, JSON)] = [("id", .string(session.id.text))]
            members += JSON.bytes("hostname", session.host)
            members.append(("started", .time(session.started)))
            members.append(("pid", .unsigned(UInt64(session.processID))))
            members.append(("dead", session.isDead.map { .bool($0) } ?? .null))
            return JSON.object(members)
        }
        let damaged = report.damaged.sorted { $0.key < $1.key }.map { name, reason in
            JSON.object([("object", .string(name)), ("message", .string(reason))])
        }
        return [
            ("message_type", "status_report"), ("repository", .string("\(report.repository)")),
            ("sources", .array(sources)), ("sessions", .array(sessions)),
            ("orphans", .count(report.orphans.count)),
            ("orphan_bytes", .unsigned(report.orphanBytes)),
            ("foreign", .array(report.foreign.map { .string($0.object) })),
            ("damaged", .array(damaged)),
            ("objects", .count(report.objectCount)), ("total_size", .unsigned(report.totalBytes)),
            ("open_cleanup", report.openCleanup.map { .string($0) } ?? .null),
            ("atomic_create", .bool(report.hasAtomicCreate)), ("stale", .bool(report.isAnyStale)),
        ]
    }

    private static func show(_ report: StatusReport, _ output: Output) {
        output.line("repository \("\(report.repository)".prefix(10))")
        if report.sources.isEmpty {
            output.line("There are no snapshots.")
        } else {
            show(report.sources, output)
        }
        for session in report.sessions {
            let state =
                switch session.isDead {
                case true?: "interrupted; the next backup takes over what it stored"
                case false?: "running"
                case nil: "running or interrupted: only its host can tell"
                }
            output.line(
                "session \(session.id.short) of \(PathText.escaped(session.host)), process "
                    + "\(session.processID), begun \(TimeText.local(session.started)): \(state)"
            )
        }
        if let phase = report.openCleanup {
            output.line("a cleanup is under way or was interrupted (\(phase)): 'prune' goes on")
        }
        if !report.orphans.isEmpty {
            output.line(
                "\(Units.count(report.orphans.count, "object")) with "
                    + "\(Units.bytes(report.orphanBytes)) belong to no snapshot; 'prune' removes "
                    + "them"
            )
        }
        if let foreign = report.foreign.first {
            output.line(
                "\(Units.count(report.foreign.count, "object")) there, such as "
                    + "\(foreign.object), not made by Cairn and left alone"
            )
        }
        output.line(
            "\(Units.count(report.objectCount, "object")), \(Units.bytes(report.totalBytes)) stored"
        )
        if !report.hasAtomicCreate {
            output.line(
                "The store has no atomic create: a cleanup must run while no backup does."
            )
        }
        for (name, reason) in report.damaged.sorted(by: { $0.key < $1.key }) {
            output.warning("\(name) cannot be read: \(reason); run 'cairn check'")
        }
    }

    private static func show(_ sources: [StatusReport.Source], _ output: Output) {
        var table = Table([
            ("Host", .left), ("Paths", .left), ("Snapshots", .right), ("Last good", .left),
            ("Newest", .left), ("Age", .right), ("", .left),
        ])
        for source in sources {
            let good = source.lastComplete.map { "\(TimeText.local($0.time)) \($0.id.short)" }
            table.add([
                PathText.escaped(source.host),
                source.paths.map(PathText.escaped).joined(separator: "\n"),
                "\(source.snapshotCount)", good ?? "never", source.last.id.short,
                Units.age(nanoseconds: source.age), source.isStale ? "STALE" : "",
            ])
        }
        for line in table.lines { output.line(line) }
    }
}

/// For jobs that give one JSON document and no status lines.
struct QuietReporter: JobReporter {
    func status(_ progress: Progress) -> [(String, JSON)]? { nil }
}
