// Calls of Linux that Swift's Glibc module does not show, because they ask for _GNU_SOURCE.
// Each returns what the call returns and leaves errno as the call left it.
#pragma once
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// getrandom(2) without flags.
ssize_t cairn_random(void *_Nonnull bytes, size_t size);
// How many cores this process may run on; 0 where the system does not say.
int cairn_usable_processors(void);
// Gives a thread a name of at most 15 bytes.
int cairn_thread_set_name(pthread_t thread, const char *_Nonnull name);

// openat(2) with O_TMPFILE: a new file for writing without a name.
int cairn_open_unnamed(int folder, mode_t mode);
// fallocate(2) of the first `size` bytes.
int cairn_reserve(int file, off_t size);
// renameat2(2) with RENAME_NOREPLACE.
int cairn_rename_exclusively(
    int old_folder, const char *_Nonnull old_name, int new_folder, const char *_Nonnull new_name);
// getdents64(2).
ssize_t cairn_directory_entries(int folder, void *_Nonnull buffer, size_t size);

// llistxattr(2), lgetxattr(2) and lsetxattr(2).
ssize_t cairn_link_attribute_names(
    const char *_Nonnull path, char *_Nonnull buffer, size_t size);
ssize_t cairn_link_attribute(
    const char *_Nonnull path, const char *_Nonnull name, void *_Nonnull buffer, size_t size);
int cairn_link_set_attribute(
    const char *_Nonnull path, const char *_Nonnull name, const void *_Nullable value,
    size_t size);
