/// Tells code from comments and strings, well enough for rules about words and braces.
///
/// Strings with interpolation are blanked whole: nothing that a rule looks for is written there.
enum CodeText {
    private enum State: Equatable {
        case code
        case lineComment
        case blockComment(depth: Int)
        case string(pounds: Int, quotes: Int)
        case interpolation(pounds: Int, quotes: Int, depth: Int)
    }

    /// The lines of `text`, with comments and strings replaced by spaces.
    static func blanked(_ text: String, isSwift: Bool) -> [String] {
        var scanner = Scanner(bytes: Array(text.utf8), isSwift: isSwift)
        scanner.run()
        var lines = scanner.output.split(separator: 10, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    private struct Scanner {
        let bytes: [UInt8]
        let isSwift: Bool
        var output: [UInt8] = []
        var state = State.code
        var index = 0

        mutating func run() {
            output.reserveCapacity(bytes.count)
            while index < bytes.count {
                if bytes[index] == 10 {
                    endLine()
                } else {
                    step()
                }
            }
        }

        private mutating func endLine() {
            switch state {
            case .lineComment, .string(_, 1): state = .code
            default: break
            }
            output.append(10)
            index += 1
        }

        private mutating func step() {
            switch state {
            case .code: stepInCode()
            case .lineComment: blank(1)
            case .blockComment(let depth): stepInComment(depth)
            case .string(let pounds, let quotes): stepInString(pounds, quotes)
            case .interpolation(let pounds, let quotes, let depth):
                stepInInterpolation(pounds, quotes, depth)
            }
        }

        private mutating func stepInCode() {
            if starts(with: "//") {
                state = .lineComment
                blank(2)
            } else if starts(with: "/*") {
                state = .blockComment(depth: 1)
                blank(2)
            } else if !isSwift && starts(with: "'") {
                skipCharacter()
            } else if let opening = openingOfString() {
                state = .string(pounds: opening.pounds, quotes: opening.quotes)
                blank(opening.pounds + opening.quotes)
            } else {
                output.append(bytes[index])
                index += 1
            }
        }

        private mutating func stepInComment(_ depth: Int) {
            if starts(with: "*/") {
                state = depth == 1 ? .code : .blockComment(depth: depth - 1)
                blank(2)
            } else if isSwift && starts(with: "/*") {
                state = .blockComment(depth: depth + 1)
                blank(2)
            } else {
                blank(1)
            }
        }

        private mutating func stepInString(_ pounds: Int, _ quotes: Int) {
            let mark = String(repeating: "#", count: pounds)
            if starts(with: "\\" + mark + "(") && isSwift {
                state = .interpolation(pounds: pounds, quotes: quotes, depth: 1)
                blank(2 + pounds)
            } else if starts(with: "\\" + mark) {
                // A line may end in a backslash; the end of line must stay.
                let escaped = index + 1 + pounds
                blank(escaped < bytes.count && bytes[escaped] == 10 ? 1 + pounds : 2 + pounds)
            } else if starts(with: String(repeating: "\"", count: quotes) + mark) {
                state = .code
                blank(quotes + pounds)
            } else {
                blank(1)
            }
        }

        private mutating func stepInInterpolation(_ pounds: Int, _ quotes: Int, _ depth: Int) {
            var depth = depth
            switch bytes[index] {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "\""): return skipNestedString()
            default: break
            }
            state =
                depth == 0
                ? .string(pounds: pounds, quotes: quotes)
                : .interpolation(pounds: pounds, quotes: quotes, depth: depth)
            blank(1)
        }

        private mutating func skipNestedString() {
            blank(1)
            while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != 10 {
                blank(bytes[index] == UInt8(ascii: "\\") ? 2 : 1)
            }
            if index < bytes.count, bytes[index] != 10 { blank(1) }
        }

        private mutating func skipCharacter() {
            blank(1)
            while index < bytes.count, bytes[index] != UInt8(ascii: "'"), bytes[index] != 10 {
                blank(bytes[index] == UInt8(ascii: "\\") ? 2 : 1)
            }
            if index < bytes.count, bytes[index] != 10 { blank(1) }
        }

        private func openingOfString() -> (pounds: Int, quotes: Int)? {
            var pounds = 0
            while isSwift, index + pounds < bytes.count, bytes[index + pounds] == UInt8(ascii: "#")
            {
                pounds += 1
            }
            let mark = String(repeating: "#", count: pounds)
            if isSwift && starts(with: mark + "\"\"\"") { return (pounds, 3) }
            return starts(with: mark + "\"") ? (pounds, 1) : nil
        }

        private func starts(with text: String) -> Bool {
            let wanted = text.utf8
            guard index + wanted.count <= bytes.count, wanted.first == bytes[index] else {
                return false
            }
            return bytes[index..<index + wanted.count].elementsEqual(wanted)
        }

        private mutating func blank(_ count: Int) {
            for _ in 0..<min(count, bytes.count - index) {
                // Only the first byte of a character is replaced, so that columns stay.
                if bytes[index] & 0xc0 != 0x80 { output.append(UInt8(ascii: " ")) }
                index += 1
            }
        }
    }
}
