/// Finds functions and their lengths by matching braces.
enum FunctionFinder {
    /// A function with a body.
    struct Function: Sendable {
        /// The word after `func`, or `init`, `deinit`, `subscript`; in C the word before `(`.
        let name: String
        /// Its first line, counted from one.
        let line: Int
        /// How many lines it has, the closing brace included.
        let lines: Int
    }

    /// The functions of a Swift or C file, outer ones before those within.
    static func functions(in file: SourceFile) -> [Function] {
        let text = Array(file.code.joined(separator: "\n").utf8)
        return file.suffix == "swift" ? swiftFunctions(text) : cFunctions(text)
    }

    private static func swiftFunctions(_ text: [UInt8]) -> [Function] {
        var functions: [Function] = []
        var line = 1
        var index = 0
        while index < text.count {
            if text[index] == 10 { line += 1 }
            guard isWordByte(text[index]) else {
                index += 1
                continue
            }
            let start = index
            while index < text.count, isWordByte(text[index]) { index += 1 }
            let word = String(decoding: text[start..<index], as: UTF8.self)
            let isMember = start > 0 && text[start - 1] == UInt8(ascii: ".")
            guard ["func", "init", "deinit", "subscript"].contains(word), !isMember,
                let end = endOfBody(text, from: index)
            else { continue }
            let name = word == "func" ? firstWord(text, after: index) : word
            let lines = text[start..<end].count { $0 == 10 } + 1
            functions.append(Function(name: name, line: line, lines: lines))
        }
        return functions
    }

    /// The place after the brace that closes the body, or nil where a requirement has none.
    private static func endOfBody(_ text: [UInt8], from start: Int) -> Int? {
        var index = start
        var depth = 0
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "{") where depth == 0: return endOfBraces(text, from: index)
            case UInt8(ascii: "}") where depth == 0: return nil
            case 10 where depth == 0:
                let next = firstWord(text, after: index)
                guard ["{", "->", "where", "throws", "async"].contains(next) else { return nil }
            default: break
            }
            if depth < 0 { return nil }
            index += 1
        }
        return nil
    }

    private static func cFunctions(_ text: [UInt8]) -> [Function] {
        var functions: [Function] = []
        var index = 0
        var last: UInt8 = 0
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "{") {
                let end = endOfBraces(text, from: index)
                if last == UInt8(ascii: ")") {
                    let line = text[..<index].count { $0 == 10 } + 1
                    let lines = text[index..<end].count { $0 == 10 } + 1
                    functions.append(Function(name: "function", line: line, lines: lines))
                }
                index = end
                last = 0
                continue
            }
            if byte != 32 && byte != 10 && byte != 9 { last = byte }
            index += 1
        }
        return functions
    }

    private static func endOfBraces(_ text: [UInt8], from start: Int) -> Int {
        var depth = 0
        for index in start..<text.count {
            if text[index] == UInt8(ascii: "{") { depth += 1 }
            if text[index] == UInt8(ascii: "}") { depth -= 1 }
            if depth == 0 { return index + 1 }
        }
        return text.count
    }

    /// The next run of letters, or of other characters, after white space.
    private static func firstWord(_ text: [UInt8], after start: Int) -> String {
        let rest = text[start...].drop { $0 == 32 || $0 == 10 || $0 == 9 }
        guard let first = rest.first else { return "" }
        if first == UInt8(ascii: "{") { return "{" }
        let isWord = isWordByte(first)
        let word = rest.prefix { isWordByte($0) == isWord && $0 != 32 && $0 != 10 }
        return String(decoding: word, as: UTF8.self)
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: byte >= 0x80
        }
    }
}
