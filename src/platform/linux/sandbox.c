/* Theory: two layers that know nothing of each other.  seccomp decides by the number of a system call and by plain
 * arguments, but cannot see a path; Landlock decides by path, but knows only files.  An analysis opens nothing once it
 * has begun, so seccomp refuses opening altogether, and Landlock is left with the one thing that still names files: the
 * output's taking its place.  Where Landlock is missing, that is the one thing left to an attacker.
 *
 * A call that is older than this list and not on it is refused with EPERM.  A newer one is answered as by a kernel that
 * does not have it, because the C library then tries another way. */
#include "platform/sandbox.h"

#include "platform/privilege.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if !defined(SANITIZED) && (defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__))
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#else
#define THIS_ARCH 0
#endif

static bool no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0; }

/* ---- System calls ---- */

enum user { ALWAYS = 0x1, CAPTURES = 0x2, OPENS = 0x4 };

enum check {
	FREE,
	NO_CODE,      /* third argument without PROT_EXEC */
	NO_NAMESPACE, /* first argument without a flag that makes a namespace */
	TERMINAL,     /* second argument asks a terminal what it is */
	NO_TYPING,    /* second argument puts nothing into a terminal's input */
	OURSELVES,    /* first argument is this process */
	ABSENT,       /* as if the kernel did not have it */
};

struct row {
	int number;
	uint8_t users, check;
};

static const struct row rows[] = {
	{ SYS_read, ALWAYS, FREE },
	{ SYS_write, ALWAYS, FREE },
	{ SYS_pread64, ALWAYS, FREE },
	{ SYS_pwritev, ALWAYS, FREE },
	{ SYS_readv, ALWAYS, FREE },
	{ SYS_writev, ALWAYS, FREE },
	{ SYS_futex, ALWAYS, FREE },
	{ SYS_mmap, ALWAYS, NO_CODE },
	{ SYS_munmap, ALWAYS, FREE },
	{ SYS_mremap, ALWAYS, FREE },
	{ SYS_mprotect, ALWAYS, NO_CODE },
	{ SYS_madvise, ALWAYS, FREE },
	{ SYS_brk, ALWAYS, FREE },
	{ SYS_lseek, ALWAYS, FREE },
	{ SYS_close, ALWAYS, FREE },
	{ SYS_fstat, ALWAYS, FREE },
	{ SYS_newfstatat, ALWAYS, FREE }, /* what the C library makes of fstat() */
	{ SYS_statx, ALWAYS, FREE },
	{ SYS_ftruncate, ALWAYS, FREE },
	{ SYS_fcntl, ALWAYS, FREE },
	{ SYS_fadvise64, ALWAYS, FREE },
	{ SYS_fsync, ALWAYS, FREE },
	{ SYS_fdatasync, ALWAYS, FREE },
	{ SYS_dup, ALWAYS, FREE },
	{ SYS_linkat, ALWAYS, FREE },
	{ SYS_renameat, ALWAYS, FREE },
	{ SYS_renameat2, ALWAYS, FREE },
	{ SYS_unlinkat, ALWAYS, FREE },
	{ SYS_ppoll, ALWAYS, FREE },
	{ SYS_pselect6, ALWAYS, FREE },
	{ SYS_clone, ALWAYS, NO_NAMESPACE },
	{ SYS_clone3, ALWAYS, ABSENT }, /* its flags lie in memory, where no filter sees them */
	{ SYS_set_robust_list, ALWAYS, FREE },
	{ SYS_rseq, ALWAYS, FREE },
	{ SYS_rt_sigaction, ALWAYS, FREE },
	{ SYS_rt_sigprocmask, ALWAYS, FREE },
	{ SYS_rt_sigreturn, ALWAYS, FREE },
	{ SYS_sigaltstack, ALWAYS, FREE },
	{ SYS_restart_syscall, ALWAYS, FREE },
	{ SYS_clock_gettime, ALWAYS, FREE },
	{ SYS_clock_nanosleep, ALWAYS, FREE },
	{ SYS_nanosleep, ALWAYS, FREE },
	{ SYS_gettimeofday, ALWAYS, FREE },
	{ SYS_getrandom, ALWAYS, FREE },
	{ SYS_getpid, ALWAYS, FREE },
	{ SYS_gettid, ALWAYS, FREE },
	{ SYS_getuid, ALWAYS, FREE },
	{ SYS_geteuid, ALWAYS, FREE },
	{ SYS_getgid, ALWAYS, FREE },
	{ SYS_getegid, ALWAYS, FREE },
	{ SYS_sched_yield, ALWAYS, FREE },
	{ SYS_sched_getaffinity, ALWAYS, FREE },
	{ SYS_prlimit64, ALWAYS, FREE },
	{ SYS_getrusage, ALWAYS, FREE },
	{ SYS_sysinfo, ALWAYS, FREE },
	{ SYS_membarrier, ALWAYS, FREE },
	{ SYS_tgkill, ALWAYS, OURSELVES }, /* abort() */
	{ SYS_exit, ALWAYS, FREE },
	{ SYS_exit_group, ALWAYS, FREE },
#ifdef SYS_poll
	{ SYS_poll, ALWAYS, FREE },
	{ SYS_select, ALWAYS, FREE },
	{ SYS_time, ALWAYS, FREE },
#endif
	/* An analysis takes no more on after this one, and a later filter cannot give anything back. */
	{ SYS_prctl, CAPTURES, FREE },
	{ SYS_seccomp, CAPTURES, FREE },
	{ SYS_landlock_create_ruleset, CAPTURES, FREE },
	{ SYS_landlock_add_rule, CAPTURES, FREE },
	{ SYS_landlock_restrict_self, CAPTURES, FREE },
	{ SYS_capget, CAPTURES, FREE },
	{ SYS_capset, CAPTURES, FREE },
	{ SYS_ioctl, ALWAYS, TERMINAL },
	{ SYS_ioctl, CAPTURES, NO_TYPING },
	{ SYS_openat, CAPTURES | OPENS, FREE },
	{ SYS_readlinkat, CAPTURES | OPENS, FREE },
	{ SYS_getdents64, CAPTURES | OPENS, FREE },
	{ SYS_faccessat, CAPTURES | OPENS, FREE },
	{ SYS_faccessat2, CAPTURES | OPENS, FREE },
#ifdef SYS_open
	{ SYS_open, CAPTURES | OPENS, FREE },
	{ SYS_stat, CAPTURES | OPENS, FREE },
	{ SYS_lstat, CAPTURES | OPENS, FREE },
	{ SYS_access, CAPTURES | OPENS, FREE },
	{ SYS_readlink, CAPTURES | OPENS, FREE },
	{ SYS_unlink, CAPTURES, FREE },
	{ SYS_rename, CAPTURES, FREE },
#endif
	{ SYS_fchmod, CAPTURES, FREE },
	{ SYS_fchown, CAPTURES, FREE },
	{ SYS_recvfrom, CAPTURES, FREE },
	{ SYS_recvmsg, CAPTURES, FREE },
	{ SYS_sendto, CAPTURES, FREE },
	{ SYS_sendmsg, CAPTURES, FREE },
	{ SYS_setsockopt, CAPTURES, FREE },
	{ SYS_getsockopt, CAPTURES, FREE },
	{ SYS_shutdown, CAPTURES, FREE },
	{ SYS_rt_sigtimedwait, CAPTURES, FREE },
	{ SYS_signalfd4, CAPTURES, FREE },
	{ SYS_setpriority, CAPTURES, FREE },
	{ SYS_getpriority, CAPTURES, FREE },
	{ SYS_uname, CAPTURES, FREE },
	{ SYS_wait4, CAPTURES, FREE },
	{ SYS_waitid, CAPTURES, FREE },
	{ SYS_kill, CAPTURES, FREE },
};

