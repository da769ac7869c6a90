/* What a confined process can still do, by trying: each test confines a child, which answers with its exit status. */
#include "platform/sandbox.h"

#include "platform/outfile.h"
#include "support/cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FINE = 0, NO_SANDBOX = 77 };

/* In the child: an expectation that fails ends it with the line's number, folded into a status. */
#define EXPECT(condition)                                                                                              \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			dprintf(STDERR_FILENO, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno);       \
			_exit(1);                                                                                      \
		}                                                                                                      \
	} while (0)
/* EXDEV: Landlock, of a file that would move to another folder. */
static int is_refusal(int why) { return why == EPERM || why == EACCES || why == ENOSYS || why == EXDEV; }

/* Refused by the filter or by Landlock, and not for some other reason. */
#define REFUSED(call) EXPECT((errno = 0, (long)(call)) == -1 && is_refusal(errno))

static char folder[] = "/tmp/pp-sandbox-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 && mkdir("out", 0700) == 0 && mkdir("else", 0700) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return unlink("else/precious") == 0 && rmdir("else") == 0 && rmdir("out") == 0 && chdir("/") == 0
		   ? rmdir(folder)
		   : -1;
}

/* Status of a child that runs `body` after confining itself; 77: this build or system confines nothing. */
static int confined(struct pp_sandbox_wish wish, unsigned needs, void (*body)(int folder))
{
	int status;
	pid_t child;

	(void)fflush(NULL);
	child = fork();
	if (child == 0) {
		if (pp_sandbox_enter(&wish) & (needs | PP_SANDBOX_BUILD))
			_exit(NO_SANDBOX);
		body(wish.folder);
		_exit(FINE);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static void expect_status(int status, int wanted)
{
	if (status == NO_SANDBOX)
		skip();
	assert_int_equal(status, wanted);
}

/* ---- System calls ---- */

static void open_nothing(int where)
{
	char byte;

	(void)where;
	REFUSED(open("/etc/passwd", O_RDONLY));
	REFUSED(open("else/new", O_WRONLY | O_CREAT, 0600));
	REFUSED(open(".", O_TMPFILE | O_RDWR, 0600));
	REFUSED(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", NULL, 0));
	REFUSED(chdir("/"));
	REFUSED(mkdir("else/folder", 0700));
	REFUSED(syscall(SYS_memfd_create, "x", 0));
	REFUSED(syscall(SYS_open_by_handle_at, -1, NULL, 0));
	/* What is open stays usable. */
	EXPECT(read(3, &byte, 1) == 1 && byte == '!');
	EXPECT(write(4, "x", 1) == 1);
}

static void reach_nobody(int where)
{
	char byte = 0;
	struct iovec ours = { &byte, 1 }, theirs = { &byte, 1 };

	(void)where;
	REFUSED(socket(AF_INET, SOCK_STREAM, 0));
	REFUSED(socket(AF_INET6, SOCK_DGRAM, 0));
	REFUSED(socket(AF_UNIX, SOCK_STREAM, 0));
	REFUSED(socket(AF_NETLINK, SOCK_RAW, 0));
	REFUSED(socket(AF_PACKET, SOCK_RAW, 0));
	REFUSED(kill(getppid(), 0));
	REFUSED(syscall(SYS_tgkill, getppid(), getppid(), 0));
	REFUSED(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
	REFUSED(process_vm_readv(getppid(), &ours, 1, &theirs, 1, 0));
	REFUSED(ioctl(STDIN_FILENO, TIOCSTI, "x"));
	REFUSED(syscall(SYS_pidfd_open, getppid(), 0));
}

static void become_nobody_else(int where)
{
	char name[] = "true", *const nothing[] = { name, NULL };

	(void)where;
	REFUSED(execv("/bin/true", nothing));
	REFUSED(syscall(SYS_execveat, AT_FDCWD, "/bin/true", nothing, NULL, 0));
	REFUSED(unshare(CLONE_NEWUSER));
	REFUSED(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
	REFUSED(syscall(SYS_clone3, NULL, 0));
	REFUSED(setuid(0));
	REFUSED(chroot("/"));
	REFUSED(syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, NULL));
	REFUSED(syscall(SYS_bpf, 0, NULL, 0));
	REFUSED(syscall(SYS_io_uring_setup, 1, NULL));
	REFUSED(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
	REFUSED(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
	REFUSED(syscall(SYS_userfaultfd, 0));
#ifdef __x86_64__
	REFUSED(syscall(0x40000000 | SYS_getpid)); /* the other numbering of this processor */
#endif
}

static void make_no_code(int where)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)where;
	EXPECT(page != MAP_FAILED);
	REFUSED(mprotect(page, size, PROT_READ | PROT_EXEC));
	errno = 0;
	EXPECT(mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	EXPECT(errno == EPERM);
}

static void *count(void *number)
{
	++*(int *)number;
	return NULL;
}

static void work(int where)
{
	pthread_t thread;
	int number = 0;
	char *much = malloc(32 << 20);

	(void)where;
	EXPECT(much != NULL);
	memset(much, 1, 32 << 20);
	free(much);
	EXPECT(pthread_create(&thread, NULL, count, &number) == 0);
	EXPECT(pthread_join(thread, NULL) == 0 && number == 1);
	EXPECT(isatty(STDOUT_FILENO) == 1 || errno == ENOTTY);
	abort();
}

static void test_analysis(void **state)
{
	const struct pp_sandbox_wish wish = { .kind = PP_SANDBOX_ANALYSIS, .folder = -1 };
	int ends[2];

	(void)state;
	/* Descriptors 3 and 4 are the opened input and output. */
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "!", 1), 1);
	assert_true(dup2(ends[0], 3) == 3 && dup2(ends[1], 4) == 4);
	expect_status(confined(wish, PP_SANDBOX_CALLS, open_nothing), FINE);
	expect_status(confined(wish, PP_SANDBOX_CALLS, reach_nobody), FINE);
	expect_status(confined(wish, PP_SANDBOX_CALLS, become_nobody_else), FINE);
	expect_status(confined(wish, PP_SANDBOX_CALLS, make_no_code), FINE);
	expect_status(confined(wish, PP_SANDBOX_CALLS, work), 256 + SIGABRT);
}

static void still_open(int where)
{
	(void)where;
	EXPECT(open("/etc/passwd", O_RDONLY) >= 0);
	REFUSED(socket(AF_INET, SOCK_STREAM, 0));
	REFUSED(execl("/bin/true", "true", (char *)NULL));
	REFUSED(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
	REFUSED(ioctl(STDIN_FILENO, TIOCSTI, "x"));
	/* The analysis at the end confines itself further. */
	EXPECT(pp_sandbox_enter(&(struct pp_sandbox_wish){ .kind = PP_SANDBOX_ANALYSIS, .folder = -1 }) == 0);
	REFUSED(open("/etc/passwd", O_RDONLY));
}

static void test_capture(void **state)
{
	const struct pp_sandbox_wish wish = { .kind = PP_SANDBOX_CAPTURE, .folder = -1 };

	(void)state;
	expect_status(confined(wish, PP_SANDBOX_CALLS | PP_SANDBOX_FILES, still_open), FINE);
}

/* ---- Files ---- */

static void put(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0);
}

static void name_in_folder(int where)
{
	REFUSED(linkat(AT_FDCWD, "else/precious", where, "stolen", 0));
	REFUSED(unlink("else/precious"));
	REFUSED(unlinkat(AT_FDCWD, "else/precious", 0));
	REFUSED(renameat(AT_FDCWD, "else/precious", AT_FDCWD, "else/moved"));
	REFUSED(renameat(AT_FDCWD, "else/precious", where, "moved"));
	REFUSED(openat(where, "new", O_WRONLY | O_CREAT, 0600));
	EXPECT(renameat(where, "a", where, "b") == 0);
	EXPECT(unlinkat(where, "b", 0) == 0);
}

static void create_in_folder(int where)
{
	int fd = openat(where, "a", O_WRONLY | O_CREAT | O_EXCL, 0600);

	EXPECT(fd >= 0 && write(fd, "x", 1) == 1);
	EXPECT(renameat(where, "a", where, "b") == 0);
	EXPECT(unlinkat(where, "b", 0) == 0);
	REFUSED(openat(AT_FDCWD, "else/new", O_WRONLY | O_CREAT, 0600));
	REFUSED(openat(AT_FDCWD, "else/precious", O_WRONLY));
	REFUSED(openat(AT_FDCWD, "/etc/passwd", O_RDONLY));
}

static void read_port_names(int where)
{
	(void)where;
	EXPECT(open("/etc/services", O_RDONLY) >= 0 || errno == ENOENT);
	REFUSED(open("/etc/passwd", O_RDONLY));
	REFUSED(open("/etc/services", O_RDWR));
}

static void test_files(void **state)
{
	struct pp_sandbox_wish wish = { .kind = PP_SANDBOX_ANALYSIS };

	(void)state;
	put("else/precious");
	put("out/a");
	wish.folder = open("out", O_RDONLY | O_DIRECTORY);
	assert_true(wish.folder >= 0);
	expect_status(confined(wish, PP_SANDBOX_CALLS | PP_SANDBOX_FILES, name_in_folder), FINE);
	wish.makes_file = true;
	expect_status(confined(wish, PP_SANDBOX_CALLS | PP_SANDBOX_FILES, create_in_folder), FINE);
	close(wish.folder);
	wish = (struct pp_sandbox_wish){ .kind = PP_SANDBOX_ANALYSIS, .folder = -1, .port_names = true };
	expect_status(confined(wish, PP_SANDBOX_CALLS | PP_SANDBOX_FILES, read_port_names), FINE);
}

/* The output takes its place in spite of it all. */
static void test_output_takes_its_place(void **state)
{
	struct stat is;
	pid_t child;
	int status;

	(void)state;
	put("out/report");
	assert_int_equal(chmod("out/report", 0640), 0);
	(void)fflush(NULL);
	child = fork();
	if (child == 0) {
		struct pp_sandbox_wish wish = { .kind = PP_SANDBOX_ANALYSIS };
		struct pp_outfile *file;

		EXPECT(pp_outfile_open(&file, "out/report", NULL, 0) == PP_OK);
		wish.folder = pp_outfile_folder(file, &wish.makes_file);
		if (pp_sandbox_enter(&wish))
			_exit(NO_SANDBOX);
		EXPECT(pp_outfile_write(file, "longer", 6) == PP_OK);
		EXPECT(pp_outfile_commit(file) == PP_OK);
		pp_outfile_close(file);
		_exit(FINE);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == FINE) {
		assert_int_equal(stat("out/report", &is), 0);
		assert_int_equal(is.st_size, 6);
		assert_int_equal(is.st_mode & 0777, 0640);
	}
	assert_int_equal(unlink("out/report"), 0);
	expect_status(WEXITSTATUS(status), FINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_output_takes_its_place),
		cmocka_unit_test(test_capture),
		cmocka_unit_test(test_analysis),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
