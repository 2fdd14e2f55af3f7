#include "cairn_secret.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// One bit of a page's map stands for a slot: a 64th of the page, 64 bytes where it has 4 KiB.
enum { slot_count = 64, page_count_max = cairn_secret_pages_max };

// A locked page that small secrets share. A secret takes slots in a row, and free slots are zero.
struct shared_page {
    uint8_t *base;
    uint64_t used;
};

// Like the heap, these pages belong to the process and not to a repository: any number of engines
// may share them, and none can see another's. The lock guards both variables.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct shared_page pages[page_count_max];
static size_t page_count;

static size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

// Zeroed pages, and whether they are locked.
static void *map_pages(size_t size, bool *is_locked) {
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) abort();
    // All three are best effort: limits or an old kernel must not keep a backup from running.
    *is_locked = mlock(base, size) == 0;
    (void)madvise(base, size, MADV_DONTDUMP);
    (void)madvise(base, size, MADV_WIPEONFORK);
    return base;
}

static uint64_t slot_mask(size_t first, size_t count) {
    return (count == slot_count ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1) << first;
}

// Takes the first `count` slots in a row that are free in any page; NULL where there are none.
static void *take_slots(size_t count, size_t slot_size) {
    for (size_t index = 0; index < page_count; index++) {
        uint64_t unused = ~pages[index].used;
        uint64_t starts = unused;
        for (size_t next = 1; next < count && starts != 0; next++) starts &= unused >> next;
        if (starts == 0) continue;
        size_t first = (size_t)__builtin_ctzll(starts);
        pages[index].used |= slot_mask(first, count);
        return pages[index].base + first * slot_size;
    }
    return NULL;
}

// Makes slots free again. What is left to unmap: a page that no slot is used of, if there was
// another such page, or the mapping of a secret that is in no shared page; else NULL.
static void *give_back(uint8_t *base, size_t count, size_t slot_size) {
    size_t offset = (uintptr_t)base & (slot_count * slot_size - 1);
    uint8_t *page = base - offset;
    size_t found = 0;
    while (found < page_count && pages[found].base != page) found++;
    if (found == page_count) return page;
    pages[found].used &= ~slot_mask(offset / slot_size, count);
    if (pages[found].used != 0) return NULL;
    for (size_t index = 0; index < page_count; index++) {
        if (index == found || pages[index].used != 0) continue;
        pages[found] = pages[--page_count];
        return page;
    }
    return NULL;
}

size_t cairn_secret_size(size_t size) {
    size_t page = page_size();
    size_t unit = size > page ? page : page / slot_count;
    size_t units = (size + unit - 1) / unit;
    return (units == 0 ? 1 : units) * unit;
}

void *cairn_secret_allocate(size_t size) {
    size_t page = page_size();
    bool is_locked = false;
    if (size > page) return map_pages(size, &is_locked);
    size_t slot_size = page / slot_count;
    size_t count = size / slot_size;
    pthread_mutex_lock(&lock);
    void *base = take_slots(count, slot_size);
    if (base == NULL) {
        base = map_pages(page, &is_locked);
        // One that could not be locked, or that there is no room for, is this secret's alone:
        // it goes with it, and the next secret tries anew.
        if (is_locked && page_count < page_count_max) {
            pages[page_count++] = (struct shared_page){base, slot_mask(0, count)};
        }
    }
    pthread_mutex_unlock(&lock);
    return base;
}

void cairn_secret_free(void *base, size_t size) {
    size_t page = page_size();
    // Before anybody else can be given the slots.
    explicit_bzero(base, size);
    if (size > page) {
        munmap(base, size);
        return;
    }
    size_t slot_size = page / slot_count;
    pthread_mutex_lock(&lock);
    void *unused = give_back(base, size / slot_size, slot_size);
    pthread_mutex_unlock(&lock);
    if (unused != NULL) munmap(unused, page);
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
