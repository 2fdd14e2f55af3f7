internal import ArgumentParser
internal import Cairn

/// The verb `dump`.
struct DumpVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "dump",
        abstract: "Write a file of a snapshot, or a folder as a tar archive, to standard output."
    )

    @OptionGroup(title: "Choosing among snapshots") var selectors: SelectorOptions

    @Argument(help: ArgumentHelp("A snapshot.", valueName: "snapshot"))
    var snapshot: SnapshotArgument

    @Argument(help: ArgumentHelp("The file or folder in the snapshot.", valueName: "path"))
    var path: ArgumentBytes?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        let file = path?.bytes ?? snapshot.path
        if file.isEmpty { throw Failure.usage("which file or folder? dump SNAPSHOT PATH") }
        if path != nil && !snapshot.path.isEmpty {
            throw Failure.usage("give the path once")
        }
        let repository = try await session.open()
        let found = try await repository.snapshot(snapshot.name, filter: selectors.filter)
        let sink = OutputSink(output: session.output)
        let runner = JobRunner(output: session.output, reporter: DumpReporter())
        // Nobody wants to look at an archive.
        guard Terminal.isTerminal(1) else {
            _ = try await runner.run(repository.dump(found.id, path: file, into: sink))
            return .done
        }
        do {
            _ = try await runner.run(repository.read(found.id, file: file, into: sink))
        } catch {
            guard error.code == .invalidRequest else { throw error }
            throw Failure(.failed, "\(error.message); redirect the output for a folder's archive")
        }
        return .done
    }
}

/// Standard output, for a file's bytes.
private struct OutputSink: ByteSink {
    let output: Output

    func write(_ bytes: Span<UInt8>) throws(CairnError) {
        do {
            try output.writeThrough(bytes)
        } catch {
            throw CairnError(.target, "writing the output failed: \(error.description)")
        }
    }
}

/// Says nothing in JSON: standard output belongs to the file.
private struct DumpReporter: JobReporter {
    func status(_ progress: Progress) -> [(String, JSON)]? { nil }
}
