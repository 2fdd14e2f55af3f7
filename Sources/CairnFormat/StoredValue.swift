package import CairnCore

/// A value with exactly one stored form: Specs/Format.md#conventions.
///
/// Decoding is strict: bytes that the encoder would not write are refused, so that whatever
/// decodes encodes to the same bytes again. Encoding never traps; a value that does not pass
/// ``validate()`` gives bytes that no decoder accepts.
package protocol StoredValue: Sendable {
    /// Throws where a limit, an order or a rule of the format is broken.
    func validate() throws(DecodingFailure)

    /// Appends the stored form.
    func write(to writer: inout ByteWriter)

    /// Reads a value and leaves the reader behind it.
    init(from reader: inout ByteReader) throws(DecodingFailure)
}

extension StoredValue {
    /// The stored form.
    package func encode() -> [UInt8] {
        var writer = ByteWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// Reads a value that takes up all of `bytes`.
    package init(decoding bytes: Span<UInt8>) throws(DecodingFailure) {
        var reader = ByteReader(bytes)
        try self.init(from: &reader)
        try reader.expectEnd()
    }

    /// Whether `bytes` are refused or are exactly what the value in them encodes to.
    ///
    /// It holds for any bytes; fuzzers and tests look for bytes that break it.
    package static func keepsOneForm(_ bytes: Span<UInt8>) -> Bool {
        guard let value = try? Self(decoding: bytes) else { return true }
        let encoded = value.encode()
        guard encoded.count == bytes.count else { return false }
        return encoded.indices.allSatisfy { encoded[$0] == bytes[$0] }
    }
}

extension ByteReader {
    /// Reads a byte that says no (0) or yes (1).
    @_lifetime(self: copy self)
    mutating func readFlag() throws(DecodingFailure) -> Bool {
        let start = offset
        let value = try readUInt8()
        guard value <= 1 else { throw .notCanonical(offset: start) }
        return value == 1
    }

    /// Reads a varint of at most `limit`.
    @_lifetime(self: copy self)
    mutating func readVarint(limit: UInt64) throws(DecodingFailure) -> UInt64 {
        let start = offset
        let value = try readVarint()
        guard value <= limit else { throw .outOfRange(offset: start) }
        return value
    }

    /// Reads a varint that fits 32 bits.
    @_lifetime(self: copy self)
    mutating func readVarint32() throws(DecodingFailure) -> UInt32 {
        UInt32(truncatingIfNeeded: try readVarint(limit: UInt64(UInt32.max)))
    }

    /// Reads `count` bytes that must be zero.
    @_lifetime(self: copy self)
    mutating func readZeros(_ count: Int) throws(DecodingFailure) {
        for _ in 0..<count {
            let start = offset
            guard try readUInt8() == 0 else { throw .notCanonical(offset: start) }
        }
    }

    /// Reads the two bytes that say which version of a payload follows.
    @_lifetime(self: copy self)
    mutating func readPayloadVersion(_ what: String) throws(DecodingFailure) {
        let version = try readUInt16()
        guard version == 1 else { throw .unsupported("\(what) version \(version)") }
    }

    /// Reads the eight bytes that begin an object of a kind.
    @_lifetime(self: copy self)
    mutating func readMagic(_ magic: Magic) throws(DecodingFailure) {
        for byte in magic.bytes {
            guard remaining > 0, try readUInt8() == byte else { throw .wrongMagic }
        }
    }

    /// Reads a list whose members stand in strictly ascending order of their bytes.
    @_lifetime(self: copy self)
    mutating func readAscendingBytes(
        countMax: Int,
        sizeMax: Int
    ) throws(DecodingFailure) -> [[UInt8]] {
        let count = try readCount(limit: countMax, itemSizeMin: 1)
        var list: [[UInt8]] = []
        list.reserveCapacity(count)
        for _ in 0..<count {
            let start = offset
            let item = try readCountedBytes(limit: sizeMax)
            if let last = list.last, !last.lexicographicallyPrecedes(item) {
                throw .notCanonical(offset: start)
            }
            list.append(item)
        }
        return list
    }
}

extension ByteWriter {
    /// Appends a byte that says no (0) or yes (1).
    mutating func write(_ flag: Bool) {
        write(flag ? 1 : 0 as UInt8)
    }

    /// Appends `count` zero bytes.
    mutating func writeZeros(_ count: Int) {
        writeBytes([UInt8](repeating: 0, count: max(count, 0)))
    }

    /// Appends a list: its count, then each member counted.
    mutating func writeList(_ list: [[UInt8]]) {
        writeVarint(UInt64(list.count))
        for item in list { writeCountedBytes(item) }
    }
}

extension ByteReader {
    /// Reads a list whose members stand in strictly ascending order.
    @_lifetime(self: copy self)
    mutating func readSortedList<T: StoredValue & Comparable>(
        _ countMax: Int,
        itemSizeMin: Int = SessionID.size
    ) throws(DecodingFailure) -> [T] {
        let count = try readCount(limit: countMax, itemSizeMin: itemSizeMin)
        var list: [T] = []
        list.reserveCapacity(count)
        for _ in 0..<count {
            let start = offset
            let item = try T(from: &self)
            if let last = list.last, !(last < item) { throw .notCanonical(offset: start) }
            list.append(item)
        }
        return list
    }
}

extension ByteWriter {
    /// Appends a list: its count, then each member.
    mutating func writeSortedList(_ list: [some StoredValue]) {
        writeVarint(UInt64(list.count))
        for item in list { item.write(to: &self) }
    }
}

extension Array where Element: Comparable {
    /// Whether every member is smaller than the next.
    var isStrictlyAscending: Bool { zip(self, dropFirst()).allSatisfy { $0 < $1 } }
}

/// The eight bytes that begin an object of a kind.
struct Magic {
    let bytes: [UInt8]

    private init(_ text: StaticString) {
        bytes = Array(text.description.utf8)
    }

    static let format = Magic("CAIRNFMT")
    static let keySlot = Magic("CAIRNKEY")
    static let record = Magic("CAIRNREC")
    static let pack = Magic("CAIRNPAK")
}

/// Throws unless `condition` holds; for rules that tie several fields together.
func require(_ condition: Bool, _ rule: @autoclosure () -> String) throws(DecodingFailure) {
    guard condition else { throw .inconsistent(rule()) }
}

/// Whether every member is smaller than the next, comparing bytes.
func isStrictlyAscending(_ list: [[UInt8]]) -> Bool {
    zip(list, list.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) }
}
