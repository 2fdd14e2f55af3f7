@testable import CairnCore

/// The algorithms as Specs/Chunking.md writes them: slow, and the measure of everything else.
///
/// Every byte in turn, no blocks, and a draw at every anchor.
struct ReferenceChunker {
    let parameters: ChunkerParameters
    let gear: [UInt64]
    let anchorValues: [UInt8]
    let cutKey: SipHash.Key

    init(_ parameters: ChunkerParameters, key: [UInt8]?) {
        self.parameters = parameters
        let tables =
            if let key { ChunkerTables(key: key.span) } else { ChunkerTables(key: nil) }
        gear = tables.gear()
        anchorValues = Array(tables.anchors()[32...])
        cutKey = tables.cutKey()
    }

    func lengths(_ bytes: [UInt8]) -> [Int] {
        var lengths: [Int] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let chunk = Array(rest.prefix(parameters.sizeMax))
            let length = parameters.algorithm == .fastcdc ? gearCut(chunk) : anchoredCut(chunk)
            lengths.append(length ?? chunk.count)
            rest = rest.dropFirst(lengths[lengths.count - 1])
        }
        return lengths
    }

    private func gearCut(_ bytes: [UInt8]) -> Int? {
        let rarity = parameters.positionsPerCut
        var hash: UInt64 = 0
        var length = max(0, parameters.sizeMin - 64)
        while length < bytes.count {
            hash = hash << 1 &+ gear[Int(bytes[length])]
            length += 1
            let limit = UInt64.max / (length < parameters.sizeMean ? 4 * rarity : rarity)
            if length >= parameters.sizeMin && hash <= limit { return length }
        }
        return nil
    }

    private func anchoredCut(_ bytes: [UInt8]) -> Int? {
        var bits = 7
        while bits < 10 && 1 << (bits + 7) <= parameters.sizeMean { bits += 1 }
        let distance = min(16 << bits, parameters.sizeMin - 64)
        guard bytes.count > parameters.sizeMin else { return nil }
        var hash: UInt16 = 0
        var candidate: Int?
        var isStrict = false
        for position in parameters.sizeMin - distance - 16..<bytes.count {
            hash = hash << 1 &+ UInt16(anchorValues[Int(bytes[position])])
            if position < parameters.sizeMin - distance { continue }
            if hash >> UInt16(16 - bits) == 0 {
                let draw = self.draw(bytes, at: position)
                let offset = (draw & ~0xffff).multipliedFullWidth(by: parameters.positionsPerCut)
                candidate = position + Int(offset.high)
                isStrict = draw & 3 == 0
            }
            guard candidate == position else { continue }
            let length = position + 1
            if length >= parameters.sizeMin && (isStrict || length >= parameters.sizeMean) {
                return length
            }
        }
        return nil
    }

    /// The value drawn for the 64 bytes that end at `position`.
    func draw(_ bytes: [UInt8], at position: Int) -> UInt64 {
        let window = Array(bytes[position - 63...position])
        return unsafe window.withUnsafeBufferPointer { window in
            unsafe SipHash.hash(cutKey, message: window.baseAddress.unsafelyUnwrapped)
        }
    }
}
