#include "source/order.h"

#include <stdlib.h>
#include <string.h>

struct held {
	struct pp_frame frame;
	uint8_t *bytes; /* the frame's, a copy */
	uint64_t place; /* of all that were put */
	uint32_t epoch; /* how often the clock had been set back */
};

/* A heap: no frame goes before the one in the middle of those before it. */
struct pp_order {
	size_t count, bytes;
	uint64_t put, pushed;
	uint32_t epoch;
	int64_t newest; /* of the epoch */
	size_t given;
	uint8_t *given_bytes[PP_SOURCE_BATCH]; /* of the frames that were taken last */
	struct held heap[PP_ORDER_FRAMES + PP_SOURCE_BATCH];
};

struct pp_order *pp_order_new(void)
{
	struct pp_order *order = malloc(sizeof(*order)); /* most of it is never touched */

	if (!order)
		return NULL;
	order->count = order->bytes = order->given = 0;
	order->put = order->pushed = order->epoch = 0;
	order->newest = INT64_MIN;
	return order;
}

static void forget_given(struct pp_order *order)
{
	while (order->given > 0)
		free(order->given_bytes[--order->given]);
}

void pp_order_free(struct pp_order *order)
{
	if (!order)
		return;
	forget_given(order);
	for (size_t i = 0; i < order->count; i++)
		free(order->heap[i].bytes);
	free(order);
}

/* ------------------------------------------------------------------ the heap */

static bool goes_before(const struct held *a, const struct held *b)
{
	if (a->epoch != b->epoch)
		return a->epoch < b->epoch;
	return a->frame.ts != b->frame.ts ? a->frame.ts < b->frame.ts : a->place < b->place;
}

static void rise(struct held *heap, size_t at)
{
	struct held mine = heap[at];

	for (; at > 0 && goes_before(&mine, &heap[(at - 1) / 2]); at = (at - 1) / 2)
		heap[at] = heap[(at - 1) / 2];
	heap[at] = mine;
}

/* The first one is gone. */
static void close_up(struct held *heap, size_t count)
{
	struct held mine = heap[count];
	size_t at = 0, child;

	for (; (child = 2 * at + 1) < count; at = child) {
		child += child + 1 < count && goes_before(&heap[child + 1], &heap[child]);
		if (!goes_before(&heap[child], &mine))
			break;
		heap[at] = heap[child];
	}
	heap[at] = mine;
}

/* ------------------------------------------------------------------ in and out */

static uint64_t apart(int64_t a, int64_t b) { return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a; }

static enum pp_err put_one(struct pp_order *order, const struct pp_frame *frame)
{
	struct held *held = &order->heap[order->count];
	uint8_t *copy = malloc(frame->caplen ? frame->caplen : 1);

	if (!copy)
		return PP_NOMEM;
	if (frame->caplen)
		memcpy(copy, frame->data_view, frame->caplen);
	if (order->put > 0 && frame->ts < order->newest && apart(order->newest, frame->ts) > PP_ORDER_WAIT_NS) {
		order->epoch++;
		order->newest = frame->ts;
	} else if (order->put == 0 || frame->ts > order->newest) {
		order->newest = frame->ts;
	}
	*held = (struct held){ *frame, copy, order->put++, order->epoch };
	held->frame.data_view = copy;
	order->bytes += frame->caplen;
	rise(order->heap, order->count++);
	return PP_OK;
}

enum pp_err pp_order_put(struct pp_order *order, const struct pp_frame *frames, size_t count)
{
	enum pp_err err = PP_OK;

	forget_given(order);
	if (count > sizeof(order->heap) / sizeof(order->heap[0]) - order->count)
		return PP_LIMIT; /* nobody took what was due */
	for (size_t i = 0; i < count && err == PP_OK; i++)
		err = put_one(order, &frames[i]);
	return err;
}

/* No straggler is to be expected before it. */
static bool is_due(const struct pp_order *order)
{
	const struct held *first = &order->heap[0];

	return first->epoch != order->epoch || apart(order->newest, first->frame.ts) >= PP_ORDER_WAIT_NS;
}

static bool is_full(const struct pp_order *order)
{
	return order->count > PP_ORDER_FRAMES || order->bytes > PP_ORDER_BYTES;
}

uint64_t pp_order_pushed(const struct pp_order *order) { return order->pushed; }

size_t pp_order_take(struct pp_order *order, bool all, struct pp_frame *frames, size_t max)
{
	size_t taken = 0;

	forget_given(order);
	for (; taken < max && taken < PP_SOURCE_BATCH && order->count > 0; taken++) {
		if (!all && !is_due(order)) {
			if (!is_full(order))
				break;
			order->pushed++;
		}
		frames[taken] = order->heap[0].frame;
		order->given_bytes[order->given++] = order->heap[0].bytes;
		order->bytes -= frames[taken].caplen;
		close_up(order->heap, --order->count);
	}
	return taken;
}

bool pp_order_is_needed(struct pp_order_watch *watch, const struct pp_frame *frames, size_t count)
{
	bool needed = false;

	for (size_t i = 0; i < count; i++) {
		int64_t ts = frames[i].ts;
		uint64_t late = ts < watch->newest ? apart(watch->newest, ts) : 0;

		if (late > PP_ORDER_LATE_NS && late <= PP_ORDER_WAIT_NS && ts < watch->before) {
			needed |= watch->is_late && apart(ts, watch->late) <= PP_ORDER_AGAIN_NS;
			watch->is_late = true;
			watch->late = ts;
		}
		if (late == 0 || late > PP_ORDER_WAIT_NS)
			watch->newest = ts;
		watch->before = ts;
	}
	return needed;
}
