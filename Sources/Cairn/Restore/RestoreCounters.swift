internal import CairnFormat
internal import CairnIO
internal import Synchronization

/// What a restore has done so far; any thread may count.
package final class RestoreCounters: Sendable {
    /// The most problems kept for the summary.
    private static let problemCountMax = 1000

    private let filesFound = Atomic<UInt64>(0)
    private let bytesFound = Atomic<UInt64>(0)
    private let filesRestored = Atomic<UInt64>(0)
    private let filesUnchanged = Atomic<UInt64>(0)
    private let filesSkipped = Atomic<UInt64>(0)
    private let filesVerified = Atomic<UInt64>(0)
    private let directories = Atomic<UInt64>(0)
    private let others = Atomic<UInt64>(0)
    private let ownersLeft = Atomic<UInt64>(0)
    private let bytesRestored = Atomic<UInt64>(0)
    private let bytesPassed = Atomic<UInt64>(0)
    private let isPlanned = Atomic<Bool>(false)
    private let problems = Mutex<(list: [Problem], count: Int)>(([], 0))
    private let context: JobContext
    private let reportsItems: Bool

    package init(context: JobContext, reportsItems: Bool) {
        self.context = context
        self.reportsItems = reportsItems
    }

    /// The planner came to a regular file.
    func fileFound(bytes: UInt64) {
        filesFound.add(1, ordering: .relaxed)
        bytesFound.add(bytes, ordering: .relaxed)
    }

    /// The planner has seen everything.
    func planned() {
        isPlanned.store(true, ordering: .relaxed)
    }

    /// Bytes of content were written.
    func wrote(bytes: Int) {
        bytesRestored.add(UInt64(bytes), ordering: .relaxed)
    }

    /// A file is complete.
    func restored(_ path: @autoclosure () -> [UInt8], bytes: UInt64, replaced: Bool) {
        filesRestored.add(1, ordering: .relaxed)
        item(path(), replaced ? .updated : .restored, bytes)
    }

    /// A file was there already.
    func unchanged(_ path: @autoclosure () -> [UInt8], bytes: UInt64) {
        filesUnchanged.add(1, ordering: .relaxed)
        bytesPassed.add(bytes, ordering: .relaxed)
        item(path(), .unchanged, bytes)
    }

    /// Something that was there had to stay.
    func skipped(_ path: @autoclosure () -> [UInt8], bytes: UInt64, isFile: Bool) {
        if isFile { filesSkipped.add(1, ordering: .relaxed) }
        bytesPassed.add(bytes, ordering: .relaxed)
        item(path(), .skipped, bytes)
    }

    /// A file was read back and found right.
    func verified() {
        filesVerified.add(1, ordering: .relaxed)
    }

    /// A folder is there.
    func directory(_ path: @autoclosure () -> [UInt8]) {
        directories.add(1, ordering: .relaxed)
        item(path(), .restored, 0)
    }

    /// A link or a special file is there.
    func other(_ path: @autoclosure () -> [UInt8], action: ItemAction) {
        others.add(1, ordering: .relaxed)
        item(path(), action, 0)
    }

    private func item(
        _ path: @autoclosure () -> [UInt8],
        _ action: ItemAction,
        _ bytes: UInt64
    ) {
        if reportsItems { context.report(.item(path: path(), action: action, size: bytes)) }
    }

    /// The owner or group stayed that of whoever runs the restore.
    func ownerLeft() {
        ownersLeft.add(1, ordering: .relaxed)
    }

    /// Something could not be restored, or not wholly.
    func report(_ problem: Problem) {
        problems.withLock { problems in
            problems.count += 1
            if problems.list.count < RestoreCounters.problemCountMax {
                problems.list.append(problem)
            }
        }
        context.report(.problem(path: problem.path, reason: problem.text))
    }

    /// How far the restore is.
    ///
    /// - Parameter expected: What the snapshot states where all of it is restored.
    func progress(expected: SnapshotStatistics?, elapsed: UInt64) -> Progress {
        var progress = Progress()
        progress.phase = "restoring"
        progress.bytesDone =
            bytesRestored.load(ordering: .relaxed) + bytesPassed.load(ordering: .relaxed)
        progress.itemsDone =
            filesRestored.load(ordering: .relaxed) + filesUnchanged.load(ordering: .relaxed)
            + filesSkipped.load(ordering: .relaxed)
        progress.bytesTotal = bytesFound.load(ordering: .relaxed)
        progress.itemsTotal = filesFound.load(ordering: .relaxed)
        progress.totalsAreFinal = isPlanned.load(ordering: .relaxed)
        if !progress.totalsAreFinal, let expected {
            progress.bytesTotal = max(expected.bytes, progress.bytesTotal)
            progress.itemsTotal = max(expected.files, progress.itemsTotal)
            progress.totalsAreFinal = true
        }
        progress.problems = UInt64(problems.withLock { $0.count })
        progress.elapsed = elapsed
        return progress
    }

    /// What has been done.
    var summary: RestoreSummary {
        var summary = RestoreSummary()
        summary.filesRestored = filesRestored.load(ordering: .relaxed)
        summary.filesUnchanged = filesUnchanged.load(ordering: .relaxed)
        summary.filesSkipped = filesSkipped.load(ordering: .relaxed)
        summary.filesVerified = filesVerified.load(ordering: .relaxed)
        summary.directories = directories.load(ordering: .relaxed)
        summary.others = others.load(ordering: .relaxed)
        summary.ownersLeft = ownersLeft.load(ordering: .relaxed)
        summary.bytesRestored = bytesRestored.load(ordering: .relaxed)
        (summary.problems, summary.problemCount) = problems.withLock { ($0.list, $0.count) }
        return summary
    }
}
