#include "CCairnSystem.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/xattr.h>

ssize_t cairn_random(void *bytes, size_t size) { return getrandom(bytes, size, 0); }

int cairn_usable_processors(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
    return CPU_COUNT(&set);
}

int cairn_thread_set_name(pthread_t thread, const char *name) {
    return pthread_setname_np(thread, name);
}

int cairn_open_unnamed(int folder, mode_t mode) {
    return openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
}

int cairn_reserve(int file, off_t size) { return fallocate(file, 0, 0, size); }

int cairn_rename_exclusively(
    int old_folder, const char *old_name, int new_folder, const char *new_name) {
    return renameat2(old_folder, old_name, new_folder, new_name, RENAME_NOREPLACE);
}

ssize_t cairn_directory_entries(int folder, void *buffer, size_t size) {
    return getdents64(folder, buffer, size);
}

ssize_t cairn_link_attribute_names(const char *path, char *buffer, size_t size) {
    return llistxattr(path, buffer, size);
}

ssize_t cairn_link_attribute(const char *path, const char *name, void *buffer, size_t size) {
    return lgetxattr(path, name, buffer, size);
}

int cairn_link_set_attribute(
    const char *path, const char *name, const void *value, size_t size) {
    return lsetxattr(path, name, value, size, 0);
}
