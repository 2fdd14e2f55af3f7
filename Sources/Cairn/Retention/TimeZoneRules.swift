public import CairnCore

/// What a region's clocks show: the distance from UTC at any time.
///
/// Read from a TZif file (RFC 8536, versions 1 to 4) as the system keeps them, or a fixed distance
/// where there is none. Invariant: transition times ascend.
public struct TimeZoneRules: Sendable {
    /// The most transitions a file may hold; real ones hold fewer than 300.
    static let transitionCountMax = 65_536
    /// How far from UTC a clock may be, in seconds.
    static let offsetRange: ClosedRange<Int64> = -93_599...93_599
    /// Times beyond these are read as if they were these, in seconds from 1970.
    private static let timeRange: ClosedRange<Int64> = -100_000_000_000_000...100_000_000_000_000

    private let transitionTimes: [Int64]
    /// Seconds east of UTC from each transition on.
    private let transitionOffsets: [Int64]
    private let firstOffset: Int64
    /// What holds after the last transition, if the file says.
    private let rule: PosixTimeZone?

    /// Coordinated Universal Time.
    public static let utc = TimeZoneRules(fixedOffset: 0)

    private init(fixedOffset: Int64) {
        transitionTimes = []
        transitionOffsets = []
        firstOffset = fixedOffset
        rule = nil
    }

    /// Makes a zone whose clocks never change.
    ///
    /// - Parameter seconds: Seconds east of UTC; nil is returned for 26 hours or more.
    public init?(secondsFromUTC seconds: Int) {
        guard let value = Int64(exactly: seconds), Self.offsetRange.contains(value) else {
            return nil
        }
        self.init(fixedOffset: value)
    }

    /// Reads the content of a TZif file, such as that of `/etc/localtime`.
    ///
    /// - Parameter bytes: The whole file.
    /// - Throws: ``DecodingFailure`` if the bytes are not a whole TZif file. Files that count leap
    ///   seconds are unsupported.
    public init(decoding bytes: Span<UInt8>) throws(DecodingFailure) {
        var reader = ByteReader(bytes)
        var header = try TZifHeader(&reader)
        let hasWideTimes = header.version >= UInt8(ascii: "2")
        if hasWideTimes {
            _ = try reader.readSpan(header.dataSize(timeSize: 4))
            header = try TZifHeader(&reader)
        }
        let block = try TZifBlock(header, &reader, hasWideTimes: hasWideTimes)
        transitionTimes = block.times
        transitionOffsets = block.types.map { block.offsets[$0] }
        firstOffset = block.offsets[0]
        rule = hasWideTimes ? try Self.readFooter(&reader) : nil
        try reader.expectEnd()
    }

    private static func readFooter(
        _ reader: inout ByteReader
    ) throws(DecodingFailure) -> PosixTimeZone? {
        let size = reader.remaining
        let start = reader.offset
        let footer = try reader.readSpan(size)
        guard size >= 2 else { throw .truncated(offset: start, needed: 2) }
        guard footer[0] == 0x0a, footer[size - 1] == 0x0a else {
            throw .notCanonical(offset: start)
        }
        return size == 2 ? nil : try PosixTimeZone(footer.extracting(1..<size - 1))
    }

