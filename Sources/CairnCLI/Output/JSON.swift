internal import Cairn
internal import Foundation

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
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .unsigned(let value): text += String(value)
        case .number(let value): text += value.isFinite ? "\(value)" : "null"
        case .string(let value): JSON.write(value, to: &text)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, (name, value)) in members.enumerated() {
                if index > 0 { text += "," }
                JSON.write(name, to: &text)
                text += ":"
                value.write(to: &text)
            }
            text += "}"
        }
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
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
