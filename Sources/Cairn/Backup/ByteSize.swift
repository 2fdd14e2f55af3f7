/// A size that a person writes: `10M`, `1.5G`, `500K` or plain bytes.
///
/// Units are binary and their case does not matter: K, M, G, T, P and E, alone or with B or iB;
/// B alone says bytes.
public enum ByteSize {
    /// Why a text is no size.
    public enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
        /// The text is not a number and a unit.
        case notASize(String)
        /// The size is more than 2^63 - 1 bytes.
        case tooLarge(String)
        /// A fraction of a byte, as in `1.5`.
        case fractionOfByte(String)

        /// What is wrong and what to do, in a sentence.
        public var description: String {
            switch self {
            case .notASize(let text):
                "\"\(text)\" is not a size; write a number and a unit, as 500K, 10M or 1.5G"
            case .tooLarge(let text):
                "\"\(text)\" is more than any file can hold; write a size below 8E"
            case .fractionOfByte(let text):
                "\"\(text)\" has a fraction of a byte; add a unit, as 1.5M"
            }
        }
    }

    /// Reads a size.
    ///
    /// - Parameter text: At most 18 digits before and 9 after the point, then a unit.
    /// - Returns: The size in bytes, rounded down.
    /// - Throws: ``Failure`` if the text is no size or is too large.
    public static func parse(_ text: String) throws(Failure) -> Int64 {
        var rest = Array(text.utf8)[...]
        let whole = digits(&rest)
        var fraction: [UInt8] = []
        var hasPoint = false
        if rest.first == UInt8(ascii: ".") {
            hasPoint = true
            rest.removeFirst()
            fraction = digits(&rest)
        }
        guard !whole.isEmpty, !hasPoint || !fraction.isEmpty, fraction.count <= 9,
            let shift = shift(ofUnit: rest)
        else { throw .notASize(text) }
        guard whole.count <= 18 else { throw .tooLarge(text) }
        guard !hasPoint || shift > 0 else { throw .fractionOfByte(text) }
        let unit = UInt64(1) << shift
        let (product, overflow) = number(whole).multipliedReportingOverflow(by: unit)
        guard !overflow, product <= UInt64(Int64.max) else { throw .tooLarge(text) }
        let scale = number([UInt8](repeating: 0, count: fraction.count), startingAt: 1)
        // The fraction is below 1, so the quotient is below the unit and cannot overflow.
        let parts = number(fraction).multipliedFullWidth(by: unit)
        let (extra, _) = scale.dividingFullWidth(parts)
        let (sum, tooMuch) = Int64(product).addingReportingOverflow(Int64(extra))
        guard !tooMuch else { throw .tooLarge(text) }
        return sum
    }

    private static func digits(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
        let found = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest.dropFirst(found.count)
        return found.map { $0 - UInt8(ascii: "0") }
    }

    private static func number(_ digits: [UInt8], startingAt start: UInt64 = 0) -> UInt64 {
        digits.reduce(start) { $0 * 10 + UInt64($1) }
    }

    /// The power of two that a unit stands for, or nil if it is none.
    private static func shift(ofUnit unit: ArraySlice<UInt8>) -> UInt64? {
        let name = String(decoding: unit, as: UTF8.self).lowercased()
        if name.isEmpty || name == "b" { return 0 }
        for (index, letter) in ["k", "m", "g", "t", "p", "e"].enumerated()
        where name == letter || name == letter + "b" || name == letter + "ib" {
            return UInt64(index + 1) * 10
        }
        return nil
    }
}
