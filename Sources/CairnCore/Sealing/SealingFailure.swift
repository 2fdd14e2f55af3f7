/// Why bytes could not be sealed, opened or a key could not be derived.
public enum SealingFailure: Error, Equatable, Sendable {
    /// The tag does not match: another key, another place, or changed bytes. The cause is
    /// deliberately not told apart.
    case authenticationFailed
    /// The key derivation function refused; the text says what it reported.
    case keyDerivationFailed(String)
    /// A parameter lies outside its limits; the text names it.
    case invalidParameters(String)
    /// The cipher refused to work, which no input can cause.
    case cipherFailed(String)
}
