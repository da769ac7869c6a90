/* dns_facts: one DNS message as plain facts, and one lookup: all queries of a client for a name at a resolver.
 *
 * Units   TTL in seconds; names lower case, without the final dot, escaped as RFC 4343 section 2.1 (\DDD).
 * Limits  the *_MAX below; more sets `clipped`, in a lookup also records that the capture cut off.
 * Source  RFC 1035, RFC 6891 (EDNS), RFC 8914 (extended errors), RFC 9619.
 */
#ifndef PP_DISSECT_DNS_FACTS_H
#define PP_DISSECT_DNS_FACTS_H

#include "base/addr.h"
#include "flow/mark.h"

enum { PP_DNS_NAME_MAX = 1024, PP_DNS_ADDRESSES_MAX = 16, PP_DNS_ALIASES_MAX = 8, PP_DNS_TYPES_MAX = 4 };
enum {
	PP_DNS_A = 1,
	PP_DNS_CNAME = 5,
	PP_DNS_PTR = 12,
	PP_DNS_TXT = 16,
	PP_DNS_AAAA = 28,
	PP_DNS_SRV = 33,
	PP_DNS_HTTPS = 65
};
enum { PP_RCODE_NOERROR = 0, PP_RCODE_FORMERR = 1, PP_RCODE_SERVFAIL = 2, PP_RCODE_NXDOMAIN = 3, PP_RCODE_REFUSED = 5 };

/* All queries of one type within a lookup. */
struct pp_dns_question {
	uint16_t type;
	uint16_t queries; /* sent, repetitions included */
	struct pp_mark first_query, last_query,
	    reply; /* reply: the one that counts (the first success, else the last) */
	bool answered;
	uint8_t rcode;
	bool truncated;         /* TC: the client should ask again over TCP */
	uint16_t address_count; /* in that reply */
	int64_t rtt_ns;         /* reply minus the query it answers; -1 */
};

struct pp_lookup {
	struct pp_endpoint_addr client, resolver; /* client.port is that of the first query */
	const char *name;
	struct pp_dns_question questions[PP_DNS_TYPES_MAX];
	unsigned question_count;
	struct pp_addr addresses[PP_DNS_ADDRESSES_MAX];
	unsigned address_count;
	const char *aliases[PP_DNS_ALIASES_MAX]; /* CNAME chain, in order */
	unsigned alias_count;
	uint32_t min_ttl; /* of the address records */
	bool has_extended_error;
	uint16_t extended_error; /* INFO-CODE of RFC 8914 */
	bool over_tcp;           /* some of it went over TCP */
	struct pp_mark icmp;     /* an ICMP error quoted a query */
	struct pp_addr icmp_from;
	uint8_t icmp_type, icmp_code;
	struct pp_mark first, last; /* first query; last packet of any kind */
	bool replies_only;          /* answers were captured, queries were not */
	bool clipped;
};

#endif
