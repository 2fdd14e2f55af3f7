#include "CCairn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

const int cairn_working_directory = AT_FDCWD;

// Runs a call until no signal interrupts it; its value, or the negative error number.
#define RETRYING(call)                                                                             \
    ({                                                                                             \
        int64_t value_;                                                                            \
        do {                                                                                       \
            value_ = (int64_t)(call);                                                              \
        } while (value_ < 0 && errno == EINTR);                                                    \
        value_ < 0 ? -(int64_t)errno : value_;                                                     \
    })

static int open_flags(int how) {
    int flags = O_CLOEXEC;
    if (how & cairn_open_path) {
        flags |= O_PATH;
    } else if (how & cairn_open_read_write) {
        flags |= O_RDWR;
    } else if (how & cairn_open_write) {
        flags |= O_WRONLY;
    }
    if (!(how & cairn_open_follow)) flags |= O_NOFOLLOW;
    if (how & cairn_open_directory) flags |= O_DIRECTORY;
    if (how & cairn_open_no_access_time) flags |= O_NOATIME;
    if (how & cairn_open_nonblocking) flags |= O_NONBLOCK;
    if (how & cairn_open_create) flags |= O_CREAT | O_EXCL;
    if (how & cairn_open_temporary) flags = (flags & ~O_NOFOLLOW) | O_TMPFILE;
    return flags;
}

int cairn_open_at(int directory, const char *path, int how, uint32_t mode) {
    int flags = open_flags(how);
    int result = (int)RETRYING(openat(directory, path, flags, mode));
    // Only the owner, or root, may keep the access time from changing.
    if (result == -EPERM && (flags & O_NOATIME)) {
        result = (int)RETRYING(openat(directory, path, flags & ~O_NOATIME, mode));
    }
    return result;
}

