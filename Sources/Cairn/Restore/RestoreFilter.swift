internal import CairnIO

/// Which paths of a snapshot a restore takes, asked for in the order of a walk.
struct RestoreFilter {
    /// What is to become of a folder.
    enum Verdict {
        /// It is restored.
        case restore
        /// It is needed only if something beneath it is restored.
        case lookInside
        case leaveOut
    }

    private var includes: ExcludeRules.Walker?
    private var excludes: ExcludeRules.Walker?

    /// Reads the request's patterns and stands at the root of the snapshot.
    ///
    /// - Throws: `.invalidRequest` for a pattern that is none.
    init(_ request: RestoreRequest) throws(CairnError) {
        includes = try RestoreFilter.walker(request.includes)
        excludes = try RestoreFilter.walker(request.excludes)
    }

    private static func walker(
        _ patterns: [[UInt8]]
    ) throws(CairnError) -> ExcludeRules.Walker? {
        guard !patterns.isEmpty else { return nil }
        var rules = ExcludeRules()
        for pattern in patterns {
            do throws(ExcludeRuleFailure) {
                try rules.add(pattern)
            } catch {
                throw CairnError(.invalidRequest, error.description, cause: error)
            }
        }
        return rules.count > 0 ? ExcludeRules.Walker(rules) : nil
    }

    /// Goes into a folder; whatever the answer, ``leave()`` goes back.
    mutating func enter(_ name: FileName) -> Verdict {
        let excluded = excludes?.enter(name.span) ?? .include
        // The same rules turned round: what they would leave out is what is wanted.
        let included = includes?.enter(name.span) ?? .exclude
        if excluded == .exclude { return .leaveOut }
        return excluded == .include && included != .include ? .restore : .lookInside
    }

    mutating func leave() {
        excludes?.leave()
        includes?.leave()
    }

    /// Whether to restore something in this folder that is not itself a folder.
    func takes(_ name: FileName) -> Bool {
        if let excludes, excludes.verdict(ofFile: name.span) != .include { return false }
        if let includes, includes.verdict(ofFile: name.span) == .include { return false }
        return true
    }
}
