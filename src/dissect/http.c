/* Theory
 *
 * Each side is a half with its own step: START (between messages) → HEAD (a header block is coming in) → BODY → START.
 * What a reply means depends on the request it answers, so requests queue up as tickets and each final reply takes the
 * oldest.  A ticket names a slot of the facts; a slot that has changed hands since is told by the ticket's serial.
 *
 * Tunnels.  A 2xx to CONNECT hands both sides over, right behind its header block.  When the client goes on with TLS
 * and no reply was seen, its side is handed over at once; the server's side is handed over with the first byte that
 * does not belong to a reply, so a reply that comes late (captures do swap neighbours) is still read.  A push to
 * a side that was handed over is not taken, unless it begins with a message: plain HTTP inside the tunnel.
 *
 * Gaps.  Within content whose length is known the count goes on.  A header block keeps the lines that are whole; behind
 * it, and elsewhere, the framing is lost and the side waits for a push that looks like a message; only then do facts
 * depend on where pushes begin.  Replies may have been lost with it: tickets waiting then are `doubtful`, and a further
 * request shows that they had been answered.
 *
 * Not handled: HTTP/0.9; replies to a HEAD that was not captured (their length counts bytes that never come).
 */
#include "dissect/http.h"

#include "base/buf.h"
#include "dissect/http_body.h"
#include "dissect/http_book.h"
#include "dissect/http_head.h"
#include "dissect/http_page.h"
#include "dissect/http_text.h"

enum { PENDING_MAX = 32 };
enum { LOOK_MAX = 32 };        /* more than any method, a space and one byte */
enum { TLS_HANDSHAKE = 0x16 }; /* RFC 8446 section 5.1; no HTTP message begins with it */

enum step {
	STEP_START,
	STEP_HEAD,
	STEP_BODY,
	STEP_UNDECIDED, /* 100-continue was not given: the body may be left out (RFC 9110 section 10.1.1) */
	STEP_LOST,
	STEP_OPAQUE, /* another protocol, after 101 */
};

enum line { LINE_EMPTY, LINE_CR, LINE_TEXT };

struct half {
	enum step step;
	bool handed;        /* what comes belongs to the tunnel */
	struct pp_buf held; /* the message so far; wiped when it is whole, for credentials are in it */
	enum line line;     /* of the header block's current line */
	bool overlong;
	struct pp_mark begin; /* the message's first byte */
	struct pp_http_body body;
};

struct pp_http {
	struct pp_http_book book;
	struct half half[2];
	struct pp_http_ticket pending[PENDING_MAX];
	unsigned oldest, waiting;
	unsigned doubtful;               /* of those waiting, how many may have been answered in a gap */
	uint32_t unqueued;               /* requests beyond PENDING_MAX */
	struct pp_http_ticket answering; /* whose reply is being read */
	bool skipped;                    /* a gap took some of its body */
	bool maybe_tunnel;               /* a bare 2xx to a request that was not captured */
	bool expects;                    /* the client waits for 100 (Continue) before its body */
	bool tunnel, request_seen;
	struct pp_buf page;
	bool wants_page;
};

struct pp_http *pp_http_new(struct pp_arena *arena)
{
	struct pp_http *http = pp_arena_alloc(arena, sizeof(*http));

	if (!http)
		return NULL;
	http->book.arena = arena;
	pp_buf_init(&http->half[PP_CLIENT].held, PP_HTTP_HEAD_MAX);
	pp_buf_init(&http->half[PP_SERVER].held, PP_HTTP_HEAD_MAX);
	pp_buf_init(&http->page, PP_HTTP_PAGE_MAX);
	return http;
}

static void forget_held(struct half *half)
{
	pp_text_wipe(half->held.p, half->held.len);
	pp_buf_clear(&half->held);
	half->overlong = false;
}

void pp_http_free(struct pp_http *http)
{
	if (!http)
		return;
	for (int side = PP_CLIENT; side <= PP_SERVER; side++) {
		forget_held(&http->half[side]);
		pp_buf_done(&http->half[side].held);
	}
	pp_buf_done(&http->page);
}

/* ------------------------------------------------------------------ requests that wait for their replies */

static void queue_ticket(struct pp_http *http, struct pp_http_ticket ticket)
{
	if (http->waiting == PENDING_MAX || http->unqueued > 0) {
		http->unqueued++;
		http->book.facts.clipped = true;
		return;
	}
	http->pending[(http->oldest + http->waiting++) % PENDING_MAX] = ticket;
}

