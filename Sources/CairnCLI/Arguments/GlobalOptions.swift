internal import ArgumentParser

/// Options that every verb takes.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: [.customShort("r", allowingJoined: true), .customLong("repo")],
        help: ArgumentHelp(
            "The repository: a folder. Environment: CAIRN_REPOSITORY.",
            valueName: "place"
        )
    )
    var repository: ArgumentBytes?

    @Option(
        name: [.customShort("p", allowingJoined: true), .long],
        help: ArgumentHelp(
            "Read the password from the first line of this file. Environment: CAIRN_PASSWORD_FILE.",
            valueName: "file"
        )
    )
    var passwordFile: ArgumentBytes?

    @Option(
        help: ArgumentHelp(
            "Take the first line that this shell command prints as the password. Environment: "
                + "CAIRN_PASSWORD_COMMAND.",
            valueName: "command"
        )
    )
    var passwordCommand: ArgumentBytes?

    @Option(
        help: ArgumentHelp(
            "Open the repository with this key file instead of a password. Environment: "
                + "CAIRN_KEY_FILE.",
            valueName: "file"
        )
    )
    var keyFile: ArgumentBytes?

    @Option(
        help: ArgumentHelp(
            "Keep the cache in this folder. Environment: CAIRN_CACHE_DIR. (default: "
                + "~/.cache/cairn)",
            valueName: "folder"
        )
    )
    var cacheDir: ArgumentBytes?

    @Flag(help: "Keep no cache.")
    var noCache = false

    @Option(
        help: ArgumentHelp(
            "How many threads chunk, hash and compress. (default: one a core)",
            valueName: "n"
        )
    )
    var workers: Int?

    @Flag(help: "Do not prove what is stored before it is stored; faster, and less safe.")
    var noExtraVerify = false

    @Flag(name: .shortAndLong, help: "Say nothing but results and errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Say more: -v every file, -vv unchanged ones too.")
    var verbose: Int

    @Flag(help: "Write JSON, as Specs/CommandLine.md lays it down.")
    var json = false

    func validate() throws {
        if let workers, !(1...1024).contains(workers) {
            throw ValidationError("--workers takes 1 to 1024.")
        }
        let sources = [passwordFile, passwordCommand, keyFile].compactMap { $0 }
        if sources.count > 1 {
            throw ValidationError(
                "Give one of --password-file, --password-command and --key-file."
            )
        }
        if noCache && cacheDir != nil {
            throw ValidationError("--no-cache and --cache-dir exclude each other.")
        }
    }
}
