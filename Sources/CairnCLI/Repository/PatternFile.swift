internal import Cairn

/// Files that hold patterns, one a line.
enum PatternFile {
    /// The patterns, without empty lines and lines that begin with `#`.
    static func lines(_ path: [UInt8]) throws(Failure) -> [[UInt8]] {
        try SourceLists.contents(path).split(separator: UInt8(ascii: "\n")).compactMap { line in
            let text = trimmed(line)
            return text.isEmpty || text.first == UInt8(ascii: "#") ? nil : text
        }
    }

    /// The line without space at its ends.
    static func trimmed(_ line: ArraySlice<UInt8>) -> [UInt8] {
        let space: Set<UInt8> = [0x20, 0x09, 0x0d]
        let front = line.drop(while: space.contains)
        let back = front.reversed().drop(while: space.contains)
        return back.reversed()
    }
}

/// Files that list what to back up.
enum SourceLists {
    /// Whether there are any.
    static func areGiven(_ sources: SourceArguments) -> Bool {
        !sources.filesFrom.isEmpty || !sources.filesFromVerbatim.isEmpty
            || !sources.filesFromRaw.isEmpty
    }

    /// The paths in all of them.
    static func read(_ sources: SourceArguments) throws(Failure) -> [[UInt8]] {
        var paths: [[UInt8]] = []
        for file in sources.filesFrom {
            for pattern in try PatternFile.lines(file.bytes) {
                let matches = FileTree.matches(pattern)
                guard !matches.isEmpty else {
                    throw Failure(.failed, "nothing matches \(PathText.escaped(pattern))")
                }
                paths += matches
            }
        }
        for file in sources.filesFromVerbatim {
            let lines = try contents(file.bytes).split(separator: UInt8(ascii: "\n"))
            paths += lines.map(Array.init)
        }
        for file in sources.filesFromRaw {
            paths += try contents(file.bytes).split(separator: 0).map(Array.init)
        }
        return paths
    }

    /// The bytes of a file; `-` is standard input.
    static func contents(_ path: [UInt8]) throws(Failure) -> [UInt8] {
        do {
            return try Descriptor.contents(of: path)
        } catch {
            throw Failure(.failed, "cannot read \(PathText.escaped(path)): \(error.description)")
        }
    }
}
