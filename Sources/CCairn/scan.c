// Which scan kernel runs, and the portable scan for anchors.
#include "scan_kernels.h"

#include <stdatomic.h>

bool cairn_scan_available(cairn_scan_kernel kernel) {
    switch (kernel) {
    case cairn_scan_scalar:
    case cairn_scan_interleaved: return true;
#if defined(__x86_64__)
    case cairn_scan_ssse3: return __builtin_cpu_supports("ssse3");
    case cairn_scan_avx2: return __builtin_cpu_supports("avx2");
    case cairn_scan_avx512:
        return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
            && __builtin_cpu_supports("avx512vbmi");
    case cairn_scan_neon: return false;
#elif defined(__aarch64__)
    case cairn_scan_neon: return true;
    case cairn_scan_ssse3:
    case cairn_scan_avx2:
    case cairn_scan_avx512: return false;
#else
    case cairn_scan_ssse3:
    case cairn_scan_avx2:
    case cairn_scan_avx512:
    case cairn_scan_neon: return false;
#endif
    }
    return false;
}

static cairn_scan_kernel fastest(void) {
    const cairn_scan_kernel order[] = {
        cairn_scan_avx512, cairn_scan_avx2, cairn_scan_ssse3, cairn_scan_neon};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (cairn_scan_available(order[i])) return order[i];
    }
    return cairn_scan_interleaved;
}

// One more than the kernel selected; 0 before any selection.
static atomic_uint selection;

bool cairn_scan_select(cairn_scan_kernel kernel) {
    if (!cairn_scan_available(kernel)) return false;
    atomic_store_explicit(&selection, (unsigned)kernel + 1, memory_order_relaxed);
    return true;
}

cairn_scan_kernel cairn_scan_selected(void) {
    unsigned selected = atomic_load_explicit(&selection, memory_order_relaxed);
    return selected == 0 ? fastest() : (cairn_scan_kernel)(selected - 1);
}

void cairn_anchors_scalar(
    const uint8_t *table, const uint8_t *bytes, size_t from, size_t to, uint16_t mask,
    uint64_t *bits) {
    const uint8_t *values = table + 32;
    uint64_t hash = 0;
    for (size_t i = from - anchor_before; i < from; i++) hash = 2 * hash + values[bytes[i]];
    for (size_t start = from; start < to; start += 64) {
        size_t count = to - start < 64 ? to - start : 64;
        uint64_t word = 0;
        for (size_t j = 0; j < count; j++) {
            hash = 2 * hash + values[bytes[start + j]];
            if (__builtin_expect((hash & mask) == 0, 0)) word |= (uint64_t)1 << j;
        }
        *bits++ = word;
    }
}

void cairn_scan_anchors(
    cairn_scan_kernel kernel, const uint8_t *table, const uint8_t *bytes, size_t from, size_t to,
    uint16_t mask, uint64_t *bits) {
    switch (kernel) {
#if defined(__x86_64__)
    case cairn_scan_ssse3: cairn_anchors_ssse3(table, bytes, from, to, mask, bits); return;
    case cairn_scan_avx2: cairn_anchors_avx2(table, bytes, from, to, mask, bits); return;
    case cairn_scan_avx512: cairn_anchors_avx512(table, bytes, from, to, mask, bits); return;
#elif defined(__aarch64__)
    case cairn_scan_neon: cairn_anchors_neon(table, bytes, from, to, mask, bits); return;
#endif
    default: cairn_anchors_scalar(table, bytes, from, to, mask, bits); return;
    }
}
