internal import CairnFormat
internal import Synchronization

/// Gathers what a check finds.
///
/// Any thread may add. Memory: at most ``CheckReport/damageCountMax`` damages, and some 100 bytes
/// a bad chunk.
final class CheckFindings: Sendable {
    /// A chunk's place in one pack; no pack where the chunk itself is the trouble.
    private struct BadPlace: Hashable {
        let key: PrefixKey
        let pack: PackID?
    }

    private struct State {
        var damages: [CheckReport.Damage] = []
        var damageCount = 0
        var notices: [String] = []
        /// Chunks that cannot be read from a place, with the number of the damage.
        var bad: [BadPlace: Int] = [:]
    }

    private let state = Mutex(State())

    /// Notes a damaged object.
    func add(_ object: String, _ message: String) {
        state.withLock { _ = add(&$0, object, message) }
    }

    /// Notes what is wrong with a pack and which chunks can therefore not be read from it.
    func add(_ pack: PackID, _ finding: PackFinding) {
        guard !finding.messages.isEmpty || !finding.badChunks.isEmpty else { return }
        let message = finding.messages.joined(separator: "; ")
        state.withLock { state in
            let number = add(&state, ObjectNames.pack(pack), message)
            for key in finding.badChunks {
                state.bad[BadPlace(key: key, pack: pack)] = number
            }
        }
    }

    /// Notes that a chunk can be read from nowhere.
    func add(unreadable key: PrefixKey, object: String, message: String) {
        state.withLock { state in
            let place = BadPlace(key: key, pack: nil)
            guard state.bad[place] == nil else { return }
            state.bad[place] = add(&state, object, message)
        }
    }

    /// Notes something that costs nothing.
    func notice(_ message: String) {
        state.withLock { state in
            if state.notices.count < CheckReport.damageCountMax { state.notices.append(message) }
        }
    }

    private func add(_ state: inout State, _ object: String, _ message: String) -> Int {
        defer { state.damageCount += 1 }
        if state.damages.count < CheckReport.damageCountMax {
            state.damages.append(CheckReport.Damage(object: object, message: message))
        }
        return min(state.damageCount, CheckReport.damageCountMax - 1)
    }

    /// How many damages were found so far.
    var damageCount: Int { state.withLock { $0.damageCount } }

    /// Chunks that no sound place holds, with the number of the damage to blame.
    func lostChunks(_ index: ChunkIndex) -> [PrefixKey: Int] {
        state.withLock { state in
            var lost: [PrefixKey: Int] = [:]
            for (place, number) in state.bad {
                let isSafe =
                    place.pack != nil
                    && index.locations(of: place.key.identifier).contains { location in
                        state.bad[BadPlace(key: place.key, pack: location.pack.id)] == nil
                    }
                if !isSafe { lost[place.key] = min(number, lost[place.key] ?? number) }
            }
            return lost
        }
    }

    /// Moves the findings to a report.
    func fill(_ report: inout CheckReport, affected: AffectedFiles?) {
        state.withLock { state in
            report.damages = state.damages
            report.damageCount = state.damageCount
            report.notices = state.notices
        }
        guard let affected else { return }
        for (number, files) in affected.listed where number < report.damages.count {
            report.damages[number].affected = files
        }
        for (number, count) in affected.counts where number < report.damages.count {
            report.damages[number].affectedCount = count
        }
    }
}
