internal import Cairn
internal import FoundationEssentials

/// A JSON value whose members keep their order.
enum JSON {
    case null
    case bool(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([(String, JSON)])

    /// The value on one line.
    var text: String {
        var text: [UInt8] = []
        write(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    private func write(to text: inout [UInt8]) {
        switch self {
        case .null: text += "null".utf8
        case .bool(let value): text += (value ? "true" : "false").utf8
        case .integer(let value): text += String(value).utf8
        case .unsigned(let value): text += String(value).utf8
        case .number(let value): text += (value.isFinite ? "\(value)" : "null").utf8
        case .string(let value): JSON.write(value, to: &text)
        case .array(let values):
            text.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                value.write(to: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .object(let members):
            text.append(UInt8(ascii: "{"))
            for (index, (name, value)) in members.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                JSON.write(name, to: &text)
                text.append(UInt8(ascii: ":"))
                value.write(to: &text)
            }
            text.append(UInt8(ascii: "}"))
        }
    }

    /// What has to be written in another way is ASCII, and in UTF-8 no byte of a longer character
    /// is: so the bytes can be looked at one by one.
    private static func write(_ string: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): text += "\\\"".utf8
            case UInt8(ascii: "\\"): text += "\\\\".utf8
            case UInt8(ascii: "\n"): text += "\\n".utf8
            case UInt8(ascii: "\r"): text += "\\r".utf8
            case UInt8(ascii: "\t"): text += "\\t".utf8
            case 0..<0x20, 0x7f:
                let digits = String(byte, radix: 16)
                text += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral {
    init(stringLiteral value: String) { self = .string(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSON {
    /// An integer.
    static func count(_ value: Int) -> JSON { .integer(Int64(value)) }

    /// Bytes as text, with U+FFFD for what is not UTF-8.
    static func text(_ bytes: [UInt8]) -> JSON { .string(String(decoding: bytes, as: UTF8.self)) }

    /// Lists of bytes as text.
    static func texts(_ list: [[UInt8]]) -> JSON { .array(list.map(JSON.text)) }

    /// A moment, in nanoseconds since 1970.
    static func time(_ nanoseconds: Int64) -> JSON { .string(TimeText.rfc3339(nanoseconds)) }

    /// Nanoseconds as seconds.
    static func seconds(_ nanoseconds: UInt64) -> JSON { .number(Double(nanoseconds) / 1e9) }

    /// A member for bytes, and a second one called `<name>_b64` with the exact bytes where they
    /// are not UTF-8.
    static func bytes(_ name: String, _ bytes: [UInt8]) -> [(String, JSON)] {
        let approximation = (name, JSON.text(bytes))
        if PathText.isText(bytes) { return [approximation] }
        return [approximation, (name + "_b64", base64(bytes))]
    }

    /// The same for a list; the second member then holds all of them.
    static func bytes(_ name: String, list: [[UInt8]]) -> [(String, JSON)] {
        let approximation = (name, JSON.texts(list))
        if list.allSatisfy(PathText.isText) { return [approximation] }
        return [approximation, (name + "_b64", .array(list.map(base64)))]
    }

    private static func base64(_ bytes: [UInt8]) -> JSON {
        .string(Data(bytes).base64EncodedString())
    }
}
