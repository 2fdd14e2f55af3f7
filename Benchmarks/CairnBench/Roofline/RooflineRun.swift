import CairnCore
import CairnIO

/// Measures what the machine allows for a tree, and the engine beside it.
///
/// Nothing is removed between measurements, for the reason that ``SuiteRun`` gives.
struct RooflineRun {
    /// The tree, which is only read.
    let tree: String
    /// Where everything is written.
    let scratch: Scratch
    /// The stages of each round.
    private(set) var stages: [StageTimes] = []
    /// The engine in each round.
    private(set) var engine: [EngineBench.Figures] = []
    /// Files of the tree.
    private(set) var fileCount = 0
    /// Bytes of the tree.
    private(set) var bytes: UInt64 = 0
    /// Bytes of the tree that are not repeated in it.
    private(set) var bytesUnique = 0
    /// Bytes of the packs.
    private(set) var bytesStored = 0

    /// The folder in the scratch that holds everything.
    static let workName = "work"

    /// Prepares for a tree.
    init(tree: String, scratch: Scratch) {
        self.tree = tree
        self.scratch = scratch
    }

    /// Measures every stage and every job once more.
    mutating func runRound(_ round: Int) async throws {
        let work = "\(RooflineRun.workName)/round-\(round)"
        try FolderCensus.warm(tree)
        var times = StageTimes()
        let list = try walk(&times)
        try read(list, &times)
        progress("chunk, identify, compress, seal")
        let packs = try pack(list, into: try scratch.folder(work + "/packs"), &times)
        try write(packs, &times)
        progress("decrypt, decompress, identify")
        try unpack(packs, &times)
        progress("create files")
        try createFiles(list, in: "\(scratch.path)/\(work)/files", &times)
        stages.append(times)
        scratch.settle()
        progress("the engine")
        let folder = try scratch.folder(work + "/engine")
        try FolderCensus.warm(tree)
        engine.append(try await EngineBench.measure(source: tree, folder: folder))
        scratch.settle()
    }

    private mutating func walk(_ times: inout StageTimes) throws -> SourceList {
        var found: SourceList?
        times[.walk] = try Spent.byProcess { found = try SourceList(walking: tree) }
        guard var list = found else { throw BenchFailure("nothing was walked") }
        list.makePieces()
        (fileCount, bytes) = (list.files.count, list.bytes)
        return list
    }

    private func read(_ list: SourceList, _ times: inout StageTimes) throws {
        times[.read] = try Spent.byProcess {
            try Lanes.run(pieces: list.pieces.count) { supply in
                let buffer = ByteBuffer(capacity: 8 << 20)
                while let number = supply.next() {
                    buffer.truncate(to: 0)
                    _ = try list.read(list.pieces[number], into: buffer)
                }
            }
        }
    }

    private mutating func pack(
        _ list: SourceList,
        into folder: String,
        _ times: inout StageTimes
    ) throws -> [RooflinePack] {
        let shop = try PackingShop(folder: folder)
        let sum = Shared(StageTimes())
        try Lanes.run(pieces: list.pieces.count) { supply in
            let lane = try PackingLane(shop)
            while let number = supply.next() { try lane.process(list.pieces[number], of: list) }
            try lane.finish()
            let times = lane.times
            sum.change { $0.add(lane: times) }
        }
        times.add(sum.value)
        let packs = shop.packs.value
        bytesUnique = packs.flatMap(\.segments).reduce(0) { $0 + $1.size }
        bytesStored = packs.reduce(0) { $0 + ($1.segments.last?.stored.upperBound ?? 0) }
        return packs
    }

    /// Writes what is in the packs once more, to new files.
    private func write(_ packs: [RooflinePack], _ times: inout StageTimes) throws {
        scratch.settle()
        let sum = Shared(StageTimes())
        try Lanes.run(pieces: packs.count) { supply in
            var times = StageTimes()
            let buffer = ByteBuffer(capacity: PackingShop.packSize)
            while let number = supply.next() {
                buffer.truncate(to: 0)
                try RooflineRun.fill(buffer, from: packs[number].path)
                try times[.write].addThread {
                    try PlainFile.write(buffer.span, to: packs[number].path + "-w", syncs: true)
                }
            }
            sum.change { [times] in $0.add(lane: times) }
        }
        times.add(sum.value)
    }

    private func unpack(_ packs: [RooflinePack], _ times: inout StageTimes) throws {
        let sum = Shared(StageTimes())
        try Lanes.run(pieces: packs.count) { supply in
            var times = StageTimes()
            let (sealer, decompressor) = (Sealer(), Decompressor())
            let identifier = ChunkIdentifier(key: PackingShop.key)
            try sealer.setKey(PackingShop.key, algorithm: .aes256GCM)
            let additional = PackingShop.additional
            let pack = ByteBuffer()
            let draft = ByteBuffer()
            let bytes = ByteBuffer()
            while let number = supply.next() {
                pack.truncate(to: 0)
                try times[.readPacks].addThread {
                    try RooflineRun.fill(pack, from: packs[number].path)
                }
                for segment in packs[number].segments {
                    draft.truncate(to: 0)
                    bytes.truncate(to: 0)
                    try times[.open].addThread {
                        try sealer.open(
                            pack.span(segment.stored),
                            nonce: UInt64(segment.stored.lowerBound),
                            additional: additional.span,
                            into: draft
                        )
                    }
                    try times[.decompress].addThread {
                        try decompressor.decompress(
                            draft.span,
                            codec: segment.codec,
                            count: segment.size,
                            into: bytes
                        )
                    }
                    let ids = times[.identifyAgain].addThread {
                        identifier.identify(bytes.span, lengths: segment.lengths)
                    }
                    guard ids == segment.ids else { throw BenchFailure("a pack is damaged") }
                }
            }
            sum.change { [times] in $0.add(lane: times) }
        }
        times.add(sum.value)
    }

    private func createFiles(
        _ list: SourceList,
        in folder: String,
        _ times: inout StageTimes
    ) throws {
        let target = Array(folder.utf8)
        scratch.settle()
        try times[.createFiles].addThread {
            for path in list.directories {
                try PlainFile.makeDirectory(SourceList.join(target, path))
            }
        }
        let sum = Shared(StageTimes())
        try Lanes.run(pieces: list.pieces.count) { supply in
            var times = StageTimes()
            let buffer = ByteBuffer(capacity: 8 << 20)
            while let number = supply.next() {
                buffer.truncate(to: 0)
                let piece = list.pieces[number]
                let ranges = try list.read(piece, into: buffer)
                try times[.createFiles].addThread {
                    for (part, range) in zip(piece, ranges) {
                        let file = list.files[part.file]
                        let folder = SourceList.join(target, list.directories[file.directory])
                        try PlainFile.write(
                            buffer.span(range),
                            at: part.range.lowerBound,
                            to: SourceList.join(folder, file.name),
                            like: file.metadata
                        )
                    }
                }
            }
            sum.change { [times] in $0.add(lane: times) }
        }
        times.add(sum.value)
    }

    /// Reads a whole file.
    private static func fill(_ buffer: ByteBuffer, from path: String) throws {
        let parts = path.split(separator: "/")
        let folder = parts.dropLast().reduce("") { "\($0)/\($1)" }
        let directory = try SourceDirectory.open(path: Array(folder.utf8))
        let file = try directory.openFile(Array((parts.last ?? "").utf8))
        while try file.read(upTo: PackingShop.packSize, into: buffer) > 0 {}
    }
}
