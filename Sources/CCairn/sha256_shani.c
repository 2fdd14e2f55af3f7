// SHA-256 with the SHA extensions of x86-64. An instruction of these waits for the one before it,
// so two messages side by side take little longer than one.
#include "sha256_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))
#define INLINE TARGET static inline __attribute__((always_inline))

// The state as the instructions want it, and the last 16 words of the schedule.
typedef struct {
    __m128i abef, cdgh;
    __m128i w[4];
} stream;

INLINE void load_state(stream *s, const uint32_t *state, int lanes, int lane) {
    const uint32_t *p = state + lane;
    s->abef = _mm_set_epi32(
        (int)p[0], (int)p[lanes], (int)p[4 * lanes], (int)p[5 * lanes]);
    s->cdgh = _mm_set_epi32(
        (int)p[2 * lanes], (int)p[3 * lanes], (int)p[6 * lanes], (int)p[7 * lanes]);
}

INLINE void store_state(const stream *s, uint32_t *state, int lanes, int lane) {
    uint32_t *p = state + lane;
    p[0] = (uint32_t)_mm_extract_epi32(s->abef, 3);
    p[lanes] = (uint32_t)_mm_extract_epi32(s->abef, 2);
    p[2 * lanes] = (uint32_t)_mm_extract_epi32(s->cdgh, 3);
    p[3 * lanes] = (uint32_t)_mm_extract_epi32(s->cdgh, 2);
    p[4 * lanes] = (uint32_t)_mm_extract_epi32(s->abef, 1);
    p[5 * lanes] = (uint32_t)_mm_extract_epi32(s->abef, 0);
    p[6 * lanes] = (uint32_t)_mm_extract_epi32(s->cdgh, 1);
    p[7 * lanes] = (uint32_t)_mm_extract_epi32(s->cdgh, 0);
}

INLINE void load_words(stream *s, const uint8_t *block) {
    const __m128i from_big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll);
    for (int i = 0; i < 4; i++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i));
        s->w[i] = _mm_shuffle_epi8(bytes, from_big_endian);
    }
}

// Four rounds, `group` counting them from 0 to 15, and the four words for group + 4.
INLINE void rounds(stream *s, int group) {
    const __m128i *constants = (const __m128i *)(const void *)cairn_sha256_constants;
    int i = group & 3;
    __m128i sum = _mm_add_epi32(s->w[i], _mm_loadu_si128(constants + group));
    s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, sum);
    s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(sum, 0x0e));
    if (group >= 12) return;
    __m128i next = s->w[(i + 1) & 3], before = s->w[(i + 3) & 3];
    __m128i w = _mm_sha256msg1_epu32(s->w[i], next);
    w = _mm_add_epi32(w, _mm_alignr_epi8(before, s->w[(i + 2) & 3], 4));
    s->w[i] = _mm_sha256msg2_epu32(w, before);
}

TARGET void cairn_sha256_compress_shani(
    uint32_t *state, const uint8_t *const *lanes, size_t blocks) {
    stream s;
    load_state(&s, state, 1, 0);
    for (size_t block = 0; block < blocks; block++) {
        __m128i abef = s.abef, cdgh = s.cdgh;
        load_words(&s, lanes[0] + 64 * block);
        _Pragma("clang loop unroll(full)")
        for (int group = 0; group < 16; group++) rounds(&s, group);
        s.abef = _mm_add_epi32(s.abef, abef);
        s.cdgh = _mm_add_epi32(s.cdgh, cdgh);
    }
    store_state(&s, state, 1, 0);
}

TARGET void cairn_sha256_compress_shani2(
    uint32_t *state, const uint8_t *const *lanes, size_t blocks) {
    stream s, t;
    load_state(&s, state, 2, 0);
    load_state(&t, state, 2, 1);
    for (size_t block = 0; block < blocks; block++) {
        __m128i s_abef = s.abef, s_cdgh = s.cdgh, t_abef = t.abef, t_cdgh = t.cdgh;
        load_words(&s, lanes[0] + 64 * block);
        load_words(&t, lanes[1] + 64 * block);
        _Pragma("clang loop unroll(full)")
        for (int group = 0; group < 16; group++) {
            rounds(&s, group);
            rounds(&t, group);
        }
        s.abef = _mm_add_epi32(s.abef, s_abef);
        s.cdgh = _mm_add_epi32(s.cdgh, s_cdgh);
        t.abef = _mm_add_epi32(t.abef, t_abef);
        t.cdgh = _mm_add_epi32(t.cdgh, t_cdgh);
    }
    store_state(&s, state, 2, 0);
    store_state(&t, state, 2, 1);
}
#endif
