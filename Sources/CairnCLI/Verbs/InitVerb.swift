internal import ArgumentParser
internal import Cairn

/// The verb `init`.
struct InitVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Create a repository.",
        discussion: "Without a password source, the password is asked for twice."
    )

    @Flag(help: "Create a repository without encryption: whoever reads the folder reads the data.")
    var unencrypted = false

    @Option(
        help: ArgumentHelp(
            "How streams are cut: anchored, fastcdc or fixed. (default: anchored; fastcdc without "
                + "encryption)",
            valueName: "algorithm"
        )
    )
    var chunker: ChunkingAlgorithmArgument?

    @Option(help: ArgumentHelp("The mean size of a chunk. (default: 1M)", valueName: "size"))
    var chunkSize: SizeArgument?

    @Option(
        help: ArgumentHelp(
            "The size a pack grows to, 4M to 128M. (default: 32M)",
            valueName: "size"
        )
    )
    var packSize: SizeArgument?

    @Option(help: ArgumentHelp("A name for the first key slot.", valueName: "name"))
    var label: ArgumentBytes?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws -> ExitStatus {
        let source = try SecretSource.chosen(session.options)
        if unencrypted && source != nil {
            throw Failure.usage("--unencrypted takes no password or key file")
        }
        let settings = try settings()
        let choice = try session.repositoryOptions()
        let path = try session.repositoryPath()
        // Before asking for a password that would be for nothing.
        if FileTree.exists(path + Array("/format".utf8)) {
            throw Failure(.failed, "there is a repository at \(PathText.escaped(path)) already")
        }
        let credential: Credential? =
            unencrypted
            ? nil : try source?.credential() ?? Secrets.askNew("password for new repository")
        let store = try session.store(create: true)
        let repository = try await Repository.create(
            in: store,
            settings: settings,
            credential: credential,
            options: choice
        )
        let id = "\(repository.info.id)"
        if session.output.isJSON {
            session.output.json(
                [("message_type", "initialized"), ("id", .string(id))]
                    + JSON.bytes("repository", path)
            )
            return .done
        }
        session.output.remark("created repository \(id.prefix(10)) at \(PathText.escaped(path))")
        if !unencrypted {
            session.output.remark("Without the password or key file the data is lost for good.")
        }
        return .done
    }

    private func settings() throws -> RepositorySettings {
        var settings = RepositorySettings()
        if chunker != nil || chunkSize != nil {
            let usual: ChunkingAlgorithm = unencrypted ? .fastcdc : .anchored
            do {
                settings.chunking = try ChunkerParameters.standard(
                    chunker?.algorithm ?? usual,
                    sizeMean: Int(clamping: chunkSize?.bytes ?? 1 << 20)
                )
            } catch ChunkingFailure.sizeOutOfRange(_, let allowed) {
                throw Failure.usage(
                    "--chunk-size must be from \(Units.bytes(UInt64(allowed.lowerBound))) to "
                        + Units.bytes(UInt64(allowed.upperBound))
                )
            }
        }
        if let packSize {
            guard (4 << 20...128 << 20).contains(packSize.bytes) else {
                throw Failure.usage("--pack-size must be from 4M to 128M")
            }
            settings.packSize = Int(packSize.bytes)
        }
        if let label { settings.keyLabel = try label.requireText("--label") }
        return settings
    }
}

/// The name of a chunker.
struct ChunkingAlgorithmArgument: ExpressibleByArgument, Sendable {
    let algorithm: ChunkingAlgorithm

    init?(argument: String) {
        switch argument {
        case "anchored": algorithm = .anchored
        case "fastcdc": algorithm = .fastcdc
        case "fixed": algorithm = .fixed
        default: return nil
        }
    }
}

extension ArgumentBytes {
    /// The bytes as text; `option` is what they are the value of, for the message.
    func requireText(_ option: String) throws(Failure) -> String {
        guard let text else { throw .usage("\(option) must be UTF-8: \(escaped)") }
        return text
    }
}
