internal import ArgumentParser
internal import Cairn

/// Options that say which snapshots stay.
struct KeepOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Keep the last so many, or unlimited.", valueName: "n"))
    var keepLast: KeepCount?

    @Option(help: ArgumentHelp("Keep one for each of the last so many hours.", valueName: "n"))
    var keepHourly: KeepCount?

    @Option(help: ArgumentHelp("Keep one for each of the last so many days.", valueName: "n"))
    var keepDaily: KeepCount?

    @Option(help: ArgumentHelp("Keep one for each of the last so many weeks.", valueName: "n"))
    var keepWeekly: KeepCount?

    @Option(help: ArgumentHelp("Keep one for each of the last so many months.", valueName: "n"))
    var keepMonthly: KeepCount?

    @Option(help: ArgumentHelp("Keep one for each of the last so many years.", valueName: "n"))
    var keepYearly: KeepCount?

    @Option(
        help: ArgumentHelp(
            "Keep all that are less than this older than the newest, such as 7d or 1y6m.",
            valueName: "age"
        )
    )
    var keepWithin: KeepAge?

    @Option(help: ArgumentHelp("Keep one an hour within this age.", valueName: "age"))
    var keepWithinHourly: KeepAge?

    @Option(help: ArgumentHelp("Keep one a day within this age.", valueName: "age"))
    var keepWithinDaily: KeepAge?

    @Option(help: ArgumentHelp("Keep one a week within this age.", valueName: "age"))
    var keepWithinWeekly: KeepAge?

    @Option(help: ArgumentHelp("Keep one a month within this age.", valueName: "age"))
    var keepWithinMonthly: KeepAge?

    @Option(help: ArgumentHelp("Keep one a year within this age.", valueName: "age"))
    var keepWithinYearly: KeepAge?

    @Option(
        help: ArgumentHelp(
            "Keep all with these tags, separated by commas; may be repeated.",
            valueName: "tags"
        )
    )
    var keepTag: [ArgumentBytes] = []

    @Option(
        help: ArgumentHelp(
            "What makes snapshots belong together: host, paths and tags, separated by commas; '' "
                + "for nothing. (default: host,paths)",
            valueName: "fields"
        )
    )
    var groupBy: GroupingArgument?

    /// What the options say.
    var policy: RetentionPolicy {
        var policy = RetentionPolicy()
        policy.last = keepLast?.count ?? 0
        let counts: [(CalendarUnit, KeepCount?)] = [
            (.hourly, keepHourly), (.daily, keepDaily), (.weekly, keepWeekly),
            (.monthly, keepMonthly), (.yearly, keepYearly),
        ]
        for (unit, count) in counts { policy.counts[unit] = count?.count }
        if let keepWithin { policy.within = keepWithin.duration }
        let ages: [(CalendarUnit, KeepAge?)] = [
            (.hourly, keepWithinHourly), (.daily, keepWithinDaily), (.weekly, keepWithinWeekly),
            (.monthly, keepWithinMonthly), (.yearly, keepWithinYearly),
        ]
        for (unit, age) in ages { policy.unitsWithin[unit] = age?.duration }
        policy.tags = keepTag.map { TagText.list($0.bytes).map(RetentionText.text) }
        return policy
    }
}

/// How many to keep.
struct KeepCount: ExpressibleByArgument, Sendable {
    let count: Int

    init?(argument: String) {
        if argument == "unlimited" || argument == "-1" {
            count = RetentionPolicy.unlimited
        } else {
            guard let number = Int(argument), number >= 0 else { return nil }
            count = number
        }
    }
}

/// How old to let them get.
struct KeepAge: ExpressibleByArgument, Sendable {
    let duration: CalendarDuration

    init?(argument: String) {
        guard let duration = try? CalendarDuration(parsing: argument) else { return nil }
        self.duration = duration
    }
}

/// What makes snapshots belong together.
struct GroupingArgument: ExpressibleByArgument, Sendable {
    let grouping: RetentionGrouping

    init?(argument: String) {
        guard let grouping = try? RetentionGrouping(parsing: argument) else { return nil }
        self.grouping = grouping
    }
}
