#include "source/note.h"

#include "base/time.h"

#include <stdlib.h>
#include <string.h>

enum { MAGIC_BYTES = 8, FIXED_BYTES = MAGIC_BYTES + 16 + 2 * 18, HEAD_BYTES = 8, TAIL_BYTES = 4, LIST_ROOM = 64 };

/* ---- Writing ---- */

static size_t padded(size_t len) { return (len + 3) / 4 * 4; }

static size_t text_bytes(const char *text) { return strnlen(text, PP_NOTE_TEXT_MAX); }

static void put(uint8_t **at, const void *bytes, size_t len)
{
	memcpy(*at, bytes, len);
	*at += len;
}

static void put_endpoint(uint8_t **at, const struct pp_endpoint_addr *endpoint)
{
	put(at, endpoint->ip.b, sizeof(endpoint->ip.b));
	put(at, &endpoint->port, sizeof(endpoint->port));
}

static void put_text(uint8_t **at, uint16_t code, const char *text)
{
	uint16_t len = (uint16_t)text_bytes(text);

	put(at, &code, sizeof(code));
	put(at, &len, sizeof(len));
	put(at, text, len);
	memset(*at, 0, padded(len) - len);
	*at += padded(len) - len;
}

static void put_until(uint8_t **at, int64_t until)
{
	uint16_t code = PP_NOTE_UNTIL, len = sizeof(until);

	put(at, &code, sizeof(code));
	put(at, &len, sizeof(len));
	put(at, &until, sizeof(until));
}

enum pp_err pp_note_encode(struct pp_buf *buf, const struct pp_note *note)
{
	uint16_t kind = (uint16_t)note->kind, flags = (uint16_t)note->flags;
	uint32_t type = PP_NOTE_BLOCK, total = HEAD_BYTES + FIXED_BYTES + 4 + TAIL_BYTES, end = 0;
	enum pp_err err;
	uint8_t *at;

	for (unsigned i = 0; i < PP_NOTE_TEXTS; i++)
		total += note->text[i] ? 4 + (uint32_t)padded(text_bytes(note->text[i])) : 0;
	total += note->until ? 4 + sizeof(note->until) : 0;
	err = pp_buf_reserve(buf, total);
	if (err != PP_OK)
		return err;
	at = buf->p + buf->len;
	put(&at, &type, sizeof(type));
	put(&at, &total, sizeof(total));
	put(&at, PP_NOTE_MAGIC, MAGIC_BYTES);
	put(&at, &kind, sizeof(kind));
	put(&at, &flags, sizeof(flags));
	put(&at, &note->number, sizeof(note->number));
	put(&at, &note->ts, sizeof(note->ts));
	put_endpoint(&at, &note->client);
	put_endpoint(&at, &note->server);
	for (unsigned i = 0; i < PP_NOTE_TEXTS; i++)
		if (note->text[i])
			put_text(&at, (uint16_t)(i + 1), note->text[i]);
	if (note->until)
		put_until(&at, note->until);
	put(&at, &end, sizeof(end));
	put(&at, &total, sizeof(total));
	buf->len += total;
	return PP_OK;
}

/* ---- Reading ---- */

static uint64_t take(struct pp_cur *cur, size_t len, bool swap)
{
	const uint16_t one = 1;
	bool little = *(const uint8_t *)&one == 1;

	return little != swap ? pp_cur_le(cur, len) : pp_cur_be(cur, len);
}

static struct pp_endpoint_addr take_endpoint(struct pp_cur *cur, bool swap)
{
	struct pp_endpoint_addr endpoint = { .port = 0 };
	struct pp_span ip = pp_cur_take(cur, sizeof(endpoint.ip.b));

	if (ip.len)
		memcpy(endpoint.ip.b, ip.p, ip.len);
	endpoint.port = (uint16_t)take(cur, 2, swap);
	return endpoint;
}

/* Room for one more; false at the cap or without memory. */
static bool grow(struct pp_notes *notes)
{
	size_t room = notes->room ? notes->room * 2 : LIST_ROOM;
	struct pp_note **list;

	if (notes->count < notes->room)
		return true;
	if (notes->count >= PP_NOTES_MAX)
		return false;
	list = realloc(notes->list, room * sizeof(struct pp_note *));
	if (!list)
		return false;
	notes->list = list;
	notes->room = room;
	return true;
}

/* As all times of a capture, so that differences fit. */
static int64_t bounded(int64_t ns)
{
	return ns > PP_TIME_MOST ? PP_TIME_MOST : ns < -PP_TIME_MOST ? -PP_TIME_MOST : ns;
}

static int64_t until_of(struct pp_span value, bool swap)
{
	struct pp_cur cur = pp_cur(value.p, value.len, PP_TRUNCATED);

	return bounded((int64_t)take(&cur, 8, swap));
}

static void take_options(struct pp_notes *notes, struct pp_note *note, struct pp_cur *body, bool swap)
{
	while (pp_cur_left(body) >= 4) {
		size_t code = (size_t)take(body, 2, swap), len = (size_t)take(body, 2, swap);
		struct pp_span text = pp_cur_take(body, len);
		size_t padding = padded(len) - len;

		pp_cur_skip(body, padding < pp_cur_left(body) ? padding : pp_cur_left(body));
		if (!pp_cur_ok(body) || code == 0)
			return;
		if (code <= PP_NOTE_TEXTS)
			note->text[code - 1] = pp_arena_text(&notes->arena, text, PP_NOTE_TEXT_MAX);
		else if (code == PP_NOTE_UNTIL && len == sizeof(note->until))
			note->until = until_of(text, swap);
	}
}

void pp_notes_init(struct pp_notes *notes)
{
	*notes = (struct pp_notes){ .list = NULL };
	pp_pool_init(&notes->pool, PP_NOTES_BYTES);
	pp_arena_init(&notes->arena, &notes->pool);
}

void pp_notes_done(struct pp_notes *notes)
{
	pp_arena_reset(&notes->arena);
	pp_pool_done(&notes->pool);
	free(notes->list);
	notes->list = NULL;
}

bool pp_notes_add(struct pp_notes *notes, struct pp_cur body, bool swap)
{
	struct pp_span magic = pp_cur_take(&body, MAGIC_BYTES);
	struct pp_note *note;

	if (!pp_span_equal(magic, PP_NOTE_MAGIC, MAGIC_BYTES) || pp_cur_left(&body) < FIXED_BYTES - MAGIC_BYTES)
		return false;
	note = grow(notes) ? pp_arena_alloc(&notes->arena, sizeof(*note)) : NULL;
	if (!note) {
		notes->refused++;
		return true;
	}
	note->kind = (enum pp_note_kind)take(&body, 2, swap);
	note->flags = (unsigned)take(&body, 2, swap);
	note->number = (uint32_t)take(&body, 4, swap);
	note->ts = bounded((int64_t)take(&body, 8, swap));
	note->client = take_endpoint(&body, swap);
	note->server = take_endpoint(&body, swap);
	take_options(notes, note, &body, swap);
	notes->list[notes->count++] = note;
	return true;
}
