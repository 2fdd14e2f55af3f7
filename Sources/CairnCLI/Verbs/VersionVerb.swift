internal import ArgumentParser

/// The verb `version`.
struct VersionVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Say which version this is."
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        if session.output.isJSON {
            session.output.json([
                ("message_type", "version"), ("version", .string(Program.version)),
                ("os", "linux"), ("arch", .string(VersionVerb.architecture)),
            ])
        } else {
            session.output.line(
                "cairn \(Program.version) on linux/\(VersionVerb.architecture)"
            )
        }
        return .done
    }

    private static var architecture: String {
        #if arch(x86_64)
        "x86_64"
        #elseif arch(arm64)
        "arm64"
        #else
        "other"
        #endif
    }
}