enum {
	NEWEST = SYS_landlock_restrict_self, /* the newest call that was there when this list was made */
	ROW_CODE_MOST = 6,
	CODE_MOST = 8 + ROW_CODE_MOST * (sizeof(rows) / sizeof(rows[0])),
	NAMESPACES =
	    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET,
};

struct code {
	struct sock_filter at[CODE_MOST];
	unsigned short len;
};

static void add(struct code *code, unsigned operation, uint32_t value, uint8_t yes, uint8_t no)
{
	code->at[code->len++] = (struct sock_filter){ (uint16_t)operation, yes, no, value };
}

static void answer(struct code *code, uint32_t what) { add(code, BPF_RET | BPF_K, what, 0, 0); }

/* The low half of an argument: what the kernel looks at of those below. */
static void load_argument(struct code *code, unsigned index)
{
	add(code, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + 8 * index), 0, 0);
}

static void add_row(struct code *code, const struct row *row)
{
	static const uint8_t length[] = {
		[FREE] = 1,      [NO_CODE] = 4,   [NO_NAMESPACE] = 4, [TERMINAL] = 5,
		[NO_TYPING] = 5, [OURSELVES] = 4, [ABSENT] = 1,
	};
	const uint32_t allow = SECCOMP_RET_ALLOW, refuse = SECCOMP_RET_ERRNO | EPERM;

	add(code, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->number, 0, length[row->check]);
	switch ((enum check)row->check) {
	case NO_CODE:
		load_argument(code, 2);
		add(code, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0);
		break;
	case NO_NAMESPACE:
		load_argument(code, 0);
		add(code, BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 1, 0);
		break;
	case TERMINAL:
		load_argument(code, 1);
		add(code, BPF_JMP | BPF_JEQ | BPF_K, TCGETS, 1, 0);
		add(code, BPF_JMP | BPF_JEQ | BPF_K, TIOCGWINSZ, 0, 1);
		break;
	case NO_TYPING:
		load_argument(code, 1);
		add(code, BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 2, 0);
		add(code, BPF_JMP | BPF_JEQ | BPF_K, TIOCLINUX, 1, 0);
		break;
	case OURSELVES:
		load_argument(code, 0);
		add(code, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 0, 1);
		break;
	case ABSENT:
		answer(code, SECCOMP_RET_ERRNO | ENOSYS);
		return;
	case FREE:
		answer(code, allow);
		return;
	}
	answer(code, allow);
	answer(code, refuse);
}

