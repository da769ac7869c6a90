/* buf: a growing byte buffer that knows the size at which it must fail (after curl's DYNBUF).
 *
 * Errors  PP_LIMIT at the cap, PP_NOMEM; the content stays as it was.
 * Owns    its bytes until pp_buf_done(); pp_buf_clear() keeps the memory for the next use.
 */
#ifndef PP_BASE_BUF_H
#define PP_BASE_BUF_H

#include "base/arena.h"

struct pp_buf {
	uint8_t *p;
	size_t len, room, cap;
};

void pp_buf_init(struct pp_buf *buf, size_t cap);
void pp_buf_done(struct pp_buf *buf);
/* For buffers that live shortly, one after another: the first takes memory that another left with the pool, if there is
 * any for it; the second is pp_buf_done(), but leaves memory of usual size with the pool. */
void pp_buf_borrow(struct pp_buf *buf, struct pp_pool *pool);
void pp_buf_give_back(struct pp_buf *buf, struct pp_pool *pool);
enum pp_err PP_MUST_CHECK pp_buf_add(struct pp_buf *buf, const void *bytes, size_t len);
enum pp_err PP_MUST_CHECK pp_buf_grow(struct pp_buf *buf, size_t more);

static inline void pp_buf_clear(struct pp_buf *buf) { buf->len = 0; }

/* Room for `more` further bytes. */
static inline enum pp_err PP_MUST_CHECK pp_buf_reserve(struct pp_buf *buf, size_t more)
{
	return more <= buf->room - buf->len ? PP_OK : pp_buf_grow(buf, more);
}

static inline struct pp_span pp_buf_span(const struct pp_buf *buf) { return (struct pp_span){ buf->p, buf->len }; }

#endif
