// Kernels that search bytes for the places where a chunk may end (Specs/Chunking.md).
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Every kernel gives the same answers. A vector kernel brings the interleaved Gear scan with it.
typedef enum {
    cairn_scan_scalar,       // one byte after another
    cairn_scan_interleaved,  // four scalar streams at once
    cairn_scan_ssse3,
    cairn_scan_avx2,  // 16 streams in one register
    cairn_scan_neon,
    cairn_scan_avx512,  // 32 streams in one register
} cairn_scan_kernel;

// Whether this processor can run the kernel.
bool cairn_scan_available(cairn_scan_kernel kernel);

// Makes the kernel the one that cairn_scan_selected returns; false where it is not available.
bool cairn_scan_select(cairn_scan_kernel kernel);

// The kernel last selected, and before any selection the fastest one.
cairn_scan_kernel cairn_scan_selected(void);

enum {
    cairn_gear_window = 64,      // bytes that a Gear hash depends on
    cairn_anchor_window = 16,    // bytes that an anchor depends on
    cairn_anchor_table = 288,    // two tables of 16 and the 256 values that they spell out
    cairn_anchor_block = 16384,  // most positions of one call of cairn_scan_anchors
};

// The first position in [from, to) whose Gear hash is at most limit, or to.
// The 63 bytes before from must be readable. table has 256 entries.
size_t cairn_scan_gear(
    cairn_scan_kernel kernel, const uint64_t *_Nonnull table, const uint8_t *_Nonnull bytes,
    size_t from, size_t to, uint64_t limit);

// Sets bit j of bits (bit j % 64 of word j / 64) where position from + j is an anchor and clears
// it elsewhere, for every position in [from, to); the rest of the last word is cleared.
// The 16 bytes before from must be readable, and to - from is at most cairn_anchor_block.
void cairn_scan_anchors(
    cairn_scan_kernel kernel, const uint8_t *_Nonnull table, const uint8_t *_Nonnull bytes,
    size_t from, size_t to, uint16_t mask, uint64_t *_Nonnull bits);
