/* verdict: what a rule says about a connection, a lookup, an endpoint or the whole capture.  Text is not made here: a
 * verdict names its rule, its evidence as codes with values, and report/ phrases them in the reader's language.
 */
#ifndef PP_DIAGNOSE_VERDICT_H
#define PP_DIAGNOSE_VERDICT_H

#include "attribute/attribute.h"
#include "facts/facts.h"

enum pp_outcome { PP_OUTCOME_OK, PP_OUTCOME_FAULT, PP_OUTCOME_INCONCLUSIVE };
enum pp_grade { PP_GRADE_NONE, PP_CONSISTENT, PP_STRONG, PP_PROVEN }; /* in rising order */
enum pp_domain {
	PP_DOMAIN_NONE,
	PP_DOMAIN_CAPTURE,
	PP_DOMAIN_LOCAL,
	PP_DOMAIN_DNS,
	PP_DOMAIN_FIREWALL,
	PP_DOMAIN_PROXY,
	PP_DOMAIN_INSPECTION,
	PP_DOMAIN_TLS,
	PP_DOMAIN_TRUST,
	PP_DOMAIN_MTLS,
	PP_DOMAIN_SERVER,
	PP_DOMAIN_MTU,
	PP_DOMAIN_IDLE,
};
enum pp_owner {
	PP_OWNER_NONE,
	PP_OWNER_NETWORK,
	PP_OWNER_PROXY,
	PP_OWNER_DNS,
	PP_OWNER_SERVER,
	PP_OWNER_LOCAL,
	PP_OWNER_SECURITY
};

/* JSON names: "fault", "proven", "firewall", "network"; static. */
const char *pp_outcome_name(enum pp_outcome outcome);
const char *pp_grade_name(enum pp_grade grade); /* "" for PP_GRADE_NONE */
const char *pp_domain_name(enum pp_domain domain);
const char *pp_owner_name(enum pp_owner owner);

/* What a packet shows.  One row each in report/phrase.c; the comment names the values. */
enum pp_evidence_kind {
	PP_EV_SYN,            /* a = how many SYNs, b = ms from first to last */
	PP_EV_SYN_ACK,        /* a = TTL, b = RTT in µs or -1 */
	PP_EV_NO_ANSWER,      /* a = ms waited */
	PP_EV_RST,            /* a = TTL, b = TTL of the same address's other packets or 0, text = "RST" or "RST,ACK" */
	PP_EV_RST_EARLY,      /* a = µs after what it answers, b = lowest RTT of that address in µs */
	PP_EV_RST_FOREIGN,    /* header unlike that socket's: text = which fields */
	PP_EV_PEER_AFTER_RST, /* the real peer went on */
	PP_EV_FIN,            /* a = side (enum pp_side), b = ms after the request */
	PP_EV_ICMP,           /* a = type, b = code, addr = who sent it */
	PP_EV_CONNECT,        /* text = host, a = port */
	PP_EV_HTTP_STATUS,    /* a = status, text = reason, b = 1 when from the proxy */
	PP_EV_HTTP_REQUEST,   /* text = method and host */
	PP_EV_AUTHENTICATE,   /* text = schemes */
	PP_EV_CREDENTIALS,    /* a = enum pp_credentials */
	PP_EV_PRODUCT,        /* text = what the proxy or page says it is */
	PP_EV_UPSTREAM_ERROR, /* text = X-Squid-Error or the like */
	PP_EV_CLIENT_HELLO,   /* text = SNI or "", a = length, b = segments */
	PP_EV_HELLO_CUT,      /* a = length; its server name cannot be read */
	PP_EV_HELLO_ACKED,    /* a = ms after it, b = 1: it is another request */
	PP_EV_HELLO_NOT_ACKED,  /* a = repetitions */
	PP_EV_SERVER_HELLO,     /* a = version, b = ms after the ClientHello */
	PP_EV_NOT_TLS,          /* text = head */
	PP_EV_NOT_HTTP,         /* text = what it looks like */
	PP_EV_SOCKS,            /* a = version, text = what was answered; NULL: the request */
	PP_EV_ALERT,            /* a = code, b = level, side */
	PP_EV_ALERT_HIDDEN,     /* a = record length, side */
	PP_EV_CERTIFICATE,      /* text = issuer */
	PP_EV_CERTIFICATE_TIME, /* a = not_before, b = not_after (ns) */
	PP_EV_CERTIFICATE_NAME, /* text = first name it covers */
	PP_EV_CERTIFICATE_REQUEST,
	PP_EV_CLIENT_CERTIFICATE, /* a = length of the list; 0: empty */
	PP_EV_CERTIFICATE_SENT,   /* the same, encrypted */
	PP_EV_CLIENT_LEFT,        /* a = ms after the server's flight, text = "FIN" or "RST" */
	PP_EV_GAP,                /* a = missing bytes */
	PP_EV_RETRANSMIT,         /* a = times, b = payload size */
	PP_EV_ZERO_WINDOW,        /* a = ms */
	PP_EV_IDLE,               /* a = seconds of silence before */
	PP_EV_DNS_QUERY,          /* text = name, a = type, b = how many */
	PP_EV_DNS_REPLY,          /* a = rcode, text = name */
	PP_EV_DNS_ADDRESS,        /* addr */
	PP_EV_DNS_EXTENDED,       /* a = INFO-CODE */
	PP_EV_NEIGHBOUR,          /* addr, a = requests */
	PP_EV_COMPLETE,           /* handshake complete */
	PP_EV_DATA,               /* a = bytes to the client, b = to the server */
	PP_EV_TERMINATOR,         /* a = handshake RTT µs, b = ServerHello ms after the hello */
	PP_EV_CONTRAST_SNI,       /* text = other name that works at this address */
	PP_EV_CONTRAST_PORT,      /* a = other port of this address that answers */
	PP_EV_CONTRAST_PATH,      /* text = "direct" or "proxy": the same name works by that path */
	PP_EV_CONTRAST_OTHER,     /* text = another destination that works through the same gateway */
	PP_EV_CAPTURE,            /* text = which gate */
	PP_EV_SETTING,            /* text = name and value of a setting */
	PP_EV_UNIT_STATE,         /* text = what systemd calls it */
	PP_EV_UNIT_EXIT,          /* a = exit status, or signal when b is 1 */
	PP_EV_UNIT_RESTARTS,      /* a = times */
	PP_EV_UNIT_SAID,          /* text = systemd's answer to the start */
	PP_EV_UNIT_LOG,           /* text = a line of its log */
	PP_EV_KINDS
};