int cairn_open_beneath(int directory, const char *path, int how) {
    struct open_how open_how = {
        .flags = (uint64_t)open_flags(how),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    // EAGAIN: a rename somewhere raced with the check. Bounded, so that nobody can hold us here.
    for (int attempt = 0;; attempt++) {
        int result =
            (int)RETRYING(syscall(SYS_openat2, directory, path, &open_how, sizeof open_how));
        if (result != -EAGAIN || attempt == 100) return result;
    }
}

void cairn_close(int descriptor) {
    close(descriptor); // after EINTR the descriptor is gone as well
}

int cairn_metadata_at(int directory, const char *path, cairn_metadata *result) {
    struct stat found;
    int status = (int)RETRYING(
        fstatat(directory, path, &found, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT));
    if (status < 0) return status;
    *result = (cairn_metadata){
        .mode = found.st_mode,
        .user_id = found.st_uid,
        .group_id = found.st_gid,
        .link_count = (uint32_t)found.st_nlink,
        .size = (uint64_t)found.st_size,
        .blocks = (uint64_t)found.st_blocks,
        .inode = found.st_ino,
        .device = found.st_dev,
        .device_major = major(found.st_rdev),
        .device_minor = minor(found.st_rdev),
        .accessed_seconds = found.st_atim.tv_sec,
        .modified_seconds = found.st_mtim.tv_sec,
        .changed_seconds = found.st_ctim.tv_sec,
        .accessed_nanoseconds = (uint32_t)found.st_atim.tv_nsec,
        .modified_nanoseconds = (uint32_t)found.st_mtim.tv_nsec,
        .changed_nanoseconds = (uint32_t)found.st_ctim.tv_nsec,
    };
    return 0;
}

int64_t cairn_read_link_at(int directory, const char *path, void *target, size_t size) {
    return RETRYING(readlinkat(directory, path, target, size));
}

int64_t cairn_read_entries(int directory, void *entries, size_t size) {
    return RETRYING(syscall(SYS_getdents64, directory, entries, size));
}

int cairn_rewind(int descriptor) {
    int64_t result = RETRYING(lseek(descriptor, 0, SEEK_SET));
    return result < 0 ? (int)result : 0;
}

int64_t cairn_read(int descriptor, void *bytes, size_t size) {
    return RETRYING(read(descriptor, bytes, size));
}

int64_t cairn_read_at(int descriptor, void *bytes, size_t size, uint64_t offset) {
    return RETRYING(pread(descriptor, bytes, size, (off_t)offset));
}

int cairn_write(int descriptor, const void *bytes, size_t size, int64_t offset) {
    const char *rest = bytes;
    while (size > 0) {
        int64_t written = offset < 0 ? RETRYING(write(descriptor, rest, size))
                                     : RETRYING(pwrite(descriptor, rest, size, offset));
        if (written < 0) return (int)written;
        if (written == 0) return -EIO;
        rest += written;
        size -= (size_t)written;
        if (offset >= 0) offset += written;
    }
    return 0;
}

int cairn_set_size(int descriptor, uint64_t size) {
    return (int)RETRYING(ftruncate(descriptor, (off_t)size));
}

int cairn_sync(int descriptor, int only_data) {
    // Never again after a failure: the kernel may have dropped the pages that it could not write.
    int result = only_data ? fdatasync(descriptor) : fsync(descriptor);
    return result < 0 ? -errno : 0;
}

int64_t cairn_seek_data(int descriptor, uint64_t offset) {
    return RETRYING(lseek(descriptor, (off_t)offset, SEEK_DATA));
}

int64_t cairn_seek_hole(int descriptor, uint64_t offset) {
    return RETRYING(lseek(descriptor, (off_t)offset, SEEK_HOLE));
}

void cairn_advise_file(int descriptor, uint64_t offset, uint64_t size, int advice) {
    static const int advices[] = {
        [cairn_advice_sequential] = POSIX_FADV_SEQUENTIAL,
        [cairn_advice_random] = POSIX_FADV_RANDOM,
        [cairn_advice_will_need] = POSIX_FADV_WILLNEED,
        [cairn_advice_done] = POSIX_FADV_DONTNEED,
    };
    posix_fadvise(descriptor, (off_t)offset, (off_t)size, advices[advice]);
}

int64_t cairn_list_attributes(int descriptor, void *names, size_t size) {
    return RETRYING(flistxattr(descriptor, names, size));
}

int64_t cairn_list_attributes_of(const char *path, void *names, size_t size) {
    return RETRYING(llistxattr(path, names, size));
}

int64_t cairn_get_attribute(int descriptor, const char *name, void *value, size_t size) {
    return RETRYING(fgetxattr(descriptor, name, value, size));
}

int64_t cairn_get_attribute_of(const char *path, const char *name, void *value, size_t size) {
    return RETRYING(lgetxattr(path, name, value, size));
}

// The path that leads to whatever a descriptor refers to, without any further look-up.
typedef struct {
    char text[32];
} descriptor_path;

static descriptor_path path_of(int descriptor) {
    descriptor_path path;
    snprintf(path.text, sizeof path.text, "/proc/self/fd/%d", descriptor);
    return path;
}

int cairn_set_attribute(int descriptor, const char *name, const void *value, size_t size) {
    int result = (int)RETRYING(fsetxattr(descriptor, name, value, size, 0));
    if (result != -EBADF) return result; // else it only refers to the file
    descriptor_path path = path_of(descriptor);
    return (int)RETRYING(setxattr(path.text, name, value, size, 0));
}

const void *cairn_map(int descriptor, size_t size, int *error) {
    void *base = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (base != MAP_FAILED) return base;
    *error = errno;
    return NULL;
}

void *cairn_map_scratch(int descriptor, size_t size, int *error) {
    // Room is taken now: writing to a page that the disk has no room for would end the process.
    if (descriptor >= 0 && (*error = posix_fallocate(descriptor, 0, (off_t)size)) != 0) return NULL;
    int flags = descriptor >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, descriptor, 0);
    if (base != MAP_FAILED) return base;
    *error = errno;
    return NULL;
}

void cairn_unmap(const void *base, size_t size) {
    munmap((void *)base, size);
}

