package import CairnCore
package import CairnFormat
internal import Synchronization

/// Stand-in.
package struct ChunkLocation: Sendable, Hashable {
    package let pack: PackID
    package let segmentOffset: Int
    package let segmentStoredSize: Int
    package let type: ChunkType
    package let isGrouped: Bool
    package let place: Int
    package let length: Int
    package var segment: SegmentID { SegmentID(pack: pack, offset: segmentOffset) }
}

package final class ChunkIndex: Sendable {
    private struct State: Sendable {
        var map: [UInt64: [(IndexEntry, PackID)]] = [:]
        var claimed: Set<ChunkID> = []
    }
    private let state = Mutex(State())
    package init() {}
    package func add(_ object: IndexObject) {
        state.withLock { s in
            for e in object.entries {
                s.map[e.prefix0, default: []].append((e, object.packs[Int(e.pack)].id))
            }
        }
    }
    package func locations(of id: ChunkID) -> [ChunkLocation] {
        state.withLock { s in
            (s.map[id.word0.byteSwapped] ?? []).filter { $0.0.matches(id) }.map {
                ChunkLocation(
                    pack: $0.1, segmentOffset: $0.0.segmentOffset,
                    segmentStoredSize: $0.0.segmentStoredSize, type: $0.0.type,
                    isGrouped: $0.0.isGrouped, place: $0.0.place, length: $0.0.length)
            }
        }
    }
    package func contains(_ id: ChunkID) -> Bool {
        state.withLock { s in (s.map[id.word0.byteSwapped] ?? []).contains { $0.0.matches(id) } }
    }
}
