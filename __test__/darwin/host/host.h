/* Between the host's files. */
#include <stddef.h>
#include <stdint.h>

/* imports.c */
void *find_import(const char *name); /* A Mach-O name, with its underscore; NULL: not known. */
void *unwinder(const char *name);

/* thread_locals.c, thread_locals_ARCH.S */
int64_t add_thread_locals(const void *initial, size_t initial_bytes, size_t bytes); /* A key, or -1. */
void thread_local_thunk(void);