static struct pp_http_ticket take_ticket(struct pp_http *http)
{
	struct pp_http_ticket ticket = { .orphan = true };

	if (http->waiting > 0) {
		ticket = http->pending[http->oldest];
		http->oldest = (http->oldest + 1) % PENDING_MAX;
		http->waiting--;
		http->doubtful -= http->doubtful > 0;
	} else if (http->unqueued > 0) {
		ticket = (struct pp_http_ticket){ 0 };
		http->unqueued--;
	}
	return ticket;
}

/* The request that was sent last is a CONNECT, and no reply to it was seen. */
static bool connect_unanswered(const struct pp_http *http)
{
	return http->waiting > 0 && http->unqueued == 0 &&
	       http->pending[(http->oldest + http->waiting - 1) % PENDING_MAX].connect;
}

/* ------------------------------------------------------------------ steps */

static void settle_page(struct pp_http *http)
{
	struct pp_http_reply *reply = pp_http_book_reply(&http->book, http->answering);

	if (http->wants_page && reply)
		reply->page = pp_http_page(pp_buf_span(&http->page));
	http->wants_page = false;
	pp_buf_clear(&http->page);
}

static void lose(struct pp_http *http, enum pp_side side)
{
	struct half *half = &http->half[side];

	http->book.facts.malformed[side] = true;
	half->step = STEP_LOST;
	forget_held(half);
	if (side == PP_SERVER) {
		settle_page(http);
		http->doubtful = http->waiting;
		http->maybe_tunnel = false;
	}
}

static void hand_over(struct pp_http *http, enum pp_side side)
{
	http->tunnel = true;
	http->half[side].handed = true;
	forget_held(&http->half[side]);
}

static void end_message(struct pp_http *http, enum pp_side side)
{
	struct pp_http_reply *reply = side == PP_SERVER ? pp_http_book_reply(&http->book, http->answering) : NULL;

	http->half[side].step = STEP_START;
	if (side == PP_SERVER)
		settle_page(http);
	if (reply)
		reply->complete = !http->skipped;
}

static void begin_body(struct pp_http *http, enum pp_side side, enum pp_http_framing framing, uint64_t length)
{
	struct half *half = &http->half[side];

	pp_http_body_begin(&half->body, framing, length);
	half->step = STEP_BODY;
	if (half->body.done)
		end_message(http, side);
}

static void on_request(struct pp_http *http, const struct pp_http_head *head, struct pp_mark mark)
{
	const struct pp_http_when when = { http->half[PP_CLIENT].begin, mark };
	bool connect = pp_span_equal(head->method_view, "CONNECT", 7);

	while (http->doubtful > 0)
		(void)take_ticket(http);
	http->request_seen = true;
	http->expects = head->expect_continue;
	queue_ticket(http, connect ? pp_http_book_connect(&http->book, head, when)
				   : pp_http_book_exchange(&http->book, head, when));
	if (connect)
		begin_body(http, PP_CLIENT, PP_BODY_NONE, 0); /* RFC 9110 section 9.3.6: content has no meaning */
	else if (head->chunked)
		begin_body(http, PP_CLIENT, PP_BODY_CHUNKED, 0);
	else if (head->has_coding || head->bad_length)
		lose(http, PP_CLIENT); /* RFC 9112 section 6.3: its length cannot be known */
	else
		begin_body(http, PP_CLIENT, PP_BODY_LENGTH, head->length);
}

static void begin_reply_body(struct pp_http *http, const struct pp_http_head *head)
{
	bool text = head->content_type_view.len == 0 || pp_text_begins(head->content_type_view, "text/");

	http->wants_page = text && !head->encoded && pp_http_book_reply(&http->book, http->answering) != NULL;
	if (http->answering.head || head->status == 204 || head->status == 304)
		begin_body(http, PP_SERVER, PP_BODY_NONE, 0);
	else if (head->chunked)
		begin_body(http, PP_SERVER, PP_BODY_CHUNKED, 0);
	else if (head->has_length && !head->has_coding && !head->bad_length)
		begin_body(http, PP_SERVER, PP_BODY_LENGTH, head->length);
	else
		begin_body(http, PP_SERVER, PP_BODY_CLOSE, 0);
	if (head->bad_length && !head->has_coding)
		http->book.facts.malformed[PP_SERVER] = true;
}

