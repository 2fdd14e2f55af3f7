import CairnCore
import CairnIO

/// How much lies in a folder.
struct FolderCensus: Equatable {
    /// Regular files, counted once for each name.
    var files = 0
    /// The sizes of those files together.
    var bytes: UInt64 = 0

    /// Counts what lies in a folder, in all depths; zero where nothing is there.
    static func count(_ path: String) throws -> FolderCensus {
        var census = FolderCensus()
        try visit(path) { _, _, _, metadata in
            census.files += 1
            census.bytes += metadata.size
        }
        return census
    }

    /// Reads every file, so that the system's page cache holds what fits into it.
    static func warm(_ path: String) throws {
        let buffer = ByteBuffer(capacity: 256 << 10)
        try visit(path) { directory, name, _, metadata in
            let file = try directory.openFile(name, expecting: metadata)
            repeat { buffer.truncate(to: 0) } while try file.read(upTo: 256 << 10, into: buffer) > 0
        }
    }

    /// Whether nothing is in a folder.
    static func isEmpty(_ path: String) throws -> Bool {
        try SourceDirectory.open(path: Array(path.utf8)).listing().isEmpty
    }

    /// Calls `body` for every regular file, in the same order each time, with its directory, its
    /// name, its path below `path` and what the system says about it.
    static func visit(
        _ path: String,
        _ body: (SourceDirectory, FileName, [UInt8], FileMetadata) throws -> Void
    ) throws {
        let top: SourceDirectory
        do {
            top = try SourceDirectory.open(path: Array(path.utf8))
        } catch {
            if error.isVanished { return }
            throw error
        }
        try visit(top, at: [], body)
    }

    private static func visit(
        _ directory: SourceDirectory,
        at path: [UInt8],
        _ body: (SourceDirectory, FileName, [UInt8], FileMetadata) throws -> Void
    ) throws {
        for name in try directory.listing() {
            let metadata = try directory.metadata(of: name)
            let place = path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
            switch metadata.kind {
            case .regular: try body(directory, name, place, metadata)
            case .directory: try visit(try directory.openSubdirectory(name), at: place, body)
            default: break
            }
        }
    }
}
