package import CairnCore

extension SnapshotRecord: StoredValue {
    package func validate() throws(DecodingFailure) {
        try require(host.count <= FormatLimits.nameSizeMax, "host size")
        try require(user.count <= FormatLimits.nameSizeMax, "user size")
        try require(paths.count <= SnapshotRecord.pathCountMax, "path count")
        let arePaths = paths.allSatisfy { $0.count <= FormatLimits.pathSizeMax }
        try require(arePaths && isStrictlyAscending(paths), "paths")
        try require(tags.count <= SnapshotRecord.tagCountMax, "tag count")
        let areTags = tags.allSatisfy { $0.count <= SnapshotRecord.tagSizeMax }
        try require(areTags && isStrictlyAscending(tags), "tags")
        try require(description.count <= SnapshotRecord.descriptionSizeMax, "description size")
        let versionSizeMax = SnapshotRecord.programVersionSizeMax
        try require(programVersion.count <= versionSizeMax, "program version size")
        try tree.validate()
        try require(indexes.count <= SnapshotRecord.indexCountMax, "index count")
        let indexesAscend = zip(indexes, indexes.dropFirst()).allSatisfy { $0.id < $1.id }
        try require(indexesAscend, "index order")
        try problems.validate()
        try referenceSummary.validate()
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(1 as UInt16)
        session.write(to: &writer)
        writer.write(started)
        writer.write(ended)
        writer.writeCountedBytes(host)
        writer.writeCountedBytes(user)
        writer.write(userID)
        writer.write(groupID)
        writer.writeList(paths)
        writer.writeList(tags)
        writer.writeCountedBytes(description)
        writer.writeCountedBytes(programVersion)
        tree.write(to: &writer)
        statistics.write(to: &writer)
        writer.write(parent)
        writer.write(original)
        writer.writeVarint(UInt64(indexes.count))
        for index in indexes { index.write(to: &writer) }
        writer.writeVarint(problemCount)
        problems.write(to: &writer)
        writer.write(previous?.session)
        if let previous { writer.write(previous.digest) }
        writer.write(frontier)
        writer.write(cleanupGeneration)
        referenceSummary.write(to: &writer)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        try reader.readPayloadVersion("snapshot")
        session = try SessionID(from: &reader)
        started = try reader.readInt64()
        ended = try reader.readInt64()
        host = try reader.readCountedBytes(limit: FormatLimits.nameSizeMax)
        user = try reader.readCountedBytes(limit: FormatLimits.nameSizeMax)
        userID = try reader.readUInt32()
        groupID = try reader.readUInt32()
        paths = try reader.readAscendingBytes(
            countMax: SnapshotRecord.pathCountMax,
            sizeMax: FormatLimits.pathSizeMax
        )
        tags = try reader.readAscendingBytes(
            countMax: SnapshotRecord.tagCountMax,
            sizeMax: SnapshotRecord.tagSizeMax
        )
        description = try reader.readCountedBytes(limit: SnapshotRecord.descriptionSizeMax)
        programVersion = try reader.readCountedBytes(limit: SnapshotRecord.programVersionSizeMax)
        tree = try TreeReference(from: &reader)
        statistics = try SnapshotStatistics(from: &reader)
        parent = try reader.readOptionalSession()
        original = try reader.readOptionalSession()
        indexes = try IndexReference.readList(from: &reader)
        problemCount = try reader.readVarint()
        problems = try ContentReference(from: &reader)
        if let session = try reader.readOptionalSession() {
            previous = PreviousSnapshot(session: session, digest: try reader.readChunkID())
        }
        frontier = try reader.readChunkID()
        cleanupGeneration = try reader.readUInt64()
        referenceSummary = try ContentReference(from: &reader)
        try validate()
    }
}

extension SnapshotRecord.IndexReference: StoredValue {
    /// Every combination of bytes is a reference.
    package func validate() throws(DecodingFailure) {}

    package func write(to writer: inout ByteWriter) {
        id.write(to: &writer)
        writer.write(digest)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        id = try IndexID(from: &reader)
        digest = try reader.readChunkID()
    }

    /// Reads a count and so many references.
    static func readList(
        from reader: inout ByteReader
    ) throws(DecodingFailure) -> [SnapshotRecord.IndexReference] {
        let count = try reader.readCount(
            limit: SnapshotRecord.indexCountMax,
            itemSizeMin: size
        )
        var list: [SnapshotRecord.IndexReference] = []
        list.reserveCapacity(count)
        for _ in 0..<count {
            list.append(try SnapshotRecord.IndexReference(from: &reader))
        }
        return list
    }
}