static void make_code(struct code *code, unsigned users)
{
	code->len = 0;
	add(code, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	add(code, BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0);
	answer(code, SECCOMP_RET_KILL_PROCESS);
	add(code, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	for (const struct row *row = rows; row < rows + sizeof(rows) / sizeof(rows[0]); row++)
		if (row->users & users)
			add_row(code, row);
	add(code, BPF_JMP | BPF_JGT | BPF_K, NEWEST, 0, 1);
	answer(code, SECCOMP_RET_ERRNO | ENOSYS);
	answer(code, SECCOMP_RET_ERRNO | EPERM);
}

static bool filter_calls(const struct pp_sandbox_wish *wish)
{
	unsigned users = wish->kind == PP_SANDBOX_CAPTURE ? CAPTURES : 0;
	struct sock_fprog program;
	struct code code;

	users |= ALWAYS | (wish->makes_file || wish->port_names ? OPENS : 0);
	make_code(&code, users);
	program = (struct sock_fprog){ .len = code.len, .filter = code.at };
	/* Without the flag, kernels before 5.16 slow the whole program down against Spectre. */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0 ||
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

/* ---- Files ---- */

/* The struct of the newest kernel; an older one takes it as long as what it does not know is 0. */
struct ruleset {
	uint64_t files, ports, scopes;
};

enum {
	RIGHT_REFER = 1 << 13,
	RIGHT_TRUNCATE = 1 << 14,
	RIGHTS_1 = (1 << 13) - 1, /* as of ABI 1 */
	RIGHTS_2 = RIGHTS_1 | RIGHT_REFER,
	RIGHTS_3 = RIGHTS_2 | RIGHT_TRUNCATE,
	RIGHTS_5 = RIGHTS_3 | 1 << 15, /* device ioctls */
	PORTS = 0x3,                   /* bind and connect of TCP, ABI 4 */
	SCOPES = 0x3,                  /* abstract sockets and signals, ABI 6 */
};

static bool allow(int rules, int at, uint64_t rights)
{
	const struct landlock_path_beneath_attr beneath = { .allowed_access = rights, .parent_fd = at };

	return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
}

static void allow_reading(int rules, const char *path)
{
	int file = open(path, O_PATH | O_CLOEXEC);

	if (file < 0)
		return; /* a system without it */
	(void)allow(rules, file, LANDLOCK_ACCESS_FS_READ_FILE);
	(void)close(file);
}

/* What the C library looks into to find a port by its name. */
static void allow_port_names(int rules)
{
	static const char *const lists[] = { "/etc/nsswitch.conf", "/etc/services", "/etc/protocols", "/etc/ethers" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		allow_reading(rules, lists[i]);
}

static bool restrict_files(const struct pp_sandbox_wish *wish)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset set = { .files = RIGHTS_1 };
	bool done = true;
	int rules;

	if (abi < 1)
		return false;
	if (abi >= 2)
		set.files = abi >= 5 ? RIGHTS_5 : abi >= 3 ? RIGHTS_3 : RIGHTS_2;
	set.ports = abi >= 4 ? PORTS : 0;
	set.scopes = abi >= 6 ? SCOPES : 0;
	rules = (int)syscall(SYS_landlock_create_ruleset, &set, sizeof(set), 0);
	if (rules < 0)
		return false;
	if (wish->folder >= 0)
		done = allow(rules, wish->folder,
			     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE |
				 (wish->makes_file ? LANDLOCK_ACCESS_FS_WRITE_FILE : 0));
	if (wish->port_names)
		allow_port_names(rules);
	done = done && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
	(void)close(rules);
	return done;
}

unsigned pp_sandbox_enter(const struct pp_sandbox_wish *wish)
{
	unsigned missing = 0;

	if (SANITIZED)
		return PP_SANDBOX_BUILD;
	if (wish->kind == PP_SANDBOX_ANALYSIS)
		(void)pp_privilege_shed(wish->folder >= 0);
	if (!no_new_privileges())
		return PP_SANDBOX_CALLS | PP_SANDBOX_FILES;
	if (wish->kind == PP_SANDBOX_ANALYSIS && !restrict_files(wish))
		missing |= PP_SANDBOX_FILES;
	if (!THIS_ARCH || !filter_calls(wish))
		missing |= PP_SANDBOX_CALLS;
	return missing;
}
