internal import ArgumentParser
internal import Cairn

/// The verb `check`.
struct CheckVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Prove that the repository is whole, and name what is damaged.",
        discussion: """
            Nothing is written. The structure is always checked: that every snapshot's trees and \
            chunks are there. Damage gives exit code 3, with the snapshots and files it touches.
            """
    )

    @Flag(help: "Read every stored byte and compute every chunk's ID.")
    var readData = false

    @Option(
        help: ArgumentHelp(
            "The same for a part of the packs: 2/7, the second of seven parts, or 5%, chosen at "
                + "random.",
            valueName: "part"
        )
    )
    var readDataSubset: SubsetArgument?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if readData && readDataSubset != nil {
            throw ValidationError("--read-data and --read-data-subset exclude each other.")
        }
    }

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        var request = CheckRequest()
        request.data = readData ? .all : readDataSubset?.data ?? .none
        let report = try await JobRunner(output: session.output, reporter: CheckReporter())
            .run(repository.check(request))
        for damage in report.damages { CheckVerb.show(damage, session.output) }
        summarize(report, session.output)
        return report.isSound ? .done : .incomplete
    }

    private static func show(_ damage: CheckReport.Damage, _ output: Output) {
        if output.isJSON {
            let affected = damage.affected.map { file in
                JSON.object(
                    [("snapshot", .string(file.snapshot.text))] + JSON.bytes("path", file.path)
                )
            }
            let members: [(String, JSON)] = [
                ("message_type", "error"), ("message", .string(damage.message)),
                ("object", .string(damage.object)), ("affected", .array(affected)),
                ("affected_count", .count(damage.affectedCount)),
            ]
            output.message(JSON.object(members).text)
            return
        }
        output.message("damaged: \(damage.object): \(damage.message)")
        for file in damage.affected {
            output.message("    snapshot \(file.snapshot.short): \(PathText.escaped(file.path))")
        }
        let more = damage.affectedCount - damage.affected.count
        if more > 0 { output.message("    and \(Units.count(more, "file")) more") }
    }

    private func summarize(_ report: CheckReport, _ output: Output) {
        let orphanBytes = report.orphans.reduce(0) { $0 + $1.size }
        if output.isJSON {
            let packs = Set(report.damages.map(\.object).filter { $0.hasPrefix("pack") })
            output.json([
                ("message_type", "summary"), ("num_errors", .count(report.damageCount)),
                ("broken_packs", .array(packs.sorted().map { .string($0) })),
                ("snapshots_checked", .count(report.snapshotsChecked)),
                ("trees_checked", .count(report.treesChecked)),
                ("packs_checked", .count(report.packsChecked)),
                ("packs_read", .count(report.packsRead)),
                ("chunks_read", .unsigned(report.chunksRead)),
                ("bytes_read", .unsigned(report.bytesRead)),
                ("orphans", .count(report.orphans.count)),
                ("orphan_bytes", .unsigned(orphanBytes)),
                ("total_duration", .seconds(report.duration)),
            ])
            return
        }
        output.remark(
            "Checked \(Units.count(report.snapshotsChecked, "snapshot")), "
                + "\(Units.count(report.treesChecked, "tree")) and "
                + "\(Units.count(report.packsChecked, "pack"))"
        )
        if isReading {
            output.remark(
                "Read \(Units.count(report.packsRead, "pack")), "
                    + "\(Units.count(report.chunksRead, "chunk")), "
                    + "\(Units.bytes(report.bytesRead)) in "
                    + Units.clock(nanoseconds: report.duration)
            )
        }
        if !report.orphans.isEmpty {
            output.remark(
                "\(Units.count(report.orphans.count, "object")) with \(Units.bytes(orphanBytes)) "
                    + "belong to no snapshot; that is harmless"
            )
        }
        for notice in report.notices { output.remark(notice) }
        if report.isSound {
            output.remark("no damage was found")
        } else {
            output.warning("\(Units.count(report.damageCount, "damage")) found")
        }
    }

    private var isReading: Bool {
        readData || readDataSubset != nil
    }
}

/// Words of a check's events.
struct CheckReporter: JobReporter {
    var stage: String { "check" }

    func status(_ progress: Progress) -> [(String, JSON)]? {
        PlainReporter().status(progress)
    }
}
