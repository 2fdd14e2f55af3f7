/// One step through a name: a well-formed UTF-8 character or, where there is none, a single byte.
///
/// Names are bytes. Stepping by characters where the bytes spell them lets `?` stand for "é", and
/// stepping by bytes elsewhere gives every name, valid or not, exactly one reading.
struct UTF8Unit: Equatable {
    /// The character's code point, or ``byteBase`` plus the byte that belongs to no character.
    let value: UInt32
    /// How many bytes the step covers, 1 to 4.
    let size: Int

    /// What lies above every code point; see ``value``.
    static let byteBase: UInt32 = 0x11_0000

    /// Reads the unit that starts at `offset`, which lies within `bytes`.
    init(_ bytes: Span<UInt8>, at offset: Int) {
        let first = bytes[offset]
        guard first >= 0x80 else {
            (value, size) = (UInt32(first), 1)
            return
        }
        let (length, lowest): (Int, UInt32) =
            switch first {
            case 0xc2...0xdf: (2, 0x80)
            case 0xe0...0xef: (3, 0x800)
            case 0xf0...0xf4: (4, 0x1_0000)
            default: (1, 0)
            }
        guard length > 1, bytes.count - offset >= length else {
            (value, size) = (Self.byteBase + UInt32(first), 1)
            return
        }
        var scalar = UInt32(first) & (0xff >> UInt32(length + 1))
        var isWellFormed = true
        for index in 1..<length {
            let byte = bytes[offset + index]
            isWellFormed = isWellFormed && byte & 0xc0 == 0x80
            scalar = scalar << 6 | UInt32(byte & 0x3f)
        }
        let isSurrogate = (0xd800...0xdfff).contains(scalar)
        guard isWellFormed, scalar >= lowest, scalar < Self.byteBase, !isSurrogate else {
            (value, size) = (Self.byteBase + UInt32(first), 1)
            return
        }
        (value, size) = (scalar, length)
    }

    /// The lower-case form of `value`, or `value` where there is none of a single character.
    static func lowercased(_ value: UInt32) -> UInt32 {
        if value < 0x80 {
            return (0x41...0x5a).contains(value) ? value + 0x20 : value
        }
        guard let scalar = Unicode.Scalar(value) else { return value }
        return single(scalar.properties.lowercaseMapping) ?? value
    }

    /// The upper-case form of `value`, or `value` where there is none of a single character.
    static func uppercased(_ value: UInt32) -> UInt32 {
        if value < 0x80 {
            return (0x61...0x7a).contains(value) ? value - 0x20 : value
        }
        guard let scalar = Unicode.Scalar(value) else { return value }
        return single(scalar.properties.uppercaseMapping) ?? value
    }

    private static func single(_ text: String) -> UInt32? {
        let scalars = text.unicodeScalars
        guard let first = scalars.first, scalars.count == 1 else { return nil }
        return first.value
    }
}
