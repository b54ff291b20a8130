/*
 * The options of a line: `key=value`, apart by spaces. Commands and hooks have the same form.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel.h"

/* Where the value begins; NULL: not given. */
static const char *value_of(const char *command, const char *key) {
    size_t length = strlen(key);
    for (const char *at = strchr(command, ' '); at != NULL; at = strchr(at, ' ')) {
        at++;
        if (strncmp(at, key, length) == 0 && at[length] == '=') return at + length + 1;
    }
    return NULL;
}

const char *option(const char *command, const char *key, char *value, size_t bytes) {
    const char *from = value_of(command, key);
    if (from == NULL) return NULL;
    size_t written = 0;
    /* %XX stands for a byte that would end the value. */
    for (; *from && *from != ' ' && written + 1 < bytes; written++) {
        unsigned byte = (unsigned char)*from++;
        if (byte == '%' && sscanf(from, "%2x", &byte) == 1) from += 2;
        value[written] = (char)byte;
    }
    memset(value + written, 0, bytes - written);
    return value;
}

char *whole_option(const char *command, const char *key) {
    const char *from = value_of(command, key);
    if (from == NULL) return NULL;
    size_t bytes = strcspn(from, " ") + 1;
    char *value = malloc(bytes);
    option(command, key, value, bytes);
    return value;
}

long long number_of(const char *command, const char *key, long long otherwise) {
    char value[64];
    if (!option(command, key, value, sizeof value)) return otherwise;
    return strtoll(value, NULL, 0);
}

void bytes16(const char *command, const char *key, uint8_t *into) {
    char value[40];
    if (!option(command, key, value, sizeof value) || strlen(value) != 32) return;
    for (int i = 0; i < 16; i++) sscanf(value + 2 * i, "%2hhx", &into[i]);
}
