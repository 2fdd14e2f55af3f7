// What the SHA-256 kernels share. A state is kept word by word: state[word * lanes + lane].
#pragma once
#include "cairn_sha256.h"

// Takes `blocks` blocks of 64 bytes from each lane's pointer into `state`.
typedef void cairn_sha256_compress(
    uint32_t *_Nonnull state, const uint8_t *_Nonnull const *_Nonnull lanes, size_t blocks);

extern const uint32_t cairn_sha256_constants[64];

cairn_sha256_compress cairn_sha256_compress_scalar;
cairn_sha256_compress cairn_sha256_compress_lanes16;
#if defined(__x86_64__)
cairn_sha256_compress cairn_sha256_compress_avx2;
cairn_sha256_compress cairn_sha256_compress_avx512;
cairn_sha256_compress cairn_sha256_compress_shani;  // one lane
cairn_sha256_compress cairn_sha256_compress_shani2; // two lanes
#endif
