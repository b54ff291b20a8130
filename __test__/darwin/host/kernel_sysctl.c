/*
 * sysctl, as bsd/kern/kern_sysctl.c answers it, of the two values that tell of a process: when it
 * started, and its command line.
 */
#include <stdlib.h>
#include <string.h>
#include "kernel.h"

enum { CTL_KERN = 1, KERN_PROC = 14, KERN_PROC_PID = 1, KERN_PROCARGS2 = 49 };
enum { RUNNING = 2, ZOMBIE = 5, ARG_MAX_BYTES = 1024 * 1024, PATH_ALIGNMENT = 8 };

/* A system call's failure, which libproc's wrappers would hide. */
static int refused(int error) {
    failed(error);
    return -1;
}

/* Anybody's, zombies too; of nobody it tells nothing, which is a success. */
static int tell_start(int pid, uint8_t *old, size_t *bytes) {
    int injected = enter(KINFO, pid, -1);
    if (injected) return refused(injected);
    struct process *process = find_listed(pid), *zombie = find_zombie(pid);
    struct process *either = process ? process : zombie;
    if (either == NULL || kernel.hides_starts) {
        *bytes = 0;
        unlock_kernel();
        return 0;
    }
    if (*bytes < KINFO_PROC_BYTES) {
        *bytes = 0;
        return refused(E_NOMEM);
    }
    memset(old, 0, KINFO_PROC_BYTES);
    put64(old + KP_STARTTIME_SEC, either->start_seconds);
    put32(old + KP_STARTTIME_USEC, (uint32_t)either->start_microseconds);
    old[KP_STAT] = process ? RUNNING : ZOMBIE;
    put32(old + KP_PID, pid);
    memcpy(old + KP_COMM, either->comm, sizeof either->comm);
    put32(old + KP_RUID, either->ruid);
    put32(old + KP_UID, either->uid);
    put32(old + KP_PPID, either->ppid);
    *bytes = KINFO_PROC_BYTES;
    unlock_kernel();
    return 0;
}

/* Each string ends with a NUL instead; returns how many there are. */
static int add_strings(uint8_t *strings, size_t *length, const char *text) {
    int count = 0;
    for (; text && *text; text++) {
        int ends = *text == ARGUMENT_END;
        strings[(*length)++] = ends ? 0 : (uint8_t)*text;
        count += ends;
    }
    return count;
}

/* The program's path, NULs up to a multiple of eight, the arguments, the environment. */
static uint8_t *strings_of(const struct process *process, size_t *length, int *count) {
    size_t args = process->args ? strlen(process->args) : 0;
    size_t environment = process->environment ? strlen(process->environment) : 0;
    size_t path = (strlen(process->path) / PATH_ALIGNMENT + 1) * PATH_ALIGNMENT;
    uint8_t *strings = calloc(1, path + args + environment + 1);
    memcpy(strings, process->path, strlen(process->path));
    *length = path;
    *count = add_strings(strings, length, process->args);
    add_strings(strings, length, process->environment);
    return strings;
}

/* Every refusal is EINVAL. A buffer that is too small gets the end of the strings. */
static int tell_arguments(int pid, uint8_t *old, size_t *bytes) {
    int injected = enter(PROCARGS, pid, -1);
    if (injected) return refused(injected);
    struct process *process = find_process(pid);
    if (*bytes < 4 || *bytes > ARG_MAX_BYTES + 4 || pid == 0) return refused(E_INVAL);
    if (process == NULL || !may_inspect(process)) return refused(E_INVAL);
    size_t length, room = *bytes - 4;
    int count;
    uint8_t *strings = strings_of(process, &length, &count);
    size_t from = length > room ? length - room : 0;
    put32(old, count);
    memcpy(old + 4, strings + from, length - from);
    free(strings);
    *bytes = 4 + length - from;
    unlock_kernel();
    return 0;
}

int sim_sysctl(int *name, unsigned names, void *old, size_t *bytes, void *new, size_t new_bytes) {
    bool reads = old != NULL && new == NULL && new_bytes == 0;
    if (reads && names == 4 && name[0] == CTL_KERN && name[1] == KERN_PROC && name[2] == KERN_PROC_PID)
        return tell_start(name[3], old, bytes);
    if (reads && names == 3 && name[0] == CTL_KERN && name[1] == KERN_PROCARGS2)
        return tell_arguments(name[2], old, bytes);
    enter(OTHER, -1, -1);
    return refused(E_INVAL);
}
