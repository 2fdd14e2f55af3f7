// Memory for key material: zeroed, locked, not dumped and wiped in forked children where the system
// allows it. Any number of threads may ask for it and give it back at once.
//
// What is larger than a page has pages of its own. The rest shares locked pages in the process, so
// that a key costs no system call: at most cairn_secret_pages_max of them, of which at most one
// stays behind unused. Where a page cannot be locked (RLIMIT_MEMLOCK), or all are full, a secret
// has a page of its own and gives it back with the memory.
//
// A child of fork(2) finds all of it zero, and makes no secrets before exec(2): another thread may
// have held the lock.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { cairn_secret_pages_max = 64 };

// `size` rounded up to what is taken for it: a 64th of a page, or whole pages above a page.
size_t cairn_secret_size(size_t size);
// `size` is of cairn_secret_size. The address is a multiple of a 64th of a page.
void *_Nonnull cairn_secret_allocate(size_t size);
// Overwrites the memory and takes it back.
void cairn_secret_free(void *_Nonnull base, size_t size);

// Memory for deriving a key from a passphrase, as libargon2 asks for it: 0 and the memory, or -1.
// Not dumped, and in large pages where the system has them: clearing 64 MiB page by page takes a
// quarter of the derivation.
int cairn_derivation_allocate(uint8_t *_Nullable *_Nullable memory, size_t size);
void cairn_derivation_free(uint8_t *_Nullable memory, size_t size);
