/// What a calendar and a clock of a zone show at some time.
struct LocalTime {
    /// Which unit of a kind a time lies in.
    struct UnitKey: Hashable {
        let number: Int64
        let offset: Int64
    }

    private static let nanosecondsPerSecond: Int64 = 1_000_000_000

    /// Seconds since 1970 as the clock shows them.
    private let local: Int64
    private let offset: Int64

    /// Reads the clock at `time`, in nanoseconds since 1970.
    init(_ time: Int64, _ zone: TimeZoneRules) {
        let seconds = CivilDate.floorDivide(time, Self.nanosecondsPerSecond)
        offset = zone.offset(at: seconds)
        local = seconds + offset
    }

    private var days: Int64 { CivilDate.floorDivide(local, 86_400) }

    /// Which unit the time lies in.
    func key(_ unit: CalendarUnit) -> UnitKey {
        switch unit {
        case .hourly:
            // The hour that clocks show twice in autumn is two hours, told apart by the offset.
            return UnitKey(number: CivilDate.floorDivide(local, 3600), offset: offset)
        case .daily: return UnitKey(number: days, offset: 0)
        case .weekly:
            let (year, week) = CivilDate.isoWeek(days: days)
            return UnitKey(number: year * 100 + week, offset: 0)
        case .monthly:
            let date = CivilDate(days: days)
            return UnitKey(number: date.year * 12 + date.month, offset: 0)
        case .yearly: return UnitKey(number: CivilDate(days: days).year, offset: 0)
        }
    }

    /// The time `duration` before `time`: first years and months, then days on the calendar of
    /// the zone, then hours; see Specs/Retention.md#durations.
    static func time(
        _ time: Int64,
        minus duration: CalendarDuration,
        _ zone: TimeZoneRules
    ) -> Int64 {
        let seconds = CivilDate.floorDivide(time, nanosecondsPerSecond)
        let fraction = CivilDate.floorRemainder(time, nanosecondsPerSecond)
        let hours = Int64(duration.hours) * 3600
        var start = seconds
        if duration.years != 0 || duration.months != 0 || duration.days != 0 {
            let local = seconds + zone.offset(at: seconds)
            let date = CivilDate(days: CivilDate.floorDivide(local, 86_400))
            let months =
                date.year * 12 + date.month - 1 - Int64(duration.years) * 12
                - Int64(duration.months)
            let year = CivilDate.floorDivide(months, 12)
            let month = CivilDate.floorRemainder(months, 12) + 1
            // 31 March less a month is the last of February: a later day would keep less.
            let day = min(date.day, CivilDate.dayCount(year: year, month: month))
            let days = CivilDate(year: year, month: month, day: day).days - Int64(duration.days)
            start = zone.seconds(
                local: days * 86_400 + CivilDate.floorRemainder(local, 86_400)
            )
        }
        let (whole, overflow) = (start - hours).multipliedReportingOverflow(
            by: nanosecondsPerSecond
        )
        let (end, overflowToo) = whole.addingReportingOverflow(fraction)
        return overflow || overflowToo ? .min : end
    }
}
