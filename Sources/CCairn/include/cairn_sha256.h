// SHA-256 (FIPS 180-4) of many messages at once, each in a SIMD lane of its own.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// How messages are hashed. Every kernel yields the same digests.
enum cairn_sha256_kernel {
    cairn_sha256_scalar = 0,  // portable reference, one message at a time
    cairn_sha256_lanes16 = 1, // 16 lanes in portable vector code: the AVX-512 source, anywhere
    cairn_sha256_avx2 = 2,    // 8 lanes
    cairn_sha256_shani = 3,   // SHA extensions of x86-64, two messages interleaved
    cairn_sha256_avx512 = 4,  // 16 lanes
};

// Whether this CPU and this build have the kernel.
bool cairn_sha256_has(int kernel);

// Whether the kernel, which the CPU must have, yields the digests of the reference for messages of
// many lengths. Takes some 50 µs; guards against a compiler or a CPU that was never tried.
bool cairn_sha256_agrees(int kernel);

// Bytes offset..<offset + size from a common base.
typedef struct {
    size_t offset;
    size_t size;
} cairn_sha256_message;

// Where HMAC-SHA-256 under a key starts: the states after the inner and the outer key block.
typedef struct {
    uint32_t inner[8];
    uint32_t outer[8];
} cairn_sha256_key;

enum { cairn_sha256_alone_max = 3 };

// Makes `key` from the 64-byte inner and outer block.
void cairn_sha256_make_key(
    cairn_sha256_key *_Nonnull key, const uint8_t *_Nonnull inner, const uint8_t *_Nonnull outer);

// Writes 32 bytes for each of `count` messages to `digests`: HMAC-SHA-256 with a key, SHA-256
// without. No memory is allocated.
//
// Where the CPU has no SHA extensions, a message that would keep one lane busy long after all
// others are done is left to the caller, who has a faster way for a single message: its index is
// written to `alone`, and how many there are is returned.
size_t cairn_sha256_many(
    int kernel, const cairn_sha256_key *_Nullable key, const uint8_t *_Nonnull base,
    const cairn_sha256_message *_Nonnull messages, size_t count, uint8_t *_Nonnull digests,
    size_t *_Nonnull alone);
