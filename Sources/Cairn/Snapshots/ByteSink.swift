/// Takes a stream of bytes.
public protocol ByteSink: Sendable {
    /// Takes the next bytes.
    ///
    /// Calls come from one thread, the job's, in the order of the stream.
    ///
    /// - Throws: To stop the job; the error becomes the job's.
    func write(_ bytes: Span<UInt8>) throws(CairnError)
}
