/* One frame: two bytes of link type, one that says how much of the frame was cut off, then the frame. */
#include "decode/layer.h"
#include "fuzz/fuzz.h"

static void check_span(struct pp_span span, const uint8_t *data, size_t size)
{
	FUZZ_CHECK(span.len == 0 || (span.p >= data && span.len <= size && (size_t)(span.p - data) <= size - span.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pp_cur cur = pp_cur(data, size, PP_MALFORMED);
	uint16_t link_type = pp_cur_u16(&cur);
	uint32_t cut = pp_cur_u8(&cur);
	struct pp_span frame = pp_cur_rest(&cur);
	struct pp_packet packet = { 0 }, walked = { 0 };
	uint32_t len;

	if (!pp_cur_ok(&cur))
		return 0;
	len = (uint32_t)frame.len + (cut << (cut & 15));
	pp_decode(link_type, frame.p, (uint32_t)frame.len, len, &packet);
	pp_decode_walk(link_type, frame.p, (uint32_t)frame.len, len, &walked);
	FUZZ_CHECK(packet.kind != PP_PACKET_TCP || memcmp(&packet, &walked, sizeof(packet)) == 0);
	check_span(packet.ip_view, frame.p, frame.len);
	check_span(packet.payload_view, frame.p, frame.len);
	FUZZ_CHECK(packet.payload_view.len <= packet.payload_len);
	FUZZ_CHECK(packet.payload_view.len == packet.payload_len || packet.cut);
	FUZZ_CHECK(packet.tcp.sack_count <= PP_SACK_MAX && packet.tunnels <= PP_LAYERS_MAX);
	FUZZ_CHECK(packet.kind != PP_PACKET_TCP || packet.protocol == 6);
	FUZZ_CHECK(packet.kind == PP_PACKET_OTHER || packet.unknown == NULL);
	return 0;
}
