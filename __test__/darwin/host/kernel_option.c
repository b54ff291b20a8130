/*
 * The options of a line: `key=value`, apart by spaces. Commands and hooks have the same form.
 */
#include <stdio.h>
#include <string.h>
#include "kernel.h"

const char *option(const char *command, const char *key, char *value, size_t bytes) {
    size_t length = strlen(key);
    for (const char *at = strchr(command, ' '); at != NULL; at = strchr(at, ' ')) {
        at++;
        if (strncmp(at, key, length) != 0 || at[length] != '=') continue;
        const char *from = at + length + 1;
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
    return NULL;
}
