internal import CairnIO

/// Gathers the walk's steps into batches of bounded size.
struct BatchBuilder: ~Copyable {
    /// A batch is sent on when its files reach this many bytes,
    private static var sizeMax: UInt64 { 4 << 20 }
    /// or it has this many files to read,
    private static var jobCountMax: Int { 512 }
    /// or this many steps.
    private static var itemCountMax: Int { 2048 }

    private let folderCountMax: Int
    private let emit: (WalkBatch) throws(CairnError) -> Void
    private var items: [WalkItem] = []
    private var jobs: [FileJob] = []
    private var size: UInt64 = 0
    /// The folders that the files to read lie in, each counted again where it comes back.
    private var folderCount = 0

    /// Makes a builder.
    ///
    /// - Parameter folderCountMax: In how many folders the files of a batch may lie, since each
    ///   stays open until they are read.
    init(folderCountMax: Int, emit: @escaping (WalkBatch) throws(CairnError) -> Void) {
        self.folderCountMax = folderCountMax
        self.emit = emit
    }

    /// Appends a step.
    mutating func add(_ item: WalkItem) throws(CairnError) {
        items.append(item)
        if items.count >= BatchBuilder.itemCountMax { try flush() }
    }

    /// Appends a file to read; `item` makes its step from the number of the job.
    mutating func add(_ job: FileJob, _ item: (Int) -> WalkItem) throws(CairnError) {
        let jobSize = job.metadata.size
        // A large file travels alone, so that the small ones before it need not wait for it.
        if !jobs.isEmpty && size + jobSize > BatchBuilder.sizeMax { try flush() }
        if jobs.last?.directory !== job.directory {
            if folderCount == folderCountMax { try flush() }
            folderCount += 1
        }
        items.append(item(jobs.count))
        jobs.append(job)
        size += min(jobSize, BatchBuilder.sizeMax)
        if size >= BatchBuilder.sizeMax || jobs.count >= BatchBuilder.jobCountMax
            || items.count >= BatchBuilder.itemCountMax
        {
            try flush()
        }
    }

    /// Sends on what was gathered.
    mutating func flush() throws(CairnError) {
        guard !items.isEmpty else { return }
        let batch = WalkBatch(items: items, jobs: jobs)
        items = []
        jobs = []
        size = 0
        folderCount = 0
        try emit(batch)
    }
}
