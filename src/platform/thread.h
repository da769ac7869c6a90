/* thread: a second thread, and what it shares with the first. */
#ifndef PP_PLATFORM_THREAD_H
#define PP_PLATFORM_THREAD_H

#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>

struct pp_thread {
	pthread_t id;
	bool running;
	void (*run)(void *context);
	void *context;
};

/* Signals stay with the thread that started the program.  `thread` must stay where it is. */
enum pp_err PP_MUST_CHECK pp_thread_start(struct pp_thread *thread, void (*run)(void *context), void *context);
void pp_thread_join(struct pp_thread *thread); /* a thread that does not run is fine */
/* The calling thread gives way to everything else, or goes before it where that is permitted, or
 * neither.  Threads begin as their maker is at that moment. */
void pp_thread_yields(void);
void pp_thread_hurries(void);
void pp_thread_ordinary(void);

struct pp_lock {
	pthread_mutex_t mutex;
};

void pp_lock_init(struct pp_lock *lock);
void pp_lock_done(struct pp_lock *lock);
void pp_lock_take(struct pp_lock *lock);
void pp_lock_give(struct pp_lock *lock);

/* Rung to wake the one thread that waits for what the lock guards. */
struct pp_bell {
	pthread_cond_t cond;
};

void pp_bell_init(struct pp_bell *bell);
void pp_bell_done(struct pp_bell *bell);
void pp_bell_ring(struct pp_bell *bell);
/* Gives the lock meanwhile.  May return for nothing: the caller looks again. */
void pp_bell_wait(struct pp_bell *bell, struct pp_lock *lock);

unsigned pp_cores(void); /* processors that this process may use, at least 1 */

#endif
