#include "source/ahead.h"

#include "platform/thread.h"

#include <stdbool.h>
#include <stdlib.h>

enum { CHUNKS = 4 };

struct chunk {
	struct pp_buf bytes;
	struct pp_unpack_state state; /* behind it */
	enum pp_err err;
};

struct pp_ahead {
	struct pp_unpack *unpack;
	struct pp_thread thread;
	struct pp_lock lock;
	struct pp_bell changed;
	/* Under the lock.  Chunks from `taken` to `made` belong to the taker, the others to the thread. */
	uint64_t made, taken;
	bool stopped;
	struct chunk chunks[CHUNKS];
};

/* The next chunk to be filled; NULL: no more is wanted. */
static struct chunk *wait_for_room(struct pp_ahead *ahead)
{
	struct chunk *chunk = NULL;

	pp_lock_take(&ahead->lock);
	while (!ahead->stopped && ahead->made - ahead->taken == CHUNKS)
		pp_bell_wait(&ahead->changed, &ahead->lock);
	if (!ahead->stopped)
		chunk = &ahead->chunks[ahead->made % CHUNKS];
	pp_lock_give(&ahead->lock);
	return chunk;
}

static void count(struct pp_ahead *ahead, uint64_t *chunks)
{
	pp_lock_take(&ahead->lock);
	++*chunks;
	pp_lock_give(&ahead->lock);
	pp_bell_ring(&ahead->changed);
}

static void run(void *context)
{
	struct pp_ahead *ahead = context;
	struct chunk *chunk;
	bool last = false;

	while (!last && (chunk = wait_for_room(ahead))) {
		pp_buf_clear(&chunk->bytes);
		chunk->err = pp_unpack_some(ahead->unpack, &chunk->bytes);
		chunk->state = ahead->unpack->state;
		last = chunk->err != PP_OK || chunk->state.ended; /* the chunk is the taker's in a moment */
		count(ahead, &ahead->made);
	}
}

enum pp_err pp_ahead_start(struct pp_ahead **ret_ahead, struct pp_unpack *unpack)
{
	struct pp_ahead *ahead = calloc(1, sizeof(*ahead));

	if (!ahead)
		return PP_NOMEM;
	ahead->unpack = unpack;
	pp_lock_init(&ahead->lock);
	pp_bell_init(&ahead->changed);
	for (size_t i = 0; i < CHUNKS; i++)
		pp_buf_init(&ahead->chunks[i].bytes, PP_UNPACK_CHUNK);
	if (pp_thread_start(&ahead->thread, run, ahead) != PP_OK) {
		pp_ahead_stop(ahead);
		return PP_NOMEM;
	}
	*ret_ahead = ahead;
	return PP_OK;
}

enum pp_err pp_ahead_take(struct pp_ahead *ahead, struct pp_buf *out, struct pp_unpack_state *ret_state)
{
	struct chunk *chunk;
	enum pp_err err;

	pp_lock_take(&ahead->lock);
	while (ahead->made == ahead->taken)
		pp_bell_wait(&ahead->changed, &ahead->lock);
	chunk = &ahead->chunks[ahead->taken % CHUNKS];
	pp_lock_give(&ahead->lock);
	err = chunk->err;
	if (err == PP_OK)
		err = pp_buf_add(out, chunk->bytes.p, chunk->bytes.len);
	*ret_state = chunk->state;
	if (err == PP_OK)
		count(ahead, &ahead->taken); /* a failure stays where it is, as the answer to every further call */
	return err;
}

void pp_ahead_stop(struct pp_ahead *ahead)
{
	pp_lock_take(&ahead->lock);
	ahead->stopped = true;
	pp_bell_ring(&ahead->changed);
	pp_lock_give(&ahead->lock);
	pp_thread_join(&ahead->thread);
	for (size_t i = 0; i < CHUNKS; i++)
		pp_buf_done(&ahead->chunks[i].bytes);
	pp_bell_done(&ahead->changed);
	pp_lock_done(&ahead->lock);
	free(ahead);
}
