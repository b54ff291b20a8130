/*
 * The table of processes and descriptors, and the commands that change it. A command is a verb and
 * `key=value` options; the same verbs set the table up and, in a hook, change it between two calls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel.h"

struct kernel kernel;

static struct process *find_in(struct process **list, int count, int pid) {
    for (int i = 0; i < count; i++)
        if (list[i]->pid == pid) return list[i];
    return NULL;
}

struct process *find_listed(int pid) { return find_in(kernel.live, kernel.live_count, pid); }

struct process *find_process(int pid) {
    struct process *process = find_listed(pid);
    return process == NULL || process->exiting ? NULL : process;
}

struct process *find_zombie(int pid) {
    return find_in(kernel.zombies, kernel.zombie_count, pid);
}

struct descriptor *find_descriptor(struct process *process, int fd) {
    for (int i = 0; i < process->descriptor_count; i++)
        if (process->descriptors[i].fd == fd) return &process->descriptors[i];
    return NULL;
}

/* fd_nfiles: 25, then 50, then doubled. */
int descriptor_table_length(const struct process *process) {
    int highest = process->descriptor_count == 0
                      ? -1
                      : process->descriptors[process->descriptor_count - 1].fd;
    int length = 25;
    while (length <= highest) length *= 2;
    return length;
}

static void insert(struct process **list, int *count, struct process *process) {
    memmove(list + 1, list, *count * sizeof *list);
    list[0] = process;
    ++*count;
}

static void take_out(struct process **list, int *count, struct process *process) {
    for (int i = 0; i < *count; i++) {
        if (list[i] != process) continue;
        memmove(list + i, list + i + 1, (--*count - i) * sizeof *list);
        return;
    }
}

static void release(struct file *file) {
    if (--file->references == 0) free(file);
}

static void close_at(struct process *process, int i) {
    release(process->descriptors[i].file);
    memmove(&process->descriptors[i], &process->descriptors[i + 1],
            (--process->descriptor_count - i) * sizeof *process->descriptors);
}

static void close_fd(struct process *process, int fd) {
    for (int i = process->descriptor_count - 1; i >= 0; i--)
        if (process->descriptors[i].fd == fd) close_at(process, i);
}

static struct descriptor *install(struct process *process, int fd, struct file *file) {
    file->references++;
    close_fd(process, fd);
    size_t bytes = (process->descriptor_count + 1) * sizeof *process->descriptors;
    process->descriptors = realloc(process->descriptors, bytes);
    int at = process->descriptor_count++;
    for (; at > 0 && process->descriptors[at - 1].fd > fd; at--)
        process->descriptors[at] = process->descriptors[at - 1];
    process->descriptors[at] = (struct descriptor){.fd = fd, .file = file};
    return &process->descriptors[at];
}

static void free_process(struct process *process) {
    while (process->descriptor_count > 0) close_at(process, 0);
    free(process->descriptors);
    free(process->args);
    free(process->environment);
    free(process);
}

static void replace(char **text, const char *command, const char *key) {
    char *given = whole_option(command, key);
    if (given == NULL) return;
    free(*text);
    *text = given;
}

static void describe(struct process *process, const char *command) {
    process->ppid = number_of(command, "ppid", process->ppid);
    process->uid = number_of(command, "uid", process->uid);
    process->ruid = number_of(command, "ruid", process->uid);
    process->start_seconds = number_of(command, "start", process->start_seconds);
    process->start_microseconds = number_of(command, "microseconds", process->start_microseconds);
    process->path_errno = number_of(command, "path_errno", process->path_errno);
    process->policy_errno = number_of(command, "policy_errno", process->policy_errno);
    process->exiting = number_of(command, "exiting", process->exiting);
    process->cwd_errno = number_of(command, "cwd_errno", process->cwd_errno);
    replace(&process->args, command, "args");
    replace(&process->environment, command, "environment");
    option(command, "cwd", process->cwd, sizeof process->cwd);
    option(command, "path", process->path, sizeof process->path);
    option(command, "comm", process->comm, sizeof process->comm);
    option(command, "name", process->name, sizeof process->name);
}

static void describe_file(struct descriptor *descriptor, const char *command) {
    struct file *file = descriptor->file;
    descriptor->flags = number_of(command, "flags", descriptor->flags);
    descriptor->reserved = number_of(command, "reserved", descriptor->reserved);
    file->fdtype = number_of(command, "fdtype", file->fdtype);
    file->so = number_of(command, "so", file->so);
    file->gencnt = number_of(command, "gencnt", file->gencnt);
    file->family = number_of(command, "family", file->family);
    file->type = number_of(command, "type", file->type);
    file->protocol = number_of(command, "protocol", file->protocol);
    file->kind = number_of(command, "kind", file->kind);
    file->state = number_of(command, "state", file->state);
    file->so_state = number_of(command, "so_state", file->so_state);
    file->vflag = number_of(command, "vflag", file->vflag);
    file->local_port = number_of(command, "local_port", file->local_port);
    file->foreign_port = number_of(command, "foreign_port", file->foreign_port);
    bytes16(command, "local", file->local);
    bytes16(command, "foreign", file->foreign);
}

