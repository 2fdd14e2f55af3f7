internal import CCairn
package import CairnCore

/// The metadata that a restore sets on what it has written.
package struct FileAttributes: Hashable, Sendable {
    /// Permission bits with setuid, setgid and sticky.
    package var mode: UInt32
    package var userID: UInt32
    package var groupID: UInt32
    package var modified: Timestamp
    /// Nil means the same as `modified`.
    package var accessed: Timestamp?
    package var extended: [ExtendedAttribute]

    /// Describes what to set. Where owners go by name, the caller has looked up the IDs
    /// (``AccountNames``).
    package init(
        mode: UInt32,
        userID: UInt32,
        groupID: UInt32,
        modified: Timestamp,
        accessed: Timestamp? = nil,
        extended: [ExtendedAttribute] = []
    ) {
        self.mode = mode
        self.userID = userID
        self.groupID = groupID
        self.modified = modified
        self.accessed = accessed
        self.extended = extended
    }
}

/// Which metadata a restore may set.
package struct AttributePolicy: Hashable, Sendable {
    /// Whether to set owner and group; only root can give files away.
    package var setsOwner: Bool
    /// Whether to set `security.*`, such as file capabilities.
    package var setsSecurity: Bool
    /// Whether to set `trusted.*`.
    package var setsTrusted: Bool

    /// Sets what is harmless unless told otherwise.
    package init(setsOwner: Bool, setsSecurity: Bool = false, setsTrusted: Bool = false) {
        self.setsOwner = setsOwner
        self.setsSecurity = setsSecurity
        self.setsTrusted = setsTrusted
    }

    /// Whether an attribute may be set: `user.*` and POSIX ACLs always.
    package func allows(attribute name: [UInt8]) -> Bool {
        if name.starts(with: Array("user.".utf8)) { return true }
        if name.starts(with: Array("system.posix_acl_".utf8)) { return true }
        if name.starts(with: Array("security.".utf8)) { return setsSecurity }
        if name.starts(with: Array("trusted.".utf8)) { return setsTrusted }
        return false
    }
}

extension Descriptor {
    /// Sets what `policy` allows and gives back what failed; the rest is set all the same.
    ///
    /// With `found`, what was read of it, an owner that is right already is not set again, which
    /// saves a call for each file. Owner first, since a change of owner clears setuid and
    /// capabilities; then attributes, which need write permission; then mode; times last.
    func apply(
        _ attributes: FileAttributes,
        kind: FileKind,
        policy: AttributePolicy,
        found: FileMetadata? = nil
    ) -> [FileFailure] {
        var failures: [FileFailure] = []
        func note(_ result: Int32, _ operation: FileOperation) {
            guard result < 0 else { return }
            failures.append(FileFailure(operation, errno: -result))
        }
        let isOwned =
            found?.userID == attributes.userID && found?.groupID == attributes.groupID
        if policy.setsOwner && !isOwned {
            note(cairn_set_owner(number, attributes.userID, attributes.groupID), .setOwner)
        }
        for attribute in attributes.extended where policy.allows(attribute: attribute.name) {
            note(set(attribute), .setAttributes)
        }
        if kind != .symlink {
            note(cairn_set_mode(number, safeMode(attributes, kind: kind)), .setMode)
        }
        let accessed = attributes.accessed ?? attributes.modified
        note(
            cairn_set_times(
                number,
                accessed.seconds,
                accessed.nanoseconds,
                attributes.modified.seconds,
                attributes.modified.nanoseconds
            ),
            .setTimes
        )
        return failures
    }

    private func set(_ attribute: ExtendedAttribute) -> Int32 {
        let number = number
        return unsafe attribute.value.withUnsafeBytes { value in
            let result = unsafe attribute.name.withPath { name in
                // An empty value still needs an address.
                guard let start = value.baseAddress else {
                    return Int64(unsafe cairn_set_attribute(number, name, name, 0))
                }
                return Int64(unsafe cairn_set_attribute(number, name, start, value.count))
            }
            return Int32(result)
        }
    }

    /// The mode without setuid and setgid where the file has not got its owner and group: those
    /// bits would lend out the rights of whoever runs the restore.
    private func safeMode(_ attributes: FileAttributes, kind: FileKind) -> UInt32 {
        let mode = attributes.mode & 0o7777
        guard mode & 0o6000 != 0, kind != .directory else { return mode }
        guard let found = try? metadata(), found.userID == attributes.userID,
            found.groupID == attributes.groupID
        else {
            return mode & 0o1777
        }
        return mode
    }
}
