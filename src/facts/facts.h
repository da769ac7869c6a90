/* facts: everything known about the finished connections, lookups and the capture, for attribution and rules.
 *
 * Shape   plain structs.  A connection is one contiguous record in the spool (facts/spool.h) until it is judged.
 * Owns    nothing: text and lists live in the arena the record was loaded into.
 */
#ifndef PP_FACTS_FACTS_H
#define PP_FACTS_FACTS_H

#include "dissect/dns_facts.h"
#include "dissect/http_facts.h"
#include "dissect/tls_facts.h"
#include "flow/tcp_facts.h"
#include "source/source.h"

/* In this order in memory, as its parts are: marks, plain values, references (facts/layout.h). */
struct pp_connection {
	struct pp_mark first, last;
	uint32_t index;  /* order of first packets over the whole run, from 0 */
	uint32_t stream; /* tcp.stream in the file of the first packet */
	uint16_t file;
	uint8_t ip_version;
	uint8_t tunnels; /* encapsulations around it */
	struct pp_endpoint_addr client, server;
	struct pp_tcp_facts tcp;
	const struct pp_http_facts *http; /* NULL: no HTTP/1 seen */
	const struct pp_tls_facts *tls;   /* NULL: no TLS seen (also inside a tunnel) */
	const char *protocol; /* by nDPI, for what our own dissectors do not know; NULL: not asked or unknown */
	struct pp_span server_head, client_head; /* where they tell something (dissect/talk.h), ≤ 32 */
	const struct pp_process *process;        /* NULL: nobody noted it */
	bool half_open; /* TCP tells of nothing but SYNs that are alike and perhaps their refusal; false: it may, too */
};

/* Whose socket it was, by the one who captured on that machine. */
struct pp_process {
	uint32_t pid;
	const char *path; /* of the executable; NULL: unknown */
	const char *unit; /* systemd unit or service name; NULL: none */
	bool aimed;       /* the capture was about certain services or a command, … */
	bool ours;        /* … and this process is one of theirs */
};

/* A neighbour that was asked for by ARP or ND. */
struct pp_neighbour {
	struct pp_addr target, asked_by;
	uint32_t requests, replies;
	struct pp_mark first, last_request;
	uint16_t file;
};

enum { PP_UNKNOWN_LAYERS_MAX = 16, PP_NEIGHBOURS_MAX = 256, PP_LIMITS_MAX = 16 };

/* One input file. */
struct pp_capture {
	const struct pp_source_info *source;
	uint64_t duplicates; /* capture duplicates dropped */
	uint64_t unread_dns; /* packets to or from a resolver that were cut before they told the name */
	uint64_t undecoded;  /* frames with a layer we do not know, or damaged headers */
	struct {
		const char *layer;
		uint64_t frames;
	} unknown[PP_UNKNOWN_LAYERS_MAX];
	unsigned unknown_count;
	uint64_t flows; /* TCP connections whose first packet is in this file */
};

/* Limits that were reached, by name: "flows", "lookups", … */
struct pp_limits_hit {
	const char *name[PP_LIMITS_MAX];
	uint64_t count[PP_LIMITS_MAX];
	unsigned n;
};

#endif
