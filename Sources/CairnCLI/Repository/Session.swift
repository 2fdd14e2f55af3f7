internal import Cairn
internal import Glibc

/// One run of a verb: its output and its way to the repository.
struct Session {
    /// The options that every verb takes.
    let options: GlobalOptions
    /// Where the verb writes.
    let output: Output

    /// Makes a session.
    init(_ options: GlobalOptions) {
        self.options = options
        output = Output(
            isJSON: options.json,
            isQuiet: options.quiet,
            verbosity: options.verbose
        )
    }

    /// The folder of the repository, in bytes and absolute.
    func repositoryPath() throws(Failure) -> [UInt8] {
        guard var place = options.repository?.bytes ?? Variables.bytes("CAIRN_REPOSITORY") else {
            throw .usage("which repository? Give -r PLACE or set CAIRN_REPOSITORY")
        }
        let local = Array("local:".utf8)
        if place.starts(with: local) {
            place.removeFirst(local.count)
        } else if let scheme = Session.scheme(of: place) {
            throw .usage(
                "there is no store called '\(scheme)'; a folder whose name looks like one is "
                    + "written local:\(PathText.escaped(place))"
            )
        }
        if place.isEmpty { throw .usage("the repository's place is empty") }
        return SourcePaths.absolute(place)
    }

    /// The words before the first colon, where they look like a store's kind.
    private static func scheme(of place: [UInt8]) -> String? {
        guard let colon = place.firstIndex(of: UInt8(ascii: ":")), colon > 1 else { return nil }
        let scheme = place[..<colon]
        let isWord = scheme.allSatisfy {
            ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7a || $0 < 0x3a && $0 >= 0x30
        }
        return isWord ? String(decoding: scheme, as: UTF8.self) : nil
    }

    /// The store in the folder.
    func store(create: Bool) throws(Failure) -> RetryingStore<LocalStore> {
        let path = try repositoryPath()
        guard let text = String(validating: path, as: UTF8.self) else {
            throw .usage("the repository's path must be UTF-8: \(PathText.escaped(path))")
        }
        if create {
            FileTree.makeFolders(above: path)
        } else if !FileTree.exists(path) {
            throw Failure(.noRepository, "there is no repository at \(PathText.escaped(path))")
        }
        do {
            return RetryingStore(try LocalStore(path: text, create: create))
        } catch {
            throw Failure(.failed, "cannot open \(PathText.escaped(path)): \(Session.words(error))")
        }
    }

    private static func words(_ error: StoreError) -> String {
        switch error {
        case .outOfSpace: "the store is full"
        case .permissionDenied(let reason), .unavailable(let reason), .failed(let reason): reason
        case .notFound(let name): "\(name) is missing"
        case .damaged(let name, let reason): "\(name) is damaged: \(reason)"
        }
    }

    /// How this process uses the repository.
    func repositoryOptions() throws(Failure) -> RepositoryOptions {
        var choice = RepositoryOptions()
        choice.workerCount = options.workers
        choice.verifiesBeforePublishing = !options.noExtraVerify
        if !options.noCache { choice.cacheDirectory = CacheFolder.chosen(options) }
        if let kernels = Variables.text("CAIRN_KERNELS") {
            do {
                choice.kernels = try KernelSelection(kernels)
            } catch {
                throw .usage("CAIRN_KERNELS: \(Session.words(error))")
            }
        }
        return choice
    }

    private static func words(_ error: KernelSelectionFailure) -> String {
        switch error {
        case .malformed(let part): "'\(part)' is not of the form family:kernel"
        case .unknownFamily(let family): "there is no family of kernels called '\(family)'"
        case .unknownKernel(let kernel, let known):
            "there is no kernel '\(kernel)'; known are \(known.joined(separator: ", "))"
        case .unavailable(let kernel): "this CPU cannot run '\(kernel)'"
        }
    }

    /// Opens the repository, asking for the password where it needs one and none is given.
    func open() async throws -> Repository {
        let choice = try repositoryOptions()
        let source = try SecretSource.chosen(options)
        let store = try store(create: false)
        if let source {
            let credential = try source.credential()
            return try await Repository.open(store, credential: credential, options: choice)
        }
        do {
            return try await Repository.open(store, credential: nil, options: choice)
        } catch  where error.code == .wrongKey {
            let credential = try Secrets.ask()
            return try await Repository.open(store, credential: credential, options: choice)
        }
    }
}

/// Where the cache is.
enum CacheFolder {
    /// The folder that the options, the environment or the user's home name; nil where there is no
    /// folder that can be written.
    static func chosen(_ options: GlobalOptions) -> [UInt8]? {
        if let folder = options.cacheDir?.bytes ?? Variables.bytes("CAIRN_CACHE_DIR") {
            return usable(SourcePaths.absolute(folder))
        }
        let slash = Array("/".utf8)
        if let base = Variables.bytes("XDG_CACHE_HOME"), base.starts(with: slash) {
            return usable(base + Array("/cairn".utf8))
        }
        guard let home = Variables.bytes("HOME"), home.starts(with: slash) else { return nil }
        return usable(home + Array("/.cache/cairn".utf8))
    }

    /// The folder, made where it is missing; nil where that fails.
    ///
    /// A command without a cache is slower, nothing else.
    private static func usable(_ path: [UInt8]) -> [UInt8]? {
        FileTree.makeFolders(above: path)
        FileTree.makeFolder(path)
        return FileTree.isWritableFolder(path) ? path : nil
    }
}
