package import CairnCore
package import CairnFormat
package import CairnIO

/// A repository's runs on this machine: derived from its index objects, and worth nothing but time.
///
/// Opening uses every run whose sources the view still has, reads only the index objects that no
/// run covers, and merges runs of like size, so that its work is in proportion to what is new.
/// Damaged, foreign and outdated runs are removed. Several processes may share a folder.
package struct IndexCache: Sendable {
    /// Merges count smaller runs as if they had so many entries: they cost next to nothing.
    static let smallRunCount = 1 << 12
    /// Index objects are gathered up to so many entries before they become a run.
    static let gatherCount = 1 << 19

    private let space: RunSpace
    /// Where the last cleanup's mark is kept.
    package let marks: MarkShelf

    /// Uses a folder.
    ///
    /// - Parameters:
    ///   - path: The folder, made where it is missing; nil to keep everything in memory.
    ///   - repository: The repository.
    ///   - key: The repository's cache key, 32 bytes.
    ///   - environment: For random bytes.
    ///   - markMemory: Where marks are kept without a folder.
    ///   - isKept: Whether the folder's runs and marks are used and new ones kept; else it only
    ///     holds files without a name.
    package init(
        path: String?,
        repository: RepositoryID,
        key: SecretBytes,
        environment: Environment,
        markMemory: MarkMemory = MarkMemory(),
        isKept: Bool = true
    ) {
        // A folder that cannot be opened is as good as none.
        let folder = path.flatMap { try? RunFolder(path: $0) }
        space = RunSpace(
            repository: repository,
            key: key,
            environment: environment,
            folder: folder,
            isKept: isKept
        )
        let shelf = RunSpace(
            repository: repository,
            key: key,
            environment: environment,
            folder: isKept ? folder : nil
        )
        marks = MarkShelf(shelf, markMemory)
    }

    /// Where files without a name may lie.
    var directory: [UInt8]? { space.folder?.path }

    /// Opens the index of a view.
    ///
    /// - Parameters:
    ///   - view: The index objects to see.
    ///   - generation: The cleanup that the view follows.
    ///   - maskedPacks: Packs whose chunks are to look missing.
    ///   - fetch: Reads and checks an index object; nil where the object has to be set aside.
    /// - Returns: The index, and the objects that were set aside.
    /// - Throws: What `fetch` throws, or that the machine gives no randomness or memory.
    package func open(
        view: [IndexSource],
        generation: UInt64 = 0,
        maskedPacks: Set<PackID> = [],
        fetch: (IndexSource) throws(CairnError) -> IndexObject?
    ) throws(CairnError) -> OpenedIndex {
        var damaged: Set<String> = []
        while true {
            var opening = Opening(space: space, view: Set(view), runs: openRuns(but: damaged))
            do throws(IndexError) {
                opening.useRuns()
                try opening.fetchMissing(fetch)
                try opening.mergeRuns()
                return OpenedIndex(
                    index: ChunkIndex(
                        runs: opening.runs,
                        space: space,
                        generation: generation,
                        maskedPacks: maskedPacks,
                        isComplete: opening.setAside.isEmpty
                    ),
                    setAside: opening.setAside
                )
            } catch {
                // A run turned out to be damaged while it was merged. Without it, start again.
                let names = opening.removeDamaged()
                guard error == .damaged, !names.isSubset(of: damaged) else {
                    if let cause = opening.fetchError { throw cause }
                    throw CairnError(.target, "the chunk index cannot be opened", cause: error)
                }
                damaged.formUnion(names)
            }
        }
    }

    private func openRuns(but damaged: Set<String>) -> [IndexRun] {
        guard space.isKept, let folder = space.folder else { return [] }
        folder.removeTemporaries()
        return folder.runNames().filter { !damaged.contains($0) }.compactMap { name in
            guard let storage = folder.open(name),
                let run = try? IndexRun(
                    storage,
                    named: name,
                    repository: space.repository,
                    key: space.key
                )
            else {
                folder.remove(name)
                return nil
            }
            return run
        }
    }

    /// Removes runs of `index` that turned out to be damaged, so that opening anew reads their
    /// sources again.
    ///
    /// - Returns: Whether there were any.
    package func removeDamaged(of index: ChunkIndex) -> Bool {
        let damaged = index.damagedRunNames
        for name in damaged { space.folder?.remove(name) }
        return index.isDamaged
    }

    /// Makes sure that no part of the index that was read is damaged.
    ///
    /// - Throws: `.viewChanged`; the damaged runs are removed, so that looking again reads the
    ///   index objects themselves.
    func expectSound(_ index: ChunkIndex) throws(CairnError) {
        guard removeDamaged(of: index) else { return }
        throw CairnError(.viewChanged, "a part of the local index was damaged; try again")
    }

    /// Keeps what the session added, so that later openings need not read its index objects.
    ///
    /// Worth calling once the session's snapshot is committed. A failure costs time later.
    package func keepSession(of index: ChunkIndex) {
        let runs = index.sessionRuns
        guard space.isKept, space.folder != nil, !runs.isEmpty else { return }
        var builder = space.makeBuilder()
        for run in runs { builder.add(run) }
        _ = try? space.write(builder, isKept: true)
    }
}

