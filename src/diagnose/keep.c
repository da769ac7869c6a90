#include "diagnose/keep.h"

#include "base/number.h"

#include <assert.h>
#include <string.h>

/* What is there of a verdict, … */
enum {
	OWN_HOST = 1,
	OTHER_HOST = 2,
	SERVER = 4,
	PROXY = 8,
	DETAIL = 16,
	DEVICE = 32,
	NEXT_TEST = 64,
	AS_ROW = 128, /* its alternatives are those of the row */
};
/* … and of a piece of evidence. */
enum { FROM_SERVER = 1, OWN_TEXT = 2, OTHER_TEXT = 4, A = 8, B = 16, ADDR = 32, MARK = 64, OTHER_FILE = 128 };

enum {
	PLACE_MOST = PP_PUT_ADDR_MOST + PP_NUMBER_MOST,
	HEAD_MOST = 4 + 3 * PLACE_MOST + PP_NUMBER_MOST + sizeof(const char *) +
		    PP_ALTERNATIVES_MAX * sizeof(struct pp_alternative),
	EVIDENCE_MOST = 2 + 5 * PP_NUMBER_MOST + PLACE_MOST,
};

/* ------------------------------------------------------------------ writing */

static bool is_there(const struct pp_endpoint_addr *socket) { return pp_addr_is_set(&socket->ip) || socket->port; }

static bool is_name(const char *text, const char *name) { return text && name && strcmp(text, name) == 0; }

static unsigned head_of(const struct pp_verdict *verdict, const struct pp_look_alikes *row, const char *name)
{
	bool own = is_name(verdict->host, name);
	bool as_row = row && verdict->alternative_count == row->count &&
		      memcmp(verdict->alternatives, row->as, row->count * sizeof(row->as[0])) == 0;

	return (own             ? OWN_HOST
		: verdict->host ? OTHER_HOST
				: 0) |
	       (is_there(&verdict->server) ? SERVER : 0) | (is_there(&verdict->proxy) ? PROXY : 0) |
	       (verdict->detail ? DETAIL : 0) | (pp_addr_is_set(&verdict->device) ? DEVICE : 0) |
	       (verdict->next_test ? NEXT_TEST : 0) | (as_row ? AS_ROW : 0);
}

static uint8_t *put_head(uint8_t *at, const struct pp_verdict *verdict, unsigned head)
{
	*at++ = (uint8_t)head;
	*at++ = (uint8_t)verdict->evidence_count;
	if (head & OTHER_HOST)
		at = pp_put_text(at, verdict->host);
	if (head & SERVER)
		at = pp_put_socket(at, &verdict->server);
	if (head & PROXY)
		at = pp_put_socket(at, &verdict->proxy);
	if (head & DETAIL)
		at = pp_put_text(at, verdict->detail);
	if (head & DEVICE)
		at = pp_put_addr(at, &verdict->device);
	if (head & NEXT_TEST)
		at = pp_put_bytes(at, &verdict->next_test, sizeof(verdict->next_test));
	if (!(head & AS_ROW)) {
		*at++ = (uint8_t)verdict->alternative_count;
		at = pp_put_bytes(at, verdict->alternatives,
				  verdict->alternative_count * sizeof(verdict->alternatives[0]));
	}
	return pp_put_signed(at, verdict->number);
}

static uint8_t *put_mark(uint8_t *at, const struct pp_mark *mark, const struct pp_mark *before)
{
	at = pp_put_signed(at, (int64_t)((uint64_t)mark->ts - (uint64_t)before->ts));
	at = pp_put_signed(at, (int64_t)mark->packet - before->packet);
	return mark->file == before->file ? at : pp_put_number(at, mark->file);
}

static uint8_t *put_evidence(uint8_t *at, const struct pp_evidence *evidence, struct pp_mark *before, const char *name)
{
	const struct pp_mark *mark = &evidence->mark;
	bool own = is_name(evidence->text, name), any = mark->ts || mark->packet || mark->file;
	unsigned head = (evidence->side == PP_SERVER ? FROM_SERVER : 0) |
			(own              ? OWN_TEXT
			 : evidence->text ? OTHER_TEXT
					  : 0) |
			(evidence->a ? A : 0) | (evidence->b ? B : 0) | (pp_addr_is_set(&evidence->addr) ? ADDR : 0) |
			(any ? MARK : 0) | (any && mark->file != before->file ? OTHER_FILE : 0);

	*at++ = (uint8_t)evidence->kind;
	*at++ = (uint8_t)head;
	if (any) {
		at = put_mark(at, mark, before);
		*before = *mark;
	}
	if (evidence->a)
		at = pp_put_signed(at, evidence->a);
	if (evidence->b)
		at = pp_put_signed(at, evidence->b);
	if (head & ADDR)
		at = pp_put_addr(at, &evidence->addr);
	return head & OTHER_TEXT ? pp_put_text(at, evidence->text) : at;
}

