// The offsets of src/windows/layout/, compared with a compiler's: it compiles or it does not. Only what
// Windows' headers name; the list of processes and class 88 are in none.
//
//   x86_64-w64-mingw32-gcc -fsyntax-only layout-check.c        cl /Zs layout-check.c
#include <winsock2.h>
#include <ws2ipdef.h>
#include <windows.h>
#include <iphlpapi.h>
#include <netioapi.h>
#include <stddef.h>
#include <winsvc.h>
#include <winternl.h>

#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field)
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)

SIZE(MIB_TCPROW_OWNER_MODULE, 160);
AT(MIB_TCPTABLE_OWNER_MODULE, table, 8);
AT(MIB_TCPROW_OWNER_MODULE, dwState, 0);
AT(MIB_TCPROW_OWNER_MODULE, dwLocalAddr, 4);
AT(MIB_TCPROW_OWNER_MODULE, dwLocalPort, 8);
AT(MIB_TCPROW_OWNER_MODULE, dwRemoteAddr, 12);
AT(MIB_TCPROW_OWNER_MODULE, dwRemotePort, 16);
AT(MIB_TCPROW_OWNER_MODULE, dwOwningPid, 20);
AT(MIB_TCPROW_OWNER_MODULE, liCreateTimestamp, 24);

SIZE(MIB_TCP6ROW_OWNER_MODULE, 192);
AT(MIB_TCP6TABLE_OWNER_MODULE, table, 8);
AT(MIB_TCP6ROW_OWNER_MODULE, ucLocalAddr, 0);
AT(MIB_TCP6ROW_OWNER_MODULE, dwLocalScopeId, 16);
AT(MIB_TCP6ROW_OWNER_MODULE, dwLocalPort, 20);
AT(MIB_TCP6ROW_OWNER_MODULE, ucRemoteAddr, 24);
AT(MIB_TCP6ROW_OWNER_MODULE, dwRemoteScopeId, 40);
AT(MIB_TCP6ROW_OWNER_MODULE, dwRemotePort, 44);
AT(MIB_TCP6ROW_OWNER_MODULE, dwState, 48);
AT(MIB_TCP6ROW_OWNER_MODULE, dwOwningPid, 52);
AT(MIB_TCP6ROW_OWNER_MODULE, liCreateTimestamp, 56);

SIZE(MIB_UDPROW_OWNER_MODULE, 160);
AT(MIB_UDPTABLE_OWNER_MODULE, table, 8);
AT(MIB_UDPROW_OWNER_MODULE, dwLocalAddr, 0);
AT(MIB_UDPROW_OWNER_MODULE, dwLocalPort, 4);
AT(MIB_UDPROW_OWNER_MODULE, dwOwningPid, 8);
AT(MIB_UDPROW_OWNER_MODULE, liCreateTimestamp, 16);

SIZE(MIB_UDP6ROW_OWNER_MODULE, 176);
AT(MIB_UDP6TABLE_OWNER_MODULE, table, 8);
AT(MIB_UDP6ROW_OWNER_MODULE, ucLocalAddr, 0);
AT(MIB_UDP6ROW_OWNER_MODULE, dwLocalScopeId, 16);
AT(MIB_UDP6ROW_OWNER_MODULE, dwLocalPort, 20);
AT(MIB_UDP6ROW_OWNER_MODULE, dwOwningPid, 24);
AT(MIB_UDP6ROW_OWNER_MODULE, liCreateTimestamp, 32);

SIZE(MIB_UNICASTIPADDRESS_ROW, 80);
AT(MIB_UNICASTIPADDRESS_TABLE, Table, 8);
AT(MIB_UNICASTIPADDRESS_ROW, Address, 0);
AT(SOCKADDR_INET, si_family, 0);
AT(SOCKADDR_INET, Ipv4.sin_addr, 4);
AT(SOCKADDR_INET, Ipv6.sin6_addr, 8);
AT(SOCKADDR_INET, Ipv6.sin6_scope_id, 24);

SIZE(ENUM_SERVICE_STATUS_PROCESSW, 56);
AT(ENUM_SERVICE_STATUS_PROCESSW, lpServiceName, 0);
AT(ENUM_SERVICE_STATUS_PROCESSW, ServiceStatusProcess.dwProcessId, 44);

SIZE(UNICODE_STRING, 16);
AT(UNICODE_STRING, Length, 0);
AT(UNICODE_STRING, Buffer, 8);
SIZE(PROCESS_BASIC_INFORMATION, 48);
SIZE(FILETIME, 8);

// What the calls are told.
_Static_assert(AF_INET == 2 && AF_INET6 == 23, "families");
_Static_assert(TCP_TABLE_OWNER_MODULE_ALL == 8 && UDP_TABLE_OWNER_MODULE == 2, "classes");
_Static_assert(MIB_TCP_STATE_LISTEN == 2 && MIB_TCP_STATE_LAST_ACK == 10, "states");
_Static_assert(PROCESS_QUERY_LIMITED_INFORMATION == 0x1000, "rights");
_Static_assert(SC_MANAGER_ENUMERATE_SERVICE == 4 && SC_ENUM_PROCESS_INFO == 0, "services");
_Static_assert(SERVICE_WIN32 == 0x30 && SERVICE_ACTIVE == 1, "kinds of services");
_Static_assert(LOAD_LIBRARY_SEARCH_SYSTEM32 == 0x800, "where libraries are looked for");
