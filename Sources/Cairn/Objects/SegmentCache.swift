internal import CairnFormat
internal import CairnIO

/// Names a segment.
package struct SegmentID: Hashable, Sendable {
    package let pack: PackID
    package let offset: Int
}

extension SegmentID {
    /// The segment that a chunk lies in.
    package init(_ location: ChunkLocation) {
        self.init(pack: location.pack.id, offset: location.segmentRange.lowerBound)
    }
}

/// Decoded segments of several chunks used lately, at most so many bytes of them.
///
/// Any thread may read. Each segment is decoded by one thread; others that want it wait for that,
/// and decode it themselves should that fail. Whatever is stored, none is larger than
/// ``FormatLimits/groupSizeMax``.
final class SegmentCache: Sendable {
    private struct Slot: Sendable {
        let buffer: ByteBuffer
        var used: UInt64
        /// Whoever decodes or reads it now; it stays as long.
        var users = 1
        var isDecoded = false
    }

    private struct State: Sendable {
        var slots: [SegmentID: Slot] = [:]
        /// Buffers of segments that could not be decoded.
        var spares: [ByteBuffer] = []
        var clock: UInt64 = 0
        var waiting = 0
    }

    private let slotCountMax: Int
    private let monitor = Monitor(State())

    /// Keeps some four segments at the least.
    init(sizeMax: Int) {
        slotCountMax = max(4, sizeMax / FormatLimits.groupSizeMax)
    }

    /// Gives a segment to `body`, which must not keep it.
    ///
    /// - Parameters:
    ///   - id: The segment.
    ///   - decode: Fills an empty buffer with its chunks.
    ///   - body: Reads them.
    func read(
        _ id: SegmentID,
        decode: (ByteBuffer) throws(CairnError) -> Void,
        _ body: (ByteBuffer) throws(CairnError) -> Void
    ) throws(CairnError) {
        let slot = monitor.wait { state in take(id, &state) }
        if !slot.isDecoded { try fill(id, slot.buffer, decode) }
        defer { release(id) }
        try body(slot.buffer)
    }

    /// The segment's slot, for one user more; nil while another thread decodes it.
    private func take(_ id: SegmentID, _ state: inout State) -> Slot? {
        guard var slot = state.slots[id] else { return add(id, &state) }
        guard slot.isDecoded else {
            state.waiting += 1
            return nil
        }
        state.clock += 1
        slot.used = state.clock
        slot.users += 1
        state.slots[id] = slot
        return slot
    }

    /// A slot for a segment that the caller decodes.
    private func add(_ id: SegmentID, _ state: inout State) -> Slot {
        state.clock += 1
        let buffer = buffer(&state)
        buffer.truncate(to: 0)
        let slot = Slot(buffer: buffer, used: state.clock)
        state.slots[id] = slot
        return slot
    }

    /// A buffer nobody uses: where there are enough, that of the segment not used for longest.
    private func buffer(_ state: inout State) -> ByteBuffer {
        if let spare = state.spares.popLast() { return spare }
        if state.slots.count >= slotCountMax,
            let oldest = state.slots.lazy.filter({ $0.value.users == 0 })
                .min(by: { $0.value.used < $1.value.used })
        {
            state.slots[oldest.key] = nil
            return oldest.value.buffer
        }
        return ByteBuffer(capacity: FormatLimits.groupSizeMax)
    }

    private func fill(
        _ id: SegmentID,
        _ buffer: ByteBuffer,
        _ decode: (ByteBuffer) throws(CairnError) -> Void
    ) throws(CairnError) {
        do throws(CairnError) {
            try decode(buffer)
            guard buffer.count <= FormatLimits.groupSizeMax else {
                let text = "a segment of \(id.pack) is larger than one of several chunks can be"
                throw CairnError(.damaged, "\(text); run 'check'")
            }
        } catch {
            wake { state in
                state.slots[id] = nil
                // One that has grown is not kept: the cache's bound counts buffers.
                if buffer.capacity <= FormatLimits.groupSizeMax { state.spares.append(buffer) }
            }
            throw error
        }
        wake { state in state.slots[id]?.isDecoded = true }
    }

    /// Changes the state, and lets those who wait for a segment look again.
    private func wake(_ change: (inout State) -> Void) {
        let isWaited = monitor.withLock { state in
            change(&state)
            defer { state.waiting = 0 }
            return state.waiting > 0
        }
        if isWaited { monitor.broadcast() }
    }

    private func release(_ id: SegmentID) {
        monitor.withLock { state in state.slots[id]?.users -= 1 }
    }
}
