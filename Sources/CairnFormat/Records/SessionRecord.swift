package import CairnCore

/// "I am running": the payload of `sessions/<session>`: Specs/Format.md#session-record.
///
/// Stored as u16 1 ‖ counted host ‖ counted user ‖ counted boot ID ‖ u32 process ‖
/// u64 process start ‖ i64 started ‖ u64 cleanup generation seen ‖ varint root count ‖ roots ‖
/// varint predecessor count ‖ predecessors.
package struct SessionRecord: Hashable, Sendable {
    /// The longest boot ID in bytes.
    package static let bootIDSizeMax = 64
    /// The most snapshots that a session may rely on.
    package static let rootCountMax = 16
    /// The most sessions whose packs a session may hold.
    package static let predecessorCountMax = 1024

    /// The machine's name, at most 255 bytes.
    package var host: [UInt8]
    /// The user's name, at most 255 bytes.
    package var user: [UInt8]
    /// The machine's boot ID as text, at most 64 bytes.
    package var bootID: [UInt8]
    /// The process.
    package var processID: UInt32
    /// When the process started, in clock ticks since the machine did.
    package var processStart: UInt64
    /// When the session started: nanoseconds since 1970.
    package var started: Int64
    /// The newest cleanup that the session knew of before it registered.
    package var cleanupGeneration: UInt64
    /// The snapshots that it may take whole parts from, ascending.
    package var roots: [SessionID]
    /// The sessions whose packs and index objects it holds, ascending.
    package var predecessors: [SessionID]

    /// Puts a record together; ``validate()`` says whether it may be stored.
    package init(
        host: [UInt8],
        user: [UInt8],
        bootID: [UInt8],
        processID: UInt32,
        processStart: UInt64,
        started: Int64,
        cleanupGeneration: UInt64,
        roots: [SessionID] = [],
        predecessors: [SessionID] = []
    ) {
        self.host = host
        self.user = user
        self.bootID = bootID
        self.processID = processID
        self.processStart = processStart
        self.started = started
        self.cleanupGeneration = cleanupGeneration
        self.roots = roots
        self.predecessors = predecessors
    }
}

extension SessionRecord: StoredValue {
    package func validate() throws(DecodingFailure) {
        try require(host.count <= FormatLimits.nameSizeMax, "host size")
        try require(user.count <= FormatLimits.nameSizeMax, "user size")
        try require(bootID.count <= SessionRecord.bootIDSizeMax, "boot ID size")
        try require(roots.count <= SessionRecord.rootCountMax, "root count")
        let held = predecessors.count
        try require(held <= SessionRecord.predecessorCountMax, "predecessor count")
        try require(roots.isStrictlyAscending, "root order")
        try require(predecessors.isStrictlyAscending, "predecessor order")
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(1 as UInt16)
        writer.writeCountedBytes(host)
        writer.writeCountedBytes(user)
        writer.writeCountedBytes(bootID)
        writer.write(processID)
        writer.write(processStart)
        writer.write(started)
        writer.write(cleanupGeneration)
        writer.writeSortedList(roots)
        writer.writeSortedList(predecessors)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        try reader.readPayloadVersion("session")
        host = try reader.readCountedBytes(limit: FormatLimits.nameSizeMax)
        user = try reader.readCountedBytes(limit: FormatLimits.nameSizeMax)
        bootID = try reader.readCountedBytes(limit: SessionRecord.bootIDSizeMax)
        processID = try reader.readUInt32()
        processStart = try reader.readUInt64()
        started = try reader.readInt64()
        cleanupGeneration = try reader.readUInt64()
        roots = try reader.readSortedList(SessionRecord.rootCountMax)
        predecessors = try reader.readSortedList(SessionRecord.predecessorCountMax)
    }
}
