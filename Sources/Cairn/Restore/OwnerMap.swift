internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Finds the owners of this machine for those of a snapshot: by name where the name is known here,
/// by number otherwise.
struct OwnerMap {
    private let accounts = AccountNames()
    private let isNumeric: Bool
    private var users: [OwnerName] = []
    private var groups: [OwnerName] = []
    private var userIDs: [UInt32: UInt32] = [:]
    private var groupIDs: [UInt32: UInt32] = [:]

    init(isNumeric: Bool) {
        self.isNumeric = isNumeric
    }

    /// What is to be set on an entry.
    ///
    /// - Parameters:
    ///   - users: The names of users that the entry's leaf states.
    ///   - groups: The same of groups.
    mutating func attributes(
        of entry: TreeEntry,
        users: [OwnerName],
        groups: [OwnerName]
    ) -> FileAttributes {
        if !isNumeric, users != self.users || groups != self.groups {
            self.users = users
            self.groups = groups
            userIDs = [:]
            groupIDs = [:]
            for user in users { userIDs[user.id] = accounts.userID(user.name) }
            for group in groups { groupIDs[group.id] = accounts.groupID(group.name) }
        }
        return FileAttributes(
            mode: UInt32(entry.mode),
            userID: userIDs[entry.userID] ?? entry.userID,
            groupID: groupIDs[entry.groupID] ?? entry.groupID,
            modified: entry.modified,
            extended: entry.attributes
        )
    }
}
