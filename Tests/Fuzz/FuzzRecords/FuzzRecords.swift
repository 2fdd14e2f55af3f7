internal import CairnCore
internal import CairnFormat

/// The first byte picks a decoder, the rest is what it gets: Tests/Fuzz/README.md.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRecords(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: data, count: size)
    guard let choice = unsafe input.first else { return 0 }
    let bytes = unsafe [UInt8](input.dropFirst())
    switch choice & 15 {
    case 0: precondition(RecordEnvelope.keepsOneForm(bytes.span))
    case 1: precondition(SessionRecord.keepsOneForm(bytes.span))
    case 2: precondition(SnapshotRecord.keepsOneForm(bytes.span))
    case 3: precondition(Tombstone.keepsOneForm(bytes.span))
    case 4: precondition(ForgottenRecord.keepsOneForm(bytes.span))
    case 5: precondition(ProblemList.keepsOneForm(bytes.span))
    case 8: precondition(CondemnedRecord.keepsOneForm(bytes.span))
    case 9: precondition(DoomedRecord.keepsOneForm(bytes.span))
    case 10: precondition(DoneRecord.keepsOneForm(bytes.span))
    default: openRecord(bytes, compressed: choice & 1 == 0)
    }
    return 0
}

/// Opens a record whose checksums are right and whose head and payload are the fuzzer's.
private func openRecord(_ bytes: [UInt8], compressed: Bool) {
    guard bytes.count > 2, let repository = RepositoryID(bytes: [UInt8](repeating: 0, count: 16)),
        let type = RecordType(rawValue: bytes[0]), let codec = Codec(rawValue: bytes[1])
    else { return }
    let zeros = [UInt8](repeating: 0, count: 32)
    let payload = Array(bytes.dropFirst(2))
    let envelope = RecordEnvelope(
        type: type,
        sealing: .none,
        codec: compressed ? codec : .none,
        plainSize: compressed ? 1000 : payload.count,
        repository: repository,
        salt: zeros,
        commitment: zeros
    )
    let output = ByteBuffer()
    output.append(envelope.encode())
    guard (try? seal(payload, envelope.associatedData(name: "x"), into: output)) != nil else {
        preconditionFailure("sealing without a key failed")
    }
    var checksum = ByteWriter()
    checksum.write(CRC32C.checksum(output.span))
    output.append(checksum.bytes)
    let opened = try? RecordEnvelope.open(
        output.span,
        name: "x",
        key: nil,
        repository: repository
    )
    if let opened { precondition(opened.payload.count == envelope.plainSize) }
}

private func seal(_ payload: [UInt8], _ additional: [UInt8], into output: ByteBuffer) throws {
    let sealer = Sealer()
    try sealer.setKey(nil, algorithm: .none)
    try sealer.seal(payload.span, nonce: 0, additional: additional.span, into: output)
}
