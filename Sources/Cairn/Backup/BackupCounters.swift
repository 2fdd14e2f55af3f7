internal import CairnFormat
internal import Synchronization

/// What a writer session has seen and stored so far; any thread may count.
package final class BackupCounters: Sendable {
    private let filesFound = Atomic<UInt64>(0)
    private let bytesFound = Atomic<UInt64>(0)
    private let filesDone = Atomic<UInt64>(0)
    private let bytesDone = Atomic<UInt64>(0)
    private let chunksAdded = Atomic<UInt64>(0)
    private let bytesAdded = Atomic<UInt64>(0)
    private let problems = Atomic<UInt64>(0)
    private let isWalked = Atomic<Bool>(false)

    package init() {}

    /// The walker found a regular file.
    package func fileFound(bytes: UInt64) {
        filesFound.add(1, ordering: .relaxed)
        bytesFound.add(bytes, ordering: .relaxed)
    }

    /// A file needs no reading.
    package func fileUnmodified(bytes: UInt64) {
        filesDone.add(1, ordering: .relaxed)
        bytesDone.add(bytes, ordering: .relaxed)
    }

    /// So many bytes of a file that is not done were stored.
    package func progressed(bytes: UInt64) {
        bytesDone.add(bytes, ordering: .relaxed)
    }

    /// A file was stored, its last `bytes` just now.
    package func fileDone(bytes: UInt64) {
        filesDone.add(1, ordering: .relaxed)
        bytesDone.add(bytes, ordering: .relaxed)
    }

    /// A chunk was new.
    package func chunkAdded(size: Int) {
        chunksAdded.add(1, ordering: .relaxed)
        bytesAdded.add(UInt64(size), ordering: .relaxed)
    }

    /// Something was not captured.
    package func problemMet() {
        problems.add(1, ordering: .relaxed)
    }

    /// The walk is over: what was found is all there is.
    package func walkEnded() {
        isWalked.store(true, ordering: .relaxed)
    }

    /// Chunks and plain bytes stored so far.
    package var added: (chunks: UInt64, bytes: UInt64) {
        (chunksAdded.load(ordering: .relaxed), bytesAdded.load(ordering: .relaxed))
    }

    /// How far the backup is.
    ///
    /// - Parameter expected: Bytes of the parent snapshot, a first guess of the total.
    package func progress(expected: UInt64, elapsed: UInt64) -> Progress {
        var progress = Progress()
        progress.phase = "saving"
        progress.bytesDone = bytesDone.load(ordering: .relaxed)
        progress.itemsDone = filesDone.load(ordering: .relaxed)
        progress.bytesTotal = bytesFound.load(ordering: .relaxed)
        progress.itemsTotal = filesFound.load(ordering: .relaxed)
        progress.totalsAreFinal = isWalked.load(ordering: .relaxed)
        if !progress.totalsAreFinal && expected > progress.bytesTotal {
            progress.bytesTotal = expected
            progress.totalsAreFinal = true
        }
        progress.problems = problems.load(ordering: .relaxed)
        progress.elapsed = elapsed
        return progress
    }
}
