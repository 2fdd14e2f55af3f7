// Compares the NEON scan for anchors with the portable one, bit for bit, for Scripts/neon.
#include "scan_kernels.h"

#include <stdio.h>
#include <string.h>

enum { size = 200000, trials = 3000, words = cairn_anchor_block / 64 };

static uint64_t state = 1;

// SplitMix64.
static uint64_t next(void) {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

int main(void) {
    static uint8_t bytes[size], table[cairn_anchor_table];
    // Random bytes, then bytes of four values.
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(next() & (i < size / 2 ? 255 : 3));
    for (int trial = 0; trial < trials; trial++) {
        for (int i = 0; i < 32; i++) table[i] = (uint8_t)next();
        for (int i = 0; i < 256; i++) table[32 + i] = table[i & 15] ^ table[16 + (i >> 4)];
        size_t count = next() % (trial % 2 ? 600 : cairn_anchor_block + 1);
        size_t from = cairn_anchor_window + next() % (size - cairn_anchor_window - count);
        uint16_t mask = (uint16_t)(0xffff << (1 + next() % 15));
        uint64_t expected[words], found[words];
        memset(expected, 0xaa, sizeof expected);
        memset(found, 0xaa, sizeof found);
        cairn_scan_anchors(
            cairn_scan_scalar, table, bytes, from, from + count, mask, expected);
        cairn_scan_anchors(cairn_scan_neon, table, bytes, from, from + count, mask, found);
        if (memcmp(expected, found, sizeof found) != 0) {
            printf("neon: trial %d differs: %zu positions from %zu\n", trial, count, from);
            return 1;
        }
    }
    printf("neon: %d trials agree with the portable scan\n", trials);
    return 0;
}