/* A 2xx to CONNECT; without the request, one whose reason says so as most proxies write it. */
static bool opens_tunnel(const struct pp_http *http, const struct pp_http_head *head)
{
	const struct pp_http_ticket *request = &http->answering;

	if (head->status / 100 != 2)
		return false;
	return request->connect || (request->orphan && pp_text_contains(head->reason_view, "established"));
}

static void open_tunnel(struct pp_http *http, struct pp_http_reply *reply)
{
	if (reply) {
		reply->complete = true;
		http->book.facts.connects[http->answering.slot].tunnel = true;
	}
	hand_over(http, PP_CLIENT);
	hand_over(http, PP_SERVER);
}

static void switch_protocols(struct pp_http *http, struct pp_http_reply *reply)
{
	if (reply)
		reply->complete = true;
	http->half[PP_CLIENT].step = http->half[PP_SERVER].step = STEP_OPAQUE;
	forget_held(&http->half[PP_CLIENT]);
}

/* The client that asked for 100 (Continue) has got its final reply instead. */
static void release_body(struct pp_http *http)
{
	struct half *client = &http->half[PP_CLIENT];

	if (http->expects && http->waiting == 0 && client->step == STEP_BODY && !client->body.begun)
		client->step = STEP_UNDECIDED;
	http->expects = false;
}

static void on_reply(struct pp_http *http, const struct pp_http_head *head, struct pp_mark mark)
{
	struct pp_http_reply *reply;

	http->half[PP_SERVER].step = STEP_START;
	if (head->status / 100 == 1 && head->status != 101) {
		http->expects = http->expects && head->status != 100;
		return;
	}
	http->answering = take_ticket(http);
	http->skipped = false;
	if (http->answering.orphan)
		pp_mark_first(&http->book.facts.reply_without_request, mark);
	if (!http->answering.connect)
		http->book.facts.reply_total++;
	reply = pp_http_book_reply(&http->book, http->answering);
	if (reply)
		pp_http_book_fill(&http->book, http->answering, head,
				  (struct pp_http_when){ http->half[PP_SERVER].begin, mark });
	if (opens_tunnel(http, head)) {
		open_tunnel(http, reply);
	} else if (head->status == 101) {
		switch_protocols(http, reply);
	} else {
		http->maybe_tunnel = http->answering.orphan && head->status / 100 == 2 && !head->content_type_view.len;
		begin_reply_body(http, head);
		release_body(http);
	}
}

/* Takes the block up to its empty line, or all there is; true when it is whole. */
static bool take_head(struct half *half, struct pp_cur *cur, struct pp_span *ret_run)
{
	struct pp_cur start = *cur, ahead = *cur;
	struct pp_span rest = pp_cur_rest(&ahead);
	size_t taken = 0;
	bool whole = false;

	while (!whole && taken < rest.len) {
		struct pp_span here = pp_text_after(rest, taken);
		size_t line = pp_text_find(here, '\n');

		if (line > 0)
			half->line =
			    half->line == LINE_EMPTY && line == 1 && pp_text_at(here, 0) == '\r' ? LINE_CR : LINE_TEXT;
		taken += line;
		if (line == here.len)
			break;
		taken++;
		whole = half->line != LINE_TEXT;
		half->line = LINE_EMPTY;
	}
	*ret_run = pp_cur_take(&start, taken);
	pp_cur_skip(cur, taken);
	return whole;
}

/* Grows by hand: what a realloc() leaves behind may be credentials. */
static void hold(struct pp_http *http, struct half *half, struct pp_span run)
{
	struct pp_buf bigger;
	size_t room = PP_HTTP_HEAD_MAX - half->held.len;

	half->overlong = half->overlong || run.len > room;
	run = pp_text_first(run, room);
	if (run.len > half->held.room - half->held.len) {
		pp_buf_init(&bigger, PP_HTTP_HEAD_MAX);
		if (pp_buf_reserve(&bigger, half->held.len + run.len) != PP_OK ||
		    pp_buf_add(&bigger, half->held.p, half->held.len) != PP_OK) {
			pp_buf_done(&bigger);
			half->overlong = true;
			return;
		}
		pp_text_wipe(half->held.p, half->held.len);
		pp_buf_done(&half->held);
		half->held = bigger;
	}
	half->overlong = pp_buf_add(&half->held, run.p, run.len) != PP_OK || half->overlong;
	http->book.facts.clipped = http->book.facts.clipped || half->overlong;
}

