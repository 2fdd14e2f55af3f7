import Cairn

/// The engine as a whole on a real folder, in this process, through its public interface.
enum EngineBench {
    /// What the engine does, in its order.
    enum Job: String, CaseIterable {
        /// Into an empty repository.
        case first = "first backup"
        /// Without a parent, so that every file is read.
        case reread = "re-read"
        /// With the parent that holds just this.
        case unchanged = "unchanged backup"
        /// Of everything, to a new folder.
        case restore = "restore"
        /// Of every stored byte.
        case check = "check all data"
    }

    /// What it took.
    struct Figures {
        /// The time of each job.
        var jobs: [(job: Job, spent: Spent)] = []
        /// Files and bytes of the folder, and bytes stored for them.
        var statistics = SnapshotStatistics()
        /// Why a job did less than it should have.
        var failures: [String] = []

        /// The time of one job.
        func spent(on job: Job) -> Spent { jobs.first { $0.job == job }?.spent ?? Spent() }
    }

    /// Runs every job once, on a new repository in an empty folder.
    static func measure(source: String, folder: String) async throws -> Figures {
        let store = try LocalStore(path: folder + "/repository", create: true)
        var options = RepositoryOptions()
        options.cacheDirectory = Array((folder + "/cache").utf8)
        let repository = try await Repository.create(
            in: store,
            credential: .passphrase("benchmark"),
            options: options
        )
        var figures = Figures()
        let request = BackupRequest(.paths([Array(source.utf8)]))
        var forced = request
        forced.parent = .none
        let rereading = forced
        let first = try await Spent.byProcess { try await repository.backup(request).value }
        let reread = try await Spent.byProcess { try await repository.backup(rereading).value }
        let second = try await Spent.byProcess { try await repository.backup(request).value }
        figures.statistics = first.value.statistics
        guard let snapshot = second.value.snapshot else {
            throw BenchFailure("the engine made no snapshot")
        }
        let target = Array((folder + "/restored").utf8)
        let restored = try await Spent.byProcess {
            try await repository.restore(RestoreRequest(snapshot: snapshot, target: target)).value
        }
        var all = CheckRequest()
        all.data = .all
        let checking = all
        let checked = try await Spent.byProcess { try await repository.check(checking).value }
        figures.jobs = [
            (.first, first.spent), (.reread, reread.spent), (.unchanged, second.spent),
            (.restore, restored.spent), (.check, checked.spent),
        ]
        if !first.value.isComplete { figures.failures.append("some files could not be read") }
        if restored.value.problemCount > 0 { figures.failures.append("some were not restored") }
        if !checked.value.isSound { figures.failures.append("the check found damage") }
        return figures
    }

    /// The figures as a table.
    static func section(_ figures: Figures) -> Report.Section {
        let statistics = figures.statistics
        let size = decimals(Double(statistics.bytes) / 1e9, 3)
        let stored = decimals(Double(statistics.bytesStored) / 1e6, 1)
        var section = Report.Section(
            title: "\(statistics.files) files, \(size) GB, \(stored) MB stored",
            columns: [
                Report.Column("job"), Report.Column("wall", "s"), Report.Column("CPU", "s"),
                Report.Column("rate", "GB/s"),
            ]
        )
        for (job, spent) in figures.jobs {
            let rate = spent.wall > 0 ? Double(statistics.bytes) / spent.wall / 1e9 : 0
            section.rows.append([
                .text(job.rawValue), .number(spent.wall, digits: 3),
                .number(spent.processor, digits: 3), .number(rate, digits: 2),
            ])
        }
        section.plot = .bars(
            unit: "seconds of wall time",
            series: ["engine"],
            groups: figures.jobs.map {
                Report.BarGroup(label: $0.job.rawValue, values: [$0.spent.wall])
            }
        )
        section.notes = figures.failures.map { "FAILED: \($0)" }
        return section
    }
}
