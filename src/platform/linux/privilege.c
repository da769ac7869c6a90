#include "platform/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED
#endif

/* The address sanitizer traces its own process when it ends, which no sandbox would let it, and waits for ever. */
#ifdef SANITIZED
#elif defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#endif

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
	snprintf(command, size, "setcap cap_net_raw,cap_net_admin,cap_sys_ptrace+ep %s", self);
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

/* ---- System calls ---- */

#ifdef THIS_ARCH
/* What reading packets, writing files, analysing and waiting take.  No execve, no socket, no connect, no ptrace. */
static const int allowed[] = {
	SYS_read,
	SYS_write,
	SYS_pread64,
	SYS_pwrite64,
	SYS_readv,
	SYS_writev,
	SYS_lseek,
	SYS_close,
	SYS_openat,
	SYS_fstat,
	SYS_newfstatat,
	SYS_statx,
	SYS_readlinkat,
	SYS_getdents64,
	SYS_faccessat,
	SYS_faccessat2,
	SYS_unlinkat,
	SYS_renameat,
	SYS_renameat2,
	SYS_ftruncate,
	SYS_fchmod,
	SYS_fcntl,
	SYS_ioctl,
	SYS_dup,
	SYS_fadvise64,
	SYS_fsync,
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_mprotect,
	SYS_madvise,
	SYS_brk,
	SYS_ppoll,
	SYS_pselect6,
	SYS_recvfrom,
	SYS_recvmsg,
	SYS_sendto,
	SYS_sendmsg,
	SYS_setsockopt,
	SYS_getsockopt,
	SYS_shutdown,
	SYS_futex,
	SYS_clone,
	SYS_clone3,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_rt_sigtimedwait,
	SYS_sigaltstack,
	SYS_signalfd4,
	SYS_restart_syscall,
	SYS_clock_gettime,
	SYS_clock_nanosleep,
	SYS_nanosleep,
	SYS_gettimeofday,
	SYS_getrandom,
	SYS_getpid,
	SYS_gettid,
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_uname,
	SYS_setpriority,
	SYS_getpriority,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_prlimit64,
	SYS_getrusage,
	SYS_sysinfo,
	SYS_wait4,
	SYS_waitid,
	SYS_kill,
	SYS_tgkill,
	SYS_exit,
	SYS_exit_group,
	SYS_membarrier,
#ifdef SYS_open
	SYS_open,
	SYS_stat,
	SYS_lstat,
	SYS_access,
	SYS_readlink,
	SYS_unlink,
	SYS_rename,
	SYS_poll,
	SYS_select,
	SYS_time,
	SYS_arch_prctl,
#endif
};

enum { ALLOWED = sizeof(allowed) / sizeof(allowed[0]), HEAD = 4 };

bool pp_privilege_sandbox(void)
{
	struct sock_filter code[HEAD + ALLOWED + 2];
	struct sock_fprog program = { .len = HEAD + ALLOWED + 2, .filter = code };

	code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	code[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0);
	code[2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[3] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < ALLOWED; i++)
		code[HEAD + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)allowed[i],
							      (uint8_t)(ALLOWED - i), 0);
	code[HEAD + ALLOWED] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	code[HEAD + ALLOWED + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}
#else
bool pp_privilege_sandbox(void) { return false; }
#endif
