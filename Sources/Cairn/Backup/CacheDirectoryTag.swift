/// The file by which a program says that a directory holds a cache that need not be backed up.
///
/// The convention (Cache Directory Tagging Specification) wants a regular file of this name that
/// begins with this signature; what follows does not matter.
package enum CacheDirectoryTag {
    /// The file's name.
    package static let name = Array("CACHEDIR.TAG".utf8)
    /// The bytes it begins with.
    package static let signature = Array("Signature: 8a477f597d28d172789f06886806bc55".utf8)
    /// How many bytes of the file are enough to tell.
    package static var prefixSize: Int { signature.count }

    /// Whether a file of this name whose content begins with `content` tags its directory.
    package static func isValid(_ content: Span<UInt8>) -> Bool {
        guard content.count >= signature.count else { return false }
        for index in signature.indices where content[index] != signature[index] {
            return false
        }
        return true
    }
}
