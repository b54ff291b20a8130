/*
 * Thread-local variables of the images. A descriptor is { thunk, key, offset }; the code calls the
 * thunk with the descriptor's address and wants the variable's. Each image has one block a thread,
 * made when the thread first asks.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "host.h"

enum { MOST_IMAGES = 8, ALIGNMENT = 64 };

struct descriptor { void *thunk; uint64_t key, offset; };
static struct { const void *initial; size_t initial_bytes, bytes; } images[MOST_IMAGES];
static int image_count;
static pthread_key_t cleaner;

/* The thunk reads it: this thread's blocks by key. */
__thread void **thread_blocks __attribute__((tls_model("initial-exec")));

static void free_blocks(void *blocks) {
    for (int i = 0; i < MOST_IMAGES; i++) free(((void **)blocks)[i]);
    free(blocks);
    thread_blocks = NULL;
}

int64_t add_thread_locals(const void *initial, size_t initial_bytes, size_t bytes) {
    if (image_count == MOST_IMAGES) return -1;
    if (image_count == 0) pthread_key_create(&cleaner, free_blocks);
    images[image_count].initial = initial;
    images[image_count].initial_bytes = initial_bytes;
    images[image_count].bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return image_count++;
}

/* The thunk's slow half: makes the block. */
void *thread_local_make(const struct descriptor *descriptor) {
    if (thread_blocks == NULL) {
        thread_blocks = calloc(MOST_IMAGES, sizeof *thread_blocks);
        pthread_setspecific(cleaner, thread_blocks);
    }
    size_t bytes = images[descriptor->key].bytes;
    char *block = aligned_alloc(ALIGNMENT, bytes);
    memset(block, 0, bytes);
    memcpy(block, images[descriptor->key].initial, images[descriptor->key].initial_bytes);
    thread_blocks[descriptor->key] = block;
    return block + descriptor->offset;
}
