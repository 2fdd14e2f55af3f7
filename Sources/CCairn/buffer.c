#include "CCairn.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// From this size on a buffer is its own mapping, so that freeing it gives the pages back at once.
enum { mapping_size_min = 256 * 1024, alignment = 4096 };

void *cairn_buffer_allocate(size_t size) {
    if (size >= mapping_size_min) {
        void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (base == MAP_FAILED) abort();
        return base;
    }
    void *base = NULL;
    if (posix_memalign(&base, 64, size) != 0) abort();
    return base;
}

void cairn_buffer_free(void *base, size_t size) {
    if (size >= mapping_size_min) {
        munmap(base, size);
    } else {
        free(base);
    }
}

void *cairn_buffer_reallocate(void *base, size_t old_size, size_t used, size_t new_size) {
    if (old_size >= mapping_size_min && new_size >= mapping_size_min) {
        void *moved = mremap(base, old_size, new_size, MREMAP_MAYMOVE);
        if (moved == MAP_FAILED) abort();
        return moved;
    }
    void *moved = cairn_buffer_allocate(new_size);
    memcpy(moved, base, used);
    cairn_buffer_free(base, old_size);
    return moved;
}