/// What opening an index gave.
package struct OpenedIndex: Sendable {
    /// The index.
    package let index: ChunkIndex
    /// Index objects that `fetch` set aside; chunks that only they list look missing.
    package let setAside: [IndexSource]
}

/// One attempt to open a view.
private struct Opening {
    let space: RunSpace
    let view: Set<IndexSource>
    private let found: [IndexRun]
    private var covered: Set<IndexSource> = []
    private var gathered: IndexBuilder
    private(set) var runs: [LiveRun] = []
    private(set) var setAside: [IndexSource] = []
    private(set) var fetchError: CairnError?

    init(space: RunSpace, view: Set<IndexSource>, runs: [IndexRun]) {
        self.space = space
        self.view = view
        found = runs.sorted { $0.entryCount > $1.entryCount }
        gathered = space.makeBuilder()
    }

    /// Takes over the runs that cover a part of the view, the largest first, and removes others.
    mutating func useRuns() {
        for run in found {
            let live = LiveRun(run) { view.contains($0) && !covered.contains($0) }
            let sources = live.sources
            if sources.isEmpty {
                if let name = run.name { space.folder?.remove(name) }
                continue
            }
            covered.formUnion(sources)
            runs.append(live)
        }
    }

    /// Reads the index objects that no run covers.
    mutating func fetchMissing(
        _ fetch: (IndexSource) throws(CairnError) -> IndexObject?
    ) throws(IndexError) {
        for source in view.subtracting(covered).sorted(by: { $0.id < $1.id }) {
            let object: IndexObject?
            do throws(CairnError) {
                object = try fetch(source)
            } catch {
                fetchError = error
                throw .failed(reason: "an index object could not be read")
            }
            guard let object else {
                setAside.append(source)
                continue
            }
            gathered.add(object, from: source)
            if gathered.entryCount >= IndexCache.gatherCount {
                runs.append(LiveRun(try space.write(gathered, isKept: true)))
                gathered = space.makeBuilder()
            }
        }
    }

    /// Merges the smallest runs as long as the next one is less than eight times as large as they
    /// are together, and rewrites runs of which the view sees less than half.
    mutating func mergeRuns() throws(IndexError) {
        runs.sort { $0.entryCount < $1.entryCount }
        var total = gathered.isEmpty ? 0 : max(gathered.entryCount, IndexCache.smallRunCount)
        var mergeCount = 0
        for (index, run) in runs.enumerated() {
            let weight = max(run.entryCount, IndexCache.smallRunCount)
            if total > 0 && weight < RunSpace.levelFactor * total { mergeCount = index + 1 }
            if 2 * run.entryCount < run.run.entryCount { mergeCount = index + 1 }
            total += weight
        }
        guard mergeCount > 0 || !gathered.isEmpty else { return runs.reverse() }
        let merged = runs[..<mergeCount]
        for run in merged { gathered.add(run) }
        let run = try space.write(gathered, isKept: true)
        if run.name != nil {
            for name in merged.compactMap(\.run.name) { space.folder?.remove(name) }
        }
        runs.removeFirst(mergeCount)
        runs.append(LiveRun(run))
        runs.sort { $0.entryCount > $1.entryCount }
    }

    /// Removes the files of damaged runs and gives their names.
    func removeDamaged() -> Set<String> {
        let damaged = found.filter(\.isDamaged).compactMap(\.name)
        for name in damaged { space.folder?.remove(name) }
        return Set(damaged)
    }
}
