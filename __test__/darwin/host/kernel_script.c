/*
 * The script: commands at once, and hooks that run a command, inject an errno or hold the caller
 * right before the N-th call of a kind. Also the lock, the counters and the trace.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel.h"

enum { MOST_HOOKS = 1024, ANY = -1, MOST_TRACED = 200000 };

const char *const call_names[CALLS] = {
    "listpids", "listpidsAllocated", "listfds", "fdinfo",  "bsdinfo",   "shortinfo", "pidpath",
    "cwd",      "args",              "start",   "peerpid", "addresses", "duplicate", "other"};

struct hook {
    int call; /* ANY: of whatever kind. */
    int pid, fd;
    int before;  /* Matching calls that still pass. */
    int times;   /* How often it runs. */
    int error;   /* Injected errno, or 0. */
    char *commands;
};

static struct hook hooks[MOST_HOOKS];
static int hook_count;
static char script_error[256];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static int holds_wanted, held;
static unsigned release_round;
static struct { uint8_t call; int pid, fd; } *trace;
static int traced = -1; /* -1: off. */

void lock_kernel(void) { pthread_mutex_lock(&mutex); }
void unlock_kernel(void) { pthread_mutex_unlock(&mutex); }

static void run_commands(const char *commands) {
    char *copy = strdup(commands), *rest = copy, *command;
    while ((command = strsep(&rest, ";")) != NULL) {
        const char *wrong = NULL;
        if (strcmp(command, "hold") == 0) holds_wanted++;
        else wrong = apply(command);
        if (wrong) snprintf(script_error, sizeof script_error, "%s: %.180s", wrong, command);
    }
    free(copy);
}

static int run_hooks(enum call call, int pid, int fd) {
    int error = 0;
    for (int i = 0; i < hook_count; i++) {
        struct hook *hook = &hooks[i];
        if (hook->call != ANY && hook->call != (int)call) continue;
        if (hook->pid != ANY && hook->pid != pid) continue;
        if (hook->fd != ANY && hook->fd != fd) continue;
        if (hook->before > 0) {
            hook->before--;
            continue;
        }
        if (hook->error) error = hook->error;
        if (hook->commands) run_commands(hook->commands);
        if (hook->times < 0 || --hook->times > 0) continue;
        free(hook->commands);
        memmove(hook, hook + 1, (--hook_count - i) * sizeof *hook);
        i--;
    }
    return error;
}

int enter(enum call call, int pid, int fd) {
    lock_kernel();
    kernel.counts[call]++;
    if (traced >= 0 && traced < MOST_TRACED) {
        trace[traced].call = call;
        trace[traced].pid = pid;
        trace[traced++].fd = fd;
    }
    int error = run_hooks(call, pid, fd);
    if (holds_wanted > 0) {
        unsigned round = release_round;
        holds_wanted--;
        held++;
        while (round == release_round) pthread_cond_wait(&released, &mutex);
        held--;
    }
    return error;
}

/* The hook's own options, and behind a line break what it does. */
static const char *add_hook(char *line) {
    char name[32] = "", value[32], *commands = strchr(line, '\n');
    if (commands) *commands++ = 0;
    struct hook hook = {.call = CALLS, .pid = ANY, .fd = ANY, .times = 1};
    if (option(line, "call", name, sizeof name))
        for (int i = 0; i < CALLS; i++)
            if (strcmp(name, call_names[i]) == 0) hook.call = i;
    if (strcmp(name, "any") == 0) hook.call = ANY;
    if (hook.call == CALLS) return "no such call";
    if (hook_count == MOST_HOOKS) return "too many hooks";
    if (option(line, "pid", value, sizeof value)) hook.pid = atoi(value);
    if (option(line, "fd", value, sizeof value)) hook.fd = atoi(value);
    if (option(line, "nth", value, sizeof value)) hook.before = atoi(value) - 1;
    if (option(line, "times", value, sizeof value)) hook.times = atoi(value);
    if (option(line, "errno", value, sizeof value)) hook.error = atoi(value);
    if (commands) hook.commands = strdup(commands);
    hooks[hook_count++] = hook;
    return NULL;
}

static const char *reset_script(void) {
    while (hook_count > 0) free(hooks[--hook_count].commands);
    script_error[0] = 0;
    holds_wanted = 0;
    traced = -1;
    static char command[] = "reset";
    apply(command);
    return "";
}

static const char *counts(char *answer, size_t bytes) {
    size_t at = snprintf(answer, bytes, "{");
    for (int i = 0; i < CALLS; i++) {
        const char *comma = i ? "," : "";
        unsigned long long count = kernel.counts[i];
        at += snprintf(answer + at, bytes - at, "%s\"%s\":%llu", comma, call_names[i], count);
    }
    snprintf(answer + at, bytes - at, "}");
    return answer;
}

static const char *read_trace(void) {
    static char *text;
    if (traced < 0) return "[]";
    size_t bytes = 48 * (size_t)traced + 16, at = 0;
    text = realloc(text, bytes);
    at += snprintf(text, bytes, "[");
    for (int i = 0; i < traced; i++)
        at += snprintf(text + at, bytes - at, "%s[\"%s\",%d,%d]", i ? "," : "",
                       call_names[trace[i].call], trace[i].pid, trace[i].fd);
    snprintf(text + at, bytes - at, "]");
    return text;
}

static const char *run_locked(const char *line) {
    static char answer[512];
    if (strcmp(line, "reset") == 0) return reset_script();
    if (strcmp(line, "counts") == 0) return counts(answer, sizeof answer);
    if (strcmp(line, "zero") == 0) return memset(kernel.counts, 0, sizeof kernel.counts), "";
    if (strcmp(line, "trace") == 0) return read_trace();
    if (strcmp(line, "record") == 0) {
        if (trace == NULL) trace = calloc(MOST_TRACED, sizeof *trace);
        traced = 0;
        return "";
    }
    if (strcmp(line, "held") == 0) return held ? "1" : "0";
    if (strcmp(line, "release") == 0) {
        release_round++;
        pthread_cond_broadcast(&released);
        return "";
    }
    if (strcmp(line, "waiting") == 0) { /* Hooks that have not run; or what one of them could not do. */
        if (script_error[0]) snprintf(answer, sizeof answer, "!%s", script_error);
        else snprintf(answer, sizeof answer, "%d", hook_count);
        return answer;
    }
    char *copy = strdup(line);
    const char *wrong = strncmp(line, "at ", 3) == 0 ? add_hook(copy) : apply(copy);
    free(copy);
    if (wrong == NULL) return "";
    snprintf(answer, sizeof answer, "!%s: %.300s", wrong, line);
    return answer;
}

/* The answer is read before the next line is run: only the thread that scripts calls this. */
const char *run_script(const char *line) {
    lock_kernel();
    const char *answer = run_locked(line);
    unlock_kernel();
    return answer;
}
