#include "platform/ring.h"

#include <linux/filter.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>

enum { POLLED_MAX = 64, RTF_UP_FLAG = 0x1, RTF_REJECT_FLAG = 0x200 };

bool pp_ring_shut(int fd)
{
	struct sock_filter nothing = { .code = BPF_RET | BPF_K, .k = 0 };
	struct sock_fprog program = { .len = 1, .filter = &nothing };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

void pp_ring_wait(const int *fds, unsigned count, int timeout_ms)
{
	struct pollfd polled[POLLED_MAX];
	unsigned n = count < POLLED_MAX ? count : POLLED_MAX;

	for (unsigned i = 0; i < n; i++)
		polled[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	(void)poll(polled, n, timeout_ms);
}

/* ---- Interfaces ---- */

static unsigned add_name(char names[PP_INTERFACES_ROUTED][PP_INTERFACE_NAME], unsigned count, const char *name)
{
	if (strcmp(name, "lo") == 0 || count == PP_INTERFACES_ROUTED)
		return count;
	for (unsigned i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return count;
	snprintf(names[count], PP_INTERFACE_NAME, "%s", name);
	return count + 1;
}

/* The first column is the interface, the fourth the flags. */
static unsigned routed_v4(char names[PP_INTERFACES_ROUTED][PP_INTERFACE_NAME], unsigned count)
{
	FILE *routes = fopen("/proc/net/route", "re");
	char line[256], name[PP_INTERFACE_NAME];
	unsigned flags;

	while (routes && fgets(line, sizeof(line), routes))
		if (sscanf(line, "%15s %*x %*x %x", name, &flags) == 2 && (flags & RTF_UP_FLAG) &&
		    !(flags & RTF_REJECT_FLAG))
			count = add_name(names, count, name);
	if (routes)
		(void)fclose(routes);
	return count;
}

/* Every interface has link-local and multicast routes; they lead nowhere. */
static unsigned routed_v6(char names[PP_INTERFACES_ROUTED][PP_INTERFACE_NAME], unsigned count)
{
	FILE *routes = fopen("/proc/net/ipv6_route", "re");
	char line[256], to[33], name[PP_INTERFACE_NAME];
	unsigned flags;

	while (routes && fgets(line, sizeof(line), routes))
		if (sscanf(line, "%32s %*x %*s %*x %*s %*x %*x %*x %x %15s", to, &flags, name) == 3 &&
		    (flags & RTF_UP_FLAG) && !(flags & RTF_REJECT_FLAG) && strncmp(to, "fe8", 3) != 0 &&
		    strncmp(to, "ff", 2) != 0)
			count = add_name(names, count, name);
	if (routes)
		(void)fclose(routes);
	return count;
}

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

unsigned pp_interfaces_routed(char names[PP_INTERFACES_ROUTED][PP_INTERFACE_NAME])
{
	unsigned count = routed_v6(names, routed_v4(names, 0));

	qsort(names, count, PP_INTERFACE_NAME, by_name);
	return count;
}

bool pp_interface_exists(const char *name) { return strcmp(name, "any") == 0 || if_nametoindex(name) != 0; }

/* ---- The machine ---- */

void pp_machine_text(char *hardware, char *os, size_t size)
{
	struct utsname names;

	hardware[0] = os[0] = '\0';
	if (uname(&names) != 0)
		return;
	snprintf(hardware, size, "%s", names.machine);
	snprintf(os, size, "%s %s", names.sysname, names.release);
}

int64_t pp_wall_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return 0;
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}
