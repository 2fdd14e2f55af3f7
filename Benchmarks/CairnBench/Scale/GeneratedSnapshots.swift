import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit

/// Snapshots of made-up files, written through the engine's own sessions.
///
/// A folder has a hundred files: one of a hundred chunks and a list, the others of one chunk.
/// Folders lie in folders of 32. Each further snapshot changes ten files in one folder of a
/// hundred. Chunks have 32 bytes and packs hold 32 chunks, as packs of the usual size do where
/// chunks have a mebibyte: so the counts are like those of a real repository, and the bytes are
/// not.
struct GeneratedSnapshots {
    private static let fileCount = 100
    private static let listCount = 100
    private static let slotCount = listCount + fileCount - 1
    private static let fanout = 32
    private static let packCount = 32
    private static let changedFiles = 10

    private let repository: Repository
    /// Of each chunk of each folder, the snapshot that changed it last.
    private var versions: [UInt16]
    /// The trees of all folders by level; the last has one.
    private var trees: [[TreeReference]]
    private var random = SeededRandom(seed: 11)
    private var version: UInt16 = 0
    /// How many snapshots bring a repository to its size.
    let snapshotCount: Int
    /// How many folders have files.
    let folderCount: Int

    /// Plans for about so many chunks in all.
    init(_ repository: Repository, chunkCount: Int) {
        self.repository = repository
        snapshotCount = min(1000, max(2, chunkCount / 100))
        // A folder's chunks, its tree and its list; what one of a hundred folders gets anew.
        let first = Double(GeneratedSnapshots.slotCount) + 2
        let further = 0.12 * Double(snapshotCount)
        folderCount = max(1, Int(Double(chunkCount) / (first + further)))
        versions = [UInt16](repeating: 0, count: folderCount * GeneratedSnapshots.slotCount)
        trees = []
        var count = folderCount
        repeat {
            let empty = TreeReference(level: 0, root: ChunkID(words: (0, 0, 0, 0)))
            trees.append([TreeReference](repeating: empty, count: count))
            if count == 1 { break }
            count = (count + GeneratedSnapshots.fanout - 1) / GeneratedSnapshots.fanout
        } while true
    }

    /// Commits the next snapshot.
    ///
    /// - Returns: Its session.
    @discardableResult
    mutating func commit() throws -> SessionID {
        let isFirst = version == 0
        version += 1
        let changed = isFirst ? Array(0..<folderCount) : change()
        let session = try WriterSession.begin(repository.core, context: JobContext()) { view in
            Set(view.snapshots.suffix(1).map(\.session))
        }
        do {
            var writer = ChunkWriter(session)
            for folder in changed {
                trees[0][folder] = try write(folder: folder, isFirst: isFirst, &writer)
            }
            var places = changed
            for level in trees.indices.dropFirst() {
                places = Set(places.map { $0 / GeneratedSnapshots.fanout }).sorted()
                for place in places { trees[level][place] = try write(level, place, writer.sink) }
            }
            try writer.finish()
            let record = SnapshotRecord(session: session.id, tree: trees[trees.count - 1][0])
            return try session.commit(record).session
        } catch {
            session.abandon()
            throw error
        }
    }

    /// Changes files in some folders and gives these, ascending.
    private mutating func change() -> [Int] {
        var changed: Set<Int> = []
        while changed.count < max(1, folderCount / 100) {
            changed.insert(Int.random(in: 0..<folderCount, using: &random))
        }
        for folder in changed.sorted() {
            for _ in 0..<GeneratedSnapshots.changedFiles {
                let file = Int.random(in: 0..<GeneratedSnapshots.fileCount, using: &random)
                let part = Int.random(in: 0..<GeneratedSnapshots.listCount, using: &random)
                let slot = file == 0 ? part : GeneratedSnapshots.listCount + file - 1
                versions[folder * GeneratedSnapshots.slotCount + slot] = version
            }
        }
        return changed.sorted()
    }

