internal import Glibc

/// What the error numbers of the system mean to a store.
extension StoreFileError {
    /// There is nothing of that name.
    static var missing: StoreFileError { StoreFileError(code: ENOENT) }
    /// The device is full.
    static var full: StoreFileError { StoreFileError(code: ENOSPC) }

    /// A signal came; the call did nothing.
    var isInterruption: Bool { code == EINTR }
    /// The name is taken.
    var isTaken: Bool { code == EEXIST }
    /// There is nothing of that name.
    var isMissing: Bool { code == ENOENT }
    /// The device or a quota is full.
    var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }

    /// The file system does not know this operation, or not here.
    var isUnsupported: Bool {
        [EOPNOTSUPP, ENOSYS, EINVAL, EISDIR, ENOTTY].contains(code)
    }

    /// A file could not be given its name in a way that other ways may succeed.
    var suggestsOtherPublishing: Bool {
        isUnsupported || [ENOENT, EXDEV, EPERM, EMLINK].contains(code)
    }

    /// The error in the store's words.
    ///
    /// - Parameters:
    ///   - name: The object asked for, where there is one.
    ///   - action: What was tried, as in "write the object".
    func storeError(for name: ObjectName?, _ action: String) -> StoreError {
        let object = name.map { " \($0.text)" } ?? ""
        let reason = "cannot \(action)\(object): \(description)"
        switch code {
        case ENOENT:
            if let name { return .notFound(name) }
            return .failed(reason: reason)
        case ENOSPC, EDQUOT: return .outOfSpace
        case EACCES, EPERM, EROFS: return .permissionDenied(reason: reason)
        case EAGAIN, EBUSY, EINTR, EMFILE, ENFILE, ENOMEM, ENOBUFS, ETIMEDOUT:
            return .unavailable(reason: reason)
        default: return .failed(reason: reason)
        }
    }

    /// The system's own words.
    var description: String {
        var text = [CChar](repeating: 0, count: 128)
        guard unsafe strerror_r(code, &text, text.count) == 0 else { return "error \(code)" }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
