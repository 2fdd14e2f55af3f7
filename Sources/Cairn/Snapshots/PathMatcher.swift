internal import CairnIO

/// Says which entries of a walk a list of patterns matches by themselves, in the language of
/// exclude patterns (Specs/CommandLine.md#exclude-patterns).
struct PathMatcher {
    private let patterns: [ExcludePattern]
    /// One state a pattern for the root and for each folder on the way.
    private var states: [UInt64]

    /// Reads patterns.
    ///
    /// - Throws: `.invalidRequest` for a pattern that is none.
    init(_ texts: [[UInt8]], ignoresCase: Bool) throws(CairnError) {
        var patterns: [ExcludePattern] = []
        for text in texts where !text.isEmpty {
            do throws(ExcludeRuleFailure.Reason) {
                let pattern = try ExcludePattern(text, ignoresCase: ignoresCase)
                guard !pattern.isNegated else { throw .empty }
                patterns.append(pattern)
            } catch {
                let failure = ExcludeRuleFailure(reason: error, pattern: text, line: nil)
                throw CairnError(.invalidRequest, failure.description, cause: failure)
            }
        }
        self.patterns = patterns
        states = patterns.map(\.start)
    }

    /// Takes the next entry of the walk.
    ///
    /// - Returns: Whether a pattern matches it, and whether one may match beneath it.
    mutating func step(
        _ name: FileName,
        depth: Int,
        isFolder: Bool
    ) -> (isMatched: Bool, goesOn: Bool) {
        let first = depth * patterns.count
        states.removeLast(max(states.count - first - patterns.count, 0))
        var (isMatched, goesOn) = (false, false)
        for (index, pattern) in patterns.enumerated() {
            let next = pattern.step(states[first + index], name.span)
            if pattern.isMatched(next, isDirectory: isFolder) { isMatched = true }
            if pattern.mayMatchBeneath(next) { goesOn = true }
            if isFolder { states.append(next) }
        }
        return (isMatched, goesOn)
    }
}
