/* measure: runs one command with its output thrown away and says what it took.
 *
 * usage: measure SECONDS MIB COMMAND [ARGUMENT…]
 *
 * A small parent on purpose: the peak resident size of a child starts from what its parent had resident at fork, so a
 * child of an interpreter would never be seen smaller than the interpreter.  SECONDS and MIB end a command that takes
 * more wall time or address space; 0: no limit.  Prints one line:
 *
 *   wall_ns cpu_ns peak_kib status     (status: exit status, or minus the signal)
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void run(unsigned seconds, unsigned long mib, char **command)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(126);
	if (mib) {
		struct rlimit limit = { (rlim_t)mib << 20, (rlim_t)mib << 20 };
		if (setrlimit(RLIMIT_AS, &limit) != 0)
			_exit(126);
	}
	alarm(seconds); /* survives exec; its signal ends a command that does not ask for it */
	execvp(command[0], command);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct rusage used;
	long long begin;
	int status;
	pid_t child;

	if (argc < 4) {
		fputs("usage: measure SECONDS MIB COMMAND [ARGUMENT…]\n", stderr);
		return 2;
	}
	begin = now_ns();
	child = fork();
	if (child == 0)
		run((unsigned)strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10), argv + 3);
	if (child < 0 || wait4(child, &status, 0, &used) != child) {
		perror("measure");
		return 3;
	}
	printf("%lld %lld %ld %d\n", now_ns() - begin,
	       (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000LL +
		   (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000LL,
	       used.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	return 0;
}
