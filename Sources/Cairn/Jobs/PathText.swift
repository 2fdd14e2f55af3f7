internal import CairnCore

/// Paths, which are bytes, as text for people.
public enum PathText {
    /// The path with everything escaped that is not printable UTF-8: control characters, invalid
    /// bytes (`\xNN`), backslashes and the characters that reorder text. Safe for a terminal.
    public static func escaped(_ path: [UInt8]) -> String {
        if path.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }) {
            return String(decoding: path, as: UTF8.self)
        }
        var text = ""
        var index = 0
        while index < path.count {
            let size = sequenceSize(path, index)
            if size == 0 {
                text += hex(path[index])
                index += 1
                continue
            }
            let part = String(decoding: path[index..<index + size], as: UTF8.self)
            for scalar in part.unicodeScalars {
                text += isPlain(scalar) ? String(scalar) : escape(scalar)
            }
            index += size
        }
        return text
    }

    /// Whether the path is valid UTF-8.
    public static func isText(_ path: [UInt8]) -> Bool {
        String(validating: path, as: UTF8.self) != nil
    }

    /// The number of bytes of the valid UTF-8 sequence at `index`, or 0.
    private static func sequenceSize(_ path: [UInt8], _ index: Int) -> Int {
        for size in 1...4 where index + size <= path.count {
            if let text = String(validating: path[index..<index + size], as: UTF8.self),
                text.unicodeScalars.count == 1
            {
                return size
            }
        }
        return 0
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "\\" { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned,
            .privateUse:
            return false
        default:
            return true
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\t": "\\t"
        case "\r": "\\r"
        default:
            scalar.value < 0x80
                ? hex(UInt8(scalar.value)) : "\\u{" + String(scalar.value, radix: 16) + "}"
        }
    }

    private static func hex(_ byte: UInt8) -> String {
        "\\x" + HexText.encode([byte])
    }
}
