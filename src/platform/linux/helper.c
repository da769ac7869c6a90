/* Theory: one process, one loop.  It sleeps on its socket, on the tap for new connections, and on the output of the one
 * program it may be running, so a service that takes a minute to stop delays no lookup.
 *
 * The promise to leave services as they were is kept here and nowhere else: the helper has a session of its own and
 * takes no signals from the terminal, and the end of the other side's socket, however it came about, is what makes it
 * restore.
 */
#include "platform/helper.h"

#include "platform/linux/job.h"
#include "platform/linux/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PROGRAM_S = 600, /* the asker has limits of its own; this one only ends what hangs for ever */
	RESTORE_S = 20,
	SETTLE_MS = 10000,
	PATIENCE_MS = 100000, /* systemd itself gives a stop 90 s */
	HANG_MS = 500,        /* for a stop that had its time already */
	SHOW_S = 10,
	SYNS_AT_ONCE = 64,
};

struct request {
	enum pp_helper_ask ask;
	uint32_t number;
	char name[PP_HELPER_NAME];
};

struct held {
	char unit[PP_HELPER_NAME];
	bool ran;     /* or had failed, which is no wish to be off */
	bool started; /* we have tried: what became of it is the finding */
};

struct helper {
	int socket;
	struct owner_finder owners;
	struct held held[PP_HELPER_UNITS];
	unsigned held_count;
	struct timespec since; /* what is in the journal from then on is news */
	bool has_started;
	struct job job;
};

struct pp_helper {
	int socket;
	pid_t pid;
};

/* ---- Services ---- */

/* "active", "activating", "inactive", …; "" when systemctl does not say. */
static void active_state(struct job *job, const char *unit, char state[32])
{
	const char *const arguments[] = { "systemctl", "show", "-p", "ActiveState", "--value", "--", unit, NULL };

	state[0] = '\0';
	job_run(job, arguments, SHOW_S);
	if (job->answer.status == 0)
		(void)sscanf(job->answer.text, "%31s", state);
}

static bool runs(const char *state)
{
	return strcmp(state, "active") == 0 || strcmp(state, "activating") == 0 || strcmp(state, "reloading") == 0;
}

/* A failed service wanted to run.  False: it cannot be kept in mind, so it must not be stopped. */
static bool hold(struct helper *helper, const char *unit)
{
	char state[32];
	struct held *held;

	for (unsigned i = 0; i < helper->held_count; i++)
		if (strcmp(helper->held[i].unit, unit) == 0)
			return true;
	active_state(&helper->job, unit, state);
	if (helper->held_count == PP_HELPER_UNITS || !state[0])
		return false;
	held = &helper->held[helper->held_count++];
	snprintf(held->unit, sizeof(held->unit), "%s", unit);
	held->ran = runs(state) || strcmp(state, "failed") == 0;
	return true;
}

/* A start that is asked for while the service still stops waits for that; a stop that hangs is ended by force.  True
 * when it runs in the end. */
static bool bring_back(struct job *job, const char *unit, int patience_ms)
{
	const char *const forget[] = { "systemctl", "--no-ask-password", "reset-failed", "--", unit, NULL };
	const char *const start[] = { "systemctl", "--no-ask-password", "--no-block", "start", "--", unit, NULL };
	const char *const finish[] = { "systemctl", "--no-ask-password", "kill", "-s", "KILL", "--", unit, NULL };
	int64_t begun = job_now_ms(), until = begun + patience_ms + SETTLE_MS;
	bool killed = false;
	char state[32];

	job_run(job, forget, RESTORE_S); /* its limit of starts in a row is not meant for us */
	job_run(job, start, RESTORE_S);
	for (;;) {
		active_state(job, unit, state);
		if (runs(state) || job_now_ms() > until)
			return runs(state);
		if (strcmp(state, "deactivating") == 0 && !killed && job_now_ms() - begun > patience_ms) {
			job_run(job, finish, RESTORE_S);
			job_run(job, start, RESTORE_S);
			killed = true;
		}
		if (strcmp(state, "deactivating") != 0 && job_now_ms() - begun > SETTLE_MS)
			return false;
		(void)poll(NULL, 0, 100);
	}
}

static void put_down(struct job *job, const char *unit)
{
	const char *const stop[] = { "systemctl", "--no-ask-password", "--no-block", "stop", "--", unit, NULL };

	job_run(job, stop, RESTORE_S);
}

