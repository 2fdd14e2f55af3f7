/// The name of a directory entry: bytes, of no particular encoding.
///
/// A name has at least one byte, no NUL, no `/`, and is neither `.` nor `..`
/// (``FileName/isValid(_:)``). Every call that takes a name checks this, so that no name, wherever
/// it
/// came from, leads out of the directory it is used in. How long a name may be is for the file
/// system to say (`ENAMETOOLONG`).
package typealias FileName = [UInt8]

extension FileName {
    /// Whether `name` can name a directory entry.
    package static func isValid(_ name: FileName) -> Bool {
        let dot = UInt8(ascii: ".")
        switch name.count {
        case 0: return false
        case 1 where name[0] == dot: return false
        case 2 where name[0] == dot && name[1] == dot: return false
        default: return !name.contains { $0 == 0 || $0 == UInt8(ascii: "/") }
        }
    }

    /// Runs `body` on the bytes followed by a NUL.
    ///
    /// - Returns: What `body` returns, or a negative error number where the bytes hold a NUL.
    func withPath(_ body: (UnsafePointer<CChar>) -> Int64) -> Int64 {
        guard !contains(0) else { return -Int64(FileFailure.invalidArgument) }
        return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { text in
            let raw = UnsafeMutableRawBufferPointer(text)
            unsafe raw.copyBytes(from: self)
            unsafe raw[count] = 0
            guard let start = text.baseAddress else {
                return -Int64(FileFailure.invalidArgument)
            }
            return unsafe body(start)
        }
    }

    /// Runs `body` on the name followed by a NUL.
    ///
    /// - Returns: What `body` returns, or a negative error number where this is no name.
    func withName(_ body: (UnsafePointer<CChar>) -> Int64) -> Int64 {
        guard FileName.isValid(self) else { return -Int64(FileFailure.invalidArgument) }
        return unsafe withPath(body)
    }
}
