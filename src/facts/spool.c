/* Records are appended to one buffer; when it is full it goes to the temporary file as a whole and starts over.  The
 * index says for every connection where its record begins, counted over everything ever appended, and how long it is.
 * Connections end in another order than they begin, but not far off, so reading keeps a few pages of the file.
 */
#include "facts/spool.h"

#include "facts/pack.h"
#include "platform/spill.h"

#include <stdlib.h>
#include <string.h>

enum { RECORD_MAX = 1 << 20, OFFSET_BITS = 44, PAGE_BYTES = 16 * 1024, PAGES = 256 };

struct pp_spool {
	struct pp_buf memory; /* records not in the file yet */
	size_t memory_cap;
	uint64_t in_file; /* bytes in the file: where `memory` begins */
	struct pp_spill *file;
	uint64_t *index; /* offset << 20 | length; 0: none */
	size_t index_room;
	uint32_t count;
	uint8_t *pages;              /* of the file, direct-mapped, while reading */
	uint64_t page_number[PAGES]; /* plus one; 0: empty */
	struct pp_buf record;        /* one record put together from pages */
};

struct pp_spool *pp_spool_new(size_t memory)
{
	struct pp_spool *spool = calloc(1, sizeof(*spool));

	if (!spool)
		return NULL;
	spool->memory_cap = memory;
	pp_buf_init(&spool->memory, memory + RECORD_MAX);
	pp_buf_init(&spool->record, RECORD_MAX);
	return spool;
}

void pp_spool_free(struct pp_spool *spool)
{
	if (!spool)
		return;
	pp_buf_done(&spool->memory);
	pp_buf_done(&spool->record);
	free(spool->pages);
	pp_spill_close(spool->file);
	free(spool->index);
	free(spool);
}

static enum pp_err flush(struct pp_spool *spool)
{
	enum pp_err err = PP_OK;

	if (!spool->file)
		err = pp_spill_open(&spool->file);
	if (err == PP_OK)
		err = pp_spill_write(spool->file, spool->in_file, spool->memory.p, spool->memory.len);
	if (err != PP_OK)
		return err;
	spool->in_file += spool->memory.len;
	pp_buf_clear(&spool->memory);
	return PP_OK;
}

static enum pp_err index_reserve(struct pp_spool *spool, uint32_t index)
{
	size_t room = spool->index_room ? spool->index_room : 256;
	uint64_t *grown;

	if (index < spool->index_room)
		return PP_OK;
	while (room <= index)
		room *= 2;
	grown = realloc(spool->index, room * sizeof(*grown));
	if (!grown)
		return PP_NOMEM;
	memset(grown + spool->index_room, 0, (room - spool->index_room) * sizeof(*grown));
	spool->index = grown;
	spool->index_room = room;
	return PP_OK;
}

enum pp_err pp_spool_put(struct pp_spool *spool, const struct pp_connection *conn)
{
	size_t before = spool->memory.len;
	enum pp_err err = index_reserve(spool, conn->index);

	if (err == PP_OK)
		err = pp_pack_connection(&spool->memory, conn);
	if (err != PP_OK || spool->memory.len - before >= RECORD_MAX) {
		spool->memory.len = before;
		return err != PP_OK ? err : PP_LIMIT;
	}
	spool->index[conn->index] = (spool->in_file + before) << (64 - OFFSET_BITS) | (spool->memory.len - before);
	if (conn->index >= spool->count)
		spool->count = conn->index + 1;
	return spool->memory.len >= spool->memory_cap ? flush(spool) : PP_OK;
}

uint32_t pp_spool_count(const struct pp_spool *spool) { return spool->count; }

static enum pp_err page_for(struct pp_spool *spool, uint64_t number, const uint8_t **ret_page)
{
	uint8_t *page = spool->pages + number % PAGES * PAGE_BYTES;
	uint64_t left = spool->in_file - number * PAGE_BYTES;
	enum pp_err err = PP_OK;

	if (spool->page_number[number % PAGES] != number + 1) {
		spool->page_number[number % PAGES] = 0;
		err = pp_spill_read(spool->file, number * PAGE_BYTES, page,
				    left < PAGE_BYTES ? (size_t)left : PAGE_BYTES);
		if (err == PP_OK)
			spool->page_number[number % PAGES] = number + 1;
	}
	*ret_page = page;
	return err;
}

/* Puts [offset, offset + len) of the file into `record`. */
static enum pp_err record_from_file(struct pp_spool *spool, uint64_t offset, size_t len)
{
	enum pp_err err = PP_OK;

	if (!spool->pages)
		spool->pages = malloc((size_t)PAGES * PAGE_BYTES);
	if (!spool->pages)
		return PP_NOMEM;
	pp_buf_clear(&spool->record);
	while (len > 0 && err == PP_OK) {
		size_t at = (size_t)(offset % PAGE_BYTES), n = PAGE_BYTES - at < len ? PAGE_BYTES - at : len;
		const uint8_t *page;

		err = page_for(spool, offset / PAGE_BYTES, &page);
		if (err == PP_OK)
			err = pp_buf_add(&spool->record, page + at, n);
		offset += n;
		len -= n;
	}
	return err;
}

enum pp_err pp_spool_get(struct pp_spool *spool, uint32_t index, struct pp_arena *arena,
			 struct pp_connection **ret_conn)
{
	struct pp_cur cur;
	uint64_t offset;
	size_t len;

	if (index >= spool->count || spool->index[index] == 0)
		return PP_END;
	offset = spool->index[index] >> (64 - OFFSET_BITS);
	len = (size_t)(spool->index[index] & (RECORD_MAX - 1));
	if (offset >= spool->in_file) {
		cur = pp_cur_span(pp_buf_span(&spool->memory), PP_MALFORMED);
		pp_cur_skip(&cur, (size_t)(offset - spool->in_file));
	} else {
		enum pp_err err = record_from_file(spool, offset, len);

		if (err != PP_OK)
			return err;
		cur = pp_cur_span(pp_buf_span(&spool->record), PP_MALFORMED);
	}
	return pp_unpack_connection(pp_cur_take(&cur, len), arena, ret_conn);
}
