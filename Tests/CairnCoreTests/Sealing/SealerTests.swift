import CairnCore
import Testing

extension Sealer {
    func seal(_ bytes: [UInt8], nonce: UInt64 = 0, additional: [UInt8] = []) throws -> [UInt8] {
        let output = ByteBuffer()
        try seal(bytes.span, nonce: nonce, additional: additional.span, into: output)
        return output.array
    }

    func open(_ bytes: [UInt8], nonce: UInt64 = 0, additional: [UInt8] = []) throws -> [UInt8] {
        let output = ByteBuffer()
        try open(bytes.span, nonce: nonce, additional: additional.span, into: output)
        return output.array
    }
}

private func makeSealer(_ algorithm: SealingAlgorithm, seed: UInt64 = 1) throws -> Sealer {
    var random = SeededBytes(seed: seed)
    let sealer = Sealer()
    try sealer.setKey(
        algorithm == .none ? nil : secret(random.bytes(Sealer.keySize)),
        algorithm: algorithm
    )
    return sealer
}

private func nonce(_ bytes: [UInt8]) -> Sealer.Nonce {
    var nonce = Sealer.Nonce(repeating: 0)
    for index in 0..<12 { nonce[index] = bytes[index] }
    return nonce
}

@Suite("A commitment")
struct CommitmentTests {
    @Test("equals itself and nothing that differs in a bit, or in length")
    func comparison() {
        let bytes = [UInt8](0..<32)
        #expect(Commitment.areEqual(bytes, bytes) && Commitment.areEqual([], []))
        for bit in 0..<256 {
            var other = bytes
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!Commitment.areEqual(bytes, other), "bit \(bit)")
        }
        #expect(!Commitment.areEqual(bytes, Array(bytes.dropLast())))
    }
}

@Suite("AES-256-GCM")
struct AESGCMTests {
    @Test("seals and opens what NIST publishes", arguments: AESGCMVector.encryption)
    func published(vector: AESGCMVector) throws {
        let sealer = Sealer()
        try sealer.setKey(secret(hexBytes(vector.key)), algorithm: .aes256GCM)
        let (plaintext, additional) = (hexBytes(vector.plaintext), hexBytes(vector.additional))
        let sealed = hexBytes(vector.ciphertext) + hexBytes(vector.tag)
        let output = ByteBuffer()
        try sealer.seal(
            plaintext.span,
            nonce: nonce(hexBytes(vector.nonce)),
            additional: additional.span,
            into: output
        )
        #expect(output.array == sealed)
        output.truncate(to: 0)
        try sealer.open(
            sealed.span,
            nonce: nonce(hexBytes(vector.nonce)),
            additional: additional.span,
            into: output
        )
        #expect(output.array == plaintext)
    }

    @Test("refuses what NIST says must be refused", arguments: AESGCMVector.refused)
    func refused(vector: AESGCMVector) throws {
        let sealer = Sealer()
        try sealer.setKey(secret(hexBytes(vector.key)), algorithm: .aes256GCM)
        let additional = hexBytes(vector.additional)
        let sealed = hexBytes(vector.ciphertext) + hexBytes(vector.tag)
        let output = ByteBuffer()
        #expect(throws: SealingFailure.authenticationFailed) {
            try sealer.open(
                sealed.span,
                nonce: nonce(hexBytes(vector.nonce)),
                additional: additional.span,
                into: output
            )
        }
        #expect(output.count == 0)
    }

    @Test("the nonce is a 96-bit big-endian number")
    func nonceBytes() throws {
        let sealer = try makeSealer(.aes256GCM)
        let plain: [UInt8] = [1, 2, 3]
        let output = ByteBuffer()
        try sealer.seal(
            plain.span,
            nonce: nonce([0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]),
            additional: plain.span,
            into: output
        )
        let sealed = try sealer.seal(plain, nonce: 0x0102_0304_0506_0708, additional: plain)
        #expect(output.array == sealed)
    }

    @Test("a zero key, nonce and block give the published tags")
    func zeros() throws {
        let sealer = Sealer()
        try sealer.setKey(secret([UInt8](repeating: 0, count: 32)), algorithm: .aes256GCM)
        #expect(try sealer.seal([]) == hexBytes("530f8afbc74536b9a963b4f1c4cb738b"))
        #expect(
            try sealer.seal([UInt8](repeating: 0, count: 16))
                == hexBytes("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
        )
    }
}

