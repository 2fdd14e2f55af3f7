internal import CairnCore
internal import CairnFormat

/// Holds a walk to what the snapshot's record states, so that a forged tree that refers to itself
/// many times over ends when it has more than that.
struct SnapshotTotals {
    private let stated: SnapshotStatistics
    private var files: UInt64 = 0
    private var directories: UInt64 = 0
    private var others: UInt64 = 0
    private var bytes: UInt64 = 0

    /// Whether there was more than stated.
    private(set) var isExceeded = false

    init(_ stated: SnapshotStatistics) {
        self.stated = stated
    }

    /// Counts an entry.
    ///
    /// - Throws: `.damaged` once there is more than stated.
    mutating func count(_ entry: TreeEntry) throws(CairnError) {
        var overflow = false
        switch entry.node {
        case .regular:
            files += 1
            (bytes, overflow) = bytes.addingReportingOverflow(entry.logicalSize)
        case .directory: directories += 1
        default: others += 1
        }
        guard !overflow, files <= stated.files, directories <= stated.directories,
            others <= stated.others, bytes <= stated.bytes
        else {
            isExceeded = true
            throw CairnError(
                .damaged,
                "the snapshot's tree holds more than its record states; run 'check'"
            )
        }
    }
}
