/* http_head: one header block → what the dissector wants of it.
 *
 * Shape   in: a block with its final empty line, from the request or status line on; or `cut`: its lines that are whole,
 *         with their ends, or what there is of its first line.  out: views into it.
 * Errors  PP_MALFORMED when the first line is none; lines that are no field are passed over.  A request line that is
 *         cut may end behind its target; credentials that are not in a block that is cut are _UNSEEN.
 * Owns    nothing: spans end in _view and die with the block.  Folded values still hold their line ends.
 * Limits  PP_SCHEMES_MAX names of authentication schemes; more sets `clipped`.
 * Source  RFC 9112 sections 3-6; RFC 9110 sections 9.3.6, 11; [MS-NTHT] 2.2, [MS-NLMP] 2.2.1.
 */
#ifndef PP_DISSECT_HTTP_HEAD_H
#define PP_DISSECT_HTTP_HEAD_H

#include "base/cur.h"
#include "dissect/http_facts.h"

struct pp_http_head {
	struct pp_span method_view, target_view; /* of a request */
	const char *method;                      /* static, when it is a registered one */
	uint16_t status;                         /* of a reply */
	struct pp_span reason_view;

	/* The first field of each name; empty when absent. */
	struct pp_span host_view, user_agent_view, server_view, via_view, x_squid_error_view;
	struct pp_span proxy_agent_view, location_view, date_view, content_type_view;

	enum pp_credentials credentials;
	struct pp_span schemes_view[PP_SCHEMES_MAX];
	unsigned scheme_count;
	bool challenge; /* NTLM or Negotiate came with a blob */

	bool has_length, bad_length;
	uint64_t length;
	bool has_coding; /* Transfer-Encoding … */
	bool chunked;    /* … that ends in chunked */
	bool expect_continue;
	bool encoded; /* Content-Encoding: the text cannot be read */
	bool clipped;
};

enum pp_err PP_MUST_CHECK pp_http_head_parse(struct pp_span block, enum pp_side side, bool cut,
					     struct pp_http_head *ret_head);

/* A first line without its line end. */
bool pp_http_is_start_line(struct pp_span line, enum pp_side side);

/* "host:port", "[v6]:port" or "host"; userinfo is dropped.  `*ret_port` 0: not said. */
struct pp_span pp_http_authority(struct pp_span authority, uint16_t *ret_port);

struct pp_http_target {
	struct pp_span authority_view; /* empty unless absolute-form */
	struct pp_span path_view;      /* up to the query */
	bool absolute, query;
};
struct pp_http_target pp_http_target(struct pp_span target);

#endif