@Suite("Sealer")
struct SealerTests {
    static let algorithms: [SealingAlgorithm] = [.none, .aes256GCM]

    @Test("opens what it sealed, at any length", arguments: algorithms)
    func roundTrip(algorithm: SealingAlgorithm) throws {
        let sealer = try makeSealer(algorithm)
        var random = SeededBytes(seed: 11)
        for size in Array(0...66) + [1000, 65_537] {
            let plain = random.bytes(size)
            let additional = random.bytes(size % 50)
            let sealed = try sealer.seal(plain, nonce: UInt64(size), additional: additional)
            #expect(sealed.count == size + Sealer.tagSize)
            let opened = try sealer.open(sealed, nonce: UInt64(size), additional: additional)
            #expect(opened == plain, "size \(size)")
        }
    }

    @Test("every changed bit is found", arguments: algorithms)
    func bits(algorithm: SealingAlgorithm) throws {
        let sealer = try makeSealer(algorithm)
        let additional: [UInt8] = [9, 8, 7]
        let sealed = try sealer.seal(Array(0..<40), nonce: 5, additional: additional)
        for bit in 0..<sealed.count * 8 {
            var changed = sealed
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: SealingFailure.authenticationFailed, "bit \(bit)") {
                try sealer.open(changed, nonce: 5, additional: additional)
            }
        }
        for bit in 0..<additional.count * 8 {
            var changed = additional
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: SealingFailure.authenticationFailed, "bit \(bit)") {
                try sealer.open(sealed, nonce: 5, additional: changed)
            }
        }
        for bit in UInt64(0)..<64 {
            #expect(throws: SealingFailure.authenticationFailed, "bit \(bit)") {
                try sealer.open(sealed, nonce: 5 ^ (1 << bit), additional: additional)
            }
        }
        #expect(try sealer.open(sealed, nonce: 5, additional: additional) == Array(0..<40))
    }

    @Test("every other length is found", arguments: algorithms)
    func lengths(algorithm: SealingAlgorithm) throws {
        let sealer = try makeSealer(algorithm)
        let sealed = try sealer.seal(Array(0..<40), additional: [1, 2])
        for count in 0..<sealed.count {
            #expect(throws: SealingFailure.authenticationFailed, "count \(count)") {
                try sealer.open(Array(sealed[..<count]), additional: [1, 2])
            }
        }
        #expect(throws: SealingFailure.authenticationFailed) {
            try sealer.open(sealed + [0], additional: [1, 2])
        }
        // Bytes that move between the additional data and the text.
        #expect(throws: SealingFailure.authenticationFailed) {
            try sealer.open(Array(sealed[1...]), additional: [1, 2, sealed[0]])
        }
    }

    @Test("output is appended to, and is as it was after a failure", arguments: algorithms)
    func output(algorithm: SealingAlgorithm) throws {
        let sealer = try makeSealer(algorithm)
        let plain: [UInt8] = [1, 2, 3]
        let nothing = [UInt8]()
        let output = ByteBuffer()
        output.append([42])
        try sealer.seal(plain.span, nonce: 1, additional: nothing.span, into: output)
        #expect(output.count == 1 + 3 + Sealer.tagSize)
        let sealed = Array(output.array[1...])
        #expect(throws: SealingFailure.authenticationFailed) {
            try sealer.open(sealed.span, nonce: 2, additional: nothing.span, into: output)
        }
        #expect(output.array == [42] + sealed)
        try sealer.open(sealed.span, nonce: 1, additional: nothing.span, into: output)
        #expect(output.array == [42] + sealed + plain)
    }

    @Test("another key opens nothing, and the first key opens it again")
    func keys() throws {
        let sealer = try makeSealer(.aes256GCM, seed: 1)
        let sealed = try sealer.seal([1, 2, 3])
        try sealer.setKey(secret([UInt8](repeating: 7, count: 32)), algorithm: .aes256GCM)
        #expect(throws: SealingFailure.authenticationFailed) { try sealer.open(sealed) }
        try sealer.setKey(nil, algorithm: .none)
        #expect(throws: SealingFailure.authenticationFailed) { try sealer.open(sealed) }
        let again = try makeSealer(.aes256GCM, seed: 1)
        #expect(try again.open(sealed) == [1, 2, 3])
    }

    @Test("without the right key nothing is sealed")
    func setup() throws {
        let sealer = Sealer()
        #expect(throws: SealingFailure.self) { try sealer.seal([1]) }
        #expect(throws: SealingFailure.self) { try sealer.open([UInt8](repeating: 0, count: 20)) }
        for count in [0, 16, 31, 33] {
            let key = secret([UInt8](repeating: 0, count: count))
            #expect(throws: SealingFailure.self) {
                try sealer.setKey(key, algorithm: .aes256GCM)
            }
        }
        #expect(throws: SealingFailure.self) { try sealer.setKey(nil, algorithm: .aes256GCM) }
        #expect(throws: SealingFailure.self) {
            try sealer.setKey(secret([1]), algorithm: .none)
        }
        #expect(throws: SealingFailure.self) { try sealer.seal([1]) }
    }

    @Test("the tag of an unsealed unit is the digest that the specification says")
    func unsealed() throws {
        let sealer = try makeSealer(.none)
        let sealed = try sealer.seal([0xaa, 0xbb], nonce: 0x0102, additional: [5])
        let covered: [UInt8] =
            [1, 0, 0, 0, 0, 0, 0, 0] + [5] + [2, 1, 0, 0, 0, 0, 0, 0] + [0xaa, 0xbb]
        #expect(sealed == [0xaa, 0xbb] + sha256(covered).bytes[..<16])
    }
}

