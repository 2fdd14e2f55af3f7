internal import ArgumentParser
internal import Cairn

/// The verb `rebuild-index`.
struct RebuildIndexVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "rebuild-index",
        abstract: "Make the index anew from what the packs say of themselves."
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        let report = try await JobRunner(output: session.output, reporter: PlainReporter())
            .run(repository.rebuildIndex())
        return RebuildIndexText.show(report, session.output)
    }
}

/// What is said of a rebuilt index.
private enum RebuildIndexText {
    static func show(_ report: IndexRebuildReport, _ output: Output) -> ExitStatus {
        for (name, reason) in report.damaged.sorted(by: { $0.key < $1.key }) {
            output.warning("pack \(name) cannot be read: \(reason)")
        }
        if output.isJSON {
            var members: [(String, JSON)] = [
                ("message_type", "summary"), ("packs_read", .count(report.packsRead)),
                ("packs_added", .count(report.packs)),
                ("chunks_added", .unsigned(report.chunks)),
                ("lost_indexes", .count(report.lostIndexes.count)),
                ("num_errors", .count(report.damaged.count)),
            ]
            if let id = report.snapshot { members.append(("snapshot_id", .string(id.text))) }
            if let id = report.replaced { members.append(("original", .string(id.text))) }
            output.json(members)
        } else {
            for (name, reason) in report.lostIndexes.sorted(by: { $0.key < $1.key }) {
                output.remark("lost index \(name): \(reason)")
            }
            output.remark("read \(Units.count(report.packsRead, "pack"))")
            if let id = report.snapshot {
                output.remark(
                    "indexed \(Units.count(report.chunks, "chunk")) of "
                        + "\(Units.count(report.packs, "pack")), committed by snapshot "
                        + id.short
                )
            } else {
                output.remark("nothing was missing")
            }
        }
        return report.damaged.isEmpty ? .done : .incomplete
    }
}
