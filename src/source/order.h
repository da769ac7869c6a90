/* order: frames that stand in a file out of the order of their times, given out in that order as far as a bound allows;
 * private to source/.
 *
 * Shape   frames are put as the file has them and copied; pp_order_take() gives those that no frame to come is likely to
 *         be earlier than: the newest is PP_ORDER_WAIT_NS later, or no more are to be held.  Equal times keep their order.
 *         One that is later than that is no straggler: the clock was set back, and it begins anew behind all others.
 * Errors  PP_NOMEM.
 * Owns    its copies; what was taken is a view until the next call.
 * Limits  PP_ORDER_FRAMES and PP_ORDER_BYTES are held; then the earliest goes, and is counted.
 */
#ifndef PP_SOURCE_ORDER_H
#define PP_SOURCE_ORDER_H

#include "source/source.h"

enum { PP_ORDER_FRAMES = 1 << 14, PP_ORDER_BYTES = 8 << 20 };

/* Capturers hand on what an interface has once in 250 ms; and how late a frame must be for that to be worth it: less is put
 * right where connections are known (engine/window.c). */
#define PP_ORDER_WAIT_NS (500 * PP_MS)
#define PP_ORDER_LATE_NS PP_MS
#define PP_ORDER_AGAIN_NS PP_SECOND /* from one late frame to the next */

struct pp_order;

struct pp_order *pp_order_new(void); /* NULL without memory */
void pp_order_free(struct pp_order *order);
enum pp_err PP_MUST_CHECK pp_order_put(struct pp_order *order, const struct pp_frame *frames, size_t count);
/* How many went for want of room. */
uint64_t pp_order_pushed(const struct pp_order *order);
/* How many were taken; `all`: none is to come. */
size_t pp_order_take(struct pp_order *order, bool all, struct pp_frame *frames, size_t max);

/* Whether frames of a file are late again and again.  Once alone it is the clock that was set back a little: then the file's
 * order is right and the times are not. */
struct pp_order_watch {
	int64_t newest, before;
	bool is_late;
	int64_t late; /* the time of the last one that was */
};

static inline struct pp_order_watch pp_order_watch_init(void)
{
	return (struct pp_order_watch){ .newest = INT64_MIN, .before = INT64_MIN };
}

/* Of frames of which none is earlier than the one before it, the last one says all. */
static inline void pp_order_watch_last(struct pp_order_watch *watch, int64_t ts)
{
	watch->before = ts;
	watch->newest = ts > watch->newest ? ts : watch->newest;
}

bool pp_order_is_needed(struct pp_order_watch *watch, const struct pp_frame *frames, size_t count);

#endif
