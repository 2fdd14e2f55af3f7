internal import CairnCore
internal import CairnFormat
internal import CairnIO

extension Repository {
    /// Restores what the request names.
    ///
    /// Whatever cannot be restored is reported and listed in the summary, and the rest goes on; a
    /// file that misses any byte is left out, never written wrongly. A full target ends the job
    /// with `.outOfSpace`; what was written by then is right.
    public func restore(_ request: RestoreRequest) -> Operation<RestoreSummary> {
        Operation("cairn-restore") { [records] context throws(CairnError) in
            try RestoreRun.run(records, request, context: context)
        }
    }
}
