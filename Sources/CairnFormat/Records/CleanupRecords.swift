package import CairnCore

/// What no session may use that registers from now on: the payload of `gc/<generation>-condemned`.
///
/// Stored as u16 1 ‖ executor 24 ‖ varint pack count ‖ packs ‖ varint index count ‖ index objects:
/// Specs/Format.md#cleanup-records.
package struct CondemnedRecord: Hashable, Sendable {
    /// The most packs, and the most index objects, that one generation may condemn.
    package static let countMax = 1 << 20

    /// The executor that made it.
    package var executor: SessionID
    /// The packs, strictly ascending.
    package var packs: [PackID]
    /// Index objects that no snapshot names, strictly ascending.
    package var indexes: [IndexID]

    /// Puts a record together; ``validate()`` says whether it may be stored.
    package init(executor: SessionID, packs: [PackID], indexes: [IndexID]) {
        self.executor = executor
        self.packs = packs
        self.indexes = indexes
    }
}

extension CondemnedRecord: StoredValue {
    package func validate() throws(DecodingFailure) {
        try require(packs.count <= CondemnedRecord.countMax, "condemned pack count")
        try require(indexes.count <= CondemnedRecord.countMax, "condemned index count")
        try require(packs.isStrictlyAscending, "condemned pack order")
        try require(indexes.isStrictlyAscending, "condemned index order")
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(1 as UInt16)
        executor.write(to: &writer)
        writer.writeSortedList(packs)
        writer.writeSortedList(indexes)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        try reader.readPayloadVersion("condemned record")
        executor = try SessionID(from: &reader)
        packs = try reader.readSortedList(CondemnedRecord.countMax)
        indexes = try reader.readSortedList(CondemnedRecord.countMax)
    }
}

/// What a generation deletes and what the index is from then on: the payload of
/// `gc/<generation>-doomed`.
///
/// Stored as u16 1 ‖ executor 24, then five lists, each a varint count and its members: doomed
/// packs, masked packs, superseded index objects, retired index objects, added index objects
/// with their digests. Invariants: all ascend strictly; masked packs contain the doomed ones that
/// an index object which counts still lists; added and superseded have no member in common.
package struct DoomedRecord: Hashable, Sendable {
    /// The most members of each list.
    package static let countMax = 1 << 20

    /// The executor that made it.
    package var executor: SessionID
    /// The packs that this generation deletes.
    package var packs: [PackID] = []
    /// Packs deleted by this generation or before, whose entries do not count.
    package var masked: [PackID] = []
    /// Index objects that snapshots name and that no longer count.
    package var superseded: [IndexID] = []
    /// Index objects that this generation deletes.
    package var retired: [IndexID] = []
    /// Index objects that executors made and that count.
    package var added: [SnapshotRecord.IndexReference] = []

    /// A record that dooms nothing; the lists are set afterwards.
    package init(executor: SessionID) {
        self.executor = executor
    }
}

extension DoomedRecord: StoredValue {
    package func validate() throws(DecodingFailure) {
        let counts = [packs.count, masked.count, superseded.count, retired.count, added.count]
        try require(counts.allSatisfy { $0 <= DoomedRecord.countMax }, "doomed counts")
        try require(packs.isStrictlyAscending, "doomed pack order")
        try require(masked.isStrictlyAscending, "masked pack order")
        try require(superseded.isStrictlyAscending, "superseded index order")
        try require(retired.isStrictlyAscending, "retired index order")
        try require(added.map { $0.id }.isStrictlyAscending, "added index order")
        let gone = Set(superseded).union(retired)
        try require(!added.contains { gone.contains($0.id) }, "an added index that is gone")
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(1 as UInt16)
        executor.write(to: &writer)
        writer.writeSortedList(packs)
        writer.writeSortedList(masked)
        writer.writeSortedList(superseded)
        writer.writeSortedList(retired)
        writer.writeSortedList(added)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        try reader.readPayloadVersion("doomed record")
        executor = try SessionID(from: &reader)
        packs = try reader.readSortedList(DoomedRecord.countMax)
        masked = try reader.readSortedList(DoomedRecord.countMax)
        superseded = try reader.readSortedList(DoomedRecord.countMax)
        retired = try reader.readSortedList(DoomedRecord.countMax)
        added = try SnapshotRecord.IndexReference.readList(from: &reader)
        try validate()
    }
}

/// A generation is over: the payload of `gc/<generation>-done`.
///
/// Stored as u16 1 ‖ executor 24 ‖ i64 time ‖ u64 packs ‖ u64 bytes.
package struct DoneRecord: Hashable, Sendable {
    /// The executor that made it.
    package var executor: SessionID
    /// When it was over: nanoseconds since 1970.
    package var time: Int64
    /// How many packs the generation deleted.
    package var packCount: UInt64
    /// Their sizes together.
    package var bytes: UInt64

    /// Puts a record together.
    package init(executor: SessionID, time: Int64, packCount: UInt64, bytes: UInt64) {
        self.executor = executor
        self.time = time
        self.packCount = packCount
        self.bytes = bytes
    }
}

extension DoneRecord: StoredValue {
    /// Every combination of values is a record.
    package func validate() throws(DecodingFailure) {}

    package func write(to writer: inout ByteWriter) {
        writer.write(1 as UInt16)
        executor.write(to: &writer)
        writer.write(time)
        writer.write(packCount)
        writer.write(bytes)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        try reader.readPayloadVersion("done record")
        executor = try SessionID(from: &reader)
        time = try reader.readInt64()
        packCount = try reader.readUInt64()
        bytes = try reader.readUInt64()
    }
}
