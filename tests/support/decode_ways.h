/* decode_ways: one frame through pp_decode() in every way a capture could hold it. */
#ifndef PP_TESTS_DECODE_WAYS_H
#define PP_TESTS_DECODE_WAYS_H

#include "support/cmocka_all.h"

#include "decode/packet.h"
#include "support/guard.h"
#include "support/pkt.h"

enum { PP_LINK_NULL = 0, PP_LINK_ETHERNET = 1, PP_LINK_RAW = 101 };

static inline void pp_ways_check_span(struct pp_span span, const uint8_t *data, size_t caplen)
{
	if (span.len == 0)
		return;
	assert_true(span.p >= data && span.len <= caplen && (size_t)(span.p - data) <= caplen - span.len);
}

/* What holds for every frame, however broken. */
static inline void pp_ways_check(const struct pp_packet *packet, const uint8_t *data, size_t caplen)
{
	pp_ways_check_span(packet->ip_view, data, caplen);
	pp_ways_check_span(packet->payload_view, data, caplen);
	assert_true(packet->payload_view.len <= packet->payload_len);
	assert_true(packet->payload_view.len == packet->payload_len || packet->cut);
	assert_true(packet->tcp.sack_count <= PP_SACK_MAX);
	assert_true(packet->kind != PP_PACKET_TCP || packet->protocol == 6);
	assert_true(packet->ip_version == 4 || packet->ip_id == 0);
	assert_true(packet->ip_version != 4 || (pp_addr_is_v4(&packet->src) && pp_addr_is_v4(&packet->dst)));
	assert_true(packet->kind == PP_PACKET_OTHER || packet->unknown == NULL);
}

/* Decodes the whole frame, and every beginning of it: once as the snap length leaves it, where nothing may be called
 * bad that was good, and once as a frame that short. */
static inline void pp_ways_decode(uint16_t link_type, const struct pp_pkt *pkt, struct pp_packet *ret_packet)
{
	uint32_t len = pp_pkt_len(pkt);
	struct pp_guard guard = pp_guard_open(len);
	struct pp_packet part;

	for (uint32_t n = 0; n < len; n++) {
		const uint8_t *bytes = pp_guard_bytes(&guard, pp_pkt_bytes(pkt), n);

		pp_decode(link_type, bytes, n, len, &part);
		pp_ways_check(&part, bytes, n);
		if (part.bad)
			fail_msg("bad when cut after %u bytes", (unsigned)n);
		pp_decode(link_type, bytes, n, n, &part);
		pp_ways_check(&part, bytes, n);
	}
	pp_decode(link_type, pp_pkt_bytes(pkt), len, len, ret_packet);
	pp_ways_check(ret_packet, pp_pkt_bytes(pkt), len);
	pp_guard_close(&guard);
}

#define assert_addr(addr, text)                                                                                        \
	do {                                                                                                           \
		char shown[PP_ADDR_TEXT];                                                                              \
                                                                                                                       \
		pp_addr_format(&(addr), shown);                                                                        \
		assert_string_equal(shown, text);                                                                      \
	} while (0)

#endif
