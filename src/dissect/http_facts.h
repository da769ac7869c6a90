/* http_facts: HTTP/1 messages of one connection, as plain facts.  Credentials, cookies and URL queries are never kept.
 *
 * Owns    nothing: text lives in the connection's arena.
 * Limits  the *_MAX below; more sets `clipped`.
 * Source  RFC 9112, RFC 9110 (9.3.6 CONNECT, 15.5.8 407); diagnosis facts 1.7 for the products.
 */
#ifndef PP_DISSECT_HTTP_FACTS_H
#define PP_DISSECT_HTTP_FACTS_H

#include "flow/mark.h"

#include <stddef.h>

enum { PP_CONNECTS_MAX = 16, PP_EXCHANGES_MAX = 8, PP_SCHEMES_MAX = 6 };

/* What a Proxy-Authorization header carried; the bytes themselves are dropped. */
enum pp_credentials {
	PP_CREDENTIALS_NONE,
	PP_CREDENTIALS_BASIC,
	PP_CREDENTIALS_NEGOTIATE,  /* a token that is no NTLM message */
	PP_CREDENTIALS_NTLM_FIRST, /* type 1: the first leg, never final */
	PP_CREDENTIALS_NTLM_FINAL, /* type 3 */
	PP_CREDENTIALS_OTHER,
	PP_CREDENTIALS_UNSEEN, /* none in the lines that were captured, which are not all */
};

/* What the body of an answer told; read from its first kilobytes only. */
enum pp_page {
	PP_PAGE_NONE,
	PP_PAGE_AZURE_FIREWALL, /* "Action: Deny" as Azure Firewall writes it */
	PP_PAGE_SQUID,
	PP_PAGE_BLOCK, /* names a filter or says that a policy blocked the page */
};

/* In each struct fields lie by kind: marks, other values, references (facts/layout.h packs them so). */
struct pp_http_reply {
	struct pp_mark mark;  /* the packet that completed the header block; packet 0: no reply */
	struct pp_mark begin; /* the packet with the status line's first byte */
	uint64_t body_bytes;  /* seen */
	uint16_t status;      /* 0: none */
	bool challenge;       /* an NTLM or Negotiate challenge blob was in it: a middle leg */
	bool complete;        /* body seen whole (or none due) */
	enum pp_page page;
	unsigned scheme_count;
	const char *reason; /* reason phrase, NULL: empty */
	const char *server, *via, *x_squid_error, *proxy_agent,
	    *location;    /* NULL: absent; location without its query */
	const char *date; /* Date header as sent */
	const char *content_type;
	const char *schemes[PP_SCHEMES_MAX]; /* Proxy-Authenticate or WWW-Authenticate, names only */
};

struct pp_connect {
	enum pp_credentials credentials;
	uint16_t port;
	bool tunnel;                /* a 2xx opened it */
	struct pp_mark begin, mark; /* first byte of the request; the packet that completed its header block */
	struct pp_http_reply reply;
	const char *host; /* lower case, no brackets, no port */
	const char *user_agent;
};

struct pp_http_exchange {
	enum pp_credentials credentials;
	uint16_t port;      /* 0: not said */
	bool absolute_form; /* a request to a proxy */
	bool query_removed;
	struct pp_mark begin, mark;
	struct pp_http_reply reply;
	const char *method;
	const char *host;   /* from absolute-form or Host, lower case, without port */
	const char *target; /* path without its query; "?" stays at the end where one was cut off */
	const char *user_agent;
};

struct pp_http_facts {
	struct pp_mark reply_without_request; /* a reply to something that was not captured */
	unsigned connect_count;               /* kept */
	unsigned exchange_count;              /* kept */
	uint32_t request_total, reply_total;  /* all of them, CONNECT apart */
	bool in_tunnel;                       /* the exchanges are inside a CONNECT tunnel (plain HTTP in it) */
	bool malformed[2];                    /* by side: framing lost */
	bool clipped;
	struct pp_connect *connects;        /* every one on this connection, in order; up to PP_CONNECTS_MAX */
	struct pp_http_exchange *exchanges; /* other requests: the first PP_EXCHANGES_MAX - 1 and the latest */
};

#endif
