internal import Cairn

/// How a verb words the events of its job.
protocol JobReporter: Sendable {
    /// The members of a JSON status line, after `message_type`; nil for no such lines.
    func status(_ progress: Progress) -> [(String, JSON)]?
    /// What the progress line says of counts, such as "12 of 40 files".
    func counts(_ progress: Progress) -> String
    /// What the job does to a path, for JSON.
    func action(_ action: ItemAction) -> String
    /// The stage in which a path fails, for JSON: "archival", "restore", …
    var stage: String { get }
}

extension JobReporter {
    func action(_ action: ItemAction) -> String { action.rawValue }
    var stage: String { "" }

    func counts(_ progress: Progress) -> String {
        if progress.itemsTotal == 0 { return "\(progress.itemsDone)" }
        return "\(progress.itemsDone) of \(progress.itemsTotal)"
    }
}

/// For jobs that only count.
struct PlainReporter: JobReporter {
    func status(_ progress: Progress) -> [(String, JSON)]? {
        StatusMembers.time(progress) + [
            ("total_items", .unsigned(progress.itemsTotal)),
            ("items_done", .unsigned(progress.itemsDone)),
            ("total_bytes", .unsigned(progress.bytesTotal)),
            ("bytes_done", .unsigned(progress.bytesDone)),
        ]
    }
}

/// Members that all status lines share.
enum StatusMembers {
    /// How long and how far.
    static func time(_ progress: Progress) -> [(String, JSON)] {
        var members: [(String, JSON)] = [
            ("seconds_elapsed", .unsigned(progress.elapsed / 1_000_000_000))
        ]
        if let remaining = progress.remaining {
            members.append(("seconds_remaining", .unsigned(remaining / 1_000_000_000)))
        }
        members.append(("percent_done", .number(progress.fraction ?? 0)))
        return members
    }

    /// What is being worked on.
    static func current(_ progress: Progress) -> [(String, JSON)] {
        if progress.current.isEmpty { return [] }
        return JSON.bytes("current_files", list: [progress.current])
    }
}

/// Follows a job: shows its events, cancels it at a signal, and gives its result.
struct JobRunner<Reporter: JobReporter> {
    /// Where the events go.
    let output: Output
    /// How they are worded.
    let reporter: Reporter

    /// Nanoseconds between two drawings of the progress line.
    private static var interval: Int64 { 100_000_000 }

    /// Waits for the job.
    func run<Value>(_ operation: Operation<Value>) async throws(CairnError) -> Value {
        let registration = Interrupts.shared.register { operation.cancel() }
        defer { Interrupts.shared.remove(registration) }
        var lastDrawn: Int64 = 0
        for await event in operation.events {
            switch event {
            case .progress(let progress):
                let now = TimeText.now
                // The clock may be set back meanwhile.
                if now - lastDrawn >= Self.interval || now < lastDrawn {
                    lastDrawn = now
                    show(progress)
                }
            case .problem(let path, let reason): show(problem: path, reason)
            case .item(let path, let action, let size): show(item: path, action, size)
            case .notice(let text): show(notice: text)
            }
        }
        output.hideLine()
        return try await operation.value
    }

    private func show(_ progress: Progress) {
        if output.isJSON {
            guard !output.isQuiet, let members = reporter.status(progress) else { return }
            output.json([("message_type", "status")] + members)
            return
        }
        guard output.showsProgress else { return }
        output.showLine(words(progress).joined(separator: "  "))
    }

    /// The parts of the progress line, the most important first: its end may be cut off.
    private func words(_ progress: Progress) -> [String] {
        var parts = ["[\(Units.clock(nanoseconds: progress.elapsed))]"]
        if let fraction = progress.fraction {
            parts.append(Units.fixed(fraction * 100, digits: 1) + "%")
        } else if !progress.phase.isEmpty {
            parts.append(progress.phase)
        }
        if let remaining = progress.remaining, remaining > 0 {
            parts.append("ETA \(Units.clock(nanoseconds: remaining))")
        }
        if progress.bytesDone > 0 {
            let total = progress.bytesTotal > 0 ? " of \(Units.rough(progress.bytesTotal))" : ""
            parts.append(Units.rough(progress.bytesDone) + total)
            parts.append(Units.rough(UInt64(max(0, min(progress.rate, 1e18)))) + "/s")
        }
        parts.append(reporter.counts(progress))
        if progress.problems > 0 {
            parts.append(Units.count(progress.problems, "problem"))
        }
        if !progress.current.isEmpty { parts.append(PathText.escaped(progress.current)) }
        return parts
    }

    private func show(problem path: [UInt8], _ reason: String) {
        guard output.isJSON else {
            let place = path.isEmpty ? "" : PathText.escaped(path) + ": "
            output.warning(place + reason)
            return
        }
        let members: [(String, JSON)] = [
            ("message_type", "error"), ("error", .object([("message", .string(reason))])),
            ("during", .string(reporter.stage)),
        ]
        output.message(JSON.object(members + JSON.bytes("item", path)).text)
    }

    private func show(item path: [UInt8], _ action: ItemAction, _ size: UInt64) {
        let isDull = action == .unmodified || action == .unchanged
        if output.verbosity < (isDull ? 2 : 1) { return }
        guard output.isJSON else {
            let word = action.rawValue
            let space = String(repeating: " ", count: max(1, 10 - word.count))
            output.line("\(word)\(space)\(PathText.escaped(path)), \(Units.bytes(size))")
            return
        }
        let members: [(String, JSON)] = [
            ("message_type", "verbose_status"), ("action", .string(reporter.action(action))),
        ]
        output.json(
            members + JSON.bytes("item", path)
                + [("data_size", .unsigned(size)), ("size", .unsigned(size))]
        )
    }

    private func show(notice text: String) {
        if output.isQuiet { return }
        guard output.isJSON else {
            output.message(text)
            return
        }
        let members: [(String, JSON)] = [("message_type", "notice"), ("message", .string(text))]
        output.message(JSON.object(members).text)
    }
}
