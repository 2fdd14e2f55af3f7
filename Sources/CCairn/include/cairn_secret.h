// Pages for key material. Sizes are multiples of the page size: see cairn_secret_size.
#pragma once
#include <stddef.h>
#include <stdint.h>

// `size` rounded up to whole pages, at least one.
size_t cairn_secret_size(size_t size);
// Zeroed pages, locked, not dumped and wiped in forked children where the system allows it.
void *_Nonnull cairn_secret_allocate(size_t size);
// Gives the pages back; the caller has wiped them.
void cairn_secret_free(void *_Nonnull base, size_t size);

// Memory for deriving a key from a passphrase, as libargon2 asks for it: 0 and the memory, or -1.
// Not dumped, and in large pages where the system has them: clearing 64 MiB page by page takes a
// quarter of the derivation.
int cairn_derivation_allocate(uint8_t *_Nullable *_Nullable memory, size_t size);
void cairn_derivation_free(uint8_t *_Nullable memory, size_t size);
