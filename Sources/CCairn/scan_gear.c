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

// Four strips side by side: their chains of additions overlap, where a single one waits for
// itself. A hit in the first strip is the answer at once; one in a later strip is kept until the
// strips before it are known to hold none.
static size_t scan_strips(
    const uint64_t *table, const uint8_t *bytes, size_t strip, uint64_t limit) {
    const uint8_t *a = bytes, *b = a + strip, *c = b + strip, *d = c + strip;
    uint64_t ha = warm_up(table, a), hb = warm_up(table, b);
    uint64_t hc = warm_up(table, c), hd = warm_up(table, d);
    size_t hit_b = strip, hit_c = strip, hit_d = strip;
    for (size_t i = 0; i < strip; i++) {
        ha = step(table, ha, a[i]);
        hb = step(table, hb, b[i]);
        hc = step(table, hc, c[i]);
        hd = step(table, hd, d[i]);
        if (__builtin_expect(ha <= limit, 0)) return i;
        if (__builtin_expect(hb <= limit, 0) && i < hit_b) hit_b = i;
        if (__builtin_expect(hc <= limit, 0) && i < hit_c) hit_c = i;
        if (__builtin_expect(hd <= limit, 0) && i < hit_d) hit_d = i;
    }
    if (hit_b < strip) return strip + hit_b;
    if (hit_c < strip) return 2 * strip + hit_c;
    return 3 * strip + hit_d;
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
