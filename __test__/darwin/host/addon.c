/*
 * The few things that image.cjs cannot do from JavaScript: memory that code may run in, the
 * addresses of imports, calls into the image; and the simulated kernel's command line.
 */
#define NAPI_VERSION 8
#include <node_api.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "host.h"
#include "kernel.h"

/* Images by path: the Workers of a process share them, as they share a dlopened library. */
static struct { char path[4096]; uint64_t entry; } images[8];
static int image_count;
static pthread_mutex_t images_mutex = PTHREAD_MUTEX_INITIALIZER;

static napi_value fail(napi_env env, const char *message) {
    napi_throw_error(env, NULL, message);
    return NULL;
}

static napi_value number(napi_env env, uint64_t value) {
    napi_value result;
    napi_create_bigint_uint64(env, value, &result);
    return result;
}

struct arguments { napi_value values[4]; };

static struct arguments arguments(napi_env env, napi_callback_info info) {
    struct arguments found;
    size_t count = 4;
    napi_get_cb_info(env, info, &count, found.values, NULL, NULL);
    return found;
}

static uint64_t integer(napi_env env, napi_value value) {
    uint64_t result = 0;
    bool lossless;
    if (napi_get_value_bigint_uint64(env, value, &result, &lossless) != napi_ok)
        napi_throw_type_error(env, NULL, "a BigInt is wanted");
    return result;
}

static void text(napi_env env, napi_value value, char *buffer, size_t bytes) {
    size_t length;
    buffer[0] = 0;
    napi_get_value_string_utf8(env, value, buffer, bytes, &length);
}

/* reserve(bytes): an ArrayBuffer over memory that can later be made executable. */
static napi_value reserve(napi_env env, napi_callback_info info) {
    uint64_t bytes = integer(env, arguments(env, info).values[0]);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return fail(env, "no memory for the image");
    napi_value buffer;
    if (napi_create_external_arraybuffer(env, memory, bytes, NULL, NULL, &buffer) != napi_ok)
        return fail(env, "no ArrayBuffer over foreign memory here");
    return buffer;
}

/* addressOf(buffer) */
static napi_value address_of(napi_env env, napi_callback_info info) {
    void *memory;
    size_t bytes;
    napi_get_arraybuffer_info(env, arguments(env, info).values[0], &memory, &bytes);
    return number(env, (uint64_t)memory);
}

/* protect(address, bytes, protection): PROT_READ 1, WRITE 2, EXEC 4 are the same numbers there. */
static napi_value protect(napi_env env, napi_callback_info info) {
    struct arguments given = arguments(env, info);
    void *address = (void *)integer(env, given.values[0]);
    size_t bytes = integer(env, given.values[1]);
    int protection = (int)integer(env, given.values[2]);
    if (protection & PROT_EXEC) __builtin___clear_cache(address, (char *)address + bytes);
    if (mprotect(address, bytes, protection) != 0) return fail(env, "mprotect failed");
    return NULL;
}

/* symbol(name): 0n where nothing stands for it. */
static napi_value symbol(napi_env env, napi_callback_info info) {
    char name[256];
    text(env, arguments(env, info).values[0], name, sizeof name);
    return number(env, (uint64_t)find_import(name));
}

/* threadLocals(initial, initialBytes, bytes): the key for the image's descriptors. */
static napi_value thread_locals(napi_env env, napi_callback_info info) {
    struct arguments given = arguments(env, info);
    int64_t key = add_thread_locals((void *)integer(env, given.values[0]), integer(env, given.values[1]),
                                    integer(env, given.values[2]));
    return key < 0 ? fail(env, "too many images") : number(env, key);
}

/* registerFrames(address): DWARF unwind information, ended by a zero length. */
static napi_value register_frames(napi_env env, napi_callback_info info) {
    void (*register_frame)(void *) = unwinder("__register_frame");
    if (register_frame == NULL) return fail(env, "libgcc_s.so.1 is not there");
    register_frame((void *)integer(env, arguments(env, info).values[0]));
    return NULL;
}

/* call(address): an initializer. */
static napi_value call(napi_env env, napi_callback_info info) {
    static const char *const nothing[] = {NULL};
    void (*initializer)(int, const char *const *, const char *const *, const char *const *) =
        (void *)integer(env, arguments(env, info).values[0]);
    initializer(0, nothing, nothing, nothing);
    return NULL;
}

/* begin(path): the image's entry, or 0n, and then nobody else may load until end(path, entry). */
static napi_value begin(napi_env env, napi_callback_info info) {
    char path[4096];
    text(env, arguments(env, info).values[0], path, sizeof path);
    pthread_mutex_lock(&images_mutex);
    for (int i = 0; i < image_count; i++) {
        if (strcmp(images[i].path, path) != 0) continue;
        pthread_mutex_unlock(&images_mutex);
        return number(env, images[i].entry);
    }
    return number(env, 0);
}

/* end(path, entry): entry 0n where loading failed. */
static napi_value end(napi_env env, napi_callback_info info) {
    struct arguments given = arguments(env, info);
    uint64_t entry = integer(env, given.values[1]);
    if (entry != 0 && image_count < 8) {
        text(env, given.values[0], images[image_count].path, sizeof images[0].path);
        images[image_count++].entry = entry;
    }
    pthread_mutex_unlock(&images_mutex);
    return NULL;
}

/* register(entry, exports): what napi_register_module_v1 returns. */
static napi_value register_module(napi_env env, napi_callback_info info) {
    struct arguments given = arguments(env, info);
    napi_value (*entry)(napi_env, napi_value) = (void *)integer(env, given.values[0]);
    napi_value exported = entry(env, given.values[1]);
    return exported != NULL ? exported : given.values[1];
}

/* kernel(line): the simulated kernel's answer; a failure is thrown. */
static napi_value run_kernel(napi_env env, napi_callback_info info) {
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    napi_value line = arguments(env, info).values[0], result = NULL;
    size_t length = 0;
    napi_get_value_string_utf8(env, line, NULL, 0, &length);
    char *copy = malloc(length + 1);
    napi_get_value_string_utf8(env, line, copy, length + 1, &length);
    pthread_mutex_lock(&one_at_a_time);
    const char *answer = run_script(copy);
    if (answer[0] == '!') napi_throw_error(env, NULL, answer + 1);
    else napi_create_string_utf8(env, answer, NAPI_AUTO_LENGTH, &result);
    pthread_mutex_unlock(&one_at_a_time);
    free(copy);
    return result;
}

/* plainWalk(port): the pid that the naive walk answers, -1 for none. */
static napi_value run_plain_walk(napi_env env, napi_callback_info info) {
    napi_value result;
    napi_create_int64(env, plain_walk((int)integer(env, arguments(env, info).values[0])), &result);
    return result;
}

static void export(napi_env env, napi_value exports, const char *name, napi_callback function) {
    napi_value value;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, function, NULL, &value);
    napi_set_named_property(env, exports, name, value);
}

NAPI_MODULE_INIT() {
    export(env, exports, "reserve", reserve);
    export(env, exports, "addressOf", address_of);
    export(env, exports, "protect", protect);
    export(env, exports, "symbol", symbol);
    export(env, exports, "threadLocals", thread_locals);
    export(env, exports, "registerFrames", register_frames);
    export(env, exports, "call", call);
    export(env, exports, "begin", begin);
    export(env, exports, "end", end);
    export(env, exports, "register", register_module);
    export(env, exports, "kernel", run_kernel);
    export(env, exports, "plainWalk", run_plain_walk);
    return exports;
}
