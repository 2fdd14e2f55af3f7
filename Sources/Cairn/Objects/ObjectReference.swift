internal import CairnCore
internal import CairnFormat

/// Refers to an object: a stream of bytes in a repository.
public struct ObjectReference: Hashable, Sendable {
    package let content: ContentReference

    package init(_ content: ContentReference) {
        self.content = content
    }

    /// Takes what ``bytes`` gave; nil where it is anything else.
    public init?(bytes: [UInt8]) {
        guard let content = try? ContentReference(decoding: bytes.span) else { return nil }
        self.content = content
    }

    /// How many bytes the object has.
    public var size: UInt64 { content.length }

    /// The reference as bytes, to be kept and handed in again.
    public var bytes: [UInt8] { content.encode() }
}