/* Whether what is held can still become a message: garbage must not be held until it happens to have an empty line. */
static bool still_plausible(const struct half *half, enum pp_side side)
{
	struct pp_span held = pp_buf_span(&half->held);
	size_t line = pp_text_find(held, '\n');

	if (line < held.len)
		return pp_http_is_start_line(pp_text_first(held, line), side);
	if (side == PP_SERVER)
		return pp_http_look(pp_text_first(held, LOOK_MAX)) != PP_HTTP_NO;
	return pp_text_token(held) == held.len || pp_text_at(held, pp_text_token(held)) == ' ';
}

/* Of a block that is cut; or what there is of its first line. */
static struct pp_span whole_lines(struct pp_span block)
{
	size_t end = pp_text_find_last(block, '\n');

	return pp_text_first(block, end < block.len ? end + 1 : end);
}

/* `cut`: more of it was sent than the block has. */
static void on_head(struct pp_http *http, enum pp_side side, struct pp_span block, bool cut, struct pp_mark mark)
{
	struct pp_http_head head;

	if (pp_http_head_parse(block, side, cut, &head) != PP_OK) {
		lose(http, side);
		return;
	}
	http->book.facts.clipped = http->book.facts.clipped || head.clipped;
	if (side == PP_CLIENT)
		on_request(http, &head, mark);
	else
		on_reply(http, &head, mark);
}

static void step_head(struct pp_http *http, enum pp_side side, struct pp_cur *cur, struct pp_mark mark)
{
	struct half *half = &http->half[side];
	struct pp_span block;
	bool whole = take_head(half, cur, &block);

	if (!whole || half->held.len > 0) {
		hold(http, half, block);
		block = pp_buf_span(&half->held);
		if (half->overlong) /* its last line is cut */
			block = whole_lines(block);
	}
	if (whole) {
		on_head(http, side, block, half->overlong, mark);
		forget_held(half);
	} else if (!half->overlong && !still_plausible(half, side)) {
		lose(http, side);
	}
}

static void step_start(struct pp_http *http, enum pp_side side, struct pp_cur *cur, struct pp_mark mark)
{
	struct half *half = &http->half[side];
	int c = pp_cur_peek(cur, 0);

	if ((c == TLS_HANDSHAKE && connect_unanswered(http)) || (http->tunnel && (side == PP_CLIENT || c != 'H'))) {
		hand_over(http, side);
	} else if (c == '\r' || c == '\n') { /* RFC 9112 section 2.2 */
		pp_cur_skip(cur, 1);
	} else if (side == PP_SERVER ? c == 'H' : pp_text_is_token((uint8_t)c)) {
		half->step = STEP_HEAD;
		half->line = LINE_EMPTY;
		half->begin = mark;
	} else {
		lose(http, side);
	}
}

static void on_content(struct pp_http *http, struct pp_span content)
{
	struct pp_http_reply *reply = pp_http_book_reply(&http->book, http->answering);

	if (!reply)
		return;
	reply->body_bytes += content.len;
	content = pp_text_first(content, PP_HTTP_PAGE_MAX - http->page.len);
	if (http->wants_page && pp_buf_add(&http->page, content.p, content.len) != PP_OK)
		http->book.facts.clipped = true;
}

static void step_body(struct pp_http *http, enum pp_side side, struct pp_cur *cur)
{
	struct half *half = &http->half[side];
	struct pp_cur ahead = *cur;
	struct pp_span content;

	if (side == PP_SERVER && http->maybe_tunnel && !half->body.begun && pp_cur_peek(cur, 0) == TLS_HANDSHAKE) {
		open_tunnel(http, NULL);
		return;
	}
	pp_cur_skip(cur, pp_http_body_take(&half->body, pp_cur_rest(&ahead), &content));
	if (side == PP_SERVER)
		on_content(http, content);
	if (half->body.bad)
		lose(http, side);
	else if (half->body.done)
		end_message(http, side);
}

/* Collects bytes until they are a request or are not.  A body shorter than that is a body. */
static void step_undecided(struct pp_http *http, struct pp_cur *cur, struct pp_mark mark)
{
	struct half *half = &http->half[PP_CLIENT];
	enum pp_http_look look = PP_HTTP_MORE;
	struct pp_span content;

	if (half->held.len == 0)
		half->begin = mark;
	while (look == PP_HTTP_MORE && pp_cur_left(cur) > 0) {
		hold(http, half, pp_cur_take(cur, 1));
		look = pp_http_look(pp_buf_span(&half->held));
		if (half->body.framing == PP_BODY_LENGTH && half->held.len == half->body.left)
			look = PP_HTTP_NO;
	}
	if (look == PP_HTTP_REQUEST) {
		half->step = STEP_HEAD;
		half->line = LINE_TEXT;
	} else if (look == PP_HTTP_NO) {
		half->step = STEP_BODY;
		(void)pp_http_body_take(&half->body, pp_buf_span(&half->held), &content);
		forget_held(half);
		if (half->body.bad)
			lose(http, PP_CLIENT);
		else if (half->body.done)
			end_message(http, PP_CLIENT);
	}
}

