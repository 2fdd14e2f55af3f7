// Anchors in AVX-512 with the byte permutes of VBMI: 32 streams.
#if defined(__x86_64__)
#include "scan_kernels.h"

#include <immintrin.h>
#include <string.h>

#define NAME cairn_anchors_avx512
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi")))
#define VECTOR __m512i
#define LANES 4
#define REST cairn_anchors_avx2
#define COLUMNS columns_avx512
#define STEP step_avx512

#define LOAD128(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
// Broadcasts under a mask need no port that moves bytes between lanes.
#define LOAD_LANE(v, mask, p) _mm512_mask_broadcast_i32x4(v, mask, LOAD128(p))
#define LOAD_PAIR(p, n) LOAD_LANE(_mm512_castsi128_si512(LOAD128(p)), 0x00f0, (p) + (n))
#define LOAD_ROW(p, n)                                                                    \
    LOAD_LANE(LOAD_LANE(LOAD_PAIR(p, n), 0x0f00, (p) + 2 * (n)), 0xf000, (p) + 3 * (n))
#define BROADCAST128(p) _mm512_broadcast_i32x4(LOAD128(p))
#define SET16(x) _mm512_set1_epi16(x)
#define ADD16(x, y) _mm512_add_epi16(x, y)
#define XOR(x, y) _mm512_xor_si512(x, y)
#define SHIFT_RIGHT16(x, n) _mm512_srli_epi16(x, n)
#define UNPACK_LOW16(x, y) _mm512_unpacklo_epi16(x, y)
#define UNPACK_HIGH16(x, y) _mm512_unpackhi_epi16(x, y)
// The permute takes six bits of each index; with four copies of a table the upper two say nothing.
#define LOOK_UP(a, b, v)                                                                  \
    a = _mm512_permutexvar_epi8(v, lower),                                                \
    b = _mm512_permutexvar_epi8(_mm512_srli_epi16(v, 4), upper)
// (a ^ b) & c
#define LOWER_BYTES(a, b) _mm512_ternarylogic_epi32(a, b, _mm512_set1_epi16(0xff), 0x28)
#define MARK(marks, hash, wanted, bit)                                                    \
    marks = _mm512_mask_add_epi16(                                                        \
        marks, _mm512_testn_epi16_mask(hash, wanted), marks, SET16((short)(bit)))
#define STORE_LANE(p, v, lane)                                                            \
    _mm_storeu_si128((__m128i *)(void *)(p), _mm512_extracti32x4_epi32(v, lane))
#define STORE_ROW(p, n, v)                                                                \
    STORE_LANE(p, v, 0), STORE_LANE((p) + (n), v, 1), STORE_LANE((p) + 2 * (n), v, 2),    \
        STORE_LANE((p) + 3 * (n), v, 3)

#include "scan_streams.inc"
#endif
