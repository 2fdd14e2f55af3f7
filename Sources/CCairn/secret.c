#include "cairn_secret.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

size_t cairn_secret_size(size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t pages = (size + page - 1) / page;
    return (pages == 0 ? 1 : pages) * page;
}

void *cairn_secret_allocate(size_t size) {
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) abort();
    // All three are best effort: limits or an old kernel must not keep a backup from running.
    (void)mlock(base, size);
    (void)madvise(base, size, MADV_DONTDUMP);
    (void)madvise(base, size, MADV_WIPEONFORK);
    return base;
}

void cairn_secret_free(void *base, size_t size) {
    munmap(base, size);
}

int cairn_derivation_allocate(uint8_t **memory, size_t size) {
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) return -1;
    // Best effort, as above.
    (void)madvise(base, size, MADV_DONTDUMP);
    (void)madvise(base, size, MADV_HUGEPAGE);
    *memory = base;
    return 0;
}

void cairn_derivation_free(uint8_t *memory, size_t size) {
    if (memory != NULL) munmap(memory, size);
}
