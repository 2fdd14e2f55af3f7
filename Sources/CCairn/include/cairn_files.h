// System calls on files, for CairnIO. Every function that can fail returns a negative error number
// and starts again by itself where a signal interrupted it.
#pragma once
#include <stddef.h>
#include <stdint.h>

// What fstatat says, with fields of the same width everywhere.
typedef struct {
    uint32_t mode; // file type and permission bits
    uint32_t user_id;
    uint32_t group_id;
    uint32_t link_count;
    uint64_t size;
    uint64_t blocks; // of 512 bytes
    uint64_t inode;
    uint64_t device;
    uint32_t device_major; // of a device node
    uint32_t device_minor;
    int64_t accessed_seconds;
    int64_t modified_seconds;
    int64_t changed_seconds;
    uint32_t accessed_nanoseconds;
    uint32_t modified_nanoseconds;
    uint32_t changed_nanoseconds;
} cairn_metadata;

// How to open. Everything is opened close-on-exec and without following a link in the last place.
enum {
    cairn_open_read = 0,
    cairn_open_write = 1,
    cairn_open_read_write = 2,
    cairn_open_directory = 1 << 2,
    cairn_open_no_access_time = 1 << 3, // done without where the kernel refuses it
    cairn_open_nonblocking = 1 << 4,
    cairn_open_create = 1 << 5,    // and fail if the name exists
    cairn_open_temporary = 1 << 6, // a file without a name in the directory given
    cairn_open_path = 1 << 7,      // only to refer to: a link itself, or a file of any kind
    cairn_open_follow = 1 << 8,    // follow links after all
};

// The directory argument that stands for the working directory.
extern const int cairn_working_directory;

int cairn_open_at(int directory, const char *_Nonnull path, int how, uint32_t mode);
// Opens a path beneath `directory` and refuses to meet any link on the way (openat2).
int cairn_open_beneath(int directory, const char *_Nonnull path, int how);
void cairn_close(int descriptor);

// `path` may be "" for the descriptor itself.
int cairn_metadata_at(int directory, const char *_Nonnull path, cairn_metadata *_Nonnull result);
int64_t cairn_read_link_at(
    int directory, const char *_Nonnull path, void *_Nonnull target, size_t size);
// Directory entries as getdents64 lays them out; 0 at the end.
int64_t cairn_read_entries(int directory, void *_Nonnull entries, size_t size);
int cairn_rewind(int descriptor);

int64_t cairn_read(int descriptor, void *_Nonnull bytes, size_t size);
int64_t cairn_read_at(int descriptor, void *_Nonnull bytes, size_t size, uint64_t offset);
// Writes everything or fails; a negative offset writes at the descriptor's own place.
int cairn_write(int descriptor, const void *_Nonnull bytes, size_t size, int64_t offset);
int cairn_set_size(int descriptor, uint64_t size);
int cairn_sync(int descriptor, int only_data);
// Where data, or a hole, begins at or after `offset`.
int64_t cairn_seek_data(int descriptor, uint64_t offset);
int64_t cairn_seek_hole(int descriptor, uint64_t offset);

enum { cairn_advice_sequential, cairn_advice_random, cairn_advice_will_need, cairn_advice_done };
void cairn_advise_file(int descriptor, uint64_t offset, uint64_t size, int advice);

// Extended attributes: of an open descriptor, or of a path whose last part is not followed.
int64_t cairn_list_attributes(int descriptor, void *_Nonnull names, size_t size);
int64_t cairn_list_attributes_of(const char *_Nonnull path, void *_Nonnull names, size_t size);
int64_t cairn_get_attribute(
    int descriptor, const char *_Nonnull name, void *_Nonnull value, size_t size);
int64_t cairn_get_attribute_of(
    const char *_Nonnull path, const char *_Nonnull name, void *_Nonnull value, size_t size);
// `descriptor` may be one that only refers to a file, also to a link.
int cairn_set_attribute(
    int descriptor, const char *_Nonnull name, const void *_Nonnull value, size_t size);

// Read-only private mapping of a whole file; null with the error number in `error`.
const void *_Nullable cairn_map(int descriptor, size_t size, int *_Nonnull error);
// Zeros to write to: shared with an empty file, or memory of this process without one (-1).
void *_Nullable cairn_map_scratch(int descriptor, size_t size, int *_Nonnull error);
void cairn_unmap(const void *_Nonnull base, size_t size);
void cairn_advise_memory(const void *_Nonnull base, size_t size, int advice);

int cairn_make_directory(int directory, const char *_Nonnull name, uint32_t mode);
int cairn_make_link(const char *_Nonnull target, int directory, const char *_Nonnull name);
// A FIFO or a device, as the type bits of `mode` say.
int cairn_make_node(
    int directory, const char *_Nonnull name, uint32_t mode, uint32_t major, uint32_t minor);
// Gives the open file a further name; never follows a link and never replaces anything.
int cairn_add_name(int descriptor, int directory, const char *_Nonnull name);
// Within one directory. Without `replace` an existing name is -EEXIST.
int cairn_rename(
    int directory, const char *_Nonnull from, const char *_Nonnull to, int replace);
int cairn_remove(int directory, const char *_Nonnull name, int is_directory);

// Of an open file, or of one that the descriptor only refers to, also of a link.
int cairn_set_owner(int descriptor, uint32_t user_id, uint32_t group_id);
int cairn_set_mode(int descriptor, uint32_t mode);
int cairn_set_times(
    int descriptor, int64_t accessed_seconds, uint32_t accessed_nanoseconds,
    int64_t modified_seconds, uint32_t modified_nanoseconds);

// What is left to this user, in bytes and in files.
int cairn_free_space(int descriptor, uint64_t *_Nonnull bytes, uint64_t *_Nonnull files);
// A file in memory without a name.
int cairn_open_memory(void);
