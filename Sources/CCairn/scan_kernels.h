// What the scan kernels share; not part of the module.
#pragma once
#include "cairn_scan.h"

// The bytes before a position that its hash also depends on.
enum { gear_before = cairn_gear_window - 1, anchor_before = cairn_anchor_window - 1 };

void cairn_anchors_scalar(
    const uint8_t *table, const uint8_t *bytes, size_t from, size_t to, uint16_t mask,
    uint64_t *bits);

#if defined(__x86_64__)
void cairn_anchors_ssse3(
    const uint8_t *table, const uint8_t *bytes, size_t from, size_t to, uint16_t mask,
    uint64_t *bits);
void cairn_anchors_avx2(
    const uint8_t *table, const uint8_t *bytes, size_t from, size_t to, uint16_t mask,
    uint64_t *bits);
void cairn_anchors_avx512(
    const uint8_t *table, const uint8_t *bytes, size_t from, size_t to, uint16_t mask,
    uint64_t *bits);
#elif defined(__aarch64__)
void cairn_anchors_neon(
    const uint8_t *table, const uint8_t *bytes, size_t from, size_t to, uint16_t mask,
    uint64_t *bits);
#endif
