extension ExcludeRules {
    /// Where a depth-first walk stands, so that each name is matched once and no path is built.
    ///
    /// Start at the root of the file system: enter the directories that lead to the source, then
    /// walk. A file costs one step of each rule; memory is 8 bytes a rule and level.
    package struct Walker: Sendable {
        private let rules: ExcludeRules
        /// One state a rule for the root, then for each directory entered.
        private var states: [UInt64]
        /// For the root and each directory entered, the last rule that excludes it, or -1.
        private var excludedBy: [Int] = [-1]

        /// Stands at the root of the file system.
        package init(_ rules: ExcludeRules) {
            self.rules = rules
            states = rules.patterns.map(\.start)
        }

        /// How many directories have been entered and not left.
        package var depth: Int { excludedBy.count - 1 }

        /// Goes into a directory, also an excluded one, and says what is to become of it.
        ///
        /// Whatever the answer, ``leave()`` goes back.
        ///
        /// - Parameter name: The directory's name, without slashes.
        /// - Returns: The directory's fate.
        package mutating func enter(_ name: Span<UInt8>) -> Verdict {
            let base = excludedBy[excludedBy.count - 1]
            let first = states.count - rules.count
            var lastMatch = -1
            var lastNegatedBeneath = -1
            for index in 0..<rules.count {
                let state = states[first + index]
                guard state != 0 else {
                    states.append(0)
                    continue
                }
                let pattern = rules.patterns[index]
                let next = pattern.step(state, name)
                states.append(next)
                if pattern.isMatched(next, isDirectory: true) { lastMatch = index }
                if pattern.isNegated, pattern.mayMatchBeneath(next) { lastNegatedBeneath = index }
            }
            let excluding = exclusion(lastMatch: lastMatch, base: base)
            excludedBy.append(excluding)
            guard excluding >= 0 else { return .include }
            return lastNegatedBeneath > excluding ? .excludeButEnter : .exclude
        }

        /// Goes back to the directory above.
        ///
        /// - Precondition: A directory has been entered.
        package mutating func leave() {
            precondition(depth > 0, "no directory has been entered")
            states.removeLast(rules.count)
            excludedBy.removeLast()
        }

        /// What is to become of something in this directory that is not itself a directory.
        ///
        /// - Parameter name: Its name, without slashes.
        /// - Returns: ``Verdict/include`` or ``Verdict/exclude``.
        package func verdict(ofFile name: Span<UInt8>) -> Verdict {
            let base = excludedBy[excludedBy.count - 1]
            // Only a later negated rule lifts an exclusion, so most files of an excluded directory
            // need no look at all.
            if base >= rules.lastNegated, base >= 0 { return .exclude }
            let first = states.count - rules.count
            var index = rules.count - 1
            while index > base {
                let state = states[first + index]
                let pattern = rules.patterns[index]
                if state != 0, !pattern.matchesDirectoriesOnly,
                    pattern.isMatched(pattern.step(state, name), isDirectory: false)
                {
                    return pattern.isNegated ? .include : .exclude
                }
                index -= 1
            }
            return base >= 0 ? .exclude : .include
        }

        /// The last rule that excludes something whose own last match is `lastMatch` in a
        /// directory excluded by `base`, or -1.
        private func exclusion(lastMatch: Int, base: Int) -> Int {
            guard lastMatch > base else { return base }
            return rules.patterns[lastMatch].isNegated ? -1 : lastMatch
        }
    }
}
