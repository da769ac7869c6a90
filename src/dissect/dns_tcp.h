/* dns_tcp: DNS messages out of a TCP connection, where two bytes of length precede each.
 *
 * Shape   bytes are pushed in order per side, cut anywhere; whole messages come out one by one.
 * Owns    pp_dns_tcp: the begin of a message that is not whole yet, at most 64 KiB a side, taken as bytes come.
 * Limits  a gap loses the length prefixes: that side gives no more messages.
 * Source  RFC 1035 section 4.2.2, RFC 7766 section 8 (several messages in a segment, one in several).
 */
#ifndef PP_DISSECT_DNS_TCP_H
#define PP_DISSECT_DNS_TCP_H

#include "base/arena.h"
#include "flow/mark.h"

struct pp_dns_tcp;

struct pp_dns_tcp *pp_dns_tcp_new(struct pp_arena *arena); /* NULL without memory */
void pp_dns_tcp_free(struct pp_dns_tcp *tcp);
/* The next whole message without its prefix, valid until the next call; `*bytes` moves past what was taken.  False when
 * there is none: then all bytes were taken. */
bool pp_dns_tcp_next(struct pp_dns_tcp *tcp, enum pp_side side, struct pp_span *bytes, struct pp_span *ret_message);
void pp_dns_tcp_gap(struct pp_dns_tcp *tcp, enum pp_side side);

#endif
