// Keeps the lanes of a SHA-256 kernel filled with messages of different lengths.
//
// A lane goes through a message in phases: whole blocks straight from the message, then one or two
// blocks with its end and the padding, then, under a key, one block of the outer hash. The kernel
// runs for as many blocks as all lanes have left in their phase; a lane that is done takes the next
// message. Lanes without a message repeat what another lane reads, and their state means nothing.
#include "sha256_kernels.h"

#include <string.h>

enum { lanes_max = 16, window_size = 256, block_size = 64, length_offset = 56 };

typedef struct {
    cairn_sha256_compress *compress;
    size_t lanes;
    // One message by itself, and for how few messages that beats the lanes.
    cairn_sha256_compress *single;
    size_t few;
} kernel;

typedef enum { idle, body, end, outer } phase;

typedef struct {
    phase phase;
    size_t message;       // its index
    size_t blocks;        // left in this phase
    uint8_t buffer[2 * block_size];
} lane;

typedef struct {
    const kernel *kernel;
    const cairn_sha256_key *key;
    const uint8_t *base;
    const cairn_sha256_message *messages;
    size_t count;
    uint8_t *digests;
    // The next messages, longest first, so that lanes run dry at about the same time.
    size_t window_start, window_count, window_next;
    uint16_t window[window_size];
    lane lanes[lanes_max];
    const uint8_t *pointers[lanes_max];
    _Alignas(64) uint32_t state[8 * lanes_max];
} work;

