internal import ArgumentParser
internal import Cairn

/// The verb `key`.
struct KeyVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "List, add, remove and change passwords and key files.",
        subcommands: [
            KeyListVerb.self, KeyAddVerb.self, KeyRemoveVerb.self, KeyChangeVerb.self,
        ]
    )
}

/// The verb `key list`.
struct KeyListVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the key slots.",
        discussion: "A * marks the slot that opened the repository."
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        let slots = try await repository.keySlots()
        if session.output.isJSON {
            let documents = slots.map { slot in
                JSON.object([
                    ("current", .bool(slot.isCurrent)), ("id", .string(slot.id.text)),
                    ("kind", .string(slot.kind)), ("label", .string(slot.label)),
                    ("created", .time(slot.created)),
                ])
            }
            session.output.line(JSON.array(documents).text)
            return .done
        }
        var table = Table([
            ("", .left), ("ID", .left), ("Kind", .left), ("Label", .left), ("Created", .left),
        ])
        for slot in slots {
            table.add([
                slot.isCurrent ? "*" : "", String(slot.id.text.prefix(8)), slot.kind,
                PathText.escaped(Array(slot.label.utf8)), TimeText.local(slot.created),
            ])
        }
        for line in table.lines { session.output.line(line) }
        return .done
    }
}

/// Options for a new password or key file.
struct NewKeyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Read the new password from the first line of this file.",
            valueName: "file"
        )
    )
    var newPasswordFile: ArgumentBytes?

    @Option(
        help: ArgumentHelp(
            "Take the first line that this shell command prints as the new password.",
            valueName: "command"
        )
    )
    var newPasswordCommand: ArgumentBytes?

    @Option(help: ArgumentHelp("The new key file.", valueName: "file"))
    var newKeyFile: ArgumentBytes?

    @Option(help: ArgumentHelp("A name for the new key slot.", valueName: "name"))
    var label: ArgumentBytes?

    func validate() throws {
        let sources = [newPasswordFile, newPasswordCommand, newKeyFile].compactMap { $0 }
        if sources.count > 1 {
            throw ValidationError(
                "Give one of --new-password-file, --new-password-command and --new-key-file."
            )
        }
    }

    /// The new password or key, asked for where no option gives it.
    func credential() throws -> Credential {
        if let file = newPasswordFile {
            return try SecretSource.passwordFile(file.bytes).credential()
        }
        if let command = newPasswordCommand {
            return try SecretSource.passwordCommand(command.bytes).credential()
        }
        if let file = newKeyFile { return try SecretSource.keyFile(file.bytes).credential() }
        return try Secrets.askNew("new password")
    }
}

/// The verb `key add`.
struct KeyAddVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Let another password or key file open the repository."
    )

    @OptionGroup(title: "The new key") var new: NewKeyOptions

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        let label = try new.label?.requireText("--label") ?? ""
        let id = try await repository.addKey(try new.credential(), label: label)
        KeyText.report("added", id, session.output)
        return .done
    }
}

/// The verb `key remove`.
struct KeyRemoveVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take a password or key file its right to open the repository.",
        discussion: "The slot in use and the last slot stay."
    )

    @Argument(help: ArgumentHelp("The slot's ID, or the beginning of it.", valueName: "id"))
    var id: ArgumentBytes

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        let text = try id.requireText("the slot's ID").lowercased()
        let matches = try await repository.keySlots().filter { $0.id.text.hasPrefix(text) }
        guard let slot = matches.first, matches.count == 1, !text.isEmpty else {
            let problem = matches.isEmpty ? "there is no key slot" : "there are several key slots"
            throw Failure(.failed, "\(problem) '\(id.escaped)'; see 'cairn key list'")
        }
        try await repository.removeKey(slot.id)
        KeyText.report("removed", slot.id, session.output)
        return .done
    }
}

/// The verb `key change`.
struct KeyChangeVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "change",
        abstract: "Replace the password or key file in use by another.",
        aliases: ["passwd"]
    )

    @OptionGroup(title: "The new key") var new: NewKeyOptions

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        let repository = try await session.open()
        let label = try new.label?.requireText("--label")
        let id = try await repository.changeKey(to: try new.credential(), label: label)
        KeyText.report("changed", id, session.output)
        return .done
    }
}

/// What is said of a change to key slots.
private enum KeyText {
    static func report(_ action: String, _ id: KeySlotID, _ output: Output) {
        if output.isJSON {
            output.json([
                ("message_type", .string("key_" + action)), ("id", .string(id.text)),
            ])
        } else {
            output.remark("key slot \(id.text.prefix(8)) \(action)")
        }
    }
}
