/*
 * What the image imports: Node's own functions, glibc's where name, arguments and meaning are the
 * same, and our own where Darwin's differ. A name that is in no list is not guessed at.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "host.h"
#include "kernel.h"

enum { DARWIN_ENOENT = 2, DARWIN_ENOSYS = 78, DARWIN_EDEADLK = 11, DARWIN_EBUSY = 16 };

static void *no_pointer(void) { return NULL; }
static int zero(void) { return 0; }
static int refused(void) {
    *darwin_errno() = DARWIN_ENOSYS;
    return -1;
}
/* Backtraces look for debug files; there are none. */
static int no_such_file(void) {
    *darwin_errno() = DARWIN_ENOENT;
    return -1;
}
static void *no_mapping(void) { return (void *)-1; }

static int shim_clock_gettime(int id, struct timespec *time) {
    /* CLOCK_REALTIME 0, MONOTONIC_RAW 4, MONOTONIC 6, UPTIME_RAW 8. */
    clockid_t own = id == 0 ? CLOCK_REALTIME : id == 4 ? CLOCK_MONOTONIC_RAW : CLOCK_MONOTONIC;
    return clock_gettime(own, time);
}

static int shim_pthread_threadid_np(pthread_t thread, uint64_t *id) {
    (void)thread;
    *id = (uint64_t)syscall(SYS_gettid);
    return 0;
}

/* NORMAL 0, ERRORCHECK 1, RECURSIVE 2 there; glibc swaps the last two. */
static int shim_mutexattr_settype(pthread_mutexattr_t *attributes, int type) {
    int own = type == 1 ? PTHREAD_MUTEX_ERRORCHECK : type == 2 ? PTHREAD_MUTEX_RECURSIVE : 0;
    return pthread_mutexattr_settype(attributes, own);
}

static int shim_mutex_trylock(pthread_mutex_t *mutex) {
    int error = pthread_mutex_trylock(mutex);
    return error == EBUSY ? DARWIN_EBUSY : error;
}

static int shim_mutex_lock(pthread_mutex_t *mutex) {
    int error = pthread_mutex_lock(mutex);
    return error == EDEADLK ? DARWIN_EDEADLK : error;
}

static int shim_random(void *bytes, size_t count) {
    return getrandom(bytes, count, 0) == (ssize_t)count ? 0 : -1;
}

static int shim_strerror_r(int error, char *text, size_t bytes) {
    snprintf(text, bytes, "error %d of the simulated kernel", error);
    return 0;
}

/* std parks threads on these; it waits for ever or polls. */
static sem_t *shim_semaphore_create(intptr_t value) {
    sem_t *semaphore = malloc(sizeof *semaphore);
    sem_init(semaphore, 0, (unsigned)value);
    return semaphore;
}
static intptr_t shim_semaphore_wait(sem_t *semaphore, uint64_t timeout) {
    if (timeout == 0) return sem_trywait(semaphore) == 0 ? 0 : 49;
    while (sem_wait(semaphore) != 0) {}
    return 0;
}
static intptr_t shim_semaphore_signal(sem_t *semaphore) { return sem_post(semaphore); }
static void shim_release(sem_t *semaphore) { free(semaphore); }

/*
 * fcntl is variadic, and so its third argument travels where each system puts such ones: on arm64
 * Apple's is the first on the stack, which is where Linux has the ninth of a function with nine.
 */
#ifdef __aarch64__
static int shim_fcntl(int fd, int command, long a, long b, long c, long d, long e, long f, long on_stack) {
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    return sim_fcntl(fd, command, on_stack);
}
#else
static int shim_fcntl(int fd, int command, long argument) {
    return sim_fcntl(fd, command, argument);
}
#endif

extern int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *library);
static void shim_tlv_atexit(void (*destroy)(void *), void *object) {
    static char library;
    __cxa_thread_atexit_impl(destroy, object, &library);
}

