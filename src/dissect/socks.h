/* socks: what the first bytes of a connection say of SOCKS: was a proxy asked that way, and what did it answer.
 *
 * Shape   in: the first bytes of both sides, each as far as it was captured.  out: facts.
 * Errors  none: what is no SOCKS is PP_SOCKS_NONE, and an answer that is not there yet PP_SOCKS_ASKED.
 * Limits  reads the answers only: with a name of some length the request is longer than the bytes held.
 * Source  RFC 1928 sections 3 to 6, RFC 1929; SOCKS 4 and 4A as published by NEC, 1994.
 */
#ifndef PP_DISSECT_SOCKS_H
#define PP_DISSECT_SOCKS_H

#include "base/cur.h"

enum pp_socks_word {
	PP_SOCKS_NONE,
	PP_SOCKS_ASKED,      /* and not answered, or not to the end */
	PP_SOCKS_NO_METHOD,  /* none of the client's ways to log in will do */
	PP_SOCKS_LOGIN,      /* user name or password are wrong */
	PP_SOCKS_REFUSED,    /* `reply` tells why */
	PP_SOCKS_GRANTED,    /* what follows is passed on; or a login that is not read here */
	PP_SOCKS_NOT_SPOKEN, /* HTTP, TLS or another version came back */
};

struct pp_socks {
	enum pp_socks_word word;
	uint8_t version; /* 4, 5; 0: none */
	uint8_t reply;   /* REP of RFC 1928 section 6, or CD of SOCKS 4 */
};

struct pp_socks pp_socks_look(struct pp_span client, struct pp_span server);
/* The other side of a mistake: somebody who speaks SOCKS 5 only was asked for something else, and says so. */
bool pp_socks_declines(struct pp_span server);

#endif
