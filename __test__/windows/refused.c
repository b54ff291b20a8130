// A process that may not be opened, not even by its own user: nobody is in its access list. It listens
// on 127.0.0.1, says `{"pid":…,"port":…}`, and ends with its input.
#include <winsock2.h>
#include <windows.h>
#include <aclapi.h>
#include <stdio.h>

int main(void) {
  WSADATA started;
  ACL nobody;
  struct sockaddr_in address = {.sin_family = AF_INET};
  int length = sizeof address;
  WSAStartup(0x202, &started);
  SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&address, length) != 0) return 1;
  if (listen(listener, 1) != 0) return 2;
  if (getsockname(listener, (struct sockaddr *)&address, &length) != 0) return 3;
  InitializeAcl(&nobody, sizeof nobody, ACL_REVISION);
  DWORD failed = SetSecurityInfo(
      GetCurrentProcess(), SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &nobody, NULL);
  if (failed != 0) return 4;
  printf("{\"pid\":%lu,\"port\":%d}\n", GetCurrentProcessId(), ntohs(address.sin_port));
  fflush(stdout);
  while (getchar() != EOF) continue;
  return 0;
}
