internal import CairnIO

/// How many folders of the source a backup keeps open at once, so that a process with few file
/// descriptors can back up any tree.
///
/// Folders on the way to where the scan stands, folders that were seen and not yet compared, and
/// folders of files that are to be read are open. The first are at most ``depthMax``; the others
/// share a quarter of what the process may open.
struct SourceHandles: Sendable {
    /// Folders kept open on the way to where the scan stands; those above are opened again on the
    /// way back.
    static let depthMax = 64

    /// Batches of sightings that may wait for the walker.
    static let sightingBatchCountMax = 4
    /// Batches of files that may wait for a worker.
    static let jobBatchCountMax = 8

    /// Folders that a batch of sightings may bring.
    let perSightingBatch: Int
    /// Folders in which the files of a batch may lie.
    let perJobBatch: Int

    /// Shares a limit out.
    ///
    /// - Parameters:
    ///   - limit: How many descriptors the process may have open.
    ///   - workerCount: How many threads read files, each a batch at a time.
    init(limit: Int, workerCount: Int) {
        let share = min(max(limit / 4, 32), 4096)
        // One more of each is being filled, one being emptied.
        perSightingBatch = max(share / 2 / (SourceHandles.sightingBatchCountMax + 2), 1)
        perJobBatch = max(share / 2 / (SourceHandles.jobBatchCountMax + workerCount + 2), 1)
    }
}
