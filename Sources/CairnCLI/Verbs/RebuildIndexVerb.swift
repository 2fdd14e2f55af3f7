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
            output.warning("\(name) cannot be read: \(reason)")
        }
        if output.isJSON {
            output.json([
                ("message_type", "summary"), ("packs", .count(report.packs)),
                ("segments", .unsigned(report.segments)),
                ("num_errors", .count(report.damaged.count)),
            ])
        } else {
            output.remark(
                "indexed \(Units.count(report.segments, "segment")) of "
                    + Units.count(report.packs, "pack")
            )
        }
        return report.damaged.isEmpty ? .done : .incomplete
    }
}