void cairn_advise_memory(const void *base, size_t size, int advice) {
    static const int advices[] = {
        [cairn_advice_sequential] = MADV_SEQUENTIAL,
        [cairn_advice_random] = MADV_RANDOM,
        [cairn_advice_will_need] = MADV_WILLNEED,
        [cairn_advice_done] = MADV_DONTNEED,
    };
    madvise((void *)base, size, advices[advice]);
}

int cairn_make_directory(int directory, const char *name, uint32_t mode) {
    return (int)RETRYING(mkdirat(directory, name, mode));
}

int cairn_make_link(const char *target, int directory, const char *name) {
    return (int)RETRYING(symlinkat(target, directory, name));
}

int cairn_make_node(
    int directory, const char *name, uint32_t mode, uint32_t major, uint32_t minor) {
    return (int)RETRYING(mknodat(directory, name, mode, makedev(major, minor)));
}

int cairn_add_name(int descriptor, int directory, const char *name) {
    // Linking the descriptor itself needs a capability or Linux 6.10; /proc needs neither.
    descriptor_path path = path_of(descriptor);
    int result =
        (int)RETRYING(linkat(AT_FDCWD, path.text, directory, name, AT_SYMLINK_FOLLOW));
    if (result != -ENOENT) return result;
    return (int)RETRYING(linkat(descriptor, "", directory, name, AT_EMPTY_PATH));
}

int cairn_rename(int directory, const char *from, const char *to, int replace) {
    if (replace) return (int)RETRYING(renameat(directory, from, directory, to));
    int result = (int)RETRYING(renameat2(directory, from, directory, to, RENAME_NOREPLACE));
    if (result != -EINVAL && result != -ENOSYS) return result;
    // A file system without that flag: linking never replaces.
    result = (int)RETRYING(linkat(directory, from, directory, to, 0));
    return result < 0 ? result : (int)RETRYING(unlinkat(directory, from, 0));
}

int cairn_remove(int directory, const char *name, int is_directory) {
    return (int)RETRYING(unlinkat(directory, name, is_directory ? AT_REMOVEDIR : 0));
}

int cairn_set_owner(int descriptor, uint32_t user_id, uint32_t group_id) {
    return (int)RETRYING(fchownat(descriptor, "", user_id, group_id, AT_EMPTY_PATH));
}

int cairn_set_mode(int descriptor, uint32_t mode) {
    int result = (int)RETRYING(fchmod(descriptor, mode));
    if (result != -EBADF) return result; // else it only refers to the file
    descriptor_path path = path_of(descriptor);
    return (int)RETRYING(chmod(path.text, mode));
}

int cairn_set_times(
    int descriptor, int64_t accessed_seconds, uint32_t accessed_nanoseconds,
    int64_t modified_seconds, uint32_t modified_nanoseconds) {
    struct timespec times[2] = {
        {.tv_sec = accessed_seconds, .tv_nsec = accessed_nanoseconds},
        {.tv_sec = modified_seconds, .tv_nsec = modified_nanoseconds},
    };
    // UTIME_NOW and UTIME_OMIT lie above, and so never come from stored bytes.
    if (accessed_nanoseconds >= 1000000000 || modified_nanoseconds >= 1000000000) return -EINVAL;
    int result = (int)RETRYING(futimens(descriptor, times));
    if (result != -EBADF) return result; // else it only refers to the file
    descriptor_path path = path_of(descriptor);
    return (int)RETRYING(utimensat(AT_FDCWD, path.text, times, 0));
}

int cairn_free_space(int descriptor, uint64_t *bytes, uint64_t *files) {
    struct statvfs found;
    int result = (int)RETRYING(fstatvfs(descriptor, &found));
    if (result < 0) return result;
    *bytes = (uint64_t)found.f_bavail * found.f_frsize;
    // File systems without a table of inodes say zero of zero.
    *files = found.f_files == 0 ? UINT64_MAX : (uint64_t)found.f_favail;
    return 0;
}

int cairn_open_memory(void) {
    return (int)RETRYING(memfd_create("cairn", MFD_CLOEXEC));
}
