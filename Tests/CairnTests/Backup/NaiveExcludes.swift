/// A second reading of Specs/CommandLine.md#exclude-patterns, slow and recursive, for ASCII names
/// and patterns without brackets and escapes.
struct NaiveExcludes {
    let patterns: [String]

    func excludes(_ path: [String], isDirectory: Bool) -> Bool {
        var excluding: Int?
        for length in 1...path.count {
            let part = Array(path.prefix(length))
            let isDirectory = length < path.count || isDirectory
            let last = patterns.indices.last { matches(patterns[$0], part, isDirectory) }
            guard let last, last > excluding ?? -1 else { continue }
            excluding = patterns[last].hasPrefix("!") ? nil : last
        }
        return excluding != nil
    }

    private func matches(_ pattern: String, _ path: [String], _ isDirectory: Bool) -> Bool {
        var body = pattern.hasPrefix("!") ? String(pattern.dropFirst()) : pattern
        if body.hasSuffix("/"), !isDirectory { return false }
        let isAnchored = body.hasPrefix("/")
        if body.hasSuffix("/**") || body == "**" { body += "/*" }
        var parts = body.split(separator: "/").map(String.init)
        if !isAnchored { parts.insert("**", at: 0) }
        return fits(parts[...], path[...])
    }

    private func fits(_ parts: ArraySlice<String>, _ path: ArraySlice<String>) -> Bool {
        guard let part = parts.first else { return path.isEmpty }
        if part == "**" {
            return fits(parts.dropFirst(), path)
                || (!path.isEmpty && fits(parts, path.dropFirst()))
        }
        guard let name = path.first else { return false }
        return Self.glob(Array(part)[...], Array(name)[...])
            && fits(parts.dropFirst(), path.dropFirst())
    }

    static func glob(_ pattern: ArraySlice<Character>, _ name: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" {
            return glob(pattern.dropFirst(), name)
                || (!name.isEmpty && glob(pattern, name.dropFirst()))
        }
        guard let character = name.first else { return false }
        return (first == "?" || first == character)
            && glob(pattern.dropFirst(), name.dropFirst())
    }
}
