#include "platform/command.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANNOT_START = 127 };

static void wait_and_become(int gate, char *const *arguments)
{
	char go;

	if (read(gate, &go, 1) != 1)
		_exit(0);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	(void)execvp(arguments[0], arguments);
	_exit(CANNOT_START);
}

bool pp_command_exists(const char *name)
{
	const char *folders = getenv("PATH");
	char path[PATH_MAX];

	if (strchr(name, '/') || !folders)
		return !strchr(name, '/') || access(name, X_OK) == 0;
	while (name[0]) {
		size_t len = strcspn(folders, ":");

		snprintf(path, sizeof(path), "%.*s%s%s", (int)len, folders, len ? "/" : "", name);
		if (access(path, X_OK) == 0)
			return true;
		if (!folders[len])
			return false;
		folders += len + 1;
	}
	return false;
}

enum pp_err pp_command_prepare(struct pp_command_run *command, char *const *arguments)
{
	int ends[2];

	*command = (struct pp_command_run){ .gate = -1 };
	if (pipe2(ends, O_CLOEXEC) != 0)
		return PP_IO;
	command->pid = fork();
	if (command->pid == 0) {
		(void)close(ends[1]);
		wait_and_become(ends[0], arguments);
	}
	(void)close(ends[0]);
	command->gate = ends[1];
	return command->pid < 0 ? PP_IO : PP_OK;
}

void pp_command_go(struct pp_command_run *command)
{
	ssize_t written = write(command->gate, "g", 1);

	(void)written; /* when nobody is there any more, pp_command_ended() tells */
	(void)close(command->gate);
	command->gate = -1;
}

bool pp_command_ended(struct pp_command_run *command)
{
	int status;

	if (command->ended || command->pid <= 0)
		return command->ended;
	if (waitpid(command->pid, &status, WNOHANG) != command->pid)
		return false;
	command->ended = true;
	command->by_signal = WIFSIGNALED(status);
	command->status = command->by_signal ? WTERMSIG(status) : WEXITSTATUS(status);
	return true;
}

void pp_command_interrupt(const struct pp_command_run *command)
{
	if (command->pid > 0 && !command->ended)
		(void)kill(command->pid, SIGINT);
}

void pp_command_forget(struct pp_command_run *command)
{
	if (command->gate < 0)
		return;
	(void)close(command->gate);
	command->gate = -1;
	(void)waitpid(command->pid, NULL, 0);
}
