// Anchors in AVX2: 16 streams.
#if defined(__x86_64__)
#include "scan_kernels.h"

#include <immintrin.h>
#include <string.h>

#define NAME cairn_anchors_avx2
#define TARGET __attribute__((target("avx2")))
#define VECTOR __m256i
#define LANES 2
#define REST cairn_anchors_ssse3
#define COLUMNS columns_avx2
#define STEP step_avx2

#define LOAD128(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define LOAD_ROW(p, n)                                                                    \
    _mm256_inserti128_si256(_mm256_castsi128_si256(LOAD128(p)), LOAD128((p) + (n)), 1)
#define BROADCAST128(p) _mm256_broadcastsi128_si256(LOAD128(p))
#define SET16(x) _mm256_set1_epi16(x)
#define ADD16(x, y) _mm256_add_epi16(x, y)
#define XOR(x, y) _mm256_xor_si256(x, y)
#define SHIFT_RIGHT16(x, n) _mm256_srli_epi16(x, n)
#define UNPACK_LOW16(x, y) _mm256_unpacklo_epi16(x, y)
#define UNPACK_HIGH16(x, y) _mm256_unpackhi_epi16(x, y)
#define NIBBLES(v) _mm256_and_si256(v, _mm256_set1_epi8(15))
#define LOOK_UP(a, b, v)                                                                  \
    a = _mm256_shuffle_epi8(lower, NIBBLES(v)),                                           \
    b = _mm256_shuffle_epi8(upper, NIBBLES(_mm256_srli_epi16(v, 4)))
#define LOWER_BYTES(a, b) _mm256_and_si256(_mm256_xor_si256(a, b), _mm256_set1_epi16(0xff))
#define MARK(marks, hash, wanted, bit)                                                    \
    marks = _mm256_or_si256(marks, _mm256_and_si256(SET16((short)(bit)),                  \
        _mm256_cmpeq_epi16(_mm256_and_si256(hash, wanted), SET16(0))))
#define STORE_LANE(p, v, lane)                                                            \
    _mm_storeu_si128((__m128i *)(void *)(p), _mm256_extracti128_si256(v, lane))
#define STORE_ROW(p, n, v) STORE_LANE(p, v, 0), STORE_LANE((p) + (n), v, 1)

#include "scan_streams.inc"
#endif