static void restore(struct helper *helper, int patience_ms)
{
	char failed[PP_HELPER_TEXT] = "", state[32];
	size_t len = 0;

	for (unsigned i = 0; i < helper->held_count; i++) {
		const struct held *held = &helper->held[i];

		active_state(&helper->job, held->unit, state);
		if (!held->ran && runs(state))
			put_down(&helper->job, held->unit);
		if (!held->ran || runs(state) || (held->started && strcmp(state, "failed") == 0))
			continue;
		if (!bring_back(&helper->job, held->unit, patience_ms) && len < sizeof(failed) - PP_HELPER_NAME - 2)
			len += (size_t)snprintf(failed + len, sizeof(failed) - len, "%s%s", len ? " " : "", held->unit);
	}
	helper->held_count = 0;
	memcpy(helper->job.answer.text, failed, sizeof(failed));
	helper->job.answer.status = len != 0;
}

/* ---- Requests ---- */

static void answer(const struct helper *helper)
{
	const struct pp_helper_message *message = &helper->job.answer;
	size_t head = offsetof(struct pp_helper_message, text);

	(void)send(helper->socket, message, head + strlen(message->text) + 1, MSG_NOSIGNAL);
}

static void mark_started(struct helper *helper, const char *unit)
{
	for (unsigned i = 0; i < helper->held_count; i++)
		if (strcmp(helper->held[i].unit, unit) == 0)
			helper->held[i].started = true;
}

static bool start_program(struct helper *helper, const struct request *request)
{
	static const char properties[] =
	    "Id,LoadState,ActiveState,SubState,Result,MainPID,ControlGroup,ExecMainCode,ExecMainStatus,FragmentPath,"
	    "Restart,Environment,EnvironmentFiles,RequiredBy,BoundBy,ConsistsOf,TimeoutStopUSec,InvocationID,NRestarts";
	char since[40];
	const char *const show[] = { "systemctl", "show", "-p", properties, "--", request->name, NULL };
	const char *const stop[] = { "systemctl", "--no-ask-password", "stop", "--", request->name, NULL };
	const char *const start[] = { "systemctl", "--no-ask-password", "start", "--", request->name, NULL };
	const char *const log[] = { "journalctl", "-q",      "--no-pager", "-o", "cat",         "-n",
				    "20",         "--since", since,        "-u", request->name, NULL };
	const char *const environment[] = { "systemctl", "show-environment", NULL };
	const char *const config[] = { "azcmagent", "config", "list", NULL };

	snprintf(since, sizeof(since), "@%lld.%06ld", (long long)helper->since.tv_sec, helper->since.tv_nsec / 1000);
	switch (request->ask) {
	case PP_HELPER_SHOW:
		return job_start(&helper->job, request->ask, show, SHOW_S);
	case PP_HELPER_STOP:
		return job_start(&helper->job, request->ask, stop, PROGRAM_S);
	case PP_HELPER_START:
		if (!helper->has_started)
			(void)clock_gettime(CLOCK_REALTIME, &helper->since);
		helper->has_started = true;
		mark_started(helper, request->name);
		return job_start(&helper->job, request->ask, start, PROGRAM_S);
	case PP_HELPER_LOG:
		return job_start(&helper->job, request->ask, log, SHOW_S);
	case PP_HELPER_ENVIRONMENT:
		return job_start(&helper->job, request->ask, environment, SHOW_S);
	case PP_HELPER_CONFIG:
		return job_start(&helper->job, request->ask, config, SHOW_S);
	default:
		return false;
	}
}

/* Only names systemd accepts; what begins with a dash would be an option, and no control group's path leads upwards. */
static bool is_name(const char *name)
{
	return name[0] != '-' && !strstr(name, "..") &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@/ ") == strlen(name);
}

static void serve(struct helper *helper, struct request *request)
{
	struct pp_helper_message *message = &helper->job.answer;

	if (helper->job.pid) {
		job_end(&helper->job, true); /* a new request gives up the one before */
		answer(helper);
	}
	message->ask = request->ask;
	message->status = 0;
	message->text[0] = '\0';
	request->name[PP_HELPER_NAME - 1] = '\0';
	if (!is_name(request->name)) {
		message->status = PP_HELPER_ABSENT;
		snprintf(message->text, PP_HELPER_TEXT, "'%s' is no name", request->name);
	} else if (request->ask == PP_HELPER_HOLD) {
		message->status = !hold(helper, request->name);
		message->text[0] = '\0';
	} else if (request->ask == PP_HELPER_RESTORE) {
		restore(helper, request->number ? HANG_MS : PATIENCE_MS);
	} else if (request->ask == PP_HELPER_LOOK) {
		(void)clock_gettime(CLOCK_REALTIME, &helper->since);
		message->status = !owner_look(&helper->owners, request->name, (int)request->number);
	} else if (request->ask == PP_HELPER_CGROUP) {
		owner_add_group(&helper->owners, request->name);
	} else if (start_program(helper, request)) {
		return;
	}
	message->ask = request->ask;
	answer(helper);
}

