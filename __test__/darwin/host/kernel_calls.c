/*
 * libproc's calls, answered as libproc's wrappers and bsd/kern/proc_info.c answer them: the same
 * checks in the same order, 0 and errno for every failure, silent truncation.
 */
#include <string.h>
#include "kernel.h"

enum { PROC_ALL_PIDS = 1, PROC_UID_ONLY = 4, PROC_RUID_ONLY = 5, PROC_PPID_ONLY = 6 };
enum { PROC_PIDLISTFDS = 1, PROC_PIDTBSDINFO = 3, PROC_PIDVNODEPATHINFO = 9 };
enum { PROC_PIDT_SHORTBSDINFO = 13 };
enum { PROC_PIDFDSOCKETINFO = 3, RUNNING = 2, ZOMBIE = 5, SHARED_BIT = 1 };

int *darwin_errno(void) {
    static __thread int value;
    return &value;
}

/* Every failure leaves through here, the lock is given back on the way. */
int failed(int error) {
    unlock_kernel();
    *darwin_errno() = error;
    return 0;
}

void put32(uint8_t *at, uint32_t value) { memcpy(at, &value, 4); }
void put64(uint8_t *at, uint64_t value) { memcpy(at, &value, 8); }

/* proc_security_policy: the same effective uid, or root. */
bool may_inspect(const struct process *process) {
    return kernel.caller_uid == 0 || kernel.caller_uid == process->uid;
}

static bool is_listed(const struct process *process, uint32_t type, uint32_t typeinfo) {
    switch (type) {
    case PROC_ALL_PIDS: return true;
    case PROC_UID_ONLY: return process->uid == typeinfo;
    case PROC_RUID_ONLY: return process->ruid == typeinfo;
    case PROC_PPID_ONLY: return process->ppid == (int)typeinfo;
    default: return false;
    }
}

/* nprocs counts zombies but not kernel_task. */
static int listpids_room(void) {
    int tasks = 0;
    for (int i = 0; i < kernel.live_count; i++) tasks += kernel.live[i]->pid != 0;
    return tasks + kernel.zombie_count + kernel.listpids_slack;
}

int sim_proc_listpids(uint32_t type, uint32_t typeinfo, void *buffer, int bytes) {
    int injected = enter(LISTPIDS, -1, -1);
    if (injected) return failed(injected);
    if (kernel.listpids_policy_errno) return failed(kernel.listpids_policy_errno);
    int room = listpids_room();
    if (buffer == NULL) {
        unlock_kernel();
        return room * 4;
    }
    if (bytes < 4) return failed(E_NOMEM);
    if (bytes / 4 < room) room = bytes / 4;
    unlock_kernel();
    enter(LISTPIDS_ALLOCATED, -1, -1);
    int filled = 0;
    for (int i = 0; i < kernel.live_count && filled < room; i++)
        if (is_listed(kernel.live[i], type, typeinfo))
            put32((uint8_t *)buffer + 4 * filled++, kernel.live[i]->pid);
    for (int i = 0; i < kernel.zombie_count && filled < room; i++)
        if (is_listed(kernel.zombies[i], type, typeinfo))
            put32((uint8_t *)buffer + 4 * filled++, kernel.zombies[i]->pid);
    unlock_kernel();
    return filled * 4;
}

static int list_descriptors(struct process *process, uint8_t *buffer, int bytes) {
    int length = descriptor_table_length(process);
    if (buffer == NULL) {
        unlock_kernel();
        return (length + 20) * PROC_FDINFO_BYTES;
    }
    int room = bytes / PROC_FDINFO_BYTES < length ? bytes / PROC_FDINFO_BYTES : length;
    int filled = 0;
    for (int i = 0; i < process->descriptor_count && filled < room; i++) {
        struct descriptor *each = &process->descriptors[i];
        if (each->reserved) continue;
        put32(buffer + PROC_FDINFO_BYTES * filled, each->fd);
        put32(buffer + PROC_FDINFO_BYTES * filled + 4, each->file->fdtype);
        filled++;
    }
    unlock_kernel();
    return filled * PROC_FDINFO_BYTES;
}

static int fill_bsdinfo(struct process *process, bool zombie, uint8_t *buffer) {
    memset(buffer, 0, PROC_BSDINFO_BYTES);
    put32(buffer + PBI_STATUS, zombie ? ZOMBIE : RUNNING);
    put32(buffer + PBI_PID, process->pid);
    put32(buffer + PBI_PPID, process->ppid);
    put32(buffer + PBI_UID, process->uid);
    put32(buffer + PBI_RUID, process->ruid);
    memcpy(buffer + PBI_COMM, process->comm, sizeof process->comm);
    memcpy(buffer + PBI_NAME, process->name, sizeof process->name);
    put32(buffer + PBI_NFILES, process->descriptor_count);
    put64(buffer + PBI_START_TVSEC, process->start_seconds);
    put64(buffer + PBI_START_TVUSEC, process->start_microseconds);
    unlock_kernel();
    return PROC_BSDINFO_BYTES;
}

static int fill_shortinfo(struct process *process, bool zombie, uint8_t *buffer) {
    memset(buffer, 0, PROC_BSDSHORTINFO_BYTES);
    put32(buffer + PBSI_PID, process->pid);
    put32(buffer + PBSI_PPID, process->ppid);
    put32(buffer + PBSI_STATUS, zombie ? ZOMBIE : RUNNING);
    memcpy(buffer + PBSI_COMM, process->comm, sizeof process->comm);
    put32(buffer + PBSI_UID, process->uid);
    put32(buffer + PBSI_RUID, process->ruid);
    unlock_kernel();
    return PROC_BSDSHORTINFO_BYTES;
}

