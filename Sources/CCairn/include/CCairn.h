// Our own C: SIMD kernels and the few shims that Swift cannot express. Prefix: cairn_.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "CCairnSystem.h"
#include "cairn_files.h"
#include "cairn_process.h"
#include "cairn_scan.h"
#include "cairn_secret.h"
#include "cairn_sha256.h"

// Page-aligned memory for buffers. Out of memory ends the process: the sizes asked for are
// bounded by the engine's memory budget, never by stored bytes.
void *_Nonnull cairn_buffer_allocate(size_t size);
void cairn_buffer_free(void *_Nonnull base, size_t size);
void *_Nonnull cairn_buffer_reallocate(
    void *_Nonnull base, size_t old_size, size_t used, size_t new_size);

// Asks the processor for the memory at an address, which need not be mapped.
static inline void cairn_prefetch(const void *_Nonnull address) { __builtin_prefetch(address); }
