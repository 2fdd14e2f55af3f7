internal import CairnCore
internal import CairnFormat

/// The first byte picks a decoder, the rest is what it gets: Tests/Fuzz/README.md.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTrees(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: data, count: size)
    guard let choice = unsafe input.first else { return 0 }
    let bytes = unsafe [UInt8](input.dropFirst())
    switch choice & 3 {
    case 0: precondition(TreeNode.keepsOneForm(bytes.span))
    case 1: precondition(TreeEntry.keepsOneForm(bytes.span))
    case 2: precondition(ContentList.keepsOneForm(bytes.span))
    default:
        let isSound = (try? TreeLeaf(decoding: bytes.span)) != nil
        precondition(isSound == readsEntryByEntry(bytes))
    }
    return 0
}

private func readsEntryByEntry(_ bytes: [UInt8]) -> Bool {
    do throws(DecodingFailure) {
        var reader = try TreeLeafReader(bytes.span)
        while try reader.next() != nil {}
        return true
    } catch {
        return false
    }
}
