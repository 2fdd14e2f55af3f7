import CairnCore
import Testing

@testable import CairnFormat

/// The laws of one stored type, checked on values drawn from a seed.
struct Law: Sendable, CustomTestStringConvertible {
    let name: String
    /// Draws a value and returns its stored form, or throws where it does not survive a round trip.
    let roundTrip: @Sendable (UInt64) throws -> [UInt8]
    /// Whether bytes are refused or are the one form of the value in them.
    let keepsOneForm: @Sendable ([UInt8]) -> Bool
    /// Whether bytes decode.
    let decodes: @Sendable ([UInt8]) -> Bool

    var testDescription: String { name }

    struct Broken: Error {
        let what: String
    }

    init<T: StoredValue & Sampled & Equatable>(_ type: T.Type) {
        name = "\(type)"
        roundTrip = { seed in
            var random = SeededRandom(seed: seed)
            let value = T.sample(&random)
            try value.validate()
            let bytes = value.encode()
            guard try T(decoding: bytes.span) == value else { throw Broken(what: "round trip") }
            return bytes
        }
        keepsOneForm = { T.keepsOneForm($0.span) }
        decodes = { (try? T(decoding: $0.span)) != nil }
    }

    static let all: [Law] = [
        Law(SessionID.self), Law(RepositoryID.self), Law(KeySlotID.self), Law(PackID.self),
        Law(RepositoryFormat.self), Law(KeySlot.self), Law(RecordEnvelope.self),
        Law(SessionRecord.self), Law(Tombstone.self), Law(ForgottenRecord.self),
        Law(CondemnedRecord.self), Law(DoomedRecord.self), Law(DoneRecord.self), Law(IndexID.self),
        Law(Problem.self), Law(ProblemList.self), Law(SnapshotStatistics.self),
        Law(SnapshotRecord.self), Law(ContentReference.self), Law(ContentList.self),
        Law(Timestamp.self), Law(TreeReference.self), Law(TreeEntry.self), Law(TreeLeaf.self),
        Law(TreeInner.self), Law(TreeNode.self), Law(PackHeader.self), Law(SegmentHeader.self),
        Law(PackDirectory.self), Law(PackLocator.self), Law(PackTrailer.self),
        Law(IndexedPack.self), Law(IndexObject.self),
    ]
}
