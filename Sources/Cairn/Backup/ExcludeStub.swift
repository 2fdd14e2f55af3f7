package struct ExcludeRules: Sendable {
    package init(_ options: ExcludeOptions) throws(CairnError) {}
    package struct Walker { 
        package mutating func enter(_ name: [UInt8]) {}
        package mutating func leave() {}
        package func excludes(_ name: [UInt8], isDirectory: Bool) -> Bool { false }
    }
    package func walker() -> Walker { Walker() }
}
package enum CacheDirectoryTag {
    package static let fileName = Array("CACHEDIR.TAG".utf8)
    package static let signature = Array("Signature: 8a477f597d28d172789f06886806bc55".utf8)
    package static func isValid(_ bytes: [UInt8]) -> Bool { bytes.starts(with: signature) }
}
