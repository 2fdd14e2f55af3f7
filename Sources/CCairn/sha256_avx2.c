// SHA-256 in 8 lanes of 32 bits.
#include "sha256_kernels.h"

#if defined(__x86_64__)
#include <string.h>

#define NAME cairn_sha256_compress_avx2
#define TARGET __attribute__((target("avx2")))

typedef uint32_t vector __attribute__((vector_size(32)));
typedef uint8_t byte_vector __attribute__((vector_size(32)));

// Eight 32-bit words of each lane, from big-endian, and their rows turned into columns.
TARGET static inline __attribute__((always_inline)) void load_half(
    vector w[8], const uint8_t *const *lanes, size_t offset) {
    vector r[8], t[8];
    _Pragma("clang loop unroll(full)")
    for (int lane = 0; lane < 8; lane++) {
        byte_vector bytes;
        memcpy(&bytes, lanes[lane] + offset, sizeof bytes);
        r[lane] = (vector)__builtin_shufflevector(
            bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 19, 18, 17, 16, 23,
            22, 21, 20, 27, 26, 25, 24, 31, 30, 29, 28);
    }
    _Pragma("clang loop unroll(full)")
    for (int i = 0; i < 8; i += 2) {
        t[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        t[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    _Pragma("clang loop unroll(full)")
    for (int i = 0; i < 8; i += 4) {
        r[i] = __builtin_shufflevector(t[i], t[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        r[i + 1] = __builtin_shufflevector(t[i], t[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        r[i + 2] = __builtin_shufflevector(t[i + 1], t[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
        r[i + 3] = __builtin_shufflevector(t[i + 1], t[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    _Pragma("clang loop unroll(full)")
    for (int i = 0; i < 4; i++) {
        w[i] = __builtin_shufflevector(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        w[i + 4] = __builtin_shufflevector(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

TARGET static inline __attribute__((always_inline)) void load_blocks(
    vector w[16], const uint8_t *const *lanes, size_t offset) {
    load_half(w, lanes, offset);
    load_half(w + 8, lanes, offset + 32);
}

#include "sha256_lanes.inc"
#endif
