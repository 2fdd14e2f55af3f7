/// Puts what ``RooflineRun`` measured into a report.
enum RooflineReport {
    /// The stages, and the jobs made of them beside the engine.
    static func sections(of run: RooflineRun) -> [Report.Section] { [stages(run), jobs(run)] }

    private static func stages(_ run: RooflineRun) -> Report.Section {
        let size = decimals(Double(run.bytes) / 1e9, 3)
        var section = Report.Section(
            title: "Stages: \(run.fileCount) files, \(size) GB",
            explanation: "Each stage alone on \(Lanes.count) threads, medians over rounds (here "
                + "\(run.stages.count)). Wall counts only the time in the stage; the rate is the "
                + "stage's bytes for each second of wall time.",
            columns: [
                Report.Column("stage"), Report.Column("bytes", "MB"), Report.Column("CPU", "s"),
                Report.Column("wall", "s"), Report.Column("rate", "GB/s"),
            ]
        )
        for stage in Stage.allCases {
            let processor = median(run.stages.map { $0[stage].processor })
            let wall = median(run.stages.map { $0[stage].wall })
            let bytes = bytes(stage, run)
            section.rows.append([
                .text(stage.name), bytes.map { .number($0 / 1e6, digits: 1) } ?? .none,
                .number(processor, digits: 3), .number(wall, digits: 3),
                bytes.map { .number(wall > 0 ? $0 / wall / 1e9 : 0, digits: 2) } ?? .none,
            ])
            section.samples += run.stages.enumerated().map { round, times in
                Report.Sample(
                    labels: [("stage", stage.name)],
                    values: [
                        ("round", Double(round + 1)), ("cpu_s", times[stage].processor),
                        ("wall_s", times[stage].wall),
                    ]
                )
            }
        }
        section.plot = .bars(
            unit: "seconds of processor time",
            series: ["stage"],
            groups: Stage.allCases.map { stage in
                Report.BarGroup(
                    label: stage.name,
                    values: [median(run.stages.map { $0[stage].processor })]
                )
            }
        )
        section.notes = [
            "Verify before writing is the engine's own promise, not a need of the machine: it "
                + "decrypts, decompresses and identifies every segment once more.",
            "Compress, seal and what comes after work on what is not repeated in the tree.",
        ]
        return section
    }

    /// What goes into a stage; nil where it is not about bytes.
    private static func bytes(_ stage: Stage, _ run: RooflineRun) -> Double? {
        switch stage {
        case .walk: nil
        case .read, .chunk, .identify, .createFiles: Double(run.bytes)
        case .compress, .verify, .decompress, .identifyAgain: Double(run.bytesUnique)
        case .seal, .write, .readPacks, .open: Double(run.bytesStored)
        }
    }

    private static func jobs(_ run: RooflineRun) -> Report.Section {
        var section = Report.Section(
            title: "The engine beside its roofline",
            explanation: "The roofline of a job is the processor time of its stages divided by "
                + "\(Lanes.count) cores: a lower bound of its wall time.",
            columns: [
                Report.Column("job"), Report.Column("roofline", "s"),
                Report.Column("engine wall", "s"), Report.Column("engine CPU", "s"),
                Report.Column("wall/roofline"), Report.Column("CPU/stages"),
            ]
        )
        var groups: [Report.BarGroup] = []
        for job in EngineBench.Job.allCases {
            let processor = median(
                run.stages.map { times in
                    job.stages.reduce(0) { $0 + times[$1].processor }
                }
            )
            let roofline = processor / Double(Lanes.count)
            let wall = median(run.engine.map { $0.spent(on: job).wall })
            let used = median(run.engine.map { $0.spent(on: job).processor })
            section.rows.append([
                .text(job.rawValue), .number(roofline, digits: 3), .number(wall, digits: 3),
                .number(used, digits: 3), ratio(wall, roofline), ratio(used, processor),
            ])
            groups.append(Report.BarGroup(label: job.rawValue, values: [roofline, wall]))
            section.samples += run.engine.enumerated().map { round, figures in
                let spent = figures.spent(on: job)
                return Report.Sample(
                    labels: [("job", job.rawValue)],
                    values: [
                        ("round", Double(round + 1)), ("wall_s", spent.wall),
                        ("cpu_s", spent.processor),
                    ]
                )
            }
        }
        section.plot = .bars(
            unit: "seconds of wall time",
            series: ["roofline", "engine"],
            groups: groups
        )
        section.notes = EngineBench.Job.allCases.map { job in
            "The roofline of \(job.rawValue): " + job.stages.map(\.name).joined(separator: "; ")
                + "."
        }
        section.notes += run.engine.flatMap(\.failures).map { "FAILED: \($0)" }
        return section
    }

    private static func ratio(_ first: Double, _ second: Double) -> Report.Cell {
        second > 0 ? .number(first / second, digits: 2) : .none
    }
}