static const struct { const char *name; void *address; } shims[] = {
    {"CCRandomGenerateBytes", shim_random},
    {"__bzero", bzero},
    {"__error", darwin_errno},
    {"_dyld_get_image_header", no_pointer},
    {"_dyld_get_image_name", no_pointer},
    {"_dyld_get_image_vmaddr_slide", no_pointer},
    {"_dyld_image_count", zero},
    {"_tlv_atexit", shim_tlv_atexit},
    {"_tlv_bootstrap", thread_local_thunk},
    {"clock_gettime", shim_clock_gettime},
    {"close", sim_close},
    {"close$NOCANCEL", sim_close},
    {"dispatch_release", shim_release},
    {"dispatch_semaphore_create", shim_semaphore_create},
    {"dispatch_semaphore_signal", shim_semaphore_signal},
    {"dispatch_semaphore_wait", shim_semaphore_wait},
    {"dladdr", zero},
    {"dlopen", no_pointer},
    {"dlsym", no_pointer},
    {"fcntl", shim_fcntl},
    {"freeifaddrs", sim_freeifaddrs},
    {"fstat", refused},
    {"fstat$INODE64", refused},
    {"geteuid", sim_geteuid},
    {"getifaddrs", sim_getifaddrs},
    {"getsockopt", sim_getsockopt},
    {"if_indextoname", sim_if_indextoname},
    {"if_nametoindex", sim_if_nametoindex},
    {"mmap", no_mapping},
    {"open", no_such_file},
    {"opendir", no_pointer},
    {"opendir$INODE64", no_pointer},
    {"proc_listpids", sim_proc_listpids},
    {"proc_pidfdinfo", sim_proc_pidfdinfo},
    {"proc_pidinfo", sim_proc_pidinfo},
    {"proc_pidpath", sim_proc_pidpath},
    {"pthread_mutex_lock", shim_mutex_lock},
    {"pthread_mutex_trylock", shim_mutex_trylock},
    {"pthread_mutexattr_settype", shim_mutexattr_settype},
    {"pthread_threadid_np", shim_pthread_threadid_np},
    {"readdir_r", refused},
    {"readdir_r$INODE64", refused},
    {"strerror_r", shim_strerror_r},
    {"sysctl", sim_sysctl},
};

static const char *const same[] = {
    "abort", "bzero", "calloc", "closedir", "dirfd", "free", "getcwd", "getenv", "getpid",
    "malloc", "memcmp", "memcpy", "memmove", "memset", "munmap", "posix_memalign", "pthread_cond_broadcast",
    "pthread_cond_destroy", "pthread_cond_init", "pthread_cond_signal", "pthread_cond_wait",
    "pthread_getspecific", "pthread_key_create", "pthread_key_delete", "pthread_mutex_destroy",
    "pthread_mutex_init", "pthread_mutex_unlock", "pthread_mutexattr_destroy",
    "pthread_mutexattr_init", "pthread_self", "pthread_setspecific", "realloc", "strlen", "write",
    "writev",
};

/* The unwinder must be the one that register_frames speaks to. */
void *unwinder(const char *name) {
    static void *library;
    if (library == NULL) library = dlopen("libgcc_s.so.1", RTLD_NOW);
    return library == NULL ? NULL : dlsym(library, name);
}

void *find_import(const char *name) {
    if (strcmp(name, "dyld_stub_binder") == 0) return abort; /* Everything is bound at once. */
    if (name[0] != '_') return NULL;
    name++;
    for (size_t i = 0; i < sizeof shims / sizeof *shims; i++)
        if (strcmp(name, shims[i].name) == 0) return shims[i].address;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (strcmp(name, same[i]) == 0) return dlsym(RTLD_DEFAULT, name);
    if (strncmp(name, "_Unwind_", 8) == 0) return unwinder(name);
    if (strncmp(name, "napi_", 5) == 0) return dlsym(RTLD_DEFAULT, name);
    return NULL;
}
