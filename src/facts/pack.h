/* pack: a connection with all it refers to ↔ one run of bytes, for the spool.
 *
 * Shape   a struct's marks and other fields are packed as an image (facts/image.h); then follows what it refers to.
 *         Which fields lie where is a line per struct (pack.c), used in both directions.
 *         The bytes are for this process only: certificates stay pointers into the run's certificate cache.
 *         A connection that is still half open needs no packing: what its facts are made of is shorter.
 * Owns    nothing.  What is unpacked has its structs in the arena and its text in the bytes it came from.
 * Errors  packing: PP_LIMIT, PP_NOMEM of the buffer.  Unpacking: PP_MALFORMED for bytes nobody packed, PP_NOMEM.
 */
#ifndef PP_FACTS_PACK_H
#define PP_FACTS_PACK_H

#include "base/buf.h"
#include "facts/facts.h"
#include "flow/flow.h"

/* A connection of which only SYNs of the client were seen: what its facts are made of (flow/half.h). */
struct pp_half_connection {
	struct pp_endpoint_addr client, server;
	uint16_t file;
	uint8_t ip_version, tunnels;
	uint32_t stream, first_packet, last_packet, option_order;
	uint16_t mss, window_syn, ip_id, duplicates;
	uint8_t count, ttl, options, wscale;
	uint8_t ip_id_seen, reused, evicted; /* bool */
	int64_t ts[PP_HALF_SYNS_MAX];        /* `count` of them */
};

enum pp_err PP_MUST_CHECK pp_pack_connection(struct pp_buf *out, const struct pp_connection *conn);
enum pp_err PP_MUST_CHECK pp_unpack_connection(struct pp_span bytes, struct pp_arena *arena,
					       struct pp_connection **ret_conn);

/* pp_flow_only_half() holds. */
void pp_half_connection(const struct pp_flow *flow, struct pp_half_connection *ret_half);
/* The connection's memory is zero. */
void pp_unfold_connection(const struct pp_half_connection *half, uint32_t index, struct pp_connection *ret_conn);
/* The same for one that is unfolded only when it is needed. */
enum pp_err PP_MUST_CHECK pp_pack_half(struct pp_buf *out, const struct pp_half_connection *half);
enum pp_err PP_MUST_CHECK pp_unpack_half(struct pp_span bytes, uint32_t index, struct pp_arena *arena,
					 struct pp_connection **ret_conn);

#endif
