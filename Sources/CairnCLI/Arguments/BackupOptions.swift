internal import ArgumentParser
internal import Synchronization

/// Options that say which files a backup takes.
struct ExcludeArguments: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Leave out what matches; may be repeated.", valueName: "pattern")
    )
    var exclude: [OrderedArgument] = []

    @Option(
        help: ArgumentHelp("The same, ignoring case; may be repeated.", valueName: "pattern")
    )
    var iexclude: [OrderedArgument] = []

    @Option(
        help: ArgumentHelp(
            "Leave out what matches the patterns in this file, one a line; may be repeated.",
            valueName: "file"
        )
    )
    var excludeFile: [OrderedArgument] = []

    @Option(
        help: ArgumentHelp("The same, ignoring case; may be repeated.", valueName: "file")
    )
    var iexcludeFile: [OrderedArgument] = []

    @Flag(help: "Leave out the content of folders with a valid CACHEDIR.TAG.")
    var excludeCaches = false

    @Option(
        help: ArgumentHelp(
            "Leave out the content of folders that hold a file of this name; may be repeated.",
            valueName: "name"
        )
    )
    var excludeIfPresent: [ArgumentBytes] = []

    @Option(help: ArgumentHelp("Leave out files larger than this.", valueName: "size"))
    var excludeLargerThan: SizeArgument?

    @Flag(name: [.customShort("x"), .long], help: "Do not cross into other file systems.")
    var oneFileSystem = false
}

/// Options that say where a backup's data comes from.
struct SourceArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take the paths in this file too, one pattern of the shell a line; # begins a comment.",
            valueName: "file"
        )
    )
    var filesFrom: [ArgumentBytes] = []

    @Option(
        help: ArgumentHelp("Take the paths in this file too, one a line.", valueName: "file")
    )
    var filesFromVerbatim: [ArgumentBytes] = []

    @Option(
        help: ArgumentHelp(
            "Take the paths in this file too, each ended by a zero byte.",
            valueName: "file"
        )
    )
    var filesFromRaw: [ArgumentBytes] = []

    @Flag(help: "Back up what comes in on standard input.")
    var stdin = false

    @Option(
        help: ArgumentHelp(
            "The name that the data from a stream gets in the snapshot. (default: stdin)",
            valueName: "name"
        )
    )
    var stdinFilename: ArgumentBytes?

    @Flag(
        help: ArgumentHelp(
            "Run the command behind -- and back up what it prints. If it fails, nothing is saved."
        )
    )
    var stdinFromCommand = false
}

/// An argument that knows where it stood among others of several options.
///
/// The argument parser gives each option's values by itself, but of patterns the last one wins,
/// whichever option it came by.
struct OrderedArgument: ExpressibleByArgument, Sendable {
    /// The argument.
    let value: ArgumentBytes
    /// Grows from left to right over the command line, in which order values are made.
    let place: Int

    private static let next = Atomic<Int>(0)

    init(argument: String) {
        value = ArgumentBytes(argument: argument)
        place = OrderedArgument.next.add(1, ordering: .relaxed).newValue
    }
}
