#include "dissect/http_book.h"

#include "dissect/http_page.h"
#include "dissect/http_text.h"

#include <string.h>

enum { LATEST = PP_EXCHANGES_MAX - 1, LATEST_TEXT_MAX = 8192 };
enum { TEXT_MAX = 256, TARGET_MAX = 1024, HOST_MAX = 255, SCHEME_MAX = 32 };

static char *room_for_text(struct pp_http_book *book, struct pp_http_shelf *shelf, size_t bytes)
{
	char *at;

	if (!shelf)
		return pp_arena_alloc(book->arena, bytes);
	if (!shelf->p || bytes > LATEST_TEXT_MAX - shelf->used)
		return NULL;
	at = shelf->p + shelf->used;
	shelf->used += bytes;
	return at;
}

static bool is_one_line(struct pp_span text)
{
	return pp_text_find(text, '\n') == text.len && pp_text_find(text, '\r') == text.len &&
	       pp_text_find(text, '\0') == text.len;
}

/* A copy on one line: RFC 9112 section 5.2 makes a fold a space, RFC 9110 section 5.5 does so with a NUL. */
static char *keep(struct pp_http_book *book, struct pp_http_shelf *shelf, struct pp_span text, size_t max)
{
	struct pp_cur cur = pp_cur_span(pp_text_first(text, max), PP_MORE);
	bool fold = false;
	size_t n = 0;
	char *copy;

	if (text.len == 0)
		return NULL;
	copy = room_for_text(book, shelf, pp_cur_left(&cur) + 1);
	if (text.len > max || !copy)
		book->facts.clipped = true;
	if (!copy)
		return NULL;
	if (is_one_line(pp_text_first(text, max))) {
		n = pp_cur_left(&cur);
		memcpy(copy, pp_cur_rest(&cur).p, n);
	}
	while (pp_cur_left(&cur) > 0) {
		uint8_t c = pp_cur_u8(&cur);

		fold = c == '\r' || c == '\n' || (fold && pp_text_is_space(c));
		if (!fold)
			copy[n++] = c ? (char)c : ' ';
		else if (n > 0 && copy[n - 1] != ' ')
			copy[n++] = ' ';
	}
	copy[n] = '\0';
	return copy;
}

static const char *keep_host(struct pp_http_book *book, struct pp_http_shelf *shelf, struct pp_span authority,
			     uint16_t *ret_port)
{
	char *host = keep(book, shelf, pp_http_authority(authority, ret_port), HOST_MAX);

	for (char *p = host; p && *p; p++)
		*p = (char)pp_text_lower((uint8_t)*p);
	return host;
}

/* Makes room for one more element by doubling; NULL when memory is gone. */
static void *grown(struct pp_arena *arena, void *list, unsigned count, size_t size)
{
	void *more;

	if (count > 0 && (count & (count - 1)) != 0)
		return list;
	more = pp_arena_alloc(arena, size * (count ? 2 * count : 1));
	if (more && count)
		memcpy(more, list, size * count);
	return more;
}

struct pp_http_ticket pp_http_book_connect(struct pp_http_book *book, const struct pp_http_head *head,
					   struct pp_http_when when)
{
	struct pp_http_facts *facts = &book->facts;
	struct pp_http_ticket ticket = { .connect = true, .slot = (uint8_t)facts->connect_count };
	struct pp_connect *list = NULL, *connect;

	if (facts->connect_count < PP_CONNECTS_MAX)
		list = grown(book->arena, facts->connects, facts->connect_count, sizeof(*list));
	if (!list) {
		facts->clipped = true;
		return ticket;
	}
	facts->connects = list;
	connect = &list[facts->connect_count++];
	*connect = (struct pp_connect){ .begin = when.begin, .mark = when.end };
	connect->credentials = head->credentials;
	connect->host = keep_host(book, NULL, head->target_view, &connect->port);
	connect->user_agent = keep(book, NULL, head->user_agent_view, TEXT_MAX);
	ticket.kept = true;
	return ticket;
}

static const char *keep_target(struct pp_http_book *book, struct pp_http_shelf *shelf,
			       const struct pp_http_target *target)
{
	struct pp_span path = target->path_view.len ? target->path_view : pp_text("/");
	char *text;
	size_t len;

	if (path.len > TARGET_MAX) {
		book->facts.clipped = true;
		path = pp_text_first(path, TARGET_MAX);
	}
	text = room_for_text(book, shelf, path.len + 2);
	if (!text)
		return NULL;
	for (len = 0; len < path.len; len++)
		text[len] = pp_text_at(path, len) ? (char)pp_text_at(path, len) : ' ';
	if (target->query)
		text[len++] = '?';
	text[len] = '\0';
	return text;
}

