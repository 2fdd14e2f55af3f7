import Cairn
import CairnCore
import CairnFormat

/// Preparing a cleanup of a generated repository with up to a thousand snapshots.
struct CleanupScale: ScaleSubject {
    let name = "cleanup"
    let unit = "chunks"
    let sizeMin = 10_000
    let sizeMax = 10_000_000

    func measure(size: Int, folder: String) async throws -> [Figure] {
        let place = GeneratedPlace(folder: folder)
        var figures: [Figure] = []
        let repository = try await place.create()
        var snapshots = GeneratedSnapshots(repository, chunkCount: size)
        var sessions: [SessionID] = []
        let generated = try Spent.byProcess {
            for _ in 0..<snapshots.snapshotCount { sessions.append(try snapshots.commit()) }
        }
        let seconds = Int(generated.wall)
        progress("\(folder) took \(seconds) s; \(sessions.count) snapshots")
        figures += try CleanupPart.run(.prepare, "from nothing", folder)
        figures += try CleanupPart.run(.prepare, "nothing new", folder)
        sessions.append(try snapshots.commit())
        figures += try CleanupPart.run(.prepare, "one more snapshot", folder)
        figures += try CleanupPart.run(.exclusive, "exclusive size", folder)
        let half = Array(sessions[..<(sessions.count / 2)])
        try SnapshotChanges(repository.core).mark(half, reason: "benchmark")
        figures += try CleanupPart.run(.prepare, "half forgotten", folder)
        return figures
    }
}

/// A step of ``CleanupScale``, in a process of its own so that no other has left memory behind.
enum CleanupPart: String, CaseIterable {
    /// Plans a cleanup.
    case prepare
    /// Measures what only the newest snapshot needs.
    case exclusive

    /// Runs the step in a process of its own.
    ///
    /// - Parameter title: What it is called in the figures' names.
    static func run(_ part: CleanupPart, _ title: String, _ folder: String) throws -> [Figure] {
        let (result, log) = (folder + "/result", folder + "/log")
        let command = ChildCommand(
            arguments: [
                try Scratch.resolve("/proc/self/exe"), CleanupPartVerb.name, part.rawValue, folder,
                result,
            ],
            environment: ["PATH", "LD_LIBRARY_PATH"].compactMap { name in
                variable(name).map { "\(name)=\($0)" }
            }
        )
        let run = ChildRun.run(command, log: log)
        if let failure = run.failure {
            throw BenchFailure("\(title): \(failure); \(Machine.text(of: log))")
        }
        let figures = Machine.text(of: result).split(separator: "\n").compactMap {
            line -> Figure? in
            let parts = line.split(separator: "\t")
            guard parts.count == 3, let value = Double(parts[1]) else { return nil }
            return Figure(name: "\(title): \(parts[0])", value: value, unit: String(parts[2]))
        }
        for figure in figures { progress("\(figure.name) \(figure.value) \(figure.unit)") }
        return figures
    }

    /// Does the step here and gives its figures.
    func measure(_ folder: String) async throws -> [Figure] {
        let repository = try await GeneratedPlace(folder: folder).open()
        switch self {
        case .prepare: return try await prepare(repository)
        case .exclusive: return try await exclusive(repository)
        }
    }

    private func prepare(_ repository: Repository) async throws -> [Figure] {
        let planner = CleanupPlanner(core: repository.core, options: CleanupOptions())
        let meter = CleanupMeter(Environment.system.time)
        let (run, peak) = try await MemoryWatch.peak {
            try await Spent.byProcess { () async throws -> CleanupPlan in
                try planner.plan(context: JobContext(), meter: meter)
            }
        }
        let chunks = run.value.packs.reduce(0) { $0 + $1.chunks }
        return [
            Figure(name: "time", value: run.spent.wall * 1e3, unit: "ms"),
            Figure(name: "processor time", value: run.spent.processor * 1e3, unit: "ms"),
            Figure(name: "peak anonymous", value: Double(peak) / 1024, unit: "MiB"),
            Figure(
                name: "trees read",
                value: Double(meter.progress.bytesDone) / 1_048_576,
                unit: "MiB of trees"
            ),
            Figure(name: "chunks in packs", value: Double(chunks), unit: "chunks"),
            Figure(name: "packs", value: Double(run.value.packs.count), unit: "packs"),
        ]
    }

    private func exclusive(_ repository: Repository) async throws -> [Figure] {
        guard let newest = try await repository.snapshots().snapshots.last else {
            throw BenchFailure("there is no snapshot")
        }
        let (run, peak) = try await MemoryWatch.peak {
            try await Spent.byProcess {
                try await repository.exclusiveSizes([[newest.id]]).value
            }
        }
        guard run.value.first?.chunks ?? 0 > 0 else { throw BenchFailure("nothing is exclusive") }
        return [
            Figure(name: "time", value: run.spent.wall * 1e3, unit: "ms"),
            Figure(name: "processor time", value: run.spent.processor * 1e3, unit: "ms"),
            Figure(name: "peak anonymous", value: Double(peak) / 1024, unit: "MiB"),
        ]
    }
}
