/// Rules of the protocol that the simulator breaks on purpose, to prove that it would notice
/// (Specs/Testing.md#simulation). Nobody else sets any.
package struct ProtocolFaults: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A session reads its view before it registers, and looks for no cleanup later: looking
    /// makes up for registering late.
    package static let lateRegistration = ProtocolFaults(rawValue: 1 << 0)
    /// A cleanup does not wait for the sessions before it.
    package static let noWaiting = ProtocolFaults(rawValue: 1 << 1)
    /// A cleanup does not mark again before it deletes.
    package static let noSecondMark = ProtocolFaults(rawValue: 1 << 2)
    /// Tombstones are removed when a generation is done.
    package static let droppedTombstones = ProtocolFaults(rawValue: 1 << 3)
    /// A session uses condemned packs.
    package static let ignoredCondemned = ProtocolFaults(rawValue: 1 << 4)
    /// A forgotten snapshot takes its index with it.
    package static let forgottenIndex = ProtocolFaults(rawValue: 1 << 5)
    /// A roll-over gives the old session up before the new one is registered.
    package static let earlyTombstone = ProtocolFaults(rawValue: 1 << 6)
    /// A session that was shut out counts on its packs without looking.
    package static let ignoredFence = ProtocolFaults(rawValue: 1 << 7)
    /// A session does not say which snapshots it relies on.
    package static let undeclaredRoots = ProtocolFaults(rawValue: 1 << 8)
    /// What is taken from a snapshot that is forgotten meanwhile is not looked at again.
    package static let ignoredForgottenRoots = ProtocolFaults(rawValue: 1 << 9)
    /// A cleanup reads what is forgotten after it has asked who runs.
    package static let lateForgotten = ProtocolFaults(rawValue: 1 << 10)
    /// Copies are made, and no index lists them.
    package static let unindexedCopies = ProtocolFaults(rawValue: 1 << 11)
    /// Sessions that have ended without an outcome keep what they left for ever.
    package static let staleSessions = ProtocolFaults(rawValue: 1 << 12)
}
