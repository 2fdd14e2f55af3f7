internal import Glibc

/// How many file descriptors this process may have open.
public enum DescriptorLimit {
    /// The limit that holds now (`RLIMIT_NOFILE`); 1024 where the system does not say.
    public static var current: Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return 1024
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// What ``raise()`` raises to at most. Some programs go through all numbers up to their limit
    /// when they start, and some systems allow 10^9.
    private static let raisedMax: rlim_t = 1 << 16

    /// Raises the limit as far as this user may, and is of use.
    ///
    /// For programs; a library never does this of its own accord. A backup goes with any limit: it
    /// keeps fewer folders of the source open at once where the limit is low. Programs started by
    /// this one inherit the limit.
    public static func raise() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0 else { return }
        let wanted = min(limit.rlim_max, DescriptorLimit.raisedMax)
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = wanted
        // A kernel that refuses leaves things as they are anyway.
        _ = unsafe setrlimit(resource, &limit)
    }
}
