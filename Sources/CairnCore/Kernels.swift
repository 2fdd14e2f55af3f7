internal import CCairn

/// Which implementation of each hot loop to use: Specs/Performance.md#kernels.
///
/// All kernels of a family yield the same results; they differ in speed and in what CPU they need.
/// The selection is a value that is handed to whatever uses a kernel: there is no global setting.
public struct KernelSelection: Hashable, Sendable {
    /// How many chunks' IDs are computed at once.
    public var sha256 = SHA256Kernel.best
    /// How bytes are scanned for places to cut.
    public var scan = ScanKernel.selected

    /// The best kernels that this CPU has.
    public init() {}

    /// Reads text such as `sha256:avx2,scan:ssse3`; families not named keep their best kernel.
    ///
    /// A kernel that is unknown or that this CPU lacks is an error, never a silent fallback.
    public init(_ text: String) throws(KernelSelectionFailure) {
        guard !text.isEmpty else { return }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: ":", omittingEmptySubsequences: false)
            guard words.count == 2 else { throw .malformed(String(part)) }
            try select(family: String(words[0]), kernel: String(words[1]))
        }
    }

    private mutating func select(
        family: String,
        kernel name: String
    ) throws(KernelSelectionFailure) {
        switch family {
        case SHA256Kernel.familyName: sha256 = try SHA256Kernel.find(name)
        case ScanKernel.familyName: scan = try ScanKernel.find(name)
        default: throw .unknownFamily(family)
        }
    }
}

extension KernelSelection: CustomStringConvertible {
    /// The text that ``init(_:)`` reads.
    public var description: String {
        [sha256.qualifiedName, scan.qualifiedName].joined(separator: ",")
    }
}

/// Why a text selects no kernels.
public enum KernelSelectionFailure: Error, Hashable, Sendable {
    /// A part is not of the form `family:kernel`.
    case malformed(String)
    /// There is no such family.
    case unknownFamily(String)
    /// The family has no such kernel; the names it has follow.
    case unknownKernel(String, known: [String])
    /// The kernel exists, but not for this CPU.
    case unavailable(String)
}

/// Implementations of one hot loop; the raw value is the kernel's name.
package protocol KernelFamily: CaseIterable, Hashable, Sendable, RawRepresentable<String> {
    /// The name before the colon.
    static var familyName: String { get }
    /// Whether this CPU has what the kernel needs.
    var isAvailable: Bool { get }
}

extension KernelFamily {
    /// The family and the kernel, as ``KernelSelection`` reads them.
    var qualifiedName: String { "\(Self.familyName):\(rawValue)" }

    /// The kernel of that name.
    static func find(_ name: String) throws(KernelSelectionFailure) -> Self {
        guard let kernel = Self(rawValue: name) else {
            throw .unknownKernel(
                "\(familyName):\(name)",
                known: Self.allCases.map { $0.rawValue }
            )
        }
        guard kernel.isAvailable else { throw .unavailable(kernel.qualifiedName) }
        return kernel
    }
}
