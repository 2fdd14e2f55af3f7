internal import ArgumentParser
internal import Cairn

/// Options that choose snapshots.
struct SelectorOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only snapshots of this host; may be repeated.", valueName: "name"))
    var host: [ArgumentBytes] = []

    @Option(
        help: ArgumentHelp(
            "Only snapshots with all of these tags, separated by commas; repeated, any of the "
                + "lists.",
            valueName: "tags"
        )
    )
    var tag: [ArgumentBytes] = []

    @Option(
        help: ArgumentHelp(
            "Only snapshots of this path; repeated, of all of them.",
            valueName: "path"
        )
    )
    var path: [ArgumentBytes] = []

    @Option(
        help: ArgumentHelp(
            "Only snapshots made before this time, such as 2026-01-31 or \"2026-01-31 14:05\".",
            valueName: "time"
        )
    )
    var before: TimeArgument?

    /// What the options say.
    var filter: SnapshotFilter {
        var filter = SnapshotFilter()
        filter.hosts = host.map(\.bytes)
        filter.tagLists = tag.map { TagText.list($0.bytes) }
        filter.paths = path.map { SourcePaths.absolute($0.bytes) }
        filter.before = before?.nanoseconds
        return filter
    }

    /// Whether any option is given.
    var isGiven: Bool { !host.isEmpty || !tag.isEmpty || !path.isEmpty || before != nil }
}

/// Tags on the command line.
enum TagText {
    /// The tags of a list separated by commas.
    static func list(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: UInt8(ascii: ",")).map(Array.init)
    }

    /// The tags of several lists, each once.
    static func union(_ lists: [ArgumentBytes]) -> [[UInt8]] {
        var tags: [[UInt8]] = []
        for tag in lists.flatMap({ list($0.bytes) }) where !tags.contains(tag) { tags.append(tag) }
        return tags
    }
}

/// A snapshot and perhaps a path in it: `latest`, `latest~1:/home`, `3f2a…:/etc`.
struct SnapshotArgument: ExpressibleByArgument, Sendable {
    /// The snapshot's name.
    let name: String
    /// The path after the colon; empty where there is none.
    let path: [UInt8]

    init?(argument: String) {
        let bytes = ArgumentBytes.decode(argument)
        let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        let front = bytes[..<(colon ?? bytes.endIndex)]
        guard let name = String(validating: front, as: UTF8.self), !name.isEmpty else { return nil }
        self.name = name
        path = colon.map { Array(bytes[($0 + 1)...]) } ?? []
    }
}
