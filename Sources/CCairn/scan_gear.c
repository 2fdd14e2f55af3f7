// The 64-bit Gear hash: h = 2 * h + table[byte], so a byte leaves after 64 steps.
#include "scan_kernels.h"

// A strip of the interleaved scan: long enough to hide the 63 bytes that warm each stream up,
// short enough that little is scanned in vain behind a hit.
enum { strip_max = 4096, strip_min = 256 };

static inline uint64_t step(const uint64_t *table, uint64_t hash, uint8_t byte) {
    return (hash << 1) + table[byte];
}

static uint64_t warm_up(const uint64_t *table, const uint8_t *position) {
    uint64_t hash = 0;
    for (const uint8_t *p = position - gear_before; p < position; p++) {
        hash = step(table, hash, *p);
    }
    return hash;
}

static size_t scan_plain(
    const uint64_t *table, const uint8_t *bytes, size_t from, size_t to, uint64_t limit) {
    uint64_t hash = warm_up(table, bytes + from);
    for (size_t i = from; i < to; i++) {
        hash = step(table, hash, bytes[i]);
        if (__builtin_expect(hash <= limit, 0)) return i;
    }
    return to;
}

// The first hit, where strip `which` has one at its position i and no strip has one before i: a
// hit there counts only if the rest of the earlier strips holds none.
static __attribute__((noinline, cold)) size_t settle(
    const uint64_t *table, const uint8_t *bytes, size_t strip, size_t i, size_t which,
    uint64_t limit) {
    for (size_t earlier = 0; earlier < which; earlier++) {
        size_t end = (earlier + 1) * strip;
        size_t hit = scan_plain(table, bytes, earlier * strip + i + 1, end, limit);
        if (hit < end) return hit;
    }
    return which * strip + i;
}

// Four strips side by side: their chains of additions overlap, where a single one waits for
// itself. A hit ends that, so that at most four times what lies before it is scanned.
static size_t scan_strips(
    const uint64_t *table, const uint8_t *bytes, size_t strip, uint64_t limit) {
    const uint8_t *a = bytes, *b = a + strip, *c = b + strip, *d = c + strip;
    uint64_t ha = warm_up(table, a), hb = warm_up(table, b);
    uint64_t hc = warm_up(table, c), hd = warm_up(table, d);
    for (size_t i = 0; i < strip; i++) {
        // The next strips lie behind these; the processor's own prefetching stops at pages.
        if (i % 16 == 0) __builtin_prefetch(a + 4 * (strip + i));
        ha = step(table, ha, a[i]);
        hb = step(table, hb, b[i]);
        hc = step(table, hc, c[i]);
        hd = step(table, hd, d[i]);
        if (__builtin_expect(ha <= limit, 0)) return i;
        if (__builtin_expect(hb <= limit, 0)) return settle(table, bytes, strip, i, 1, limit);
        if (__builtin_expect(hc <= limit, 0)) return settle(table, bytes, strip, i, 2, limit);
        if (__builtin_expect(hd <= limit, 0)) return settle(table, bytes, strip, i, 3, limit);
    }
    return 4 * strip;
}

static size_t scan_interleaved(
    const uint64_t *table, const uint8_t *bytes, size_t from, size_t to, uint64_t limit) {
    while (to - from >= 4 * strip_min) {
        size_t strip = (to - from) / 4;
        if (strip > strip_max) strip = strip_max;
        size_t hit = scan_strips(table, bytes + from, strip, limit);
        if (hit < 4 * strip) return from + hit;
        from += 4 * strip;
    }
    return scan_plain(table, bytes, from, to, limit);
}

size_t cairn_scan_gear(
    cairn_scan_kernel kernel, const uint64_t *table, const uint8_t *bytes, size_t from, size_t to,
    uint64_t limit) {
    if (from >= to) return to;
    if (kernel == cairn_scan_scalar) return scan_plain(table, bytes, from, to, limit);
    return scan_interleaved(table, bytes, from, to, limit);
}