static const char *make_process(const char *command, struct process *parent) {
    int pid = number_of(command, "pid", -1);
    if (pid < 0 || find_listed(pid) || kernel.live_count == MOST_PROCESSES) return "no such new pid";
    struct process *process = calloc(1, sizeof *process);
    if (parent) {
        *process = *parent;
        process->ppid = parent->pid;
        process->args = parent->args ? strdup(parent->args) : NULL;
        process->environment = parent->environment ? strdup(parent->environment) : NULL;
        process->descriptors = NULL;
        process->descriptor_count = 0;
        for (int i = 0; i < parent->descriptor_count; i++) {
            struct descriptor *from = &parent->descriptors[i];
            if (from->flags & FD_CLOFORK_BIT) continue;
            install(process, from->fd, from->file)->flags = from->flags;
        }
    }
    process->pid = pid;
    describe(process, command);
    insert(kernel.live, &kernel.live_count, process);
    return NULL;
}

static void exec(struct process *process, const char *command) {
    for (int i = process->descriptor_count - 1; i >= 0; i--)
        if (process->descriptors[i].flags & FD_CLOEXEC_BIT) close_at(process, i);
    describe(process, command);
    /* From macOS 13 some execs swap in a new process structure: the pid moves to the front. */
    if (!number_of(command, "front", 0)) return;
    take_out(kernel.live, &kernel.live_count, process);
    insert(kernel.live, &kernel.live_count, process);
}

static void exit_process(struct process *process, const char *command) {
    take_out(kernel.live, &kernel.live_count, process);
    while (process->descriptor_count > 0) close_at(process, 0);
    if (number_of(command, "reaped", 0)) free_process(process);
    else insert(kernel.zombies, &kernel.zombie_count, process);
}

static void reset(void) {
    while (kernel.live_count > 0) free_process(kernel.live[--kernel.live_count]);
    while (kernel.zombie_count > 0) free_process(kernel.zombies[--kernel.zombie_count]);
    memset(&kernel, 0, sizeof kernel);
    kernel.listpids_slack = 20;
    kernel.socket_bytes = 792;
    kernel.next_so = 0x5b5d000000001000;
    make_process("x pid=0 uid=0 comm=kernel_task", NULL);
    apply_to_machine("address", "x family=2 bytes=0000000000000000000000007f000001");
    apply_to_machine("address", "x family=30 bytes=00000000000000000000000000000001");
}

static const char *set_kernel(const char *command) {
    kernel.caller_uid = number_of(command, "uid", kernel.caller_uid);
    kernel.listpids_slack = number_of(command, "slack", kernel.listpids_slack);
    kernel.socket_bytes = number_of(command, "socket_bytes", kernel.socket_bytes);
    kernel.socket_shift = number_of(command, "socket_shift", kernel.socket_shift);
    kernel.hides_starts = number_of(command, "hides_starts", kernel.hides_starts);
    kernel.listpids_policy_errno = number_of(command, "listpids_policy_errno", kernel.listpids_policy_errno);
    if (kernel.socket_bytes > 1000 || kernel.socket_shift > 64) return "too large";
    return NULL;
}

static const char *change_descriptors(const char *verb, struct process *process, const char *command) {
    int fd = number_of(command, "fd", -1);
    if (strcmp(verb, "open") == 0) {
        struct file *file = calloc(1, sizeof *file);
        file->fdtype = DTYPE_SOCKET;
        file->so = file->gencnt = kernel.next_so;
        kernel.next_so += 0x400;
        describe_file(install(process, fd, file), command);
        return NULL;
    }
    struct descriptor *descriptor = find_descriptor(process, fd);
    if (descriptor == NULL) return "no such descriptor";
    if (strcmp(verb, "set") == 0) describe_file(descriptor, command);
    else if (strcmp(verb, "close") == 0) close_fd(process, fd);
    else { /* pass: to another process or another number; `move` closes the old one. */
        struct process *to = find_listed(number_of(command, "to", process->pid));
        if (to == NULL) return "no such process to pass to";
        install(to, number_of(command, "as", fd), descriptor->file);
        if (strcmp(verb, "move") == 0) close_fd(process, fd);
    }
    return NULL;
}

const char *apply(char *command) {
    char verb[16] = "";
    sscanf(command, "%15s", verb);
    if (strcmp(verb, "reset") == 0) return reset(), NULL;
    if (strcmp(verb, "kernel") == 0) return set_kernel(command);
    const char *own = apply_to_machine(verb, command);
    if (own == NULL || strcmp(own, "?") != 0) return own;
    if (strcmp(verb, "spawn") == 0) return make_process(command, NULL);
    int pid = number_of(command, "pid", -1);
    if (strcmp(verb, "fork") == 0) {
        struct process *parent = find_listed(number_of(command, "parent", -1));
        return parent ? make_process(command, parent) : "no such parent";
    }
    if (strcmp(verb, "reap") == 0) {
        struct process *zombie = find_zombie(pid);
        if (zombie == NULL) return "no such zombie";
        take_out(kernel.zombies, &kernel.zombie_count, zombie);
        return free_process(zombie), NULL;
    }
    struct process *process = find_listed(pid);
    if (process == NULL) return "no such process";
    if (strcmp(verb, "exec") == 0) return exec(process, command), NULL;
    if (strcmp(verb, "exit") == 0) return exit_process(process, command), NULL;
    if (strcmp(verb, "change") == 0) return describe(process, command), NULL;
    static const char *const verbs[] = {"open", "set", "close", "pass", "move"};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verb, verbs[i]) == 0) return change_descriptors(verb, process, command);
    return "no such command";
}
