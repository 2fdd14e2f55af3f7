internal import CCairn
internal import CairnCore
internal import Glibc

/// Where extended attributes are read from: an open file, or a path that is not followed at its
/// end.
enum AttributeHolder {
    case descriptor(Int32)
    case path([UInt8])

    /// The path by which `name` in an open directory is reached without following it.
    ///
    /// There is no call that takes a directory and a name before Linux 6.13.
    static func entry(_ name: FileName, in directory: Int32) -> AttributeHolder {
        .path(Array("/proc/self/fd/\(directory)/".utf8) + name)
    }

    /// All attributes, sorted by name. One call where there are none.
    func read() throws(FileFailure) -> [ExtendedAttribute] {
        let names = try listNames()
        guard !names.isEmpty else { return [] }
        var attributes: [ExtendedAttribute] = []
        for name in names.split(separator: 0) {
            let name = Array(name)
            guard let value = try value(of: name) else { continue }
            attributes.append(ExtendedAttribute(name: name, value: value))
        }
        attributes.sort { $0.name.lexicographicallyPrecedes($1.name) }
        return attributes
    }

    private static let sizeMax = 64 * 1024  // the kernel's limit, of the list and of each value

    /// The names, each ended by a NUL.
    private func listNames() throws(FileFailure) -> [UInt8] {
        for size in [1024, AttributeHolder.sizeMax] {
            var names: [UInt8] = []
            let result = unsafe AttributeHolder.fill(&names, size) { unsafe list($0, size) }
            switch result {
            case 0...: return names
            case -Int64(EOPNOTSUPP): return []
            case -Int64(ERANGE): continue
            default: try check(result, .readAttributes)
            }
        }
        throw FileFailure(.readAttributes, errno: E2BIG)
    }

    /// The value of an attribute, or nil where it has just been removed or cannot be had.
    private func value(of name: [UInt8]) throws(FileFailure) -> [UInt8]? {
        for size in [512, AttributeHolder.sizeMax] {
            var value: [UInt8] = []
            let result = unsafe AttributeHolder.fill(&value, size) { bytes in
                unsafe name.withPath { unsafe get($0, bytes, size) }
            }
            switch result {
            case 0...: return value
            case -Int64(ENODATA), -Int64(EOPNOTSUPP): return nil
            case -Int64(ERANGE): continue
            default: try check(result, .readAttributes)
            }
        }
        throw FileFailure(.readAttributes, errno: E2BIG)
    }

    /// Gives `body` room for `size` bytes and copies as many as it says into `bytes`.
    private static func fill(
        _ bytes: inout [UInt8],
        _ size: Int,
        _ body: (UnsafeMutableRawPointer) -> Int64
    ) -> Int64 {
        unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { room in
            guard let start = room.baseAddress else { return 0 }
            let result = unsafe body(start)
            if result > 0 {
                bytes = unsafe Array(UnsafeRawBufferPointer(start: start, count: Int(result)))
            }
            return result
        }
    }

    private func list(_ names: UnsafeMutableRawPointer, _ size: Int) -> Int64 {
        switch self {
        case .descriptor(let number): unsafe cairn_list_attributes(number, names, size)
        case .path(let path):
            unsafe path.withPath { unsafe cairn_list_attributes_of($0, names, size) }
        }
    }

    private func get(
        _ name: UnsafePointer<CChar>,
        _ value: UnsafeMutableRawPointer,
        _ size: Int
    ) -> Int64 {
        switch self {
        case .descriptor(let number): unsafe cairn_get_attribute(number, name, value, size)
        case .path(let path):
            unsafe path.withPath { unsafe cairn_get_attribute_of($0, name, value, size) }
        }
    }
}
