#include "platform/thread.h"

#include <assert.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NICE_LAST = 10, NICE_FIRST = -20 };

static void *run(void *context)
{
	struct pp_thread *thread = context;

	thread->run(thread->context);
	return NULL;
}

enum pp_err pp_thread_start(struct pp_thread *thread, void (*body)(void *context), void *context)
{
	sigset_t all, before;
	int failed;

	thread->run = body;
	thread->context = context;
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&thread->id, NULL, run, thread);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	thread->running = failed == 0;
	return failed ? PP_NOMEM : PP_OK;
}

void pp_thread_join(struct pp_thread *thread)
{
	if (thread->running)
		(void)pthread_join(thread->id, NULL);
	thread->running = false;
}

/* On Linux a priority belongs to a thread. */
void pp_thread_yields(void) { (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_LAST); }

void pp_thread_hurries(void) { (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_FIRST); }

void pp_thread_ordinary(void) { (void)setpriority(PRIO_PROCESS, (id_t)gettid(), 0); }

void pp_lock_init(struct pp_lock *lock) { (void)pthread_mutex_init(&lock->mutex, NULL); }

void pp_lock_done(struct pp_lock *lock) { (void)pthread_mutex_destroy(&lock->mutex); }

void pp_lock_take(struct pp_lock *lock)
{
	int failed = pthread_mutex_lock(&lock->mutex);

	assert(failed == 0);
	(void)failed;
}

void pp_lock_give(struct pp_lock *lock)
{
	int failed = pthread_mutex_unlock(&lock->mutex);

	assert(failed == 0);
	(void)failed;
}

void pp_bell_init(struct pp_bell *bell) { (void)pthread_cond_init(&bell->cond, NULL); }

void pp_bell_done(struct pp_bell *bell) { (void)pthread_cond_destroy(&bell->cond); }

void pp_bell_ring(struct pp_bell *bell) { (void)pthread_cond_signal(&bell->cond); }

void pp_bell_wait(struct pp_bell *bell, struct pp_lock *lock) { (void)pthread_cond_wait(&bell->cond, &lock->mutex); }

unsigned pp_cores(void)
{
	cpu_set_t cores;

	if (sched_getaffinity(0, sizeof(cores), &cores) != 0)
		return 1;
	return (unsigned)CPU_COUNT(&cores);
}
