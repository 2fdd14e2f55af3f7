/// The name of an object in a store: one or two parts, such as `format` or `packs/<session>-0`.
///
/// A part has 1 to 128 characters out of `a-z`, `0-9`, `-`, `_` and `.`, and does not begin with a
/// dot. The same check guards names on the way into a store and on the way out of a listing, so no
/// store can lead the engine outside its folder.
public struct ObjectName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name as text.
    public let text: String

    /// Takes `text` as a name, or gives nil where it is not one.
    public init?(_ text: String) {
        var text = text
        guard text.withUTF8({ unsafe ObjectName.isName($0.span) }) else { return nil }
        self.text = text
    }

    /// Joins a folder and a leaf.
    public init?(folder: String, leaf: String) {
        self.init(folder + "/" + leaf)
    }

    private static func isName(_ text: Span<UInt8>) -> Bool {
        var (partCount, start) = (1, 0)
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"):
                break
            case UInt8(ascii: ".") where index > start: break
            case UInt8(ascii: "/") where index > start && partCount == 1:
                (partCount, start) = (2, index + 1)
            default: return false
            }
            if index - start >= partSizeMax { return false }
        }
        return start < text.count
    }

    /// The most characters of a part.
    private static let partSizeMax = 128

    /// The part before the slash, or "" where there is none.
    public var folder: String {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else { return "" }
        return String(text[..<slash])
    }

    /// The part after the slash, or the whole name where there is none.
    public var leaf: String {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else { return text }
        return String(text[text.utf8.index(after: slash)...])
    }

    public static func < (a: ObjectName, b: ObjectName) -> Bool { a.text < b.text }

    public var description: String { text }
}
