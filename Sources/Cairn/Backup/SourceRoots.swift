internal import CairnIO

/// The folders that lead from `/` to what is to be backed up.
package struct SourceRoots: Sendable {
    package struct Node: Sendable {
        var children: [FileName: Node] = [:]
        /// Whether everything from here on is to be backed up.
        var isSource = false

        /// Adds what the names lead to; whatever lies beneath a source is part of it.
        mutating func insert(_ names: ArraySlice<FileName>) {
            if isSource { return }
            guard let first = names.first else {
                isSource = true
                children = [:]
                return
            }
            children[first, default: Node()].insert(names.dropFirst())
        }

        /// The children in the order of their names.
        var sortedChildren: [(FileName, Node)] {
            children.sorted { $0.key.lexicographicallyPrecedes($1.key) }
                .map { ($0.key, $0.value) }
        }
    }

    private(set) var root = Node()

    /// Joins absolute paths; one beneath another adds nothing.
    ///
    /// - Throws: `.invalidRequest` for a path that is not absolute or has `..` in it.
    package init(_ paths: [[UInt8]]) throws(CairnError) {
        for path in paths {
            guard path.first == UInt8(ascii: "/") else {
                throw CairnError(
                    .invalidRequest,
                    "\(PathText.escaped(path)) is not an absolute path"
                )
            }
            var names: [FileName] = []
            for part in path.split(separator: UInt8(ascii: "/")) where part != [UInt8(ascii: ".")] {
                let name = FileName(part)
                guard FileName.isValid(name) else {
                    throw CairnError(
                        .invalidRequest,
                        "\(PathText.escaped(path)) has a part that is no name"
                    )
                }
                names.append(name)
            }
            root.insert(names[...])
        }
    }
}
