internal import CCairn

/// The code that scans bytes for places to cut.
///
/// All kernels cut alike; they differ in speed.
public enum ScanKernel: String, Sendable, CaseIterable {
    /// One byte after another, on any processor.
    case scalar
    /// Four scalar streams at once, on any processor.
    case interleaved
    /// x86-64 with SSSE3.
    case ssse3
    /// x86-64 with AVX2.
    case avx2
    /// x86-64 with AVX-512BW, VL and VBMI.
    case avx512
    /// 64-bit ARM.
    case neon

    /// The kernels that this processor can run.
    public static var available: [ScanKernel] {
        allCases.filter { cairn_scan_available($0.code) }
    }

    /// The kernel that chunkers made from now on will use: the fastest, unless one was selected.
    public static var selected: ScanKernel {
        let code = cairn_scan_selected()
        return allCases.first { $0.code == code } ?? .scalar
    }

    /// Makes this the kernel of chunkers made from now on, in the whole process.
    ///
    /// - Returns: False, changing nothing, where this processor cannot run it.
    package func select() -> Bool {
        cairn_scan_select(code)
    }

    /// Selects the kernel of that name.
    ///
    /// - Returns: False, changing nothing, where there is no such kernel or this processor cannot
    ///   run it.
    package static func select(named name: String) -> Bool {
        ScanKernel(rawValue: name)?.select() ?? false
    }

    var code: cairn_scan_kernel {
        switch self {
        case .scalar: cairn_scan_scalar
        case .interleaved: cairn_scan_interleaved
        case .ssse3: cairn_scan_ssse3
        case .avx2: cairn_scan_avx2
        case .avx512: cairn_scan_avx512
        case .neon: cairn_scan_neon
        }
    }
}

extension ScanKernel: KernelFamily {
    package static var familyName: String { "scan" }
    package var isAvailable: Bool { cairn_scan_available(code) }
}
