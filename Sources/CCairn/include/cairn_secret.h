// Pages for key material. Sizes are multiples of the page size: see cairn_secret_size.
#pragma once
#include <stddef.h>

// `size` rounded up to whole pages, at least one.
size_t cairn_secret_size(size_t size);
// Zeroed pages, locked, not dumped and wiped in forked children where the system allows it.
void *_Nonnull cairn_secret_allocate(size_t size);
// Gives the pages back; the caller has wiped them.
void cairn_secret_free(void *_Nonnull base, size_t size);
