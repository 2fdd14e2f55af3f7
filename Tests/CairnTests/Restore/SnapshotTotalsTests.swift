import CairnCore
import CairnFormat
import Testing

@testable import Cairn

@Suite struct SnapshotTotalsTests {
    private func entry(_ node: TreeEntry.Node) -> TreeEntry {
        TreeEntry(
            name: [97],
            mode: 0o644,
            userID: 0,
            groupID: 0,
            modified: Timestamp(seconds: 0),
            changed: Timestamp(seconds: 0),
            inode: 1,
            node: node
        )
    }

    @Test("A tree that holds more than its record states ends the walk")
    func endsWalk() throws {
        let id = ChunkID(words: (1, 2, 3, 4))
        let file = entry(
            .regular(content: ContentReference(length: 60, depth: 0, root: id), layout: nil)
        )
        let folder = entry(.directory(TreeReference(level: 0, root: id)))
        var stated = SnapshotStatistics()
        (stated.files, stated.directories, stated.bytes) = (2, 1, 100)
        var totals = SnapshotTotals(stated)
        try totals.count(folder)
        try totals.count(file)
        #expect(throws: CairnError.self) { try totals.count(file) }  // 120 bytes
        #expect(totals.isExceeded)
        totals = SnapshotTotals(stated)
        try totals.count(folder)
        #expect(throws: CairnError.self) { try totals.count(folder) }
        totals = SnapshotTotals(stated)
        #expect(throws: CairnError.self) { try totals.count(entry(.pipe)) }
    }

    @Test("Sizes that pass every number are more than any record states")
    func overflows() throws {
        let id = ChunkID(words: (1, 2, 3, 4))
        var stated = SnapshotStatistics()
        (stated.files, stated.bytes) = (10, .max)
        var totals = SnapshotTotals(stated)
        let huge = entry(
            .regular(
                content: ContentReference(length: UInt64(Int64.max), depth: 8, root: id),
                layout: nil
            )
        )
        try totals.count(huge)
        try totals.count(huge)
        #expect(throws: CairnError.self) { try totals.count(huge) }
    }
}
