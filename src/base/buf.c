#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_ROOM = 256, SPARE_ROOM_MAX = 1 << 14 };

void pp_buf_init(struct pp_buf *buf, size_t cap) { *buf = (struct pp_buf){ .cap = cap }; }

void pp_buf_done(struct pp_buf *buf)
{
	free(buf->p);
	buf->p = NULL;
	buf->len = buf->room = 0;
}

void pp_buf_borrow(struct pp_buf *buf, struct pp_pool *pool)
{
	if (buf->p || pool->spare_count == 0 || pool->spares[pool->spare_count - 1].room > buf->cap)
		return;
	pool->spare_count--;
	buf->p = pool->spares[pool->spare_count].p;
	buf->room = pool->spares[pool->spare_count].room;
}

void pp_buf_give_back(struct pp_buf *buf, struct pp_pool *pool)
{
	if (buf->p && buf->room <= SPARE_ROOM_MAX && pool->spare_count < PP_POOL_SPARES) {
		pool->spares[pool->spare_count].p = buf->p;
		pool->spares[pool->spare_count].room = buf->room;
		pool->spare_count++;
		buf->p = NULL;
	}
	pp_buf_done(buf);
}

enum pp_err pp_buf_grow(struct pp_buf *buf, size_t more)
{
	size_t need, room;
	uint8_t *p;

	if (more > buf->cap - buf->len)
		return PP_LIMIT;
	need = buf->len + more;
	room = buf->room ? buf->room : LEAST_ROOM;
	while (room < need)
		room = room > buf->cap / 2 ? buf->cap : room * 2;
	if (room > buf->cap)
		room = buf->cap;
	p = realloc(buf->p, room);
	if (!p)
		return PP_NOMEM;
	buf->p = p;
	buf->room = room;
	return PP_OK;
}

enum pp_err pp_buf_add(struct pp_buf *buf, const void *bytes, size_t len)
{
	enum pp_err err;

	if (len == 0)
		return PP_OK;
	err = pp_buf_reserve(buf, len);
	if (err != PP_OK)
		return err;
	memcpy(buf->p + buf->len, bytes, len);
	buf->len += len;
	return PP_OK;
}
