/* brief: the record of a connection that came to nothing: SYNs of the client, and then perhaps resets of the server.
 *
 * Shape   a fixed part, and behind it what its `kind` says; all else about such a connection is zero or follows.  In a
 *         storm of them this is most of what is kept, and nearly all of what the general image would pass over.
 * Limits  PP_BRIEF_MAX bytes.  Anything not exactly so is not brief, and packed in general (pack.c).
 * The bytes are for this process only.
 */
#ifndef PP_FACTS_BRIEF_H
#define PP_FACTS_BRIEF_H

#include "base/cur.h"
#include "facts/facts.h"

enum {
	PP_BRIEF = 1, /* the lowest bit of its first byte, which no other record has */
	PP_BRIEF_MAX = 192,
	PP_BRIEF_PATTERNS = 8
};

/* What the connections of one client have in common. */
struct pp_brief_pattern {
	struct pp_tcp_profile profile; /* but for the IP ID */
	uint16_t file;
	uint8_t ip_version; /* 0: there is no pattern yet */
	uint8_t tunnels;
	struct pp_addr client;
};

/* The bytes that were written; 0: the connection is not brief.  `near` is a mark that its first one may be near. */
size_t pp_brief_put(const struct pp_connection *conn, const struct pp_mark *near,
		    struct pp_brief_pattern patterns[PP_BRIEF_PATTERNS], uint8_t to[PP_BRIEF_MAX]);
/* False for bytes nobody put.  The connection's memory is zero but for its index, its stream, which is the same if
 * nothing else is said, and its first mark, which is the one it may be near. */
bool pp_brief_take(struct pp_span bytes, const struct pp_brief_pattern patterns[PP_BRIEF_PATTERNS],
		   struct pp_connection *ret_conn);

#endif
