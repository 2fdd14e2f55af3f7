internal import CairnCore
internal import CairnFormat
internal import CairnIO
internal import Synchronization

/// A chunk that belongs into a file.
struct RestorePiece: Sendable {
    let file: RestoredFile
    let id: ChunkID
    /// Where the chunk belongs in the file's content.
    let offset: UInt64
    /// Where the chunk is in its segment.
    let place: Int
    let length: Int
}

/// Segments of one pack that are read in one go, with the pieces that they hold.
final class ReadGroup: Sendable {
    struct Segment: Sendable {
        let range: Range<Int>
        /// Which of the group's pieces lie in it, ascending by their place.
        let pieces: Range<Int>
    }

    let pack: PackID
    let segments: [Segment]
    let pieces: [RestorePiece]
    private let window: StretchWindow.Ticket

    fileprivate init(
        pack: PackID,
        segments: [Segment],
        pieces: [RestorePiece],
        window: StretchWindow.Ticket
    ) {
        self.pack = pack
        self.segments = segments
        self.pieces = pieces
        self.window = window
    }

    /// What is to be read of the pack.
    var range: Range<Int> {
        segments[0].range.lowerBound..<segments[segments.count - 1].range.upperBound
    }
}

/// Bounds how many stretches are under way, and with them memory and open descriptors.
final class StretchWindow: Sendable {
    /// Held by the groups of a stretch; the last one to go makes room.
    final class Ticket: Sendable {
        private let window: StretchWindow

        fileprivate init(_ window: StretchWindow) {
            self.window = window
        }

        deinit {
            window.room.withLock { $0 += 1 }
            window.room.broadcast()
        }
    }

    private let room: Monitor<Int>

    init(count: Int) {
        room = Monitor(count)
    }

    /// Waits for room.
    func enter() -> Ticket {
        room.wait { room -> Void? in
            guard room > 0 else { return nil }
            room -= 1
            return ()
        }
        return Ticket(self)
    }
}

/// A part of the snapshot that is planned: the chunks that its files need and where they are.
struct RestoreStretch {
    /// The most chunks, folders and files of several chunks of one stretch.
    private static let pieceCountMax = 16_384
    private let limit: Int
    private let directoryCountMax: Int
    private let largeFileCountMax: Int
    /// The most bytes of a read of several segments.
    private static let readSizeMax = 2 << 20
    /// The most bytes that are read over rather than left out.
    private static let gapMax = 32 << 10

    private struct Order {
        let pack: UInt32
        let offset: UInt32
        let place: UInt32
        let piece: UInt32
        let end: UInt32
    }

    private var pieces: [RestorePiece] = []
    private var order: [Order] = []
    private var packs: [PackID: UInt32] = [:]
    private var packList: [PackID] = []
    private(set) var directoryCount = 0
    private var largeFileCount = 0

    /// Makes an empty stretch.
    ///
    /// - Parameter limit: How many descriptors the process may have open; two stretches and the
    ///   way to where the planning stands fit in it from 256 on.
    init(limit: Int) {
        self.limit = limit
        directoryCountMax = min(192, max(limit / 5, 8))
        largeFileCountMax = min(64, max(limit / 16, 4))
    }

    /// Whether it is time to hand it to the workers.
    var isFull: Bool {
        pieces.count >= RestoreStretch.pieceCountMax
            || directoryCount >= directoryCountMax
            || largeFileCount >= largeFileCountMax
    }

    var isEmpty: Bool { pieces.isEmpty }

    /// A folder was opened.
    mutating func addDirectory() {
        directoryCount += 1
    }

    /// A file of several chunks was begun.
    mutating func addLargeFile() {
        largeFileCount += 1
    }

    /// Adds a chunk; the file is held until it is written.
    mutating func add(
        _ id: ChunkID,
        of file: RestoredFile,
        at offset: UInt64,
        from location: ChunkLocation
    ) {
        file.hold()
        let pack = location.pack.id
        let ordinal: UInt32
        if let known = packs[pack] {
            ordinal = known
        } else {
            ordinal = UInt32(packList.count)
            packs[pack] = ordinal
            packList.append(pack)
        }
        // Offsets in packs and places in segments have 27 bits at the most.
        order.append(
            Order(
                pack: ordinal,
                offset: UInt32(location.segmentRange.lowerBound),
                place: UInt32(location.place),
                piece: UInt32(pieces.count),
                end: UInt32(location.segmentRange.upperBound)
            )
        )
        pieces.append(
            RestorePiece(
                file: file,
                id: id,
                offset: offset,
                place: location.place,
                length: location.length
            )
        )
    }

    /// Orders everything by pack and place and cuts it into reads, then starts anew.
    mutating func takeGroups(_ ticket: StretchWindow.Ticket) -> [ReadGroup] {
        order.sort { a, b in
            (a.pack, a.offset, a.end, a.place, a.piece)
                < (b.pack, b.offset, b.end, b.place, b.piece)
        }
        var groups: [ReadGroup] = []
        var segments: [ReadGroup.Segment] = []
        var grouped: [RestorePiece] = []
        var index = 0
        while index < order.count {
            let first = order[index]
            let range = Int(first.offset)..<Int(first.end)
            if let start = segments.first?.range.lowerBound,
                let end = segments.last?.range.upperBound,
                order[index - 1].pack != first.pack
                    || range.upperBound - start > RestoreStretch.readSizeMax
                    || range.lowerBound < end || range.lowerBound - end > RestoreStretch.gapMax
            {
                let pack = packList[Int(order[index - 1].pack)]
                groups.append(
                    ReadGroup(pack: pack, segments: segments, pieces: grouped, window: ticket)
                )
                (segments, grouped) = ([], [])
            }
            let start = grouped.count
            while index < order.count, order[index].pack == first.pack,
                order[index].offset == first.offset, order[index].end == first.end
            {
                grouped.append(pieces[Int(order[index].piece)])
                index += 1
            }
            segments.append(ReadGroup.Segment(range: range, pieces: start..<grouped.count))
        }
        if let last = order.last {
            let pack = packList[Int(last.pack)]
            groups.append(
                ReadGroup(pack: pack, segments: segments, pieces: grouped, window: ticket)
            )
        }
        self = RestoreStretch(limit: limit)
        return groups
    }
}
