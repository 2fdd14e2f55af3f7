package import CairnFormat
internal import CairnIO

/// Turns the walk's batches, in order, into the snapshot's tree. One thread runs it.
package struct TreeAssembler: ~Copyable {
    /// The most problems kept for the summary; the snapshot lists all.
    private static var problemCountMax: Int { 1000 }

    private let sink: MetadataSink
    private let context: JobContext
    private let counters: BackupCounters
    private let reportsItems: Bool
    /// The folders under construction, the root's first.
    private var folders: [Folder]
    /// What became of files of which further names will come.
    private var linked: [FileIdentity: FileOutcome] = [:]
    package private(set) var statistics = SnapshotStatistics()
    package private(set) var problems: [Problem] = []
    package private(set) var problemCount = 0
    private var problemList: ProblemListWriter

    private struct Folder {
        var writer: DirectoryWriter
        let path: [UInt8]
        var isIncomplete = false
    }

    package init(
        sink: MetadataSink,
        problemList: ProblemListWriter,
        context: JobContext,
        counters: BackupCounters,
        reportsItems: Bool
    ) {
        self.sink = sink
        self.context = context
        self.counters = counters
        self.reportsItems = reportsItems
        self.problemList = problemList
        folders = [Folder(writer: DirectoryWriter(sink), path: [])]
    }

    /// Takes in a batch, waiting for its files.
    package mutating func add(_ batch: WalkBatch) throws(CairnError) {
        guard let outcomes = batch.awaitOutcomes() else { throw CairnError.cancelled }
        for item in batch.items {
            switch item {
            case .enter(let path):
                folders.append(Folder(writer: DirectoryWriter(sink), path: path))
            case .entry(let entry, let path, let state):
                try add(entry, path, state)
            case .file(let entry, let path, let job, let state, let link):
                let outcome = outcomes[job]
                if let link { linked[link] = outcome }
                try add(entry, path, outcome, state)
            case .linked(let entry, let path, let identity, let isLast):
                if let outcome = linked[identity] { try add(entry, path, outcome, .new) }
                if isLast { linked[identity] = nil }
            case .leave(let entry, let previous, let isOptional):
                if isOptional && folders[folders.count - 1].writer.isEmpty {
                    folders.removeLast()
                } else {
                    try leave(entry, previous)
                }
            case .problem(let problem):
                folders[folders.count - 1].isIncomplete = true
                try report(problem)
            }
        }
    }

    /// Ends the root.
    package mutating func finish() throws(CairnError) -> (TreeReference, ContentReference) {
        precondition(folders.count == 1, "a folder of the walk was not left")
        let root = try folders[0].writer.finish()
        return (root, try problemList.finish())
    }

    private mutating func add(
        _ entry: TreeEntry,
        _ path: [UInt8],
        _ outcome: FileOutcome,
        _ state: ItemState
    ) throws(CairnError) {
        switch outcome {
        case .failed(let problem):
            folders[folders.count - 1].isIncomplete = true
            try report(problem.moved(to: path))
        case .stored(let stored):
            let layout = stored.layout
            var complete = TreeEntry(
                name: entry.name,
                stored.metadata,
                node: .regular(content: stored.content, layout: layout)
            )
            complete.attributes = stored.attributes
            if let problem = stored.problem {
                complete.isIncomplete = true
                try report(problem.moved(to: path))
            }
            try add(complete, path, state)
        }
    }

    private mutating func add(
        _ entry: TreeEntry,
        _ path: [UInt8],
        _ state: ItemState
    ) throws(CairnError) {
        if case .regular = entry.node {
            statistics.files += 1
            statistics.bytes += entry.logicalSize
            switch state {
            case .new: statistics.filesNew += 1
            case .changed: statistics.filesChanged += 1
            case .unmodified: statistics.filesUnmodified += 1
            }
        } else {
            statistics.others += 1
        }
        try folders[folders.count - 1].writer.add(entry)
        if reportsItems {
            context.report(.item(path: path, action: state.action, size: entry.logicalSize))
        }
    }

    private mutating func leave(
        _ entry: TreeEntry,
        _ previous: TreeEntry?
    ) throws(CairnError) {
        var folder = folders.removeLast()
        var complete = entry
        complete.node = .directory(try folder.writer.finish())
        complete.isIncomplete = entry.isIncomplete || folder.isIncomplete
        statistics.directories += 1
        let state: ItemState
        if let previous {
            state = previous.node == complete.node ? .unmodified : .changed
        } else {
            state = .new
        }
        switch state {
        case .new: statistics.directoriesNew += 1
        case .changed: statistics.directoriesChanged += 1
        case .unmodified: statistics.directoriesUnmodified += 1
        }
        try folders[folders.count - 1].writer.add(complete)
        if reportsItems {
            context.report(.item(path: folder.path, action: state.action, size: 0))
        }
    }

    private mutating func report(_ problem: Problem) throws(CairnError) {
        problemCount += 1
        counters.problemMet()
        if problems.count < TreeAssembler.problemCountMax { problems.append(problem) }
        try problemList.add(problem)
        context.report(.problem(path: problem.path, reason: problem.text))
    }
}

extension ItemState {
    var action: ItemAction {
        switch self {
        case .new: .new
        case .changed: .changed
        case .unmodified: .unmodified
        }
    }
}
