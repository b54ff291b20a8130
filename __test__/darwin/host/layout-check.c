/*
 * Compiles only if layout.h says what Apple's header says. For a Mac's compiler, or for zig's,
 * which brings the SDK's headers: `zig cc -target aarch64-macos -c -o /dev/null layout-check.c`.
 */
#include <stddef.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/proc_info.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <sys/un.h>
#include "layout.h"

#define SAME(number, field, type) \
    _Static_assert((number) == offsetof(struct type, field), #field " has moved")

_Static_assert(PROC_FDINFO_BYTES == sizeof(struct proc_fdinfo), "proc_fdinfo");
_Static_assert(SOCKET_FDINFO_BYTES == sizeof(struct socket_fdinfo), "socket_fdinfo");
_Static_assert(PROC_BSDINFO_BYTES == sizeof(struct proc_bsdinfo), "proc_bsdinfo");
_Static_assert(PROC_BSDSHORTINFO_BYTES == sizeof(struct proc_bsdshortinfo), "proc_bsdshortinfo");
_Static_assert(PROC_VNODEPATHINFO_BYTES == sizeof(struct proc_vnodepathinfo), "proc_vnodepathinfo");
_Static_assert(VIP_PATH_BYTES == sizeof((struct vnode_info_path){0}.vip_path), "vip_path");
_Static_assert(KINFO_PROC_BYTES == sizeof(struct kinfo_proc), "kinfo_proc");
_Static_assert(SOCKADDR_IN_BYTES == sizeof(struct sockaddr_in), "sockaddr_in");
_Static_assert(SOCKADDR_IN6_BYTES == sizeof(struct sockaddr_in6), "sockaddr_in6");
_Static_assert(DARWIN_AF_INET == AF_INET && DARWIN_AF_INET6 == AF_INET6, "families");
_Static_assert(SOL_LOCAL == 0 && LOCAL_PEERPID == 2, "LOCAL_PEERPID");
_Static_assert(CTL_KERN == 1 && KERN_PROC == 14 && KERN_PROC_PID == 1, "kern.proc.pid");
_Static_assert(KERN_PROCARGS2 == 49 && PROC_PIDVNODEPATHINFO == 9, "args and working directory");
/* What getifaddrs gives is read as these two fields. */
_Static_assert(offsetof(struct ifaddrs, ifa_next) == 0, "ifa_next");
_Static_assert(offsetof(struct ifaddrs, ifa_addr) == 24, "ifa_addr");

SAME(FI_STATUS, pfi.fi_status, socket_fdinfo);
SAME(FI_TYPE, pfi.fi_type, socket_fdinfo);
SAME(SOI_SO, psi.soi_so, socket_fdinfo);
SAME(SOI_PCB, psi.soi_pcb, socket_fdinfo);
SAME(SOI_TYPE, psi.soi_type, socket_fdinfo);
SAME(SOI_PROTOCOL, psi.soi_protocol, socket_fdinfo);
SAME(SOI_FAMILY, psi.soi_family, socket_fdinfo);
SAME(SOI_STATE, psi.soi_state, socket_fdinfo);
SAME(SOI_KIND, psi.soi_kind, socket_fdinfo);
SAME(INSI_FPORT, psi.soi_proto.pri_in.insi_fport, socket_fdinfo);
SAME(INSI_LPORT, psi.soi_proto.pri_in.insi_lport, socket_fdinfo);
SAME(INSI_GENCNT, psi.soi_proto.pri_in.insi_gencnt, socket_fdinfo);
SAME(INSI_VFLAG, psi.soi_proto.pri_in.insi_vflag, socket_fdinfo);
SAME(INSI_FADDR, psi.soi_proto.pri_in.insi_faddr, socket_fdinfo);
SAME(INSI_FADDR + 12, psi.soi_proto.pri_in.insi_faddr.ina_46.i46a_addr4, socket_fdinfo);
SAME(INSI_LADDR, psi.soi_proto.pri_in.insi_laddr, socket_fdinfo);
SAME(TCPSI_STATE, psi.soi_proto.pri_tcp.tcpsi_state, socket_fdinfo);
SAME(PBI_STATUS, pbi_status, proc_bsdinfo);
SAME(PBI_PID, pbi_pid, proc_bsdinfo);
SAME(PBI_PPID, pbi_ppid, proc_bsdinfo);
SAME(PBI_UID, pbi_uid, proc_bsdinfo);
SAME(PBI_RUID, pbi_ruid, proc_bsdinfo);
SAME(PBI_COMM, pbi_comm, proc_bsdinfo);
SAME(PBI_NAME, pbi_name, proc_bsdinfo);
SAME(PBI_NFILES, pbi_nfiles, proc_bsdinfo);
SAME(PBI_START_TVSEC, pbi_start_tvsec, proc_bsdinfo);
SAME(PBI_START_TVUSEC, pbi_start_tvusec, proc_bsdinfo);
SAME(PBSI_PID, pbsi_pid, proc_bsdshortinfo);
SAME(PBSI_PPID, pbsi_ppid, proc_bsdshortinfo);
SAME(PBSI_STATUS, pbsi_status, proc_bsdshortinfo);
SAME(PBSI_COMM, pbsi_comm, proc_bsdshortinfo);
SAME(PBSI_UID, pbsi_uid, proc_bsdshortinfo);
SAME(PBSI_RUID, pbsi_ruid, proc_bsdshortinfo);
SAME(PVI_CDIR_PATH, pvi_cdir.vip_path, proc_vnodepathinfo);
SAME(KP_STARTTIME_SEC, kp_proc.p_starttime.tv_sec, kinfo_proc);
SAME(KP_STARTTIME_USEC, kp_proc.p_starttime.tv_usec, kinfo_proc);
SAME(KP_STAT, kp_proc.p_stat, kinfo_proc);
SAME(KP_PID, kp_proc.p_pid, kinfo_proc);
SAME(KP_COMM, kp_proc.p_comm, kinfo_proc);
SAME(KP_RUID, kp_eproc.e_pcred.p_ruid, kinfo_proc);
SAME(KP_UID, kp_eproc.e_ucred.cr_uid, kinfo_proc);
SAME(KP_PPID, kp_eproc.e_ppid, kinfo_proc);
SAME(SIN_ADDR, sin_addr, sockaddr_in);
SAME(SIN6_ADDR, sin6_addr, sockaddr_in6);
SAME(SIN6_SCOPE_ID, sin6_scope_id, sockaddr_in6);
