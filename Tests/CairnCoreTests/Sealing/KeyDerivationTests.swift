import CairnCore
import Testing

func hexBytes(_ hex: String) -> [UInt8] {
    HexText.decode(hex.filter { !$0.isWhitespace }) ?? []
}

func secret(_ bytes: [UInt8]) -> SecretBytes { SecretBytes(copying: bytes.span) }

extension SecretBytes {
    /// The bytes in hexadecimal, for comparisons in tests only.
    var hex: String {
        withSpan { span in HexText.encode(span.indices.map { span[$0] }) }
    }
}

@Suite("HKDF-SHA-256")
struct HKDFTests {
    @Test(
        "derives what RFC 5869 publishes",
        arguments: [
            (
                String(repeating: "0b", count: 22), "000102030405060708090a0b0c",
                "f0f1f2f3f4f5f6f7f8f9",
                """
                3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865
                """
            ),
            (
                """
                000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
                202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f
                404142434445464748494a4b4c4d4e4f
                """,
                """
                606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f
                808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f
                a0a1a2a3a4a5a6a7a8a9aaabacadaeaf
                """,
                """
                b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf
                d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef
                f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff
                """,
                """
                b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c
                59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71
                cc30c58179ec3e87c14c01d5c1f3434f1d87
                """
            ),
            (
                String(repeating: "0b", count: 22), "", "",
                """
                8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8
                """
            ),
        ]
    )
    func published(input: String, salt: String, info: String, output: String) throws {
        let expected = hexBytes(output)
        let derived = try KeyDerivation.hkdfSHA256(
            secret: secret(hexBytes(input)),
            salt: hexBytes(salt),
            info: hexBytes(info),
            count: expected.count
        )
        #expect(derived.hex == HexText.encode(expected))
    }

    @Test("counts outside the limits and an empty secret are refused")
    func limits() {
        let key = secret([1, 2, 3])
        for count in [-1, 0, KeyDerivation.hkdfCountMax + 1, .max] {
            #expect(throws: SealingFailure.self) {
                try KeyDerivation.hkdfSHA256(secret: key, salt: [], info: [], count: count)
            }
        }
        #expect(throws: SealingFailure.self) {
            try KeyDerivation.hkdfSHA256(secret: secret([]), salt: [], info: [], count: 32)
        }
        #expect(throws: SealingFailure.self) {
            try KeyDerivation.hkdfSHA256(
                secret: key,
                salt: [],
                info: [UInt8](repeating: 0, count: KeyDerivation.hkdfInfoCountMax + 1),
                count: 32
            )
        }
    }

    @Test("the largest count and the longest info are accepted")
    func largest() throws {
        let derived = try KeyDerivation.hkdfSHA256(
            secret: secret([1]),
            salt: [],
            info: [UInt8](repeating: 0, count: KeyDerivation.hkdfInfoCountMax),
            count: KeyDerivation.hkdfCountMax
        )
        #expect(derived.count == KeyDerivation.hkdfCountMax)
    }
}