static size_t room_for_text(const char *text) { return text ? strlen(text) + 1 : 0; }

static size_t most_bytes(const struct pp_verdict *verdict)
{
	size_t most = HEAD_MOST + room_for_text(verdict->host) + room_for_text(verdict->detail);

	for (unsigned i = 0; i < verdict->evidence_count; i++)
		most += EVIDENCE_MOST + room_for_text(verdict->evidence[i].text);
	return most;
}

enum pp_err pp_keep_pack(struct pp_buf *to, const struct pp_verdict *verdict, const struct pp_look_alikes *row,
			 const char *name)
{
	struct pp_mark before = { 0 };
	enum pp_err err;
	uint8_t *at;

	pp_buf_clear(to);
	err = pp_buf_reserve(to, most_bytes(verdict));
	if (err != PP_OK)
		return err;
	at = put_head(to->p, verdict, head_of(verdict, row, name));
	for (unsigned i = 0; i < verdict->evidence_count; i++)
		at = put_evidence(at, &verdict->evidence[i], &before, name);
	to->len = (size_t)(at - to->p);
	assert(to->len <= to->room);
	return PP_OK;
}

/* ------------------------------------------------------------------ reading */

static void take_alternatives(struct pp_verdict *verdict, const uint8_t **at, const struct pp_look_alikes *row)
{
	if (row) {
		verdict->alternative_count = row->count;
		memcpy(verdict->alternatives, row->as, sizeof(row->as));
	} else {
		verdict->alternative_count = *(*at)++;
		pp_take_bytes(at, verdict->alternatives, verdict->alternative_count * sizeof(verdict->alternatives[0]));
	}
}

static void take_head(struct pp_verdict *verdict, const uint8_t **at, const struct pp_look_alikes *row,
		      const char *name)
{
	const struct pp_endpoint_addr nowhere = { .port = 0 };
	unsigned head = *(*at)++;

	verdict->evidence_count = *(*at)++;
	verdict->host = head & OWN_HOST ? name : head & OTHER_HOST ? pp_take_text(at) : NULL;
	verdict->server = head & SERVER ? pp_take_socket(at) : nowhere;
	verdict->proxy = head & PROXY ? pp_take_socket(at) : nowhere;
	verdict->detail = head & DETAIL ? pp_take_text(at) : NULL;
	verdict->device = head & DEVICE ? pp_take_addr(at) : nowhere.ip;
	verdict->next_test = NULL;
	if (head & NEXT_TEST)
		pp_take_bytes(at, &verdict->next_test, sizeof(verdict->next_test));
	take_alternatives(verdict, at, head & AS_ROW ? row : NULL);
	verdict->number = pp_take_signed(at);
}

static void take_evidence(struct pp_evidence *evidence, const uint8_t **at, struct pp_mark *before, const char *name)
{
	unsigned head;

	*evidence = (struct pp_evidence){ .kind = (enum pp_evidence_kind) * (*at)++ };
	head = *(*at)++;
	evidence->side = head & FROM_SERVER ? PP_SERVER : PP_CLIENT;
	if (head & MARK) {
		before->ts = (int64_t)((uint64_t)before->ts + (uint64_t)pp_take_signed(at));
		before->packet = (uint32_t)(before->packet + pp_take_signed(at));
		if (head & OTHER_FILE)
			before->file = (uint16_t)pp_take_number(at);
		evidence->mark = *before;
	}
	if (head & A)
		evidence->a = pp_take_signed(at);
	if (head & B)
		evidence->b = pp_take_signed(at);
	if (head & ADDR)
		evidence->addr = pp_take_addr(at);
	evidence->text = head & OWN_TEXT ? name : head & OTHER_TEXT ? pp_take_text(at) : NULL;
}

void pp_keep_unpack(struct pp_verdict *verdict, const uint8_t *from, const struct pp_look_alikes *row, const char *name)
{
	struct pp_mark before = { 0 };

	take_head(verdict, &from, row, name);
	for (unsigned i = 0; i < verdict->evidence_count; i++)
		take_evidence(&verdict->evidence[i], &from, &before, name);
}
