internal import CairnFormat

extension Repository {
    /// Checks the repository without changing it.
    ///
    /// Whatever is damaged or missing is a finding of the report, with the files it touches; only
    /// cancellation and a store that cannot be reached end the check.
    public func check(_ request: CheckRequest) -> Operation<CheckReport> {
        Operation("cairn-check") { [core, currentSlot] context throws(CairnError) in
            try CheckRun.run(core, request, slot: currentSlot, context: context)
        }
    }
}
