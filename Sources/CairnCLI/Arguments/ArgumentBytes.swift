internal import ArgumentParser
internal import Cairn

/// An argument as the bytes that the system passed, which need not be UTF-8.
///
/// The argument parser deals in `String`, which cannot hold arbitrary bytes. So every byte above
/// 0x7f goes through it as one character of its own, U+10FF00 + byte, and comes back here. The way
/// there and back is exact for any bytes; ASCII, and with it every option's name, stays as it is.
struct ArgumentBytes: ExpressibleByArgument, Sendable, Hashable {
    /// The bytes, as passed.
    let bytes: [UInt8]

    /// Takes bytes.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Takes text that went through the argument parser.
    init(argument: String) {
        bytes = ArgumentBytes.decode(argument)
    }

    /// The bytes as text; nil where they are not UTF-8.
    var text: String? { String(validating: bytes, as: UTF8.self) }

    /// The bytes as text that is safe to show on a terminal.
    var escaped: String { PathText.escaped(bytes) }

    private static let first: UInt32 = 0x10_ff00

    /// Makes bytes into text that the argument parser can carry.
    static func encode(_ bytes: [UInt8]) -> String {
        var scalars = String.UnicodeScalarView()
        for byte in bytes {
            if byte < 0x80 {
                scalars.append(Unicode.Scalar(byte))
            } else if let scalar = Unicode.Scalar(first + UInt32(byte)) {
                scalars.append(scalar)
            }
        }
        return String(scalars)
    }

    /// Makes text that the argument parser carried into the bytes it was, and other text into its
    /// UTF-8.
    static func decode(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            if scalar.value >= first + 0x80 && scalar.value <= first + 0xff {
                bytes.append(UInt8(scalar.value - first))
            } else {
                bytes.append(contentsOf: Array(String(scalar).utf8))
            }
        }
        return bytes
    }

    /// A message of the argument parser for people: what it quotes is readable again.
    static func readable(_ message: String) -> String {
        message.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in
                line.unicodeScalars.contains { $0.value >= first }
                    ? PathText.escaped(decode("\(line)")) : "\(line)"
            }
            .joined(separator: "\n")
    }
}
