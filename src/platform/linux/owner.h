/* owner: whose socket a new connection is; private to platform/linux/.
 *
 * Theory: a packet socket of its own, filtered to outgoing SYNs, wakes the helper at once; the capture's ring would
 * hand them over too late for a process that lives 20 ms.  The socket is found by its four-tuple (sock_diag), which
 * gives the inode; the process is the one with a descriptor of that inode: among the services' processes first, then
 * among those that were found before, then all, newest first.
 *
 * /proc/PID is opened as a directory before anything is read in it: when the process ends its files vanish from
 * there, and a new process with its number has another directory.  So what is read is always about the process that
 * holds the socket, or is not read at all.
 */
#ifndef PP_PLATFORM_LINUX_OWNER_H
#define PP_PLATFORM_LINUX_OWNER_H

#include "platform/helper.h"

enum { OWNER_GROUPS = 64, OWNER_INTERFACES = 32, OWNER_RECENT = 64, OWNER_ASKED = 256 };

struct owner_finder {
	int tap, diag; /* -1: not looking */
	bool all_interfaces;
	int interfaces[OWNER_INTERFACES];
	unsigned interface_count;
	char groups[OWNER_GROUPS][PP_HELPER_PATH]; /* cgroup.procs files */
	unsigned group_count;
	int recent[OWNER_RECENT]; /* processes found before */
	unsigned recent_next;
	struct {
		struct pp_endpoint_addr client, server;
		int64_t ts;
	} asked[OWNER_ASKED]; /* a repeated SYN is not asked again */
	unsigned asked_next;
	int command; /* process id, or 0 */
	uint32_t missed;
};

void owner_init(struct owner_finder *finder);
bool owner_look(struct owner_finder *finder, const char *interface, int command);
void owner_add_group(struct owner_finder *finder, const char *group);
/* One SYN from the tap.  False when there is none, or nothing to tell about it. */
bool owner_take(struct owner_finder *finder, struct pp_helper_owner *ret_owner, bool *ret_more);
void owner_done(struct owner_finder *finder);

#endif