static void tell_owners(struct helper *helper)
{
	struct pp_helper_message message = { .ask = PP_HELPER_OWNER };
	size_t bytes = offsetof(struct pp_helper_message, owner) + sizeof(message.owner);
	bool more = true;

	for (unsigned i = 0; i < SYNS_AT_ONCE && more; i++)
		if (owner_take(&helper->owners, &message.owner, &more) &&
		    send(helper->socket, &message, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			helper->owners.missed++;
}

static void loop(struct helper *helper)
{
	for (;;) {
		struct request request = { .ask = 0 };
		struct pollfd polled[] = {
			{ .fd = helper->owners.tap, .events = POLLIN },
			{ .fd = helper->socket, .events = POLLIN },
			{ .fd = helper->job.pid ? helper->job.output : -1, .events = POLLIN },
		};

		(void)poll(polled, 3, helper->job.pid ? 500 : -1);
		if (polled[0].revents)
			tell_owners(helper);
		if (helper->job.pid) {
			bool ended = polled[2].revents && job_read(&helper->job);
			bool late = !ended && job_now_ms() > helper->job.deadline;

			if (ended || late) {
				job_end(&helper->job, late);
				answer(helper);
			}
		}
		if (polled[1].revents) {
			ssize_t n = recv(helper->socket, &request, sizeof(request), 0);

			if (n == 0 || (n < 0 && errno != EINTR))
				return;
			if (n == (ssize_t)sizeof(request))
				serve(helper, &request);
		}
	}
}

static void be_helper(int socket)
{
	struct helper *helper = calloc(1, sizeof(*helper));

	(void)setsid();
	(void)prctl(PR_SET_NAME, "pathproof-help");
	job_ignore_signals();
	(void)signal(SIGCHLD, SIG_DFL);
	if (!helper)
		_exit(1);
	helper->socket = socket;
	owner_init(&helper->owners);
	loop(helper);
	if (helper->job.pid)
		job_end(&helper->job, true);
	owner_done(&helper->owners);
	restore(helper, PATIENCE_MS);
	_exit(0);
}

/* ---- The other side ---- */

/* Standard streams stay open, but nothing else of ours should: a reader of our output must not wait for the helper. */
static void detach_streams(void)
{
	int nothing = open("/dev/null", O_RDWR);

	for (int fd = 0; fd <= 2 && nothing >= 0; fd++)
		(void)dup2(nothing, fd);
	if (nothing > 2)
		(void)close(nothing);
}

enum pp_err pp_helper_start(struct pp_helper **ret_helper)
{
	struct pp_helper *helper = calloc(1, sizeof(*helper));
	int ends[2], room = 1 << 20;

	if (!helper)
		return PP_NOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		free(helper);
		return PP_IO;
	}
	(void)setsockopt(ends[1], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	helper->pid = fork();
	if (helper->pid == 0) {
		(void)close(ends[0]);
		detach_streams();
		be_helper(ends[1]);
	}
	(void)close(ends[1]);
	helper->socket = ends[0];
	if (helper->pid < 0) {
		pp_helper_end(helper);
		return PP_IO;
	}
	*ret_helper = helper;
	return PP_OK;
}

enum pp_err pp_helper_ask(struct pp_helper *helper, enum pp_helper_ask ask, const char *name, uint32_t number)
{
	struct request request = { .ask = ask, .number = number };

	if (strlen(name) >= sizeof(request.name))
		return PP_USAGE;
	strcpy(request.name, name);
	return send(helper->socket, &request, sizeof(request), MSG_NOSIGNAL) == (ssize_t)sizeof(request) ? PP_OK
													 : PP_IO;
}

enum pp_err pp_helper_take(struct pp_helper *helper, struct pp_helper_message *ret_message)
{
	ssize_t n = recv(helper->socket, ret_message, sizeof(*ret_message), MSG_DONTWAIT);

	if (n > (ssize_t)offsetof(struct pp_helper_message, text))
		return PP_OK;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? PP_MORE : PP_END;
}

int pp_helper_fd(const struct pp_helper *helper) { return helper->socket; }

void pp_helper_end(struct pp_helper *helper)
{
	if (!helper)
		return;
	(void)close(helper->socket);
	while (helper->pid > 0 && waitpid(helper->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(helper);
}