static const uint32_t initial_state[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

// MARK: Kernels

#if defined(__x86_64__)
static bool has_sha_extensions(void) {
    return __builtin_cpu_supports("sha") && __builtin_cpu_supports("sse4.1");
}
#endif

bool cairn_sha256_has(int kernel) {
    switch (kernel) {
    case cairn_sha256_scalar:
    case cairn_sha256_lanes16: return true;
#if defined(__x86_64__)
    case cairn_sha256_avx2: return __builtin_cpu_supports("avx2");
    case cairn_sha256_shani: return has_sha_extensions();
    case cairn_sha256_avx512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512vl");
#endif
    default: return false;
    }
}

static kernel find_kernel(int number) {
    kernel found = {cairn_sha256_compress_scalar, 1, cairn_sha256_compress_scalar, 0};
    if (number == cairn_sha256_lanes16) {
        found.compress = cairn_sha256_compress_lanes16, found.lanes = 16;
    }
#if defined(__x86_64__)
    // A lane is about 3 times slower than one stream without SHA extensions (2 times slower than
    // the portable code here) and 6 or more times slower than one stream with them.
    if (number == cairn_sha256_avx2 || number == cairn_sha256_avx512) {
        bool wide = number == cairn_sha256_avx512;
        found.compress = wide ? cairn_sha256_compress_avx512 : cairn_sha256_compress_avx2;
        found.lanes = wide ? 16 : 8;
        found.few = 1;
        if (has_sha_extensions()) found.single = cairn_sha256_compress_shani, found.few = 5;
    } else if (number == cairn_sha256_shani) {
        found.compress = cairn_sha256_compress_shani2, found.lanes = 2;
        found.single = cairn_sha256_compress_shani, found.few = 1;
    }
#endif
    return found;
}

// MARK: States and blocks

static void set_state(work *w, size_t l, const uint32_t *state) {
    for (size_t i = 0; i < 8; i++) w->state[i * w->kernel->lanes + l] = state[i];
}

static void put_digest(const work *w, size_t l, uint8_t *out) {
    for (size_t i = 0; i < 8; i++) {
        uint32_t word = __builtin_bswap32(w->state[i * w->kernel->lanes + l]);
        memcpy(out + 4 * i, &word, 4);
    }
}

// Ends what the buffer holds with a one bit, zeros and the length; returns the count of blocks.
static size_t pad(uint8_t *buffer, size_t used, uint64_t size) {
    size_t blocks = used < length_offset ? 1 : 2;
    memset(buffer + used, 0, blocks * block_size - used);
    buffer[used] = 0x80;
    uint64_t bits = __builtin_bswap64(size * 8);
    memcpy(buffer + (blocks - 1) * block_size + length_offset, &bits, 8);
    return blocks;
}

// MARK: The order of messages

static void fill_window(work *w) {
    w->window_start += w->window_count;
    size_t left = w->count - w->window_start;
    w->window_count = left < window_size ? left : window_size;
    w->window_next = 0;
    const cairn_sha256_message *messages = w->messages + w->window_start;
    // Insertion by halves of the gap (Shell): few items, and often sorted well enough.
    for (size_t i = 0; i < w->window_count; i++) w->window[i] = (uint16_t)i;
    static const size_t gaps[] = {132, 57, 23, 10, 4, 1};
    for (size_t k = 0; k < sizeof gaps / sizeof gaps[0]; k++) {
        for (size_t i = gaps[k]; i < w->window_count; i++) {
            uint16_t item = w->window[i];
            size_t j = i;
            while (j >= gaps[k]
                   && messages[w->window[j - gaps[k]]].size < messages[item].size) {
                w->window[j] = w->window[j - gaps[k]];
                j -= gaps[k];
            }
            w->window[j] = item;
        }
    }
}

// Chooses how many of the longest messages to hash alone: in units of the time one stream takes
// for a byte, a lane takes 3 and all lanes together a fifth.
static size_t choose_alone(const work *w) {
    if (w->count > w->window_count) return 0;
    double rest = 0, best = 0, before = 0;
    for (size_t i = 0; i < w->count; i++) rest += (double)w->messages[i].size;
    size_t chosen = 0;
    for (size_t k = 0; k <= cairn_sha256_alone_max && k <= w->count; k++) {
        double longest = k < w->count ? (double)w->messages[w->window[k]].size : 0;
        double in_lanes = 3 * longest > rest / 5 ? 3 * longest : rest / 5;
        if (k == 0 || before + in_lanes < best) best = before + in_lanes, chosen = k;
        before += longest;
        rest -= longest;
    }
    return chosen;
}

static bool take_message(work *w, size_t *message) {
    if (w->window_next == w->window_count) {
        if (w->window_start + w->window_count == w->count) return false;
        fill_window(w);
    }
    *message = w->window_start + w->window[w->window_next++];
    return true;
}

// MARK: Phases

static void start_end(work *w, size_t l) {
    lane *now = &w->lanes[l];
    cairn_sha256_message message = w->messages[now->message];
    size_t used = message.size % block_size;
    memcpy(now->buffer, w->base + message.offset + (message.size - used), used);
    uint64_t size = (uint64_t)message.size + (w->key ? block_size : 0);
    now->phase = end;
    now->blocks = pad(now->buffer, used, size);
    w->pointers[l] = now->buffer;
}

static void start_outer(work *w, size_t l) {
    lane *now = &w->lanes[l];
    put_digest(w, l, now->buffer);
    now->phase = outer;
    now->blocks = pad(now->buffer, 32, block_size + 32);
    w->pointers[l] = now->buffer;
    set_state(w, l, w->key->outer);
}

// Returns whether there was a message.
static bool start_message(work *w, size_t l) {
    lane *now = &w->lanes[l];
    if (!take_message(w, &now->message)) {
        now->phase = idle;
        return false;
    }
    set_state(w, l, w->key ? w->key->inner : initial_state);
    cairn_sha256_message message = w->messages[now->message];
    now->phase = body;
    now->blocks = message.size / block_size;
    w->pointers[l] = w->base + message.offset;
    if (now->blocks == 0) start_end(w, l);
    return true;
}

// Goes on after the last block of a phase; returns whether the lane still has work.
static bool advance(work *w, size_t l) {
    lane *now = &w->lanes[l];
    if (now->phase == body) {
        start_end(w, l);
        return true;
    }
    if (now->phase == end && w->key) {
        start_outer(w, l);
        return true;
    }
    put_digest(w, l, w->digests + 32 * now->message);
    return start_message(w, l);
}

// MARK: Running

static size_t run_lanes(work *w, size_t active) {
    size_t lanes = w->kernel->lanes;
    while (active > w->kernel->few) {
        size_t blocks = SIZE_MAX, busy = 0;
        for (size_t l = 0; l < lanes; l++) {
            if (w->lanes[l].phase == idle || w->lanes[l].blocks >= blocks) continue;
            blocks = w->lanes[l].blocks;
            busy = l;
        }
        for (size_t l = 0; l < lanes && active < lanes; l++) {
            if (w->lanes[l].phase == idle) w->pointers[l] = w->pointers[busy];
        }
        w->kernel->compress(w->state, w->pointers, blocks);
        for (size_t l = 0; l < lanes; l++) {
            if (w->lanes[l].phase == idle) continue;
            w->pointers[l] += block_size * blocks;
            w->lanes[l].blocks -= blocks;
            if (w->lanes[l].blocks == 0 && !advance(w, l)) active--;
        }
    }
    return active;
}

// Ends what one lane has begun, and whatever messages are left, one after the other.
static void run_single(work *w, size_t l) {
    size_t lanes = w->kernel->lanes;
    do {
        uint32_t state[8];
        for (size_t i = 0; i < 8; i++) state[i] = w->state[i * lanes + l];
        w->kernel->single(state, &w->pointers[l], w->lanes[l].blocks);
        set_state(w, l, state);
    } while (advance(w, l));
}

size_t cairn_sha256_many(
    int number, const cairn_sha256_key *key, const uint8_t *base,
    const cairn_sha256_message *messages, size_t count, uint8_t *digests, size_t *alone) {
    kernel kernel = find_kernel(number);
    work w;
    w.kernel = &kernel;
    w.key = key;
    w.base = base;
    w.messages = messages;
    w.count = count;
    w.digests = digests;
    w.window_start = w.window_count = w.window_next = 0;
    if (count == 0) return 0;
    fill_window(&w);
    size_t alone_count = 0;
    if (kernel.lanes >= 8 && kernel.single == cairn_sha256_compress_scalar) {
        alone_count = choose_alone(&w);
    }
    for (; w.window_next < alone_count; w.window_next++) {
        alone[w.window_next] = w.window[w.window_next];
    }
    size_t active = 0;
    for (size_t l = 0; l < kernel.lanes; l++) active += start_message(&w, l);
    // Idle lanes read on; give their state values.
    for (size_t l = active; l < kernel.lanes; l++) set_state(&w, l, initial_state);
    if (run_lanes(&w, active) == 0) return alone_count;
    for (size_t l = 0; l < kernel.lanes; l++) {
        if (w.lanes[l].phase != idle) run_single(&w, l);
    }
    return alone_count;
}

void cairn_sha256_make_key(cairn_sha256_key *key, const uint8_t *inner, const uint8_t *outer) {
    memcpy(key->inner, initial_state, sizeof initial_state);
    memcpy(key->outer, initial_state, sizeof initial_state);
    cairn_sha256_compress_scalar(key->inner, &inner, 1);
    cairn_sha256_compress_scalar(key->outer, &outer, 1);
}

// MARK: Self-test

enum { trial_count = 40, trial_size = 320 };

bool cairn_sha256_agrees(int kernel) {
    uint8_t bytes[trial_size];
    for (size_t i = 0; i < trial_size; i++) bytes[i] = (uint8_t)(i * 167 + (i >> 3));
    cairn_sha256_message messages[trial_count];
    for (size_t i = 0; i < trial_count; i++) {
        // Lengths from 0 to 312, in no order, each at another offset.
        messages[i].size = i * 7 % trial_count * 8;
        messages[i].offset = (trial_size - messages[i].size) * i / trial_count;
    }
    cairn_sha256_key key;
    cairn_sha256_make_key(&key, bytes, bytes + block_size);
    for (int keyed = 0; keyed < 2; keyed++) {
        uint8_t expected[32 * trial_count], actual[32 * trial_count];
        size_t alone[cairn_sha256_alone_max];
        const cairn_sha256_key *used = keyed ? &key : NULL;
        cairn_sha256_many(
            cairn_sha256_scalar, used, bytes, messages, trial_count, expected, alone);
        // With so many similar messages none is left alone.
        if (cairn_sha256_many(kernel, used, bytes, messages, trial_count, actual, alone) != 0
            || memcmp(actual, expected, sizeof actual) != 0) {
            return false;
        }
    }
    return true;
}
