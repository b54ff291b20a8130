/*
 * Where the fields of libproc's structures lie, for both architectures, as <sys/proc_info.h> of
 * Apple's SDK declares them. layout-check.c compares each number with the header itself.
 */
#define PROC_FDINFO_BYTES 8
#define SOCKET_FDINFO_BYTES 792
#define PROC_BSDINFO_BYTES 136
#define PROC_BSDSHORTINFO_BYTES 64
#define PROC_VNODEPATHINFO_BYTES 2352
#define KINFO_PROC_BYTES 648

#define FI_STATUS 4
#define FI_TYPE 16
#define SOI_SO 160
#define SOI_PCB 168
#define SOI_TYPE 176
#define SOI_PROTOCOL 180
#define SOI_FAMILY 184
#define SOI_STATE 192
#define SOI_KIND 256
#define INSI_FPORT 264
#define INSI_LPORT 268
#define INSI_GENCNT 272
#define INSI_VFLAG 288
#define INSI_FADDR 296
#define INSI_LADDR 312
#define TCPSI_STATE 344

#define PBI_STATUS 4
#define PBI_PID 12
#define PBI_PPID 16
#define PBI_UID 20
#define PBI_RUID 28
#define PBI_COMM 48
#define PBI_NAME 64
#define PBI_NFILES 96
#define PBI_START_TVSEC 120
#define PBI_START_TVUSEC 128

#define PBSI_PID 0
#define PBSI_PPID 4
#define PBSI_STATUS 12
#define PBSI_COMM 16
#define PBSI_UID 36
#define PBSI_RUID 44

/* The working directory's path in struct proc_vnodepathinfo, and its room. */
#define PVI_CDIR_PATH 152
#define VIP_PATH_BYTES 1024

/* In struct kinfo_proc of <sys/sysctl.h>: its kp_proc, then its kp_eproc. */
#define KP_STARTTIME_SEC 0
#define KP_STARTTIME_USEC 8
#define KP_STAT 36
#define KP_PID 40
#define KP_COMM 243
#define KP_RUID 392
#define KP_UID 420
#define KP_PPID 560

/* struct sockaddr_in and sockaddr_in6, and how their families are told. */
#define SOCKADDR_IN_BYTES 16
#define SIN_ADDR 4
#define SOCKADDR_IN6_BYTES 28
#define SIN6_ADDR 8
#define SIN6_SCOPE_ID 24
#define DARWIN_AF_INET 2
#define DARWIN_AF_INET6 30