static void fill_exchange(struct pp_http_book *book, struct pp_http_exchange *exchange, struct pp_http_shelf *shelf,
			  const struct pp_http_head *head)
{
	struct pp_http_target target = pp_http_target(head->target_view);
	struct pp_span authority = target.absolute ? target.authority_view : head->host_view;

	exchange->method = head->method ? head->method : keep(book, shelf, head->method_view, SCHEME_MAX);
	exchange->host = keep_host(book, shelf, authority, &exchange->port);
	exchange->target = keep_target(book, shelf, &target);
	exchange->absolute_form = target.absolute;
	exchange->query_removed = target.query;
	exchange->user_agent = keep(book, shelf, head->user_agent_view, TEXT_MAX);
	exchange->credentials = head->credentials;
}

static struct pp_http_shelf *shelf_of(struct pp_http_book *book, struct pp_http_ticket ticket)
{
	return !ticket.connect && ticket.slot == LATEST ? &book->shelf : NULL;
}

struct pp_http_ticket pp_http_book_exchange(struct pp_http_book *book, const struct pp_http_head *head,
					    struct pp_http_when when)
{
	struct pp_http_facts *facts = &book->facts;
	struct pp_http_ticket ticket = { .head = pp_span_equal(head->method_view, "HEAD", 4) };
	struct pp_http_exchange *list = facts->exchanges;

	facts->request_total++;
	if (facts->exchange_count < PP_EXCHANGES_MAX)
		list = grown(book->arena, list, facts->exchange_count, sizeof(*list));
	if (!list) {
		facts->clipped = true;
		return ticket;
	}
	facts->exchanges = list;
	ticket.slot = (uint8_t)(facts->exchange_count < LATEST ? facts->exchange_count : LATEST);
	ticket.kept = true;
	facts->exchange_count = ticket.slot + 1u;
	if (ticket.slot == LATEST) {
		ticket.serial = ++book->serial;
		book->shelf.used = 0;
		if (!book->shelf.p)
			book->shelf.p = pp_arena_alloc(book->arena, LATEST_TEXT_MAX);
	}
	list[ticket.slot] = (struct pp_http_exchange){ .begin = when.begin, .mark = when.end };
	fill_exchange(book, &list[ticket.slot], shelf_of(book, ticket), head);
	return ticket;
}

/* NULL when the request was not kept, or its slot has gone to a later one. */
struct pp_http_reply *pp_http_book_reply(struct pp_http_book *book, struct pp_http_ticket ticket)
{
	if (!ticket.kept)
		return NULL;
	if (ticket.connect)
		return &book->facts.connects[ticket.slot].reply;
	if (ticket.slot == LATEST && ticket.serial != book->serial)
		return NULL;
	return &book->facts.exchanges[ticket.slot].reply;
}

/* Without query, fragment and userinfo. */
static const char *keep_location(struct pp_http_book *book, struct pp_http_shelf *shelf, struct pp_span view)
{
	size_t query = pp_text_find(view, '?'), fragment = pp_text_find(view, '#'), len;
	char *text = keep(book, shelf, pp_text_first(view, query < fragment ? query : fragment), TARGET_MAX);
	char *authority = text ? strstr(text, "://") : NULL, *at;

	if (!authority)
		return text;
	authority += strlen("://");
	at = memrchr(authority, '@', strcspn(authority, "/"));
	if (at) {
		len = strlen(at + 1);
		memmove(authority, at + 1, len);
		pp_text_wipe(authority + len, (size_t)(at + 1 - authority));
	}
	return text;
}

void pp_http_book_fill(struct pp_http_book *book, struct pp_http_ticket ticket, const struct pp_http_head *head,
		       struct pp_http_when when)
{
	struct pp_http_reply *reply = pp_http_book_reply(book, ticket);
	struct pp_http_shelf *shelf = shelf_of(book, ticket);

	*reply = (struct pp_http_reply){ .mark = when.end, .begin = when.begin, .status = head->status };
	reply->reason = keep(book, shelf, head->reason_view, TEXT_MAX);
	for (unsigned i = 0; i < head->scheme_count; i++) {
		const char *name = keep(book, shelf, head->schemes_view[i], SCHEME_MAX);

		if (name)
			reply->schemes[reply->scheme_count++] = name;
	}
	reply->challenge = head->challenge;
	reply->server = keep(book, shelf, head->server_view, TEXT_MAX);
	reply->via = keep(book, shelf, head->via_view, TEXT_MAX);
	reply->x_squid_error = keep(book, shelf, head->x_squid_error_view, TEXT_MAX);
	reply->proxy_agent = keep(book, shelf, head->proxy_agent_view, TEXT_MAX);
	reply->date = keep(book, shelf, head->date_view, TEXT_MAX);
	reply->content_type = keep(book, shelf, head->content_type_view, TEXT_MAX);
	reply->location = keep_location(book, shelf, head->location_view);
}
