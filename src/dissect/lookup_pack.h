/* lookup_pack: a lookup as few bytes, for while nothing is heard of it; private to dissect/.
 *
 * Shape   what is not there, or is what another mark says, takes no byte.  Of queries those are kept that a reply
 *         may still answer.  The name is not among the bytes.
 * Owns    nothing.  An unpacked lookup's aliases lie in the bytes.
 */
#ifndef PP_DISSECT_LOOKUP_PACK_H
#define PP_DISSECT_LOOKUP_PACK_H

#include "dissect/dns_facts.h"

#include <stddef.h>

enum { PP_QUERIES_KEPT = 8 }; /* a power of two */
enum { PP_LOOKUP_PACKED_MOST = 4096 };

/* A query that a reply may still answer. */
struct pp_dns_query {
	uint16_t id, type, port;
	bool answered;
	struct pp_mark mark;
};

/* A lookup that something was heard of just now. */
struct pp_open_lookup {
	struct pp_lookup lookup;
	struct pp_dns_query queries[PP_QUERIES_KEPT]; /* a ring */
	unsigned next;
};

size_t pp_lookup_pack(const struct pp_open_lookup *open, uint8_t to[PP_LOOKUP_PACKED_MOST]);
void pp_lookup_unpack(struct pp_open_lookup *open, const uint8_t *from, const char *name);
/* The same of its client and resolver alone. */
void pp_lookup_unpack_ends(struct pp_lookup *lookup, const uint8_t *from);

#endif
