// A library with the name of Windows' own, beside node.exe: it answers what a test has put into the
// environment, for what Wine cannot show (dead owners, tables that grow, failures).
//
//   SCRIPT_TCP4, _TCP6, _UDP4, _UDP6   the file whose bytes are that table
//   SCRIPT_TCP4_CODES and so on        what the next calls return before they work, `122 5 …`; 122 says
//                                      "too small" whatever the size
//   SCRIPT_CALLS                       the calls that were made, added to by this library
//
// node.exe and Node's own functions ask for some more; they are told that there is nothing.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define EXPORT __declspec(dllexport)
#define ROOM 32000

static void note(const char *name) {
  static char calls[ROOM];
  DWORD length = GetEnvironmentVariableA("SCRIPT_CALLS", calls, ROOM - 16);
  snprintf(calls + length, 16, "%s%s", length == 0 ? "" : " ", name);
  SetEnvironmentVariableA("SCRIPT_CALLS", calls);
}

// The next code of a table, taken off its list; 0: there is none.
static DWORD next_code(const char *name) {
  char variable[64], codes[1024];
  snprintf(variable, sizeof variable, "SCRIPT_%s_CODES", name);
  if (GetEnvironmentVariableA(variable, codes, sizeof codes) == 0) return 0;
  char *rest;
  DWORD code = strtoul(codes, &rest, 10);
  SetEnvironmentVariableA(variable, *rest == ' ' ? rest + 1 : NULL);
  return code;
}

static DWORD table_into(void *table, DWORD *size, const char *name) {
  char variable[64], path[MAX_PATH];
  DWORD code = next_code(name);
  note(name);
  if (code != 0 && code != ERROR_INSUFFICIENT_BUFFER) return code;
  snprintf(variable, sizeof variable, "SCRIPT_%s", name);
  DWORD needed = 8, got = 0;
  HANDLE file = INVALID_HANDLE_VALUE;
  if (GetEnvironmentVariableA(variable, path, sizeof path) > 0) {
    file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    needed = GetFileSize(file, NULL);
  }
  BOOL is_too_small = *size < needed || code == ERROR_INSUFFICIENT_BUFFER;
  if (is_too_small) *size = needed;
  else if (file == INVALID_HANDLE_VALUE) memset(table, 0, 8);
  else ReadFile(file, table, needed, &got, NULL);
  if (file != INVALID_HANDLE_VALUE) CloseHandle(file);
  return is_too_small ? ERROR_INSUFFICIENT_BUFFER : NO_ERROR;
}

EXPORT DWORD WINAPI GetExtendedTcpTable(
    void *table, DWORD *size, BOOL sorted, ULONG family, int class, ULONG reserved) {
  (void)sorted, (void)class, (void)reserved;
  return table_into(table, size, family == 2 ? "TCP4" : "TCP6");
}

EXPORT DWORD WINAPI GetExtendedUdpTable(
    void *table, DWORD *size, BOOL sorted, ULONG family, int class, ULONG reserved) {
  (void)sorted, (void)class, (void)reserved;
  return table_into(table, size, family == 2 ? "UDP4" : "UDP6");
}

// One address, 10.1.2.3: a count, and a row of 80 bytes that begins with a SOCKADDR_INET.
EXPORT DWORD WINAPI GetUnicastIpAddressTable(USHORT family, void **table) {
  static const uint8_t address[] = {2, 0, 0, 0, 10, 1, 2, 3};
  (void)family;
  note("addresses");
  uint8_t *made = calloc(1, 88);
  made[0] = 1;
  memcpy(made + 8, address, sizeof address);
  *table = made;
  return NO_ERROR;
}

EXPORT void WINAPI FreeMibTable(void *table) {
  free(table);
}

EXPORT DWORD WINAPI GetAdaptersAddresses(void) { return ERROR_NO_DATA; }

#define NOTHING(name) \
  EXPORT DWORD WINAPI name(void) { return ERROR_NOT_SUPPORTED; }
NOTHING(NotifyIpInterfaceChange)
NOTHING(CancelMibChangeNotify2)
NOTHING(GetBestRoute2)
NOTHING(ConvertInterfaceIndexToLuid)
NOTHING(ConvertInterfaceLuidToNameW)

EXPORT DWORD WINAPI if_nametoindex(void) { return 0; }
EXPORT void *WINAPI if_indextoname(void) { return NULL; }
