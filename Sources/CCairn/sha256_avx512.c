// SHA-256 in 16 lanes of 32 bits.
#include "sha256_kernels.h"

#if defined(__x86_64__)
#include <string.h>

#define NAME cairn_sha256_compress_avx512
// Without the last one the compiler may split vectors in two.
#define TARGET                                                                            \
    __attribute__((target("avx512f,avx512bw,avx512vl"), min_vector_width(512)))

#include "sha256_load16.inc"
#include "sha256_lanes.inc"
#endif
