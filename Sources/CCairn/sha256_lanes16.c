// SHA-256 in 16 lanes for whatever vectors the build has: the source of the AVX-512 kernel where
// there is none, so that it can be tested on every machine.
#include "sha256_kernels.h"

#include <string.h>

#define NAME cairn_sha256_compress_lanes16
#define TARGET

#include "sha256_load16.inc"
#include "sha256_lanes.inc"
