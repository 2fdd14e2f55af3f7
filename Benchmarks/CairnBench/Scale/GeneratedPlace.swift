import Cairn
import CairnCore
import CairnIO

/// Where a generated repository and its cache are, and how it is opened.
struct GeneratedPlace {
    /// The folder of both.
    let folder: String

    /// A key file's content; it costs no derivation.
    private var credential: Credential {
        .keyFile(SecretBytes(copying: [UInt8](repeating: 7, count: 64).span))
    }

    private var storePath: String { folder + "/repository" }

    /// What does not sync and checks nothing twice, as it is not what is measured.
    private var generating: RepositoryOptions {
        var options = opening
        options.publishesInline = true
        options.verifiesBeforePublishing = false
        return options
    }

    private var opening: RepositoryOptions {
        var options = RepositoryOptions()
        options.cacheDirectory = Array((folder + "/cache").utf8)
        return options
    }

    /// Creates the repository.
    func create() async throws -> Repository {
        try await Repository.create(
            in: HastyStore(path: storePath),
            credential: credential,
            options: generating
        )
    }

    /// Opens it as the engine's users do.
    func open() async throws -> Repository {
        try await Repository.open(
            LocalStore(path: storePath, create: false),
            credential: credential,
            options: opening
        )
    }
}
