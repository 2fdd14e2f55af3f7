internal import CairnCore
internal import CairnFormat

/// The first byte picks a decoder, the rest is what it gets: Tests/Fuzz/README.md.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRepository(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: data, count: size)
    guard let choice = unsafe input.first else { return 0 }
    var object = unsafe [UInt8](input.dropFirst())
    if choice & 0x80 != 0 { writeChecksum(into: &object) }
    switch choice & 3 {
    case 0: precondition(RepositoryFormat.keepsOneForm(object.span))
    case 1: precondition(KeySlot.keepsOneForm(object.span))
    case 2: precondition(SessionID.keepsOneForm(object.span))
    default:
        let name = String(decoding: object, as: UTF8.self)
        guard let key = ObjectNames.parse(name) else { return 0 }
        precondition(ObjectNames.name(of: key) == name)
    }
    return 0
}

/// Makes the last four bytes the CRC-32C of all before, so that damage does not hide the fields.
private func writeChecksum(into object: inout [UInt8]) {
    guard object.count >= 4 else { return }
    let end = object.count - 4
    let checksum = CRC32C.checksum(object.span.extracting(0..<end))
    for index in 0..<4 {
        object[end + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index))
    }
}
