/*
 * The calls that tell of this machine and of this very process: interfaces, addresses, descriptors.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "kernel.h"

enum { SOL_LOCAL = 0, LOCAL_PEERPID = 2, DARWIN_F_DUPFD_CLOEXEC = 67 };
enum { E_NXIO = 6, E_NOPROTOOPT = 42, NAME_BYTES = 16 };

/* <ifaddrs.h> of Darwin. */
struct darwin_ifaddrs {
    struct darwin_ifaddrs *next;
    char *name;
    unsigned flags;
    uint8_t *address;
    void *netmask, *other_end, *data;
    uint8_t room[SOCKADDR_IN6_BYTES];
};

static int refused(int error) {
    failed(error);
    return -1;
}

int sim_getsockopt(int fd, int level, int name, void *value, uint32_t *bytes) {
    int injected = enter(PEERPID, -1, fd);
    if (injected) return refused(injected);
    int at = place_of_peer(fd);
    if (level != SOL_LOCAL || name != LOCAL_PEERPID || at < 0) return refused(E_NOPROTOOPT);
    if (kernel.peers[at].error) return refused(kernel.peers[at].error);
    if (*bytes < 4) return refused(E_INVAL);
    memcpy(value, &kernel.peers[at].pid, 4);
    *bytes = 4;
    unlock_kernel();
    return 0;
}

int sim_fcntl(int fd, int command, long argument) {
    int injected = enter(DUPLICATE, -1, fd);
    if (injected) return refused(injected);
    if (command != DARWIN_F_DUPFD_CLOEXEC) return refused(E_INVAL);
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, argument), at = place_of_peer(fd);
    if (copy < 0) return refused(errno);
    if (at >= 0) set_peer(copy, kernel.peers[at].pid, kernel.peers[at].error);
    unlock_kernel();
    return copy;
}

int sim_close(int fd) {
    lock_kernel();
    int at = place_of_peer(fd);
    if (at >= 0) kernel.peers[at] = kernel.peers[--kernel.peer_count];
    int ended = close(fd);
    if (ended < 0) *darwin_errno() = errno;
    unlock_kernel();
    return ended;
}

int sim_getifaddrs(struct darwin_ifaddrs **first) {
    int injected = enter(IFADDRS, -1, -1);
    if (injected) return refused(injected);
    *first = NULL;
    for (int i = kernel.address_count - 1; i >= 0; i--) {
        struct darwin_ifaddrs *entry = calloc(1, sizeof *entry);
        bool is_v6 = kernel.addresses[i].family == DARWIN_AF_INET6;
        entry->address = entry->room;
        entry->room[0] = is_v6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES;
        entry->room[1] = (uint8_t)kernel.addresses[i].family;
        if (is_v6) memcpy(entry->room + SIN6_ADDR, kernel.addresses[i].bytes, 16);
        else memcpy(entry->room + SIN_ADDR, kernel.addresses[i].bytes + 12, 4);
        if (is_v6) put32(entry->room + SIN6_SCOPE_ID, kernel.addresses[i].scope);
        entry->next = *first;
        *first = entry;
    }
    /* An interface without an address stands in front, as one does on a Mac. */
    struct darwin_ifaddrs *bare = calloc(1, sizeof *bare);
    bare->next = *first;
    *first = bare;
    unlock_kernel();
    return 0;
}

void sim_freeifaddrs(struct darwin_ifaddrs *first) {
    while (first != NULL) {
        struct darwin_ifaddrs *next = first->next;
        free(first);
        first = next;
    }
}

unsigned sim_if_nametoindex(const char *name) {
    unsigned index = 0;
    lock_kernel();
    for (int i = 0; i < kernel.interface_count; i++)
        if (strcmp(kernel.interfaces[i].name, name) == 0) index = kernel.interfaces[i].index;
    unlock_kernel();
    if (index == 0) *darwin_errno() = E_NXIO;
    return index;
}

char *sim_if_indextoname(unsigned index, char *name) {
    char *found = NULL;
    lock_kernel();
    for (int i = 0; i < kernel.interface_count; i++)
        if (kernel.interfaces[i].index == index) found = memcpy(name, kernel.interfaces[i].name, NAME_BYTES);
    unlock_kernel();
    if (found == NULL) *darwin_errno() = E_NXIO;
    return found;
}
