/// How a policy is applied; Specs/Retention.md states each step.
extension RetentionPolicy {
    /// Decides which snapshots to keep, without doing anything about it.
    ///
    /// - Parameters:
    ///   - candidates: The snapshots, in any order.
    ///   - now: The time in nanoseconds since 1970. Snapshots made later, by a wrong clock, do not
    ///     move the ends of the rules that go back from the newest.
    ///   - zone: The zone whose calendar counts.
    ///   - grouping: What makes snapshots belong together.
    /// - Returns: The groups, in the order in which their first candidates appear.
    public func decide(
        _ candidates: [RetentionCandidate],
        now: Int64,
        zone: TimeZoneRules = .utc,
        groupedBy grouping: RetentionGrouping = .source
    ) -> [RetentionGroup] {
        let lastGood = Self.lastGood(candidates)
        return Self.groups(candidates, grouping).map { group in
            var group = group
            let members = group.decisions.map(\.candidate)
            var reasons = reasons(members, now: now, zone: zone)
            for index in members.indices {
                if members[index].isPinned { reasons[index].insert(.pinned, at: 0) }
                if reasons[index].isEmpty, lastGood.contains(members[index].id) {
                    reasons[index] = [.lastGood]
                }
                group.decisions[index].reasons = reasons[index]
            }
            return group
        }
    }

    /// Decides to remove the snapshots with the given IDs and to keep all others.
    ///
    /// A pinned snapshot is kept even so. The last good snapshot of a source is not: it was named.
    ///
    /// - Parameters:
    ///   - ids: Whole IDs.
    ///   - candidates: The snapshots, in any order.
    ///   - grouping: How to arrange the result.
    /// - Returns: The groups, in the order in which their first candidates appear.
    /// - Throws: ``RetentionFailure/unknownIDs(_:)`` if an ID is none of the candidates'.
    public static func remove(
        ids: Set<String>,
        from candidates: [RetentionCandidate],
        groupedBy grouping: RetentionGrouping = .source
    ) throws(RetentionFailure) -> [RetentionGroup] {
        let unknown = ids.subtracting(candidates.map(\.id))
        guard unknown.isEmpty else { throw .unknownIDs(unknown.sorted()) }
        return groups(candidates, grouping).map { group in
            var group = group
            for index in group.decisions.indices {
                let candidate = group.decisions[index].candidate
                if candidate.isPinned { group.decisions[index].reasons.append(.pinned) }
                if !ids.contains(candidate.id) { group.decisions[index].reasons.append(.notNamed) }
            }
            return group
        }
    }

    private static func groups(
        _ candidates: [RetentionCandidate],
        _ grouping: RetentionGrouping
    ) -> [RetentionGroup] {
        var groups: [RetentionGroup] = []
        var places: [RetentionGroup.Key: Int] = [:]
        for candidate in candidates {
            let key = RetentionGroup.Key(candidate, grouping)
            let decision = RetentionDecision(candidate: candidate, reasons: [])
            if let place = places[key] {
                groups[place].decisions.append(decision)
            } else {
                places[key] = groups.count
                groups.append(RetentionGroup(key: key, decisions: [decision]))
            }
        }
        for place in groups.indices {
            groups[place].decisions.sort { isNewer($0.candidate, $1.candidate) }
        }
        return groups
    }

    private static func isNewer(_ one: RetentionCandidate, _ other: RetentionCandidate) -> Bool {
        one.time == other.time ? one.id > other.id : one.time > other.time
    }

    /// The IDs of the newest complete snapshot of each source or, where none is complete, of the
    /// newest.
    private static func lastGood(_ candidates: [RetentionCandidate]) -> Set<String> {
        var best: [RetentionGroup.Key: RetentionCandidate] = [:]
        for candidate in candidates {
            let key = RetentionGroup.Key(candidate, .source)
            guard let current = best[key] else {
                best[key] = candidate
                continue
            }
            let isBetter =
                candidate.isComplete == current.isComplete
                ? isNewer(candidate, current) : candidate.isComplete
            if isBetter { best[key] = candidate }
        }
        return Set(best.values.map(\.id))
    }

    /// Why the rules keep each member; members are sorted, the newest first.
    private func reasons(
        _ members: [RetentionCandidate],
        now: Int64,
        zone: TimeZoneRules
    ) -> [[RetentionDecision.Reason]] {
        var reasons = [[RetentionDecision.Reason]](repeating: [], count: members.count)
        guard !isEmpty else { return members.map { _ in [.policyIsEmpty] } }
        for index in members.indices {
            for list in tags where Self.has(members[index], list) {
                reasons[index].append(.tags(list))
            }
            if index < last { reasons[index].append(.last) }
        }
        let newest = members.first { $0.time <= now }?.time
        if !within.isZero {
            let count = Self.count(of: members, within: within, of: newest, zone: zone)
            for index in 0..<count { reasons[index].append(.within(within)) }
        }
        let times = members.map { LocalTime($0.time, zone) }
        for unit in CalendarUnit.allCases {
            if let count = counts[unit], count > 0 {
                let (chosen, unitCount) = Self.choose(members, times, unit)
                for index in chosen.prefix(count) { reasons[index].append(.unit(unit)) }
                let isShort = unitCount < count
                if isShort, let oldest = members.indices.last, !chosen.contains(oldest) {
                    reasons[oldest].append(.oldest(unit))
                }
            }
            if let duration = unitsWithin[unit], !duration.isZero {
                let count = Self.count(of: members, within: duration, of: newest, zone: zone)
                let (chosen, _) = Self.choose(
                    Array(members.prefix(count)),
                    Array(times.prefix(count)),
                    unit
                )
                for index in chosen { reasons[index].append(.unitWithin(unit, duration)) }
                let oldest = members.count - 1
                if count == members.count, !chosen.contains(oldest) {
                    reasons[oldest].append(.oldestWithin(unit, duration))
                }
            }
        }
        return reasons
    }

    private static func has(_ candidate: RetentionCandidate, _ list: [String]) -> Bool {
        if list.allSatisfy(\.isEmpty) { return candidate.tags.isEmpty }
        return list.allSatisfy(candidate.tags.contains)
    }

    /// The member that stands for each unit, units from the newest to the oldest, and how many
    /// units there are.
    private static func choose(
        _ members: [RetentionCandidate],
        _ times: [LocalTime],
        _ unit: CalendarUnit
    ) -> (chosen: [Int], unitCount: Int) {
        var places: [LocalTime.UnitKey: Int] = [:]
        var chosen: [Int] = []
        for index in members.indices {
            let key = times[index].key(unit)
            guard let place = places[key] else {
                places[key] = chosen.count
                chosen.append(index)
                continue
            }
            // A snapshot that lacks files never stands for a unit that has a whole one.
            if members[index].isComplete, !members[chosen[place]].isComplete {
                chosen[place] = index
            }
        }
        return (chosen, chosen.count)
    }

    /// How many members, counted from the newest, are later than `duration` before `newest`.
    private static func count(
        of members: [RetentionCandidate],
        within duration: CalendarDuration,
        of newest: Int64?,
        zone: TimeZoneRules
    ) -> Int {
        // Where every snapshot claims to be from the future, no clock can be trusted to remove one.
        guard let newest else { return members.count }
        let end = LocalTime.time(newest, minus: duration, zone)
        return members.prefix { $0.time > end }.count
    }
}
