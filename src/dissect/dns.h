/* dns: one DNS message → plain facts; and the table of lookups they add up to.
 *
 * Shape   pp_dns_parse() reads one message (UDP payload, or a TCP message without its length prefix).
 *         pp_lookups_add() files it: all queries of a client for a name at a resolver together, whatever their type,
 *         transport, number and time.
 * Errors  PP_TRUNCATED (cut by the snap length: what was read before is valid), PP_MALFORMED.
 * Limits  compression pointers only point backwards, so loops end; PP_DNS_NAME_MAX bytes of a name.
 * Source  RFC 1035 section 4, RFC 6891, RFC 8914.
 */
#ifndef PP_DISSECT_DNS_H
#define PP_DISSECT_DNS_H

#include "base/arena.h"
#include "base/hash.h"
#include "dissect/dns_facts.h"

struct pp_dns_message {
	uint16_t id;
	bool response, truncated;
	uint8_t opcode, rcode;
	uint16_t type; /* of the first question, as is the name */
	bool has_question, has_extended_error, clipped;
	bool answers_cut; /* records of the answer section could not be read */
	uint16_t extended_error;
	uint32_t min_ttl;
	unsigned address_count, alias_count;
	/* Behind what they hold there is anything. */
	char name[PP_DNS_NAME_MAX];
	struct pp_addr addresses[PP_DNS_ADDRESSES_MAX];
	char aliases[PP_DNS_ALIASES_MAX][256];
};

enum pp_err PP_MUST_CHECK pp_dns_parse(struct pp_span message, enum pp_err on_short,
				       struct pp_dns_message *ret_message);

struct pp_lookups;

/* `cap`: lookups kept; more are counted by pp_lookups_refused(). */
struct pp_lookups *pp_lookups_new(size_t cap, struct pp_hash_key key, struct pp_pool *pool);
void pp_lookups_free(struct pp_lookups *lookups);
/* The lookup a message was filed with (NULL: none), and how many addresses it had before.  Lookups that are given out are
 * valid until the next call, their names as long as the table. */
struct pp_lookup_news {
	const struct pp_lookup *lookup;
	unsigned known;
};
/* src/dst as on the wire; a response goes from the resolver to the client. */
struct pp_lookup_news pp_lookups_add(struct pp_lookups *lookups, const struct pp_dns_message *message,
				     const struct pp_endpoint_addr *src, const struct pp_endpoint_addr *dst,
				     bool over_tcp, struct pp_mark mark);
/* An ICMP error that quotes a UDP datagram from `client` to `resolver`. */
void pp_lookups_icmp(struct pp_lookups *lookups, const struct pp_endpoint_addr *client,
		     const struct pp_endpoint_addr *resolver, const struct pp_addr *from, uint8_t type, uint8_t code,
		     struct pp_mark mark);
size_t pp_lookups_count(const struct pp_lookups *lookups);
const struct pp_lookup *pp_lookups_at(struct pp_lookups *lookups, size_t i); /* in order of first packets */
uint64_t pp_lookups_refused(const struct pp_lookups *lookups);

#endif
