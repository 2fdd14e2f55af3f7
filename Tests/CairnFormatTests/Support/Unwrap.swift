/// The value that a test knows to be there.
func unwrap<T>(_ value: T?) -> T {
    guard let value else { preconditionFailure("a sample that the format does not allow") }
    return value
}
