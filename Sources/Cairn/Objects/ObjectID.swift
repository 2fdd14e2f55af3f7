internal import CairnCore
package import CairnFormat

/// Names a stored stream of bytes: how long it is and where its list of chunks begins.
///
/// Equal streams of one repository have equal IDs. The text form is
/// `<length>-<depth>-<64 hexadecimal digits>`.
public struct ObjectID: Hashable, Sendable {
    package let content: ContentReference

    package init(_ content: ContentReference) {
        self.content = content
    }

    /// Reads the text form; nil where `text` has another.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let length = UInt64(parts[0]), let depth = UInt8(parts[1]),
            let digest = HexText.decode(String(parts[2])), digest.count == ChunkID.size,
            length <= FormatLimits.lengthMax, depth <= FormatLimits.contentDepthMax
        else { return nil }
        content = ContentReference(length: length, depth: depth, root: ChunkID(digest.span))
    }

    /// The number of bytes in the stream.
    public var length: UInt64 { content.length }
}

extension ObjectID: CustomStringConvertible {
    /// The text form.
    public var description: String { "\(content.length)-\(content.depth)-\(content.root)" }
}
