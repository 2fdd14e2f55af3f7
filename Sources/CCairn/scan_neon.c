// Anchors in NEON: the same steps as in scan_x86.c.
#if defined(__aarch64__)
#include "scan_kernels.h"

#include <arm_neon.h>
#include <string.h>

// Adds the hash of the window w positions earlier, shifted by w: w / 2 lanes back.
#define DOUBLE(hash, memory, lanes, shift)                                                        \
    do {                                                                                          \
        uint16x8_t earlier = vextq_u16(memory, hash, 8 - (lanes));                                \
        memory = hash;                                                                            \
        hash = vaddq_u16(hash, vshlq_n_u16(earlier, shift));                                      \
    } while (0)

// 2 * g(i - 1) + g(i) for the upper byte i of every pair.
static inline uint16x8_t pairs(uint8x16_t g) {
    uint16x8_t lanes = vreinterpretq_u16_u8(g);
    uint16x8_t lower = vandq_u16(lanes, vdupq_n_u16(0x00ff));
    return vsraq_n_u16(vshlq_n_u16(lower, 1), lanes, 8);
}

void cairn_anchors_neon(
    const uint8_t *table, const uint8_t *bytes, size_t from, size_t to, uint16_t mask,
    uint64_t *bits) {
    static const uint8_t bit_values[16] = {
        1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t low = vld1q_u8(table), high = vld1q_u8(table + 16);
    const uint8x16_t nibble = vdupq_n_u8(15), values = vld1q_u8(bit_values);
    const uint16x8_t wanted = vdupq_n_u16(mask);
    const uint8x16_t odd_bytes = vreinterpretq_u8_u16(vdupq_n_u16(0xff00));
    uint8x16_t before = vdupq_n_u8(0);
    uint16x8_t even2 = vdupq_n_u16(0), odd2 = even2, even4 = even2, odd4 = even2, even8 = even2,
               odd8 = even2;
    const uint8_t *base = bytes + from;
    ptrdiff_t whole = (ptrdiff_t)((to - from) & ~(size_t)15);
    // The vector before the first position only fills the registers that remember.
    for (ptrdiff_t i = -16; i < whole; i += 16) {
        uint8x16_t v = vld1q_u8(base + i);
        uint8x16_t g = veorq_u8(
            vqtbl1q_u8(low, vandq_u8(v, nibble)), vqtbl1q_u8(high, vshrq_n_u8(v, 4)));
        uint16x8_t odd = pairs(g), even = pairs(vextq_u8(before, g, 15));
        before = g;
        DOUBLE(even, even2, 1, 2);
        DOUBLE(odd, odd2, 1, 2);
        DOUBLE(even, even4, 2, 4);
        DOUBLE(odd, odd4, 2, 4);
        DOUBLE(even, even8, 4, 8);
        DOUBLE(odd, odd8, 4, 8);
        uint8x16_t hit_even = vreinterpretq_u8_u16(vceqzq_u16(vandq_u16(even, wanted)));
        uint8x16_t hit_odd = vreinterpretq_u8_u16(vceqzq_u16(vandq_u16(odd, wanted)));
        uint8x16_t hits = vandq_u8(vbslq_u8(odd_bytes, hit_odd, hit_even), values);
        uint8_t found[2] = {vaddv_u8(vget_low_u8(hits)), vaddv_u8(vget_high_u8(hits))};
        if (i >= 0) memcpy((uint8_t *)bits + i / 8, found, 2);
    }
    size_t start = from + (size_t)whole / 64 * 64;
    if (start < to) cairn_anchors_scalar(table, bytes, start, to, mask, bits + whole / 64);
}
#endif
