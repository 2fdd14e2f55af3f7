internal import ArgumentParser
internal import Cairn

/// `cairn rebuild-index`
struct RebuildIndexVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "rebuild-index",
        abstract: "Make the index anew from what the packs say of themselves.")

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        let report = try await JobRunner(output: session.output, reporter: PlainReporter())
            .run(repository.rebuildIndex())
        return RebuildIndexText.show(report, session.output)
    }
}
