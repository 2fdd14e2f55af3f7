internal import CairnCore
internal import CairnFormat

/// The first byte picks a decoder, the rest is what it gets: Tests/Fuzz/README.md.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzIndex(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: data, count: size)
    guard let choice = unsafe input.first else { return 0 }
    let bytes = unsafe [UInt8](input.dropFirst())
    if choice & 1 == 0 {
        precondition(IndexObject.keepsOneForm(bytes.span))
    } else {
        checkEntry(bytes)
    }
    return 0
}

/// What an entry says can be made into the same entry.
private func checkEntry(_ bytes: [UInt8]) {
    guard bytes.count >= ChunkID.size + IndexEntry.size else { return }
    let entry = IndexEntry(loading: bytes.span, at: ChunkID.size)
    // Any bytes have a meaning of some kind, and none of them may trap.
    _ = (entry.segmentRange, entry.type, entry.place, entry.length)
    guard entry.isSound else { return }
    let id = ChunkID(bytes.span.extracting(ChunkID.size..<bytes.count))
    let same = IndexEntry(
        id: id,
        pack: entry.pack,
        segmentOffset: entry.segmentOffset,
        segmentStoredSize: entry.segmentStoredSize,
        type: entry.type,
        place: entry.isGrouped ? entry.place : nil,
        length: entry.length
    )
    precondition(same == entry)
}