    private func write(
        folder: Int,
        isFirst: Bool,
        _ writer: inout ChunkWriter
    ) throws -> TreeReference {
        var directory = DirectoryWriter(writer.sink)
        var list = ContentBuilder(writer.sink)
        var newest: UInt16 = 0
        for slot in 0..<GeneratedSnapshots.slotCount {
            let number = folder * GeneratedSnapshots.slotCount + slot
            let changed = versions[number]
            let isNew = isFirst || changed == version
            let id = try writer.write(number: number, version: changed, isNew: isNew)
            var content: ContentReference
            if slot < GeneratedSnapshots.listCount {
                try list.add(id, length: UInt64(ChunkWriter.chunkSize))
                newest = max(newest, changed)
                guard slot == GeneratedSnapshots.listCount - 1 else { continue }
                content = try list.finish()
            } else {
                content = ContentReference(
                    length: UInt64(ChunkWriter.chunkSize),
                    depth: 0,
                    root: id
                )
                newest = changed
            }
            let file = max(0, slot + 1 - GeneratedSnapshots.listCount)
            let node = TreeEntry.Node.regular(content: content, layout: nil)
            try directory.add(GeneratedSnapshots.entry("file", file, node, newest, number))
        }
        return try directory.finish()
    }

    /// Writes the folder at a place of a level above the lowest.
    private func write(
        _ level: Int,
        _ place: Int,
        _ sink: MetadataSink
    ) throws -> TreeReference {
        var directory = DirectoryWriter(sink)
        let start = place * GeneratedSnapshots.fanout
        let below = trees[level - 1][start...].prefix(GeneratedSnapshots.fanout)
        for (index, tree) in below.enumerated() {
            let node = TreeEntry.Node.directory(tree)
            let number = start + index + level << 40
            try directory.add(GeneratedSnapshots.entry("folder", index, node, version, number))
        }
        return try directory.finish()
    }

    private static func entry(
        _ stem: String,
        _ index: Int,
        _ node: TreeEntry.Node,
        _ version: UInt16,
        _ number: Int
    ) -> TreeEntry {
        var mix = SeededRandom(seed: UInt64(number) << 16 | UInt64(version))
        let time = Timestamp(
            seconds: 1_700_000_000 + Int64(version) * 86_400 + Int64(mix.next() % 86_400),
            nanoseconds: UInt32(mix.next() % 1_000_000_000)
        )
        let digits = "\(1000 + index)".dropFirst()
        return TreeEntry(
            name: Array("\(stem)-\(digits)".utf8),
            mode: 0o644,
            userID: 1000,
            groupID: 1000,
            modified: time,
            changed: time,
            inode: UInt64(number),
            node: node
        )
    }

    /// Stores the chunks of one session.
    private struct ChunkWriter {
        static let chunkSize = 32

        let sink: MetadataSink
        private let session: WriterSession
        private let saver: ChunkSaver
        private var count = 0

        init(_ session: WriterSession) {
            self.session = session
            sink = MetadataSink(session)
            saver = ChunkSaver(
                session,
                packs: session.dataPacks,
                type: .data,
                compression: .none
            )
        }

        /// The ID of a chunk, which is stored if it is new.
        mutating func write(number: Int, version: UInt16, isNew: Bool) throws -> ChunkID {
            var mix = SeededRandom(seed: UInt64(number) << 16 | UInt64(version))
            let bytes = mix.bytes(count: ChunkWriter.chunkSize)
            let id = saver.identifier.identify(bytes.span)
            if isNew, try saver.save(id, bytes.span) {
                count += 1
                if count % GeneratedSnapshots.packCount == 0 { try finishPack() }
            }
            return id
        }

        private func finishPack() throws {
            try saver.flush()
            try session.dataPacks.finish()
        }

        func finish() throws {
            try finishPack()
            try sink.flush()
        }
    }
}