@Suite("Argon2id")
struct Argon2Tests {
    @Test("derives what RFC 9106 section 5.3 publishes")
    func published() throws {
        let derived = try KeyDerivation.argon2id(
            passphrase: secret([UInt8](repeating: 1, count: 32)),
            salt: [UInt8](repeating: 2, count: 16),
            secret: [UInt8](repeating: 3, count: 8),
            associated: [UInt8](repeating: 4, count: 12),
            parameters: Argon2Parameters(memoryKiB: 32, passes: 3, lanes: 4),
            count: 32
        )
        #expect(
            derived.hex == "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
        )
    }

    @Test(
        "derives what the reference implementation publishes",
        arguments: [
            (
                Argon2Parameters(memoryKiB: 256, passes: 2, lanes: 1),
                "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"
            ),
            (
                Argon2Parameters(memoryKiB: 256, passes: 2, lanes: 2),
                "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"
            ),
        ]
    )
    func reference(parameters: Argon2Parameters, expected: String) throws {
        let derived = try KeyDerivation.argon2id(
            passphrase: secret(Array("password".utf8)),
            salt: Array("somesalt".utf8),
            parameters: parameters,
            count: 32
        )
        #expect(derived.hex == expected)
    }

    @Test(
        "parameters outside the limits are refused before memory is taken",
        arguments: [
            Argon2Parameters(memoryKiB: .max, passes: 3, lanes: 4),
            Argon2Parameters(memoryKiB: 4 * 1024 * 1024 + 1, passes: 1, lanes: 1),
            Argon2Parameters(memoryKiB: 64, passes: .max, lanes: 1),
            Argon2Parameters(memoryKiB: 64, passes: 65, lanes: 1),
            Argon2Parameters(memoryKiB: 64, passes: 0, lanes: 1),
            Argon2Parameters(memoryKiB: 64, passes: 1, lanes: 0),
            Argon2Parameters(memoryKiB: .max, passes: 1, lanes: .max),
            Argon2Parameters(memoryKiB: 4096, passes: 1, lanes: 65),
            Argon2Parameters(memoryKiB: 31, passes: 1, lanes: 4),
        ]
    )
    func limits(parameters: Argon2Parameters) {
        #expect(throws: SealingFailure.self) {
            try KeyDerivation.argon2id(
                passphrase: secret([1]),
                salt: [UInt8](repeating: 0, count: 32),
                parameters: parameters,
                count: 32
            )
        }
    }

    @Test("an empty passphrase derives a key, a short salt does not")
    func inputs() throws {
        let small = Argon2Parameters(memoryKiB: 8, passes: 1, lanes: 1)
        let derived = try KeyDerivation.argon2id(
            passphrase: secret([]),
            salt: [UInt8](repeating: 0, count: 8),
            parameters: small,
            count: 32
        )
        #expect(derived.count == 32)
        #expect(throws: SealingFailure.self) {
            try KeyDerivation.argon2id(
                passphrase: secret([]),
                salt: [UInt8](repeating: 0, count: 7),
                parameters: small,
                count: 32
            )
        }
        for count in [-1, 0, 3, 1025] {
            #expect(throws: SealingFailure.self) {
                try KeyDerivation.argon2id(
                    passphrase: secret([]),
                    salt: [UInt8](repeating: 0, count: 8),
                    parameters: small,
                    count: count
                )
            }
        }
    }

    @Test("the default is strong enough and less than the minimum is not")
    func policy() {
        #expect(Argon2Parameters.default.areStrongEnough)
        #expect(Argon2Parameters(memoryKiB: 19 * 1024, passes: 2, lanes: 1).areStrongEnough)
        #expect(!Argon2Parameters(memoryKiB: 19 * 1024, passes: 1, lanes: 1).areStrongEnough)
        #expect(!Argon2Parameters(memoryKiB: 19 * 1024 - 1, passes: 9, lanes: 1).areStrongEnough)
    }
}

@Suite("HMAC-SHA-256")
struct HMACTests {
    @Test("authenticates what RFC 4231 publishes", arguments: vectors)
    func published(vector: (key: String, message: String, expected: String)) {
        let digest = KeyDerivation.hmacSHA256(
            key: secret(hexBytes(vector.key)),
            message: hexBytes(vector.message).span
        )
        #expect(digest.description == vector.expected)
    }

    /// Test cases 1 to 4, 6 and 7; case 5 is about truncated output.
    static let vectors: [(key: String, message: String, expected: String)] = [
        (
            String(repeating: "0b", count: 20), HexText.encode("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            HexText.encode("Jefe".utf8), HexText.encode("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            String(repeating: "aa", count: 20), String(repeating: "dd", count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            "0102030405060708090a0b0c0d0e0f10111213141516171819",
            String(repeating: "cd", count: 50),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
        ),
        (
            String(repeating: "aa", count: 131),
            HexText.encode("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        (
            String(repeating: "aa", count: 131),
            HexText.encode(
                """
                This is a test using a larger than block-size key and a larger than block-size \
                data. The key needs to be hashed before being used by the HMAC algorithm.
                """.utf8
            ),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        ),
    ]
}