/* A vn_getpath that fails is an empty path, and no failure. */
static int fill_vnodepath(struct process *process, uint8_t *buffer) {
    if (process->cwd_errno) return failed(process->cwd_errno);
    memset(buffer, 0, PROC_VNODEPATHINFO_BYTES);
    memcpy(buffer + PVI_CDIR_PATH, process->cwd, sizeof process->cwd);
    unlock_kernel();
    return PROC_VNODEPATHINFO_BYTES;
}

int sim_proc_pidinfo(int pid, int flavor, uint64_t arg, void *buffer, int bytes) {
    enum call call = flavor == PROC_PIDLISTFDS          ? LISTFDS
                     : flavor == PROC_PIDTBSDINFO       ? BSDINFO
                     : flavor == PROC_PIDVNODEPATHINFO  ? VNODEPATH
                     : flavor == PROC_PIDT_SHORTBSDINFO ? SHORTINFO
                                                        : OTHER;
    int injected = enter(call, pid, -1);
    if (injected) return failed(injected);
    if (call == OTHER) return failed(E_INVAL);
    int least = call == LISTFDS     ? (buffer == NULL ? 0 : PROC_FDINFO_BYTES)
                : call == BSDINFO   ? PROC_BSDINFO_BYTES
                : call == VNODEPATH ? PROC_VNODEPATHINFO_BYTES
                                    : PROC_BSDSHORTINFO_BYTES;
    if (bytes < least) return failed(E_NOMEM);
    struct process *process = find_process(pid);
    bool has_zombies = call == BSDINFO || call == SHORTINFO;
    bool zombie = process == NULL && has_zombies && arg == 1;
    if (zombie) process = find_zombie(pid);
    if (process == NULL) return failed(E_SRCH);
    if (process->policy_errno) return failed(process->policy_errno);
    if (call != SHORTINFO && !may_inspect(process)) return failed(E_PERM);
    if (call == LISTFDS) return list_descriptors(process, buffer, bytes);
    if (call == VNODEPATH) return fill_vnodepath(process, buffer);
    return call == BSDINFO ? fill_bsdinfo(process, zombie, buffer)
                           : fill_shortinfo(process, zombie, buffer);
}

/* fill_socketinfo: everything zeroed first; the transport's part by family, then by type. */
static void fill_socket(struct file *file, uint32_t flags, uint8_t *info) {
    put32(info + FI_STATUS, flags | (file->references > 1 ? SHARED_BIT : 0));
    put32(info + FI_TYPE, file->fdtype);
    put64(info + SOI_SO, file->so);
    put64(info + SOI_PCB, file->so ^ 0x10);
    put32(info + SOI_TYPE, file->type);
    put32(info + SOI_PROTOCOL, file->protocol);
    put32(info + SOI_FAMILY, file->family);
    memcpy(info + SOI_STATE, &file->so_state, 2);
    uint8_t *moved = info + kernel.socket_shift;
    put32(moved + SOI_KIND, file->kind);
    if (file->kind != 1 && file->kind != 2) return;
    /* Ports are in network order, in the lower half of an int. */
    put32(moved + INSI_FPORT, __builtin_bswap16(file->foreign_port));
    put32(moved + INSI_LPORT, __builtin_bswap16(file->local_port));
    put64(moved + INSI_GENCNT, file->gencnt);
    moved[INSI_VFLAG] = file->vflag;
    memcpy(moved + INSI_FADDR, file->foreign, 16);
    memcpy(moved + INSI_LADDR, file->local, 16);
    if (file->kind == 2) put32(moved + TCPSI_STATE, file->state);
}

int sim_proc_pidfdinfo(int pid, int fd, int flavor, void *buffer, int bytes) {
    int injected = enter(flavor == PROC_PIDFDSOCKETINFO ? FDINFO : OTHER, pid, fd);
    if (injected) return failed(injected);
    if (flavor != PROC_PIDFDSOCKETINFO) return failed(E_INVAL);
    if (bytes < kernel.socket_bytes) return failed(E_NOMEM);
    struct process *process = find_process(pid);
    if (process == NULL) return failed(E_SRCH);
    if (process->policy_errno) return failed(process->policy_errno);
    if (!may_inspect(process)) return failed(E_PERM);
    struct descriptor *descriptor = find_descriptor(process, fd);
    if (descriptor == NULL || descriptor->reserved) return failed(E_BADF);
    if (descriptor->file->fdtype != DTYPE_SOCKET) return failed(E_NOTSOCK);
    uint8_t info[2 * SOCKET_FDINFO_BYTES] = {0};
    fill_socket(descriptor->file, descriptor->flags, info);
    int filled = kernel.socket_bytes;
    memcpy(buffer, info, filled);
    unlock_kernel();
    return filled;
}

int sim_proc_pidpath(int pid, void *buffer, uint32_t bytes) {
    int injected = enter(PIDPATH, pid, -1);
    if (injected) return failed(injected);
    if (bytes < PATH_BYTES / 4) return failed(E_NOMEM);
    if (bytes > PATH_BYTES) return failed(E_OVERFLOW);
    struct process *process = find_process(pid);
    if (process == NULL || pid == 0) return failed(E_SRCH);
    if (process->policy_errno) return failed(process->policy_errno);
    if (process->path_errno) return failed(process->path_errno);
    size_t length = strlen(process->path);
    if (length + 1 > bytes) return failed(E_SRCH);
    /* The kernel copies out all that was asked for, not just the string. */
    memset(buffer, 0, bytes);
    memcpy(buffer, process->path, length);
    unlock_kernel();
    return (int)length;
}

uint32_t sim_geteuid(void) {
    lock_kernel();
    uint32_t uid = kernel.caller_uid;
    unlock_kernel();
    return uid;
}
