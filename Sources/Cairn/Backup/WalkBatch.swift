package import CairnFormat
package import CairnIO

/// A stretch of the source in depth-first order: what the walker found there, and the files in it
/// that must be read.
///
/// The walker makes it, one worker reads its files, the assembler turns it into trees. `items` and
/// `jobs` never change; the outcomes pass through a monitor.
package final class WalkBatch: Sendable {
    package let items: [WalkItem]
    package let jobs: [FileJob]
    private let outcomes = Monitor<[FileOutcome]?>(nil)

    package init(items: [WalkItem], jobs: [FileJob]) {
        self.items = items
        self.jobs = jobs
    }

    /// Hands over what became of the jobs, one outcome each.
    package func complete(_ results: [FileOutcome]) {
        outcomes.withLock { $0 = results }
        outcomes.broadcast()
    }

    /// Waits for the outcomes; at once where there are no jobs.
    package func awaitOutcomes() -> [FileOutcome] {
        jobs.isEmpty ? [] : outcomes.wait { $0 }
    }
}

/// One step of the walk.
package enum WalkItem: Sendable {
    /// A folder begins; its entries follow until the matching `.leave`.
    case enter(path: [UInt8])
    /// An entry that needs no reading.
    case entry(TreeEntry, ItemState)
    /// A regular file whose content the job of this number in the batch reads.
    case file(TreeEntry, job: Int, ItemState, link: FileIdentity?)
    /// Another name of a file that came earlier.
    case linked(TreeEntry, FileIdentity)
    /// The folder that began last ends. `previous` is what the parent snapshot had there.
    case leave(TreeEntry, previous: TreeEntry?)
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
}
