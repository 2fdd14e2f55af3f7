internal import CCairn

/// Asks the processor for the memory at an address, so that reading it soon does not wait.
///
/// Reads nothing: the address need not be one of the process's.
@unsafe package func prefetch(_ address: UnsafeRawPointer) {
    unsafe cairn_prefetch(address)
}
