#include "platform/linux/owner.h"

#include "base/cur.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SYN_BYTES = 128, TAP_BUFFER = 4 << 20, PIDS_MAX = 65536, ANCESTORS_MAX = 32, REPEAT_S = 3, DIAG_MS = 200 };

/* ---- New connections ---- */

/* Outgoing TCP segments with SYN and without ACK, of IPv4 and IPv6 without extension headers.  The packet begins with
 * its IP header. */
static bool set_syn_filter(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 15),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 7, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 12),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 10),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 8, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_JUMP(BPF_JMP | BPF_JA, 3, 0, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 4),
		BPF_STMT(BPF_LDX | BPF_IMM, 40),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, SYN_BYTES),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

static int open_tap(void)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, room = TAP_BUFFER;
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	(void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	if (set_syn_filter(fd) && bind(fd, (struct sockaddr *)&all, sizeof(all)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static int64_t stamp(struct msghdr *message)
{
	struct timespec at = { 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&at, CMSG_DATA(c), sizeof(at));
	return at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}

/* The ends of a SYN; the filter has looked at it before. */
static bool take_ends(struct pp_cur cur, struct pp_endpoint_addr *client, struct pp_endpoint_addr *server)
{
	struct pp_span src, dst;
	int first = pp_cur_peek(&cur, 0);

	if (first >> 4 == 4) {
		pp_cur_skip(&cur, 12);
		src = pp_cur_take(&cur, 4);
		dst = pp_cur_take(&cur, 4);
		pp_cur_skip(&cur, (size_t)(first & 0xf) * 4 - 20);
	} else {
		pp_cur_skip(&cur, 8);
		src = pp_cur_take(&cur, 16);
		dst = pp_cur_take(&cur, 16);
	}
	client->port = pp_cur_u16(&cur);
	server->port = pp_cur_u16(&cur);
	if (!pp_cur_ok(&cur))
		return false;
	client->ip = src.len == 4 ? pp_addr_v4(src.p) : pp_addr_v6(src.p);
	server->ip = dst.len == 4 ? pp_addr_v4(dst.p) : pp_addr_v6(dst.p);
	return true;
}

static bool is_watched(const struct owner_finder *finder, int interface)
{
	for (unsigned i = 0; i < finder->interface_count; i++)
		if (finder->interfaces[i] == interface)
			return true;
	return finder->all_interfaces;
}

static bool same_end(const struct pp_endpoint_addr *a, const struct pp_endpoint_addr *b)
{
	return a->port == b->port && pp_addr_equal(&a->ip, &b->ip);
}

static bool asked_already(struct owner_finder *finder, const struct pp_helper_owner *owner)
{
	for (unsigned i = 0; i < OWNER_ASKED; i++)
		if (same_end(&finder->asked[i].client, &owner->client) &&
		    same_end(&finder->asked[i].server, &owner->server) &&
		    owner->ts - finder->asked[i].ts < REPEAT_S * INT64_C(1000000000))
			return true;
	finder->asked[finder->asked_next].client = owner->client;
	finder->asked[finder->asked_next].server = owner->server;
	finder->asked[finder->asked_next].ts = owner->ts;
	finder->asked_next = (finder->asked_next + 1) % OWNER_ASKED;
	return false;
}

/* ---- The socket ---- */

/* The kernel answers at once; were an answer lost, nobody must wait for it. */
static int open_diag(void)
{
	const struct timeval patience = { .tv_usec = DIAG_MS * 1000 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void put_end(const struct pp_endpoint_addr *end, uint32_t addr[4], uint16_t *port)
{
	memset(addr, 0, 16);
	if (pp_addr_is_v4(&end->ip))
		memcpy(addr, end->ip.b + 12, 4);
	else
		memcpy(addr, end->ip.b, 16);
	*port = htons(end->port);
}

/* The inode of the socket with these ends; 0: there is none. */
static uint32_t inode_of(int diag, const struct pp_helper_owner *owner)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} request = { .head = { .nlmsg_len = sizeof(request),
				.nlmsg_type = SOCK_DIAG_BY_FAMILY,
				.nlmsg_flags = NLM_F_REQUEST } };
	union {
		struct nlmsghdr head;
		char bytes[4096];
	} answer;
	struct inet_diag_msg found;
	ssize_t len;

	request.body.sdiag_family = pp_addr_is_v4(&owner->client.ip) ? AF_INET : AF_INET6;
	request.body.sdiag_protocol = IPPROTO_TCP;
	request.body.idiag_states = ~0u;
	put_end(&owner->client, request.body.id.idiag_src, &request.body.id.idiag_sport);
	put_end(&owner->server, request.body.id.idiag_dst, &request.body.id.idiag_dport);
	request.body.id.idiag_cookie[0] = request.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	if (send(diag, &request, sizeof(request), 0) < 0)
		return 0;
	len = recv(diag, &answer, sizeof(answer), 0);
	if (len < (ssize_t)(NLMSG_HDRLEN + sizeof(found)) || answer.head.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return 0;
	memcpy(&found, answer.bytes + NLMSG_HDRLEN, sizeof(found));
	/* A socket that already belongs to somebody else by now has other ends. */
	return found.id.idiag_sport == request.body.id.idiag_sport &&
		       found.id.idiag_dport == request.body.id.idiag_dport
		   ? found.idiag_inode
		   : 0;
}

/* ---- The process ---- */

/* A descriptor of /proc/PID when that process holds the socket; else -1. */
static int holder(int pid, const char *socket_name)
{
	char path[32], target[64];
	int process, found = -1, fds;
	struct dirent *entry;
	DIR *list;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fds = process < 0 ? -1 : openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	list = fds < 0 ? NULL : fdopendir(fds);
	while (list && found < 0 && (entry = readdir(list)) != NULL) {
		ssize_t len = readlinkat(dirfd(list), entry->d_name, target, sizeof(target) - 1);

		if (len <= 0)
			continue;
		target[len] = '\0';
		if (strcmp(target, socket_name) == 0)
			found = process;
	}
	if (list)
		(void)closedir(list);
	else if (fds >= 0)
		(void)close(fds);
	if (found < 0 && process >= 0)
		(void)close(process);
	return found;
}

static void read_small(int process, const char *name, char *text, size_t size)
{
	int fd = openat(process, name, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, size - 1);

	text[len > 0 ? len : 0] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

/* The innermost unit of a control group path: /user.slice/user-0.slice/session-3.scope. */
static void unit_of(int process, char unit[PP_HELPER_NAME])
{
	char groups[8192], *line, *rest = groups;

	unit[0] = '\0';
	read_small(process, "cgroup", groups, sizeof(groups));
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *path = strncmp(line, "0::", 3) == 0 ? line + 3 : strstr(line, ":name=systemd:");
		char *part;

		if (path && path != line + 3)
			path += strlen(":name=systemd:");
		while (path && (part = strsep(&path, "/")) != NULL) {
			size_t len = strlen(part);

			if (len < PP_HELPER_NAME && len > 8 && strcmp(part + len - 8, ".service") == 0)
				memcpy(unit, part, len + 1);
			else if (len < PP_HELPER_NAME && len > 6 && strcmp(part + len - 6, ".scope") == 0)
				memcpy(unit, part, len + 1);
		}
	}
}

static int parent_of(int pid)
{
	char path[32], text[512], *at;
	int process, parent = 0;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process < 0)
		return 0;
	read_small(process, "stat", text, sizeof(text));
	(void)close(process);
	at = strrchr(text, ')'); /* the name before it may hold anything */
	return at && sscanf(at + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

static bool descends(int pid, int from)
{
	for (unsigned i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
		if (pid == from)
			return true;
		pid = parent_of(pid);
	}
	return false;
}

static void describe(struct owner_finder *finder, int pid, int process, struct pp_helper_owner *owner)
{
	ssize_t len = readlinkat(process, "exe", owner->path, sizeof(owner->path) - 1);

	owner->path[len > 0 ? len : 0] = '\0';
	unit_of(process, owner->unit);
	owner->pid = (uint32_t)pid;
	owner->of_command = finder->command > 0 && descends(pid, finder->command);
	(void)close(process);
	for (unsigned i = 0; i < OWNER_RECENT; i++)
		if (finder->recent[i] == pid)
			return;
	finder->recent[finder->recent_next] = pid;
	finder->recent_next = (finder->recent_next + 1) % OWNER_RECENT;
}

static bool try_process(struct owner_finder *finder, int pid, const char *socket_name, struct pp_helper_owner *owner)
{
	int process = pid > 0 ? holder(pid, socket_name) : -1;

	if (process < 0)
		return false;
	describe(finder, pid, process, owner);
	return true;
}

static bool try_groups(struct owner_finder *finder, const char *socket_name, struct pp_helper_owner *owner)
{
	for (unsigned i = 0; i < finder->group_count; i++) {
		FILE *list = fopen(finder->groups[i], "re");
		bool found = false;
		int pid;

		while (list && !found && fscanf(list, "%d", &pid) == 1)
			found = try_process(finder, pid, socket_name, owner);
		if (list)
			(void)fclose(list);
		if (found)
			return true;
	}
	return false;
}

static bool try_all(struct owner_finder *finder, const char *socket_name, struct pp_helper_owner *owner)
{
	int *pids = malloc(PIDS_MAX * sizeof(*pids)), count = 0;
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (pids && proc && count < PIDS_MAX && (entry = readdir(proc)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			pids[count++] = atoi(entry->d_name);
	/* The kernel lists them in ascending order, and who has just begun to connect is often young. */
	while (!found && count > 0)
		found = try_process(finder, pids[--count], socket_name, owner);
	if (proc)
		(void)closedir(proc);
	free(pids);
	return found;
}

static void find_process(struct owner_finder *finder, uint32_t inode, struct pp_helper_owner *owner)
{
	char socket_name[32];

	snprintf(socket_name, sizeof(socket_name), "socket:[%u]", inode);
	if (try_groups(finder, socket_name, owner))
		return;
	for (unsigned i = 0; i < OWNER_RECENT; i++)
		if (try_process(finder, finder->recent[i], socket_name, owner))
			return;
	if (!try_all(finder, socket_name, owner))
		finder->missed++;
}

/* ---- Outside ---- */

void owner_init(struct owner_finder *finder)
{
	memset(finder, 0, sizeof(*finder));
	finder->tap = finder->diag = -1;
}

bool owner_look(struct owner_finder *finder, const char *interface, int command)
{
	if (finder->tap < 0)
		finder->tap = open_tap();
	if (finder->diag < 0)
		finder->diag = open_diag();
	if (command)
		finder->command = command;
	if (!interface[0] || strcmp(interface, "any") == 0)
		finder->all_interfaces = true;
	else if (finder->interface_count < OWNER_INTERFACES)
		finder->interfaces[finder->interface_count++] = (int)if_nametoindex(interface);
	return finder->tap >= 0 && finder->diag >= 0;
}

/* The hierarchy that systemd keeps, wherever it is mounted. */
void owner_add_group(struct owner_finder *finder, const char *group)
{
	static const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified" };

	for (unsigned i = 0; i < sizeof(roots) / sizeof(roots[0]) && finder->group_count < OWNER_GROUPS; i++) {
		char *path = finder->groups[finder->group_count];

		if ((size_t)snprintf(path, PP_HELPER_PATH, "%s%s/cgroup.procs", roots[i], group) < PP_HELPER_PATH &&
		    group[0] == '/' && group[1])
			finder->group_count++;
	}
}

bool owner_take(struct owner_finder *finder, struct pp_helper_owner *ret_owner, bool *ret_more)
{
	uint8_t bytes[SYN_BYTES], control[128];
	struct iovec where = { bytes, sizeof(bytes) };
	struct sockaddr_ll from = { .sll_ifindex = 0 };
	struct msghdr message = { .msg_name = &from,
				  .msg_namelen = sizeof(from),
				  .msg_iov = &where,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	ssize_t len = recvmsg(finder->tap, &message, MSG_DONTWAIT);
	uint32_t inode;

	*ret_more = len >= 0;
	if (len < 0 || !is_watched(finder, from.sll_ifindex))
		return false;
	memset(ret_owner, 0, sizeof(*ret_owner));
	ret_owner->ts = stamp(&message);
	if (!take_ends(pp_cur(bytes, (size_t)len, PP_TRUNCATED), &ret_owner->client, &ret_owner->server) ||
	    asked_already(finder, ret_owner))
		return false;
	inode = inode_of(finder->diag, ret_owner);
	if (!inode)
		return false; /* forwarded for somebody else, or gone already */
	find_process(finder, inode, ret_owner);
	ret_owner->missed = finder->missed;
	return true;
}

void owner_done(struct owner_finder *finder)
{
	if (finder->tap >= 0)
		(void)close(finder->tap);
	if (finder->diag >= 0)
		(void)close(finder->diag);
}
