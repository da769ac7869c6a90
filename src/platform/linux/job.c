#include "platform/linux/job.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 16 };

static const int ignored[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGQUIT };
enum { IGNORED = sizeof(ignored) / sizeof(ignored[0]) };

void job_ignore_signals(void)
{
	for (unsigned i = 0; i < IGNORED; i++)
		(void)signal(ignored[i], SIG_IGN);
}

int64_t job_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static const char *find_program(const char *name, char path[64])
{
	static const char *const folders[] = { "/usr/bin", "/bin", "/opt/azcmagent/bin" };

	for (unsigned i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, 64, "%s/%s", folders[i], name);
		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

static void become(const char *path, const char *const *arguments, int output)
{
	char *const environment[] = { (char[]){ "PATH=/usr/bin:/bin" }, (char[]){ "LC_ALL=C.UTF-8" },
				      (char[]){ "SYSTEMD_COLORS=0" }, (char[]){ "SYSTEMD_PAGER=" }, NULL };
	char *copy[ARGUMENTS_MAX + 1] = { NULL };
	int nothing = open("/dev/null", O_RDWR);
	sigset_t none;

	for (unsigned i = 0; i < ARGUMENTS_MAX && arguments[i]; i++)
		copy[i] = strdup(arguments[i]);
	for (unsigned i = 0; i < IGNORED; i++)
		(void)signal(ignored[i], SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		_exit(PP_HELPER_ABSENT);
	(void)execve(path, copy, environment);
	_exit(PP_HELPER_ABSENT);
}

/* Its output, both streams together, comes through *ret_output.  0: it could not be started. */
static pid_t spawn(const char *const *arguments, int *ret_output)
{
	char path[64];
	int ends[2];
	pid_t pid;

	if (!find_program(arguments[0], path) || pipe2(ends, O_CLOEXEC) != 0)
		return 0;
	pid = fork();
	if (pid == 0)
		become(path, arguments, ends[1]);
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return 0;
	}
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*ret_output = ends[0];
	return pid;
}

bool job_start(struct job *job, enum pp_helper_ask ask, const char *const *arguments, int seconds)
{
	job->len = 0;
	job->answer.ask = ask;
	job->answer.text[0] = '\0';
	job->pid = spawn(arguments, &job->output);
	job->deadline = job_now_ms() + seconds * INT64_C(1000);
	if (!job->pid) {
		job->answer.status = PP_HELPER_ABSENT;
		snprintf(job->answer.text, PP_HELPER_TEXT, "there is no %s", arguments[0]);
	}
	return job->pid != 0;
}

bool job_read(struct job *job)
{
	for (;;) {
		char spare[4096];
		size_t room = PP_HELPER_TEXT - 1 - job->len;
		ssize_t n = read(job->output, room ? job->answer.text + job->len : spare, room ? room : sizeof(spare));

		if (n > 0)
			job->len += room ? (size_t)n : 0;
		else if (n == 0 || (errno != EINTR && errno != EAGAIN))
			return true;
		else if (errno == EAGAIN)
			return false;
	}
}

void job_end(struct job *job, bool late)
{
	int status = 0;

	if (late)
		(void)kill(job->pid, SIGKILL);
	(void)close(job->output);
	while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
		;
	job->pid = 0;
	job->answer.text[job->len] = '\0';
	job->answer.status = late ? PP_HELPER_LATE : WIFEXITED(status) ? WEXITSTATUS(status) : PP_HELPER_LATE;
}

void job_run(struct job *job, const char *const *arguments, int seconds)
{
	bool ended = false, late = false;

	if (!job_start(job, 0, arguments, seconds))
		return;
	while (!ended && !late) {
		struct pollfd polled = { .fd = job->output, .events = POLLIN };

		(void)poll(&polled, 1, 100);
		ended = job_read(job);
		late = !ended && job_now_ms() > job->deadline;
	}
	job_end(job, late);
}
