import Testing

@testable import CairnCore

@Suite("SipHash")
struct SipHashTests {
    @Test("64 counting bytes hash as OpenSSL's SIPHASH hashes them")
    func vector() {
        let key = SipHash.Key(k0: 0x0706_0504_0302_0100, k1: 0x0f0e_0d0c_0b0a_0908)
        let message = [UInt8](0..<64)
        let hash = unsafe message.withUnsafeBufferPointer { message in
            unsafe SipHash.hash(key, message: message.baseAddress.unsafelyUnwrapped)
        }
        #expect(hash == 0xacd2_c40b_8502_cad8)
    }
}
