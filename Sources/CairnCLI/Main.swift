internal import ArgumentParser
internal import Cairn
internal import Glibc

/// The process: arguments in, exit status out.
@main
enum Main {
    /// Leaves the first thread to the signals and does the work on others.
    static func main() {
        let signals = Interrupts.shared.begin()
        ProcessPrivacy.hideMemory()
        DescriptorLimit.raise()
        Task.detached { exit(await run(ArgumentList.ofThisProcess()).rawValue) }
        Interrupts.shared.listen(to: signals)
    }

    /// Parses and runs one command line.
    private static func run(_ arguments: [String]) async -> ExitStatus {
        let command: any ParsableCommand
        do {
            command = try CairnCommand.parseAsRoot(arguments)
        } catch {
            return report(error)
        }
        guard let verb = command as? any Verb else {
            // The argument parser's own: help, or a group of verbs.
            do {
                var command = command
                try command.run()
                return .done
            } catch {
                return report(error)
            }
        }
        let session = Session(verb.global)
        return await execute(verb, session)
    }

    private static func execute(_ verb: some Verb, _ session: Session) async -> ExitStatus {
        let output = session.output
        var status: ExitStatus
        do {
            status = try await verb.execute(session)
        } catch {
            output.hideLine()
            let failure = Failure(any: error)
            status = failure.status
            // Whoever read the output is gone, and knows.
            if output.failure?.code != EPIPE { output.fatal(failure) }
        }
        output.flush()
        if let failure = output.failure {
            if failure.code != EPIPE && status == .done {
                output.fatal(Failure(.failed, "writing the output failed: \(failure.description)"))
            }
            if status == .done { status = .failed }
        }
        return status
    }

    /// Says what the argument parser has to say: help, the version or a mistake.
    private static func report(_ error: any Error) -> ExitStatus {
        let text = ArgumentBytes.readable(CairnCommand.fullMessage(for: error))
        let isMistake = !CairnCommand.exitCode(for: error).isSuccess
        if !text.isEmpty {
            // A reader that went away has nothing to be told.
            try? Descriptor.write(Array((text + "\n").utf8), to: isMistake ? 2 : 1)
        }
        return isMistake ? .usage : .done
    }
}

/// One verb of the command.
protocol Verb: ParsableCommand {
    /// The options that every verb takes.
    var global: GlobalOptions { get }

    /// Does the work and says how it went.
    func execute(_ session: Session) async throws -> ExitStatus
}

/// The command itself.
struct CairnCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cairn",
        abstract: "Backs up files into an encrypted, deduplicating repository, and back.",
        discussion: """
            The repository is a folder, given with -r or CAIRN_REPOSITORY. Its password is read \
            from a file or from a command, or asked for. A first backup:

              cairn init -r /srv/backup
              cairn backup -r /srv/backup ~/documents
              cairn restore -r /srv/backup latest --target /tmp/restored

            Exit codes: 0 done, 1 failed, 3 some files could not be read or damage was found, \
            10 no repository, 12 wrong password, 64 wrong usage, 130 interrupted.
            """,
        version: "cairn \(Program.version)",
        groupedSubcommands: [
            CommandGroup(name: "Saving:", subcommands: [InitVerb.self, BackupVerb.self]),
            CommandGroup(
                name: "Looking:",
                subcommands: [
                    SnapshotsVerb.self, LsVerb.self, FindVerb.self, DiffVerb.self, StatsVerb.self,
                    StatusVerb.self,
                ]
            ),
            CommandGroup(name: "Getting back:", subcommands: [RestoreVerb.self, DumpVerb.self]),
            CommandGroup(
                name: "Keeping in order:",
                subcommands: [
                    CheckVerb.self, TagVerb.self, ForgetVerb.self, PruneVerb.self, KeyVerb.self,
                    RebuildIndexVerb.self,
                ]
            ),
            CommandGroup(name: "Other:", subcommands: [VersionVerb.self]),
        ]
    )
}

/// What this program is.
enum Program {
    /// The version of the command.
    static let version = "0.1.0"
}
