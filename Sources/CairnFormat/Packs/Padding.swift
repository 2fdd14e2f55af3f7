/// Sizes that tell little about what is inside: Specs/Format.md#padding.
package enum Padding {
    /// What all packs of a session but the last are padded to, in bytes.
    package static let blockSize = 64 << 10

    /// The next multiple of 64 KiB.
    ///
    /// - Parameter size: Not negative and far from the largest integer.
    /// - Returns: The padded size.
    package static func blocks(_ size: Int) -> Int {
        (size + blockSize - 1) / blockSize * blockSize
    }

    /// The next Padmé size.
    ///
    /// Its binary form ends in so many zeros that only about log₂ log₂ size bits tell sizes apart.
    /// Adds at most 12 %, and less than 4 % from 64 KiB on.
    ///
    /// - Parameter size: Not negative and far from the largest integer.
    /// - Returns: The padded size.
    package static func padme(_ size: Int) -> Int {
        guard size > 1 else { return size }
        let exponent = Int.bitWidth - 1 - size.leadingZeroBitCount
        let exponentBits = Int.bitWidth - exponent.leadingZeroBitCount
        let mask = 1 << (exponent - exponentBits) - 1
        return (size + mask) & ~mask
    }
}
