// Anchors in SSSE3: 8 streams.
#if defined(__x86_64__)
#include "scan_kernels.h"

#include <immintrin.h>
#include <string.h>

#define NAME cairn_anchors_ssse3
#define TARGET __attribute__((target("ssse3")))
#define VECTOR __m128i
#define LANES 1
#define REST cairn_anchors_scalar
#define COLUMNS columns_ssse3
#define STEP step_ssse3

#define LOAD_ROW(p, n) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define BROADCAST128(p) LOAD_ROW(p, 0)
#define SET16(x) _mm_set1_epi16(x)
#define ADD16(x, y) _mm_add_epi16(x, y)
#define XOR(x, y) _mm_xor_si128(x, y)
#define SHIFT_RIGHT16(x, n) _mm_srli_epi16(x, n)
#define UNPACK_LOW16(x, y) _mm_unpacklo_epi16(x, y)
#define UNPACK_HIGH16(x, y) _mm_unpackhi_epi16(x, y)
#define NIBBLES(v) _mm_and_si128(v, _mm_set1_epi8(15))
#define LOOK_UP(a, b, v)                                                                  \
    a = _mm_shuffle_epi8(lower, NIBBLES(v)),                                              \
    b = _mm_shuffle_epi8(upper, NIBBLES(_mm_srli_epi16(v, 4)))
#define LOWER_BYTES(a, b) _mm_and_si128(_mm_xor_si128(a, b), _mm_set1_epi16(0xff))
#define MARK(marks, hash, wanted, bit)                                                    \
    marks = _mm_or_si128(marks, _mm_and_si128(SET16((short)(bit)),                        \
        _mm_cmpeq_epi16(_mm_and_si128(hash, wanted), SET16(0))))
#define STORE_ROW(p, n, v) _mm_storeu_si128((__m128i *)(void *)(p), v)

#include "scan_streams.inc"
#endif
