// Anchors in SSSE3 and AVX2.
//
// The 256 values are looked up by nibbles, and the hash over 16 bytes grows by doubling its
// window: H_2w(i) = H_w(i) + (H_w(i - w) << w). The hashes stand in 16-bit lanes, those of even
// positions in one register and those of odd ones in another.
#if defined(__x86_64__)
#include "scan_kernels.h"

#include <immintrin.h>
#include <string.h>

#define TARGET_SSSE3 __attribute__((target("ssse3")))
#define TARGET_AVX2 __attribute__((target("avx2")))

// Bits for positions from + done and on, which are fewer than a vector or start at a whole word.
static void finish(
    const uint8_t *table, const uint8_t *bytes, size_t from, size_t done, size_t to, uint16_t mask,
    uint64_t *bits) {
    size_t start = from + done / 64 * 64;
    if (start < to) cairn_anchors_scalar(table, bytes, start, to, mask, bits + done / 64);
}

TARGET_SSSE3 void cairn_anchors_ssse3(
    const uint8_t *table, const uint8_t *bytes, size_t from, size_t to, uint16_t mask,
    uint64_t *bits) {
    const __m128i low = _mm_loadu_si128((const __m128i *)table);
    const __m128i high = _mm_loadu_si128((const __m128i *)(table + 16));
    const __m128i nibble = _mm_set1_epi8(15), zero = _mm_setzero_si128();
    const __m128i wanted = _mm_set1_epi16((short)mask), weights = _mm_set1_epi16(0x0102);
    const __m128i odd_bytes = _mm_set1_epi16((short)0xff00);
    __m128i before = zero, even2 = zero, odd2 = zero, even4 = zero, odd4 = zero, even8 = zero,
            odd8 = zero;
    const uint8_t *base = bytes + from;
    ptrdiff_t whole = (ptrdiff_t)((to - from) & ~(size_t)15);
    // The vector before the first position only fills the registers that remember.
    for (ptrdiff_t i = -16; i < whole; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(base + i));
        __m128i g = _mm_xor_si128(
            _mm_shuffle_epi8(low, _mm_and_si128(v, nibble)),
            _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(v, 4), nibble)));
        __m128i odd = _mm_maddubs_epi16(g, weights);
        __m128i even = _mm_maddubs_epi16(_mm_alignr_epi8(g, before, 15), weights);
        before = g;
        __m128i e = _mm_alignr_epi8(even, even2, 14), o = _mm_alignr_epi8(odd, odd2, 14);
        even2 = even, odd2 = odd;
        even = _mm_add_epi16(even, _mm_slli_epi16(e, 2));
        odd = _mm_add_epi16(odd, _mm_slli_epi16(o, 2));
        e = _mm_alignr_epi8(even, even4, 12), o = _mm_alignr_epi8(odd, odd4, 12);
        even4 = even, odd4 = odd;
        even = _mm_add_epi16(even, _mm_slli_epi16(e, 4));
        odd = _mm_add_epi16(odd, _mm_slli_epi16(o, 4));
        e = _mm_alignr_epi8(even, even8, 8), o = _mm_alignr_epi8(odd, odd8, 8);
        even8 = even, odd8 = odd;
        even = _mm_add_epi16(even, _mm_slli_epi16(e, 8));
        odd = _mm_add_epi16(odd, _mm_slli_epi16(o, 8));
        __m128i hit_even = _mm_cmpeq_epi16(_mm_and_si128(even, wanted), zero);
        __m128i hit_odd = _mm_cmpeq_epi16(_mm_and_si128(odd, wanted), zero);
        __m128i hits = _mm_or_si128(
            _mm_andnot_si128(odd_bytes, hit_even), _mm_and_si128(odd_bytes, hit_odd));
        uint16_t found = (uint16_t)_mm_movemask_epi8(hits);
        if (i >= 0) memcpy((uint8_t *)bits + i / 8, &found, 2);
    }
    finish(table, bytes, from, (size_t)whole, to, mask, bits);
}

// Lane 0 scans the first half and lane 1 the second, so that no byte crosses between lanes.
TARGET_AVX2 void cairn_anchors_avx2(
    const uint8_t *table, const uint8_t *bytes, size_t from, size_t to, uint16_t mask,
    uint64_t *bits) {
    const ptrdiff_t half = (ptrdiff_t)((to - from) / 2 & ~(size_t)15);
    if (half == 0) return cairn_anchors_scalar(table, bytes, from, to, mask, bits);
    const __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
    const __m256i high =
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(table + 16)));
    const __m256i nibble = _mm256_set1_epi8(15), zero = _mm256_setzero_si256();
    const __m256i wanted = _mm256_set1_epi16((short)mask), weights = _mm256_set1_epi16(0x0102);
    const __m256i odd_bytes = _mm256_set1_epi16((short)0xff00);
    __m256i before = zero, even2 = zero, odd2 = zero, even4 = zero, odd4 = zero, even8 = zero,
            odd8 = zero;
    const uint8_t *first = bytes + from, *second = first + half;
    uint8_t *first_bits = (uint8_t *)bits, *second_bits = first_bits + half / 8;
    for (ptrdiff_t i = -16; i < half; i += 16) {
        // The next block lies behind this one; the processor's own prefetching stops at pages.
        _mm_prefetch((const char *)(first + i + 2 * half), _MM_HINT_T0);
        _mm_prefetch((const char *)(second + i + 2 * half), _MM_HINT_T0);
        __m256i v = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(first + i))),
            _mm_loadu_si128((const __m128i *)(second + i)), 1);
        __m256i g = _mm256_xor_si256(
            _mm256_shuffle_epi8(low, _mm256_and_si256(v, nibble)),
            _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble)));
        __m256i odd = _mm256_maddubs_epi16(g, weights);
        __m256i even = _mm256_maddubs_epi16(_mm256_alignr_epi8(g, before, 15), weights);
        before = g;
        __m256i e = _mm256_alignr_epi8(even, even2, 14), o = _mm256_alignr_epi8(odd, odd2, 14);
        even2 = even, odd2 = odd;
        even = _mm256_add_epi16(even, _mm256_slli_epi16(e, 2));
        odd = _mm256_add_epi16(odd, _mm256_slli_epi16(o, 2));
        e = _mm256_alignr_epi8(even, even4, 12), o = _mm256_alignr_epi8(odd, odd4, 12);
        even4 = even, odd4 = odd;
        even = _mm256_add_epi16(even, _mm256_slli_epi16(e, 4));
        odd = _mm256_add_epi16(odd, _mm256_slli_epi16(o, 4));
        e = _mm256_alignr_epi8(even, even8, 8), o = _mm256_alignr_epi8(odd, odd8, 8);
        even8 = even, odd8 = odd;
        even = _mm256_add_epi16(even, _mm256_slli_epi16(e, 8));
        odd = _mm256_add_epi16(odd, _mm256_slli_epi16(o, 8));
        __m256i hit_even = _mm256_cmpeq_epi16(_mm256_and_si256(even, wanted), zero);
        __m256i hit_odd = _mm256_cmpeq_epi16(_mm256_and_si256(odd, wanted), zero);
        __m256i hits = _mm256_or_si256(
            _mm256_andnot_si256(odd_bytes, hit_even), _mm256_and_si256(odd_bytes, hit_odd));
        uint32_t found = (uint32_t)_mm256_movemask_epi8(hits);
        if (i < 0) continue;
        memcpy(first_bits + i / 8, &found, 2);
        found >>= 16;
        memcpy(second_bits + i / 8, &found, 2);
    }
    finish(table, bytes, from, 2 * (size_t)half, to, mask, bits);
}
#endif
