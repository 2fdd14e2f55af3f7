internal import CairnCore
internal import CairnFormat

/// The first byte picks a decoder, the rest is what it gets: Tests/Fuzz/README.md.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPacks(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: data, count: size)
    guard let choice = unsafe input.first else { return 0 }
    let bytes = unsafe [UInt8](input.dropFirst())
    switch choice & 7 {
    case 0: precondition(PackHeader.keepsOneForm(bytes.span))
    case 1: precondition(PackDirectory.keepsOneForm(bytes.span))
    case 2: precondition(PackLocator.keepsOneForm(bytes.span))
    case 3: precondition(PackTrailer.keepsOneForm(bytes.span))
    case 4: precondition(SegmentHeader.keepsOneForm(bytes.span))
    case 5: checkShape(bytes)
    case 6: checkTrailer(bytes)
    default: checkSize(bytes)
    }
    return 0
}

/// The short way to read a segment's head agrees with the long one.
private func checkShape(_ bytes: [UInt8]) {
    guard let shape = try? SegmentShape(bytes.span) else { return }
    let head = bytes.span.extracting(0..<shape.payloadOffset)
    guard let header = try? SegmentHeader(decoding: head) else { return }
    precondition(header.plainSize == shape.plainSize && header.size == shape.payloadOffset)
    precondition(header.lengths.count == shape.chunkCount)
}

/// A trailer whose checksum is right, with every other byte the fuzzer's.
private func checkTrailer(_ bytes: [UInt8]) {
    guard bytes.count >= PackTrailer.tailSize else { return }
    var object = bytes
    let end = object.count - 8
    let checksum = CRC32C.checksum(object.span.extracting(0..<end))
    for index in 0..<4 {
        object[end + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index))
    }
    object.replaceSubrange(object.count - 4..<object.count, with: Array("CPTR".utf8))
    precondition(PackTrailer.keepsOneForm(object.span))
    guard let trailer = try? PackTrailer(decoding: object.span) else { return }
    _ = trailer.badBlocks(in: bytes.span)
    let objectSize = UInt64(trailer.bodySize + object.count)
    precondition(PackTrailer.bodySize(objectSize: objectSize) == trailer.bodySize)
}

/// A size that a pack can have is the size of the body that it implies.
private func checkSize(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes.span)
    guard let size = try? reader.readUInt64() else { return }
    for objectSize in [size, size & 0xfff_ffff] {
        guard let body = PackTrailer.bodySize(objectSize: objectSize) else { continue }
        precondition(UInt64(body + PackTrailer.size(bodySize: body)) == objectSize)
    }
}
