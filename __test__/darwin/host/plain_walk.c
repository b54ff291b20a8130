/*
 * The plain walk that applications write by hand, on the same kernel, so that the numbers of calls
 * can be put side by side: every process, each table asked for its size first, every socket, the
 * first one with the port.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "kernel.h"
#include "layout.h"

enum { ALL_PIDS = 1, LISTFDS_FLAVOR = 1, SOCKETINFO_FLAVOR = 3 };

static int word(const uint8_t *at) {
    int value;
    memcpy(&value, at, 4);
    return value;
}

static int has_port(int pid, int fd, int port) {
    uint8_t info[SOCKET_FDINFO_BYTES];
    int filled = sim_proc_pidfdinfo(pid, fd, SOCKETINFO_FLAVOR, info, sizeof info);
    if (filled < SOCKET_FDINFO_BYTES) return 0;
    int kind = word(info + SOI_KIND);
    return (kind == 1 || kind == 2) && __builtin_bswap16(word(info + INSI_LPORT)) == port;
}

static int owns_port(int pid, int port) {
    int bytes = sim_proc_pidinfo(pid, LISTFDS_FLAVOR, 0, NULL, 0), found = 0;
    if (bytes <= 0) return 0;
    uint8_t *table = malloc(bytes);
    int filled = sim_proc_pidinfo(pid, LISTFDS_FLAVOR, 0, table, bytes);
    for (int at = 0; at < filled && !found; at += PROC_FDINFO_BYTES)
        found = word(table + at + 4) == DTYPE_SOCKET && has_port(pid, word(table + at), port);
    free(table);
    return found;
}

int plain_walk(int port) {
    int bytes = sim_proc_listpids(ALL_PIDS, 0, NULL, 0), owner = -1;
    uint8_t *pids = malloc(bytes);
    int filled = sim_proc_listpids(ALL_PIDS, 0, pids, bytes);
    for (int at = 0; at < filled && owner < 0; at += 4) {
        int pid = word(pids + at);
        if (pid > 0 && owns_port(pid, port)) owner = pid;
    }
    free(pids);
    return owner;
}
