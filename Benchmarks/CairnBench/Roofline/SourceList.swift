import CairnCore
import CairnIO
import Synchronization

/// What lies in a tree, in pieces of work like those that the engine makes.
struct SourceList: Sendable {
    /// A regular file.
    struct File: Sendable {
        /// The number of its directory in ``SourceList/directories``.
        let directory: Int
        /// Its name in the directory.
        let name: FileName
        /// What the walk found out about it.
        let metadata: FileMetadata
    }

    /// A part of a file.
    struct Part: Sendable {
        /// The number of the file in ``SourceList/files``.
        let file: Int
        /// The bytes of the part.
        let range: Range<UInt64>
    }

    /// The most bytes of a piece of work, and of a part of a file.
    static let pieceSizeMax: UInt64 = 4 << 20
    /// The most files of a piece of work.
    static let pieceCountMax = 512

    /// Paths from the root of the tree, parents before what is in them; the first is empty.
    private(set) var directories: [[UInt8]] = []
    /// The regular files, by directory.
    private(set) var files: [File] = []
    /// The regular files, cut and grouped.
    private(set) var pieces: [[Part]] = []
    /// Entries that are neither files nor directories.
    private(set) var otherCount = 0
    /// The tree.
    let root: [UInt8]

    /// The sizes of all files together.
    var bytes: UInt64 { files.reduce(0) { $0 + $1.metadata.size } }

    /// Walks a tree, level by level, on every core: reads each directory and asks for the metadata
    /// of each entry.
    init(walking path: String) throws {
        root = Array(path.utf8)
        var level: [[UInt8]] = [[]]
        while !level.isEmpty {
            let found = try SourceList.walk(level, root)
            let first = directories.count
            directories += level
            for (number, content) in found.sorted(by: { $0.key < $1.key }) {
                files += content.files.map {
                    File(directory: first + number, name: $0.name, metadata: $0.metadata)
                }
                otherCount += content.otherCount
            }
            level = found.sorted { $0.key < $1.key }.flatMap(\.value.directories)
        }
    }

    private struct Content: Sendable {
        var directories: [[UInt8]] = []
        var files: [(name: FileName, metadata: FileMetadata)] = []
        var otherCount = 0
    }

    private static func walk(_ level: [[UInt8]], _ root: [UInt8]) throws -> [Int: Content] {
        let found = Shared<[Int: Content]>([:])
        try Lanes.run(pieces: level.count) { supply in
            while let number = supply.next() {
                let path = level[number]
                let directory = try SourceDirectory.open(path: join(root, path))
                var content = Content()
                for name in try directory.listing() {
                    let metadata = try directory.metadata(of: name)
                    switch metadata.kind {
                    case .regular: content.files.append((name, metadata))
                    case .directory: content.directories.append(join(path, name))
                    default: content.otherCount += 1
                    }
                }
                found.change { [content] in $0[number] = content }
            }
        }
        return found.value
    }

    /// Groups the files into pieces of work.
    mutating func makePieces() {
        pieces = []
        var (piece, size) = ([] as [Part], 0 as UInt64)
        for (number, file) in files.enumerated() {
            var offset: UInt64 = 0
            repeat {
                let end = min(file.metadata.size, offset + SourceList.pieceSizeMax)
                let isFull = piece.count == SourceList.pieceCountMax
                if isFull || size + (end - offset) > SourceList.pieceSizeMax {
                    pieces.append(piece)
                    (piece, size) = ([], 0)
                }
                piece.append(Part(file: number, range: offset..<end))
                size += end - offset
                offset = end
            } while offset < file.metadata.size
        }
        if !piece.isEmpty { pieces.append(piece) }
    }

    /// Reads a piece to the end of `buffer`.
    ///
    /// - Returns: Where in the buffer each part lies.
    func read(_ piece: [Part], into buffer: ByteBuffer) throws -> [Range<Int>] {
        var open: (number: Int, directory: SourceDirectory)?
        return try piece.map { part in
            let file = files[part.file]
            if open?.number != file.directory {
                let path = SourceList.join(root, directories[file.directory])
                open = (file.directory, try SourceDirectory.open(path: path))
            }
            guard let directory = open?.directory else { return 0..<0 }
            let start = buffer.count
            let source = try directory.openFile(file.name, expecting: file.metadata)
            var offset = part.range.lowerBound
            while offset < part.range.upperBound {
                let room = Int(part.range.upperBound - offset)
                let count = try source.read(at: offset, upTo: room, into: buffer)
                if count == 0 { break }
                offset += UInt64(count)
            }
            return start..<buffer.count
        }
    }

    /// A path in a folder; the folder itself where the path is empty.
    static func join(_ folder: [UInt8], _ path: [UInt8]) -> [UInt8] {
        if folder.isEmpty { return path }
        return path.isEmpty ? folder : folder + [UInt8(ascii: "/")] + path
    }
}

/// A value that threads change in turns.
final class Shared<Value: Sendable>: Sendable {
    private let held: Mutex<Value>

    /// Holds a value.
    init(_ value: Value) { held = Mutex(value) }

    /// The value as it is now.
    var value: Value { held.withLock { $0 } }

    /// Changes the value.
    func change<R: Sendable>(_ body: @Sendable (inout Value) throws -> R) rethrows -> R {
        try held.withLock { try body(&$0) }
    }
}
