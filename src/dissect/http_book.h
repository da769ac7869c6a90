/* http_book: requests and replies written down as facts.
 *
 * Shape   a request gives a ticket, by which its reply finds the slot of the facts that it belongs to.  The first
 *         exchanges keep their slots; the last slot is the latest one's.
 * Owns    text and lists in the arena; the text of the last slot is overwritten for as long as the connection lives.
 * Limits  PP_CONNECTS_MAX, PP_EXCHANGES_MAX; text is cut.
 */
#ifndef PP_DISSECT_HTTP_BOOK_H
#define PP_DISSECT_HTTP_BOOK_H

#include "base/arena.h"
#include "dissect/http_facts.h"
#include "dissect/http_head.h"

struct pp_http_ticket {
	bool connect;
	bool head;   /* its reply has no body */
	bool kept;   /* there is a slot */
	bool orphan; /* no request: it was not captured */
	uint8_t slot;
	uint32_t serial;
};

/* Text of the exchange in the last slot. */
struct pp_http_shelf {
	char *p;
	size_t used;
};

struct pp_http_book {
	struct pp_arena *arena;
	struct pp_http_facts facts;
	uint32_t serial; /* of the exchange in the last slot */
	struct pp_http_shelf shelf;
};

/* Packets of a header block's first and last byte. */
struct pp_http_when {
	struct pp_mark begin, end;
};

struct pp_http_ticket pp_http_book_connect(struct pp_http_book *book, const struct pp_http_head *head,
					   struct pp_http_when when);
struct pp_http_ticket pp_http_book_exchange(struct pp_http_book *book, const struct pp_http_head *head,
					    struct pp_http_when when);
/* Where the reply to a ticket's request goes; NULL: its slot has changed hands since, or it never had one. */
struct pp_http_reply *pp_http_book_reply(struct pp_http_book *book, struct pp_http_ticket ticket);
void pp_http_book_fill(struct pp_http_book *book, struct pp_http_ticket ticket, const struct pp_http_head *head,
		       struct pp_http_when when); /* a ticket that pp_http_book_reply() has a reply for */

#endif
