/*
 * What the machine and this very process have beside processes and their descriptors, and the commands
 * that change it: interfaces, addresses, the other ends of Unix-domain sockets. Such a socket is a real
 * one of Node's; who is at its other end a test says, by its descriptor.
 */
#include <string.h>
#include "kernel.h"

static const char *add_interface(const char *command) {
    if (kernel.interface_count == 16) return "too many interfaces";
    int at = kernel.interface_count++;
    option(command, "name", kernel.interfaces[at].name, sizeof kernel.interfaces[at].name);
    kernel.interfaces[at].index = number_of(command, "index", 0);
    return NULL;
}

static const char *add_address(const char *command) {
    if (kernel.address_count == 16) return "too many addresses";
    int at = kernel.address_count++;
    kernel.addresses[at].family = number_of(command, "family", 0);
    kernel.addresses[at].scope = number_of(command, "scope", 0);
    bytes16(command, "bytes", kernel.addresses[at].bytes);
    return NULL;
}

int place_of_peer(int fd) {
    for (int i = 0; i < kernel.peer_count; i++)
        if (kernel.peers[i].fd == fd) return i;
    return -1;
}

const char *set_peer(int fd, int pid, int error) {
    int at = place_of_peer(fd);
    if (at < 0 && kernel.peer_count == 64) return "too many sockets with a peer";
    if (at < 0) at = kernel.peer_count++;
    kernel.peers[at].fd = fd;
    kernel.peers[at].pid = pid;
    kernel.peers[at].error = error;
    return NULL;
}

/* All descriptors of one socket have the same other end. */
static const char *change_peers(int from, int pid, int error) {
    for (int i = 0; i < kernel.peer_count; i++)
        if (kernel.peers[i].pid == from) set_peer(kernel.peers[i].fd, pid, error);
    return NULL;
}

const char *apply_to_machine(const char *verb, const char *command) {
    int error = number_of(command, "errno", 0), pid = number_of(command, "pid", 0);
    if (strcmp(verb, "interface") == 0) return add_interface(command);
    if (strcmp(verb, "address") == 0) return add_address(command);
    if (strcmp(verb, "peer") == 0) return set_peer(number_of(command, "fd", -1), pid, error);
    if (strcmp(verb, "peers") == 0) return change_peers(number_of(command, "from", -1), pid, error);
    return "?";
}
