/* rule: one row of the rule table.  Ids are those of the diagnosis facts, stable for ever and never reused.
 *
 * Text fields are English msgids marked with N_() and may hold these placeholders, expanded by report/phrase.c:
 * {host} (host or address and port), {service} (the same where the sentence has {server} too), {server} (address:port
 * on the wire), {address} (without its port), {proxy}, {device}, {detail}, {n}.
 */
#ifndef PP_DIAGNOSE_RULE_H
#define PP_DIAGNOSE_RULE_H

#include "diagnose/verdict.h"

#define N_(text) text

enum pp_scope { PP_SCOPE_CONNECTION, PP_SCOPE_LOOKUP, PP_SCOPE_CAPTURE };

/* What must have been observable; when it was not, the rule is "unknown", never "clear" (diagnose/gates.h). */
enum pp_need {
	PP_NEED_START = 0x01,        /* captured from its SYN on: not CAP-01 */
	PP_NEED_BOTH_SIDES = 0x02,   /* not CAP-02 */
	PP_NEED_WHOLE_FRAMES = 0x04, /* not CAP-03 */
	PP_NEED_NO_DROPS = 0x08,     /* the capturer lost nothing: not CAP-09 */
	PP_NEED_WAITED = 0x10,       /* the capture went on long enough after it: not CAP-08 */
	PP_NEED_REAL_NETWORK = 0x20, /* no loopback hop: not CAP-10 */
};

/* What one case shows, a bit each in a word that is made once (signs.c).  A rule names those without which it cannot
 * hit, so that most of them need not be asked. */
enum pp_sign {
	/* How far it got. */
	PP_SIGN_SYN,        /* unanswered, or refused */
	PP_SIGN_EARLY,      /* SYN, open or ClientHello: a race may still be lost */
	PP_SIGN_HELLO,      /* ClientHello, no ServerHello */
	PP_SIGN_UNANSWERED, /* a CONNECT or plain HTTP request without a reply */
	PP_SIGN_ANSWER,     /* an HTTP answer, not 2xx where it was to CONNECT */
	PP_SIGN_HANDSHAKE,  /* ServerHello, or more of TLS */
	PP_SIGN_QUIET,      /* perhaps nobody asked for anything */
	PP_SIGN_OPENED,     /* the client acknowledged the SYN-ACK */
	PP_SIGN_WORKED,
	PP_SIGN_FAILED, /* did not work */
	PP_SIGN_SPOKE,  /* worked, or one voice of an unknown protocol */
	/* How it ended. */
	PP_SIGN_CLIENT_LEFT,   /* the client's FIN or RST came first, … */
	PP_SIGN_SERVER_CLOSED, /* … or the server's: … */
	PP_SIGN_SERVER_FIN,    /* … its FIN, … */
	PP_SIGN_SERVER_RST,    /* … or its RST */
	PP_SIGN_NOT_REFUSED,   /* anything but the server's RST */
	/* Resets, taken or not. */
	PP_SIGN_RESET,
	PP_SIGN_NO_RESET,
	PP_SIGN_RESET_BY_SERVER,
	/* TCP. */
	PP_SIGN_ICMP,
	PP_SIGN_SYN_AGAIN,
	PP_SIGN_GAP,         /* bytes of the server never came */
	PP_SIGN_STUCK,       /* the client repeats what is not acknowledged, or asks whether anybody is there */
	PP_SIGN_RESENT,      /* the request, or what the client said last, was repeated twice or more */
	PP_SIGN_SPLIT,       /* the request took several segments */
	PP_SIGN_ACKED,       /* the request was acknowledged */
	PP_SIGN_FULL_WINDOW, /* the server took no more for long */
	PP_SIGN_PROBE,       /* perhaps a probe or scan, or open before the capture */
	/* The way. */
	PP_SIGN_DIRECT,
	PP_SIGN_PROXY,
	PP_SIGN_TUNNEL,
	PP_SIGN_PROXY_REPLY,  /* the proxy itself answered */
	PP_SIGN_PROXY_MISSED, /* a proxy is known that should have been used, or used otherwise */
	PP_SIGN_PAC,          /* a proxy script is asked for, or could not be had */
	PP_SIGN_NAMED,        /* the host's name is known */
	PP_SIGN_EXCUSABLE,    /* the host's name is known, or a proxy script is asked for */
	PP_SIGN_ODD_PORT,     /* neither 443 nor 80 is meant */
	/* TLS. */
	PP_SIGN_ALERT,     /* in a connection that failed */
	PP_SIGN_OBJECTION, /* such an alert, or the server closed */
	PP_SIGN_DISTRUST,  /* it failed behind the ServerHello, with an alert or because the client left */
	PP_SIGN_RETRY,     /* HelloRetryRequest */
	PP_SIGN_NOT_TLS,   /* what came back is no TLS */
	PP_SIGN_OLD_OFFER, /* TLS 1.1 at the best */
	PP_SIGN_UNNAMED,   /* no server name */
	PP_SIGN_RESUMED,
	PP_SIGN_LEAF, /* its certificate can be read */
	PP_SIGN_INSPECTED,
	PP_SIGN_FAR_HELLO, /* the ServerHello took much longer than the SYN-ACK */
	PP_SIGN_CUT,       /* perhaps the answer is not whole */
	PP_SIGNS
};
#define PP_IF(name) (UINT64_C(1) << PP_SIGN_##name)

struct pp_case;

struct pp_rule {
	const char *id, *name; /* "FW-08", short name */
	enum pp_scope scope;
	enum pp_outcome outcome; /* what a hit means */
	enum pp_domain domain;
	enum pp_owner owner;
	enum pp_grade most; /* the highest grade it may carry */
	unsigned needs;     /* enum pp_need */
	uint64_t signs;     /* PP_IF(): all of them must be there before match() can hit; 0: it is always asked */
	/* Pure: true on a hit, with grade, evidence and values in `verdict` (rule, outcome, domain, owner are preset).
	 * NULL: the row is only cited (gates, notes) and never matched by the loop. */
	bool (*match)(const struct pp_case *c, struct pp_verdict *verdict);
	const char *summary;   /* one sentence: what broke and who owns it */
	const char *when;      /* the conditions, for `pathproof rules` and docs/rules.md */
	const char *traps;     /* what looks alike */
	const char *next_test; /* what would decide or raise the grade */
	const char *remedy;
	const char *source;       /* references of the diagnosis facts */
	const char *alternatives; /* ids, comma separated: what else would look like this */
};

/* All rules, in the order in which they are asked for a connection (diagnosis facts section 3). */
extern const struct pp_rule *const pp_rules[];
extern const size_t pp_rule_count;
const struct pp_rule *pp_rule_find(const char *id); /* case-insensitive; NULL: none */

#endif