    /// Seconds east of UTC at a time.
    ///
    /// - Parameter seconds: Seconds since 1970.
    /// - Returns: A number within 26 hours.
    public func offset(at seconds: Int64) -> Int64 {
        let time = min(max(seconds, Self.timeRange.lowerBound), Self.timeRange.upperBound)
        guard let last = transitionTimes.last else {
            return rule?.offset(at: time) ?? firstOffset
        }
        if time >= last, let rule { return rule.offset(at: time) }
        var (low, high) = (0, transitionTimes.count)
        while low < high {
            let middle = low + (high - low) / 2
            if transitionTimes[middle] <= time { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? firstOffset : transitionOffsets[low - 1]
    }

    /// The time at which clocks show `local`, given as if it were UTC.
    ///
    /// Of two such times the earlier is meant; where clocks skip `local`, the earlier of the two
    /// readings by the distance before and after the gap.
    func seconds(local: Int64) -> Int64 {
        let before = offset(at: local - 86_400)
        let after = offset(at: local + 86_400)
        let candidates = [local - before, local - after]
        let exact = candidates.filter { $0 + offset(at: $0) == local }
        return exact.min() ?? candidates.min() ?? local
    }
}

/// The counts that a block of a TZif file begins with.
private struct TZifHeader {
    let version: UInt8
    let utCount: Int
    let standardCount: Int
    let leapCount: Int
    let timeCount: Int
    let typeCount: Int
    let nameSize: Int

    init(_ reader: inout ByteReader) throws(DecodingFailure) {
        guard try reader.readBytes(4) == Array("TZif".utf8) else { throw .wrongMagic }
        version = try reader.readUInt8()
        guard version == 0 || version >= UInt8(ascii: "2") else {
            throw .unsupported("TZif version")
        }
        _ = try reader.readSpan(15)
        utCount = try Self.count(&reader, max: 256)
        standardCount = try Self.count(&reader, max: 256)
        leapCount = try Self.count(&reader, max: TimeZoneRules.transitionCountMax)
        timeCount = try Self.count(&reader, max: TimeZoneRules.transitionCountMax)
        typeCount = try Self.count(&reader, max: 256)
        nameSize = try Self.count(&reader, max: 65_536)
    }

    private static func count(
        _ reader: inout ByteReader,
        max: Int
    ) throws(DecodingFailure) -> Int {
        let start = reader.offset
        let value = try reader.readUInt32().byteSwapped
        guard value <= UInt32(max) else { throw .outOfRange(offset: start) }
        return Int(value)
    }

    /// How many bytes follow the header; the limits on counts keep this small.
    func dataSize(timeSize: Int) -> Int {
        timeCount * (timeSize + 1) + typeCount * 6 + nameSize + leapCount * (timeSize + 4)
            + standardCount + utCount
    }
}

/// The transitions of one block.
private struct TZifBlock {
    let times: [Int64]
    let types: [Int]
    let offsets: [Int64]

    init(
        _ header: TZifHeader,
        _ reader: inout ByteReader,
        hasWideTimes: Bool
    ) throws(DecodingFailure) {
        let timeSize = hasWideTimes ? 8 : 4
        let start = reader.offset
        guard header.typeCount > 0 else { throw .outOfRange(offset: start) }
        // Such files count leap seconds in their times, which snapshots' times do not.
        guard header.leapCount == 0 else { throw .unsupported("TZif leap seconds") }
        guard reader.remaining >= header.dataSize(timeSize: timeSize) else {
            throw .truncated(offset: start, needed: header.dataSize(timeSize: timeSize))
        }
        var times: [Int64] = []
        times.reserveCapacity(header.timeCount)
        for _ in 0..<header.timeCount {
            let place = reader.offset
            let time =
                hasWideTimes
                ? try reader.readInt64().byteSwapped
                : Int64(Int32(bitPattern: try reader.readUInt32().byteSwapped))
            if let last = times.last, time <= last { throw .outOfRange(offset: place) }
            times.append(time)
        }
        var types: [Int] = []
        types.reserveCapacity(header.timeCount)
        for _ in 0..<header.timeCount {
            let type = Int(try reader.readUInt8())
            guard type < header.typeCount else { throw .outOfRange(offset: reader.offset - 1) }
            types.append(type)
        }
        var offsets: [Int64] = []
        for _ in 0..<header.typeCount {
            let place = reader.offset
            let offset = Int64(Int32(bitPattern: try reader.readUInt32().byteSwapped))
            let isSaving = try reader.readUInt8()
            let name = Int(try reader.readUInt8())
            guard TimeZoneRules.offsetRange.contains(offset), isSaving <= 1, name < header.nameSize
            else { throw .outOfRange(offset: place) }
            offsets.append(offset)
        }
        _ = try reader.readSpan(header.nameSize + header.standardCount + header.utCount)
        self.times = times
        self.types = types
        self.offsets = offsets
    }
}
