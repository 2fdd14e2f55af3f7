import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit

/// Small snapshots written and read through the engine's own sessions, without a file system.
enum SimulatedFiles {
    /// The content with a number.
    static func bytes(_ number: Int) -> [UInt8] {
        var random = SeededRandom(seed: UInt64(number) &+ 77)
        return random.bytes(count: 24 + number % 7)
    }

    /// What a repository is opened with: no threads, and a machine of its own.
    static func core(
        _ store: any Store,
        seed: UInt64,
        process: Int32,
        faults: ProtocolFaults = [],
        marks: MarkMemory? = nil
    ) throws -> RepositoryCore {
        var options = RepositoryOptions()
        options.environment = .virtual(
            seed: seed,
            host: VirtualHost(
                hostName: "host-\(process % 2)",
                process: ProcessIdentity(processID: process, startTime: 1, bootID: "boot")
            )
        )
        options.publishesInline = true
        options.faults = faults
        options.markMemory = marks
        options.workerCount = 1
        return try RepositoryOpening.run(store, nil, options).core
    }

    /// Writes a snapshot of files, each named after its place, and gives its record.
    ///
    /// - Parameters:
    ///   - files: The numbers of their contents, by name.
    ///   - usesParent: Whether to take what is unchanged from the newest snapshot, unseen.
    ///   - pause: Runs between files.
    static func save(
        _ core: RepositoryCore,
        _ files: [Int: Int],
        usesParent: Bool,
        pause: (WriterSession) throws(CairnError) -> Void = { _ in }
    ) throws(CairnError) -> SnapshotRecord {
        let session = try WriterSession.begin(core, context: JobContext()) { view in
            usesParent ? Set(view.snapshots.suffix(1).map { $0.session }) : []
        }
        do throws(CairnError) {
            let parent = session.roots.first.flatMap { session.view.records[$0] }
            let reader = ChunkReader(core: core, index: session.index)
            let before =
                try parent.map { record throws(CairnError) in
                    try entries(reader, record)
                } ?? [:]
            let saver = ChunkSaver(
                session,
                packs: session.dataPacks,
                type: .data,
                compression: .none
            )
            var tree: [TreeEntry] = []
            for (name, number) in files.sorted(by: { $0.key < $1.key }) {
                try pause(session)
                let content = bytes(number)
                let id = core.identifier.identify(content.span)
                let reference = ContentReference(
                    length: UInt64(content.count),
                    depth: 0,
                    root: id
                )
                if before[name]?.root != id { try saver.save(id, content.span) }
                tree.append(entry(name, reference))
                if number % 3 == 0 {
                    try saver.flush()
                    try session.dataPacks.finish()
                }
            }
            try saver.flush()
            let sink = MetadataSink(session)
            var writer = DirectoryWriter(sink)
            for entry in tree { try writer.add(entry) }
            let root = try writer.finish()
            try sink.flush()
            try pause(session)
            return try session.commit(SnapshotRecord(session: session.id, tree: root))
        } catch {
            session.abandon()
            throw error
        }
    }

    private static func entry(_ name: Int, _ content: ContentReference) -> TreeEntry {
        let time = Timestamp(seconds: 0, nanoseconds: 0)
        return TreeEntry(
            name: Array("file-\(name)".utf8),
            mode: 0o600,
            userID: 0,
            groupID: 0,
            modified: time,
            changed: time,
            inode: 0,
            node: .regular(content: content, layout: nil)
        )
    }

    private static func entries(
        _ reader: ChunkReader,
        _ record: SnapshotRecord
    ) throws(CairnError) -> [Int: ContentReference] {
        var cursor = try TreeCursor(TreeLoader(reader), record.tree)
        var found: [Int: ContentReference] = [:]
        while let entry = try cursor.next() {
            guard case .regular(let content, _) = entry.node,
                let name = Int(String(decoding: entry.name.dropFirst(5), as: UTF8.self))
            else { continue }
            found[name] = content
        }
        return found
    }

    /// Whether a snapshot holds exactly these files, read through `reader`.
    static func holds(
        _ reader: ChunkReader,
        _ record: SnapshotRecord,
        _ files: [Int: Int]
    ) throws(CairnError) -> Bool {
        let found = try entries(reader, record)
        guard Set(found.keys) == Set(files.keys) else { return false }
        for (name, content) in found.sorted(by: { $0.key < $1.key }) {
            guard let number = files[name], try reader.bytes(content.root) == bytes(number) else {
                return false
            }
        }
        return true
    }
}
