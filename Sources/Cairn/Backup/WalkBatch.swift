package import CairnCore
package import CairnFormat
package import CairnIO

/// A stretch of the source in depth-first order: what the walker found there, and the files in it
/// that must be read.
///
/// The walker makes it, one worker reads its files, the assembler turns it into trees. `items`
/// never change; jobs and outcomes pass through a monitor.
package final class WalkBatch: Sendable {
    package let items: [WalkItem]
    /// Whether there are files to read.
    package let hasJobs: Bool
    private struct State: Sendable {
        var jobs: [FileJob]
        var outcomes: [FileOutcome]?
        var isAbandoned = false
    }
    private let state: Monitor<State>

    package init(items: [WalkItem], jobs: [FileJob]) {
        self.items = items
        hasJobs = !jobs.isEmpty
        state = Monitor(State(jobs: jobs))
    }

    /// Gives the files to read to the one who reads them, and keeps none of their folders open.
    package func takeJobs() -> [FileJob] {
        state.withLock { state in
            defer { state.jobs = [] }
            return state.jobs
        }
    }

    /// Hands over what became of the jobs, one outcome each.
    package func complete(_ results: [FileOutcome]) {
        state.withLock { $0.outcomes = results }
        state.broadcast()
    }

    /// Says that the jobs will never be done.
    package func abandon() {
        state.withLock { state in
            state.isAbandoned = true
            state.jobs = []
        }
        state.broadcast()
    }

    /// Waits for the outcomes; at once where there are no jobs.
    ///
    /// - Returns: Nil where the jobs were abandoned.
    package func awaitOutcomes() -> [FileOutcome]? {
        guard hasJobs else { return [] }
        let state = state.wait { state -> State? in
            state.outcomes != nil || state.isAbandoned ? state : nil
        }
        return state.outcomes
    }
}

/// One step of the walk.
package enum WalkItem: Sendable {
    /// A folder begins; its entries follow until the matching `.leave`.
    case enter(path: [UInt8])
    /// An entry that needs no reading.
    case entry(TreeEntry, path: [UInt8], ItemState)
    /// A regular file whose content the job of this number in the batch reads. Where `link` is
    /// given, further names of the file will come.
    case file(TreeEntry, path: [UInt8], job: Int, ItemState, link: FileIdentity?)
    /// A further name of a file that came earlier.
    case linked(TreeEntry, path: [UInt8], FileIdentity, isLast: Bool)
    /// The folder that began last ends. `previous` is what the parent snapshot had there; the
    /// entry's node is filled in by the assembler. An optional folder is dropped where empty.
    case leave(TreeEntry, previous: TreeEntry?, isOptional: Bool)
    /// Something was not captured.
    case problem(Problem)
}
/// How an entry compares with the parent snapshot.
package enum ItemState: Sendable {
    case new, changed, unmodified
}

/// A regular file to be read.
package struct FileJob: Sendable {
    package let directory: SourceDirectory
    package let name: FileName
    package let path: [UInt8]
    package let metadata: FileMetadata

    /// Names a file and what was known of it when it was found.
    package init(
        directory: SourceDirectory,
        name: FileName,
        path: [UInt8],
        metadata: FileMetadata
    ) {
        self.directory = directory
        self.name = name
        self.path = path
        self.metadata = metadata
    }
}

/// What became of reading a file.
package enum FileOutcome: Sendable {
    /// Its bytes are stored.
    case stored(StoredFile)
    /// It could not be read; nothing of it is stored.
    case failed(Problem)
}

/// A file whose bytes are stored.
package struct StoredFile: Sendable {
    /// The metadata as they were when the last byte had been read.
    package var metadata: FileMetadata
    package var content: ContentReference
    /// The parts of the file that hold data; nil where it has no holes.
    package var extents: [Range<UInt64>]?
    package var attributes: [ExtendedAttribute]
    /// Whether it went on changing while it was read.
    package var problem: Problem?

    /// Where the data of a file with holes lie; nil without holes.
    package var layout: SparseLayout? {
        guard let extents else { return nil }
        var list: [SparseLayout.Extent] = []
        var end: UInt64 = 0
        for extent in extents {
            list.append(
                SparseLayout.Extent(
                    gap: extent.lowerBound - end,
                    length: extent.upperBound - extent.lowerBound
                )
            )
            end = extent.upperBound
        }
        return SparseLayout(logicalSize: metadata.size, extents: list)
    }
}
