internal import CairnCore
package import CairnFormat

/// Stores the list of what was not captured as a stream of its own, so that no number of problems
/// makes a snapshot record large.
package struct ProblemListWriter {
    private let sink: MetadataSink
    private var content: ContentBuilder
    private var writer = ByteWriter()

    package init(_ sink: MetadataSink) {
        self.sink = sink
        content = ContentBuilder(sink)
    }

    /// Appends a problem.
    package mutating func add(_ problem: Problem) throws(CairnError) {
        problem.write(to: &writer)
        if writer.bytes.count >= 128 << 10 { try flush() }
    }

    private mutating func flush() throws(CairnError) {
        let bytes = writer.bytes
        writer.removeAll()
        let id = try sink.store(bytes, type: .auxiliary)
        try content.add(id, length: UInt64(bytes.count))
    }

    /// Ends the list.
    package mutating func finish() throws(CairnError) -> ContentReference {
        if !writer.bytes.isEmpty { try flush() }
        return try content.finish()
    }
}