struct pp_evidence {
	enum pp_evidence_kind kind;
	enum pp_side side;
	struct pp_mark mark; /* packet 0: about the whole connection */
	int64_t a, b;
	const char *text; /* belongs to facts, catalogue or a static string; may be NULL */
	struct pp_addr addr;
};

enum { PP_EVIDENCE_MAX = 10, PP_ALTERNATIVES_MAX = 5, PP_ALSO_MAX = 6 };

struct pp_rule;

struct pp_alternative {
	const struct pp_rule *rule;
	const char *why_not; /* msgid, English */
};

struct pp_verdict {
	const struct pp_rule *rule; /* NULL: no verdict */
	enum pp_outcome outcome;
	enum pp_grade grade;
	enum pp_domain domain;
	enum pp_owner owner;
	unsigned evidence_count, alternative_count;
	/* What the summary's placeholders stand for (rule.h). */
	const char *host;                      /* or NULL: say the address */
	struct pp_endpoint_addr server, proxy; /* proxy.ip unset: direct */
	const char *detail;                    /* rule-specific text: issuer, product, alert name … or NULL */
	struct pp_addr device;                 /* who spoke, for ICMP */
	int64_t number;                        /* rule-specific: status, SYN count, seconds … */
	const char *next_test;                 /* overrides the rule's, msgid, or NULL */
	struct pp_alternative alternatives[PP_ALTERNATIVES_MAX];
	struct pp_evidence evidence[PP_EVIDENCE_MAX]; /* last: what is not there is not copied */
};

size_t pp_verdict_bytes(const struct pp_verdict *verdict); /* without the evidence it does not have */
void pp_verdict_copy(struct pp_verdict *to, const struct pp_verdict *from);

/* A connection's or lookup's verdict with the lesser findings beside it. */
struct pp_judgement {
	struct pp_verdict verdict;
	struct pp_verdict also[PP_ALSO_MAX];
	unsigned also_count;
};

#endif