@Suite("Secret bytes")
struct SecretBytesTests {
    @Test("hold what they were given")
    func content() throws {
        var random = SeededBytes(seed: 21)
        for count in [0, 1, 32, 4095, 4096, 4097, 20_000] {
            let bytes = random.bytes(count)
            let secret = SecretBytes(copying: bytes.span)
            #expect(secret.count == count)
            let kept = secret.withSpan { span in span.indices.map { span[$0] } }
            #expect(kept == bytes)
        }
    }

    @Test("are filled in place, from zeros, and pass on a failure")
    func filling() throws {
        let secret = SecretBytes(count: 4) { span in span[1] = 7 }
        #expect(secret.hex == "00070000")
        #expect(throws: SealingFailure.authenticationFailed) {
            try SecretBytes(count: 4) { _ throws(SealingFailure) in
                throw .authenticationFailed
            }
        }
    }

    @Test("are equal when count and bytes are")
    func equality() {
        #expect(secret([1, 2]) == secret([1, 2]))
        #expect(secret([1, 2]) != secret([1, 3]))
        #expect(secret([1, 2]) != secret([1, 2, 0]))
        #expect(secret([]) == secret([]))
    }

    @Test("do not show in a description")
    func description() {
        let text = String(describing: secret(Array("hunter2".utf8)))
        #expect(!text.contains("hunter2") && !text.contains("104"))
    }

    @Test("more than a secret can be is a programmer's error")
    func tooLarge() async {
        await #expect(processExitsWith: .failure) {
            _ = SecretBytes(count: SecretBytes.sizeMax + 1) { _ in }
        }
    }
}
