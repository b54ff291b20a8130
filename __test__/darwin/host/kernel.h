/*
 * The simulated XNU kernel: a table of processes with descriptors, the calls that read it, and a
 * script that changes it between any two calls. One per Node process, under one lock.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"

enum { DTYPE_SOCKET = 2 };
enum { FD_CLOEXEC_BIT = 2, FD_GUARDED_BIT = 4, FD_CLOFORK_BIT = 8 };
enum { MOST_PROCESSES = 4096, PATH_BYTES = 4096, ARGUMENT_END = 0x1f };
enum { E_PERM = 1, E_SRCH = 3, E_BADF = 9, E_NOMEM = 12, E_INVAL = 22, E_NOTSOCK = 38, E_OVERFLOW = 84 };

/* A file object: several descriptors, of several processes, may refer to one. */
struct file {
    int references, fdtype;
    uint64_t so, gencnt;
    uint32_t family, type, protocol, kind, state, so_state, vflag;
    uint32_t local_port, foreign_port;
    uint8_t local[16], foreign[16];
};

struct descriptor {
    int fd;
    uint32_t flags;
    bool reserved; /* In the middle of an open or a close: not listed, and EBADF. */
    struct file *file;
};

struct process {
    int pid, ppid;
    uint32_t uid, ruid; /* Effective and real. */
    uint64_t start_seconds, start_microseconds;
    char comm[16], name[32], path[PATH_BYTES], cwd[VIP_PATH_BYTES];
    /* Command line and environment, ARGUMENT_END behind each string; NULL for none. */
    char *args, *environment;
    int path_errno;   /* What proc_pidpath answers instead of the path. */
    int cwd_errno;    /* The same for the working directory. */
    int policy_errno; /* What the MAC policy (the sandbox) says to questions about this process. */
    bool exiting;     /* P_REF_DEAD: still listed, no longer found. */
    struct descriptor *descriptors; /* Ascending. */
    int descriptor_count;
};

/* Every call that is counted, and the moment at which listpids holds its buffer but no lock yet. */
enum call {
    LISTPIDS, LISTPIDS_ALLOCATED, LISTFDS, FDINFO, BSDINFO, SHORTINFO, PIDPATH, VNODEPATH,
    PROCARGS, KINFO, PEERPID, IFADDRS, DUPLICATE, OTHER, CALLS
};
extern const char *const call_names[CALLS];

struct kernel {
    struct process *live[MOST_PROCESSES], *zombies[MOST_PROCESSES]; /* Newest first. */
    int live_count, zombie_count;
    uint32_t caller_uid;
    int listpids_slack;
    int socket_bytes, socket_shift; /* sizeof(struct socket_fdinfo); how far soi_kind and on moved. */
    int listpids_policy_errno;
    bool hides_starts; /* kern.proc.pid tells nobody anything. */
    uint64_t next_so;
    uint64_t counts[CALLS];
    struct { char name[16]; unsigned index; } interfaces[16];
    int interface_count;
    /* This machine's addresses, and the other ends of this process's Unix-domain sockets. */
    struct { uint32_t family, scope; uint8_t bytes[16]; } addresses[16];
    int address_count;
    struct { int fd, pid, error; } peers[64];
    int peer_count;
};
extern struct kernel kernel;

/* kernel_option.c */
const char *option(const char *command, const char *key, char *value, size_t bytes); /* NULL: not given. */
char *whole_option(const char *command, const char *key); /* The same of any length, to be freed. */
long long number_of(const char *command, const char *key, long long otherwise);
void bytes16(const char *command, const char *key, uint8_t *into);

/* kernel_table.c */
struct process *find_process(int pid);  /* Not one that is exiting. */
struct process *find_listed(int pid);   /* One that is exiting too. */
struct process *find_zombie(int pid);
struct descriptor *find_descriptor(struct process *process, int fd);
int descriptor_table_length(const struct process *process);
const char *apply(char *command); /* NULL, or what is wrong with the command. */

/* kernel_machine.c */
const char *apply_to_machine(const char *verb, const char *command); /* "?": no such command. */
int place_of_peer(int fd); /* In `peers`; -1: nobody's. */
const char *set_peer(int fd, int pid, int error);

/* kernel_script.c */
void lock_kernel(void);
void unlock_kernel(void);
int enter(enum call call, int pid, int fd); /* Locks, counts, runs hooks; an injected errno or 0. */
const char *run_script(const char *line);   /* A static or thread-local answer; "!…" is a failure. */

/* kernel_calls.c: libproc's calls, by the names the image imports them under. */
int *darwin_errno(void);
bool may_inspect(const struct process *process);
int failed(int error);
void put32(uint8_t *at, uint32_t value);
void put64(uint8_t *at, uint64_t value);
int sim_proc_listpids(uint32_t type, uint32_t typeinfo, void *buffer, int bytes);
int sim_proc_pidinfo(int pid, int flavor, uint64_t arg, void *buffer, int bytes);
int sim_proc_pidfdinfo(int pid, int fd, int flavor, void *buffer, int bytes);
int sim_proc_pidpath(int pid, void *buffer, uint32_t bytes);
uint32_t sim_geteuid(void);

/* kernel_own_calls.c */
int sim_getsockopt(int fd, int level, int option, void *value, uint32_t *bytes);
int sim_fcntl(int fd, int command, long argument);
int sim_close(int fd);
struct darwin_ifaddrs;
int sim_getifaddrs(struct darwin_ifaddrs **first);
void sim_freeifaddrs(struct darwin_ifaddrs *first);
unsigned sim_if_nametoindex(const char *name);
char *sim_if_indextoname(unsigned index, char *name);

/* kernel_sysctl.c */
int sim_sysctl(int *name, unsigned names, void *old, size_t *bytes, void *new, size_t new_bytes);

/* plain_walk.c */
int plain_walk(int port);
