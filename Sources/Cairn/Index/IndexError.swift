/// Why the index could not do what it was asked.
package enum IndexError: Error, Hashable, Sendable {
    /// A page of a run does not have the right tag; the run's sources have to be read again.
    case damaged
    /// More sources, packs or entries than a run can hold.
    case tooLarge
    /// A file could not be written or mapped; the text says why.
    case failed(reason: String)
}
