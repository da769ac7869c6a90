#include "platform/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- Capabilities ---- */

static bool get_capabilities(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &head, data) == 0;
}

static bool set_capabilities(const struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capset, &head, data) == 0;
}

bool pp_privilege_to_capture(const char **ret_missing, char *command, size_t size)
{
	struct __user_cap_data_struct data[2] = { { 0 } };
	char self[512];
	ssize_t len;

	if (!get_capabilities(data) || (data[0].effective & 1u << CAP_NET_RAW))
		return true;
	*ret_missing = "CAP_NET_RAW";
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[len > 0 ? len : 0] = '\0';
	snprintf(command, size, "setcap cap_net_raw,cap_net_admin+ep %s", self);
	return false;
}

static bool keep_capabilities(uint32_t mask)
{
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (!get_capabilities(data))
		return false;
	data[0] = (struct __user_cap_data_struct){ data[0].effective & mask, data[0].permitted & mask, 0 };
	data[1] = (struct __user_cap_data_struct){ 0 };
	return set_capabilities(data);
}

bool pp_privilege_shed(bool writes) { return keep_capabilities(writes ? 1u << CAP_DAC_OVERRIDE : 0); }

/* ---- The calling user ---- */

static bool number_from(const char *name, unsigned *ret_number)
{
	const char *text = getenv(name);
	char *end;
	unsigned long number;

	if (!text || !*text)
		return false;
	number = strtoul(text, &end, 10);
	if (*end || number == 0 || number >= UINT32_MAX)
		return false;
	*ret_number = (unsigned)number;
	return true;
}

static bool become(uid_t uid, gid_t gid)
{
	const struct passwd *user = getpwuid(uid);

	if (user ? initgroups(user->pw_name, gid) != 0 : setgroups(1, &gid) != 0)
		return false;
	return setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

enum pp_err pp_privilege_drop(void)
{
	unsigned uid, gid;
	bool done;

	if (geteuid() == 0 && number_from("SUDO_UID", &uid) && number_from("SUDO_GID", &gid))
		done = become(uid, gid) && keep_capabilities(0);
	else if (getuid() == 0)
		done = keep_capabilities(1u << CAP_DAC_OVERRIDE);
	else
		done = setresgid(getgid(), getgid(), getgid()) == 0 && setresuid(getuid(), getuid(), getuid()) == 0 &&
		       keep_capabilities(0);
	return done && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? PP_OK : PP_IO;
}