/* Framing was lost: goes on where a push begins like a message, or like what a tunnel holds. */
static void find_start(struct pp_http *http, enum pp_side side, struct pp_span bytes)
{
	enum pp_http_look look = pp_http_look(bytes);

	if (look == PP_HTTP_MORE || look == (side == PP_CLIENT ? PP_HTTP_REQUEST : PP_HTTP_REPLY) || http->tunnel ||
	    (pp_text_at(bytes, 0) == TLS_HANDSHAKE && connect_unanswered(http)))
		http->half[side].step = STEP_START;
}

/* HTTP again, inside the tunnel: the connection goes on as one of plain messages. */
static void enter_tunnel(struct pp_http *http)
{
	for (int side = PP_CLIENT; side <= PP_SERVER; side++) {
		http->half[side].handed = false;
		http->half[side].step = STEP_START;
	}
	http->tunnel = http->maybe_tunnel = false;
	http->waiting = http->doubtful = 0;
	http->unqueued = 0;
	http->book.facts.in_tunnel = true;
}

size_t pp_http_data(struct pp_http *http, enum pp_side side, struct pp_span bytes, struct pp_mark mark)
{
	struct half *half = &http->half[side];
	struct pp_cur cur = pp_cur_span(bytes, PP_MORE);

	enum pp_http_look look = half->handed ? pp_http_look(bytes) : PP_HTTP_NO;

	if (look == PP_HTTP_REQUEST || look == PP_HTTP_REPLY)
		enter_tunnel(http);
	if (half->step == STEP_LOST && bytes.len > 0)
		find_start(http, side, bytes);
	while (pp_cur_left(&cur) > 0 && !half->handed) {
		switch (half->step) {
		case STEP_START:
			step_start(http, side, &cur, mark);
			break;
		case STEP_HEAD:
			step_head(http, side, &cur, mark);
			break;
		case STEP_BODY:
			step_body(http, side, &cur);
			break;
		case STEP_UNDECIDED:
			step_undecided(http, &cur, mark);
			break;
		case STEP_LOST:
		case STEP_OPAQUE:
			(void)pp_cur_rest(&cur);
			break;
		}
	}
	return bytes.len - pp_cur_left(&cur);
}

/* A header block that runs into a gap (a small snap length does that to every one): what is whole of it still tells whom
 * a CONNECT was for, or how it was answered. */
static void salvage_head(struct pp_http *http, enum pp_side side)
{
	struct half *half = &http->half[side];

	if (half->step == STEP_HEAD)
		on_head(http, side, whole_lines(pp_buf_span(&half->held)), true, half->begin);
}

void pp_http_gap(struct pp_http *http, enum pp_side side, uint64_t missing)
{
	struct half *half = &http->half[side];

	if (half->handed || half->step == STEP_OPAQUE || missing == 0)
		return;
	if (side == PP_SERVER)
		http->skipped = true;
	if (half->step == STEP_BODY && pp_http_body_gap(&half->body, missing)) {
		if (half->body.done)
			end_message(http, side);
		return;
	}
	salvage_head(http, side);
	lose(http, side);
}

void pp_http_finish(struct pp_http *http)
{
	struct half *server = &http->half[PP_SERVER];
	struct pp_http_reply *reply = pp_http_book_reply(&http->book, http->answering);

	if (server->step == STEP_BODY && !server->handed) {
		settle_page(http);
		if (reply && server->body.framing == PP_BODY_CLOSE)
			reply->complete = !http->skipped;
	}
	forget_held(&http->half[PP_CLIENT]);
	forget_held(server);
}

bool pp_http_tunnel(const struct pp_http *http) { return http->tunnel; }

const struct pp_http_facts *pp_http_facts(const struct pp_http *http) { return &http->book.facts; }

bool pp_http_take_request(struct pp_http *http)
{
	bool seen = http->request_seen;

	http->request_seen = false;
	return seen;
}
