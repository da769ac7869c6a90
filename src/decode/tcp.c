/* TCP (RFC 9293) with the options of RFC 9293, 7323, 2018 and 7413.
 *
 * A segment whose options are malformed is a segment all the same: receivers stop reading them there and take the
 * payload, so we do.  Options cut by the snap length are read as far as they go.
 */
#include "decode/layer.h"

enum {
	TCP_HEADER = 20,

	KIND_END = 0,
	KIND_NOP = 1,
	KIND_MSS = 2,
	KIND_WSCALE = 3,
	KIND_SACK_PERMITTED = 4,
	KIND_SACK = 5,
	KIND_TIMESTAMPS = 8,
	KIND_FAST_OPEN = 34,
	KIND_ORDER_MAX = 15, /* kinds above share this digit */

	ORDER_ROOM = 0x10000000, /* an order below this has room for one more digit */
};

static void read_sack(struct pp_cur *option, struct pp_tcp_header *tcp)
{
	size_t count = pp_cur_left(option) / 8;

	for (size_t i = 0; i < count && i < PP_SACK_MAX; i++) {
		tcp->sack[i].left = pp_cur_u32(option);
		tcp->sack[i].right = pp_cur_u32(option);
		tcp->sack_count = (uint8_t)(i + 1);
	}
}

/* One option's body.  The `options` bit is its own word that length and content are well formed. */
static void read_option(uint8_t kind, struct pp_cur option, struct pp_tcp_header *tcp)
{
	size_t len = pp_cur_left(&option);

	if (kind == KIND_MSS && len == 2) {
		tcp->options |= PP_OPT_MSS;
		tcp->mss = pp_cur_u16(&option);
	} else if (kind == KIND_WSCALE && len == 1) {
		tcp->options |= PP_OPT_WSCALE;
		tcp->wscale = pp_cur_u8(&option);
	} else if (kind == KIND_SACK_PERMITTED && len == 0) {
		tcp->options |= PP_OPT_SACK_PERMITTED;
	} else if (kind == KIND_SACK && len % 8 == 0 && len != 0) {
		tcp->options |= PP_OPT_SACK;
		read_sack(&option, tcp);
	} else if (kind == KIND_TIMESTAMPS && len == 8) {
		tcp->options |= PP_OPT_TIMESTAMPS;
		tcp->ts_val = pp_cur_u32(&option);
		tcp->ts_ecr = pp_cur_u32(&option);
	} else if (kind == KIND_FAST_OPEN) {
		tcp->options |= PP_OPT_FAST_OPEN;
	}
}

void pp_decode_tcp_options(struct pp_cur options, struct pp_tcp_header *tcp)
{
	while (pp_cur_left(&options) != 0) {
		uint8_t kind = pp_cur_u8(&options), len;
		struct pp_cur body;

		if (kind == KIND_END)
			return;
		if (kind == KIND_NOP)
			continue;
		len = pp_cur_u8(&options);
		if (len < 2)
			return;
		body = pp_cur_sub(&options, len - 2u);
		if (!pp_cur_ok(&body))
			return;
		if (tcp->option_order < ORDER_ROOM)
			tcp->option_order = tcp->option_order << 4 | (kind < KIND_ORDER_MAX ? kind : KIND_ORDER_MAX);
		read_option(kind, body, tcp);
	}
}

/* The header without options; the header's length. */
static inline uint32_t decode_fixed(struct pp_packet *packet, struct pp_cur header)
{
	uint32_t header_len;

	packet->kind = PP_PACKET_TCP;
	packet->sport = pp_cur_u16(&header);
	packet->dport = pp_cur_u16(&header);
	packet->tcp.seq = pp_cur_u32(&header);
	packet->tcp.ack = pp_cur_u32(&header);
	header_len = (uint32_t)(pp_cur_u8(&header) >> 4) * 4;
	packet->tcp.flags = pp_cur_u8(&header);
	packet->tcp.window = pp_cur_u16(&header);
	return header_len;
}

/* The snap length, or a lie, ended the header within its options. */
static void decode_short(struct pp_walk *walk, uint32_t header_len)
{
	struct pp_packet *packet = walk->packet;
	uint32_t len = pp_walk_len(walk);

	if (header_len < TCP_HEADER || header_len - TCP_HEADER > len) {
		packet->bad = true;
		return;
	}
	packet->cut = true;
	packet->payload_len = len - (header_len - TCP_HEADER);
	pp_decode_tcp_options(walk->cur, &packet->tcp);
}

void pp_decode_tcp(struct pp_walk *walk)
{
	struct pp_packet *packet = walk->packet;
	struct pp_cur header;
	uint32_t header_len;

	if (!pp_walk_header(walk, TCP_HEADER, &header))
		return;
	header_len = decode_fixed(packet, header);
	if (header_len < TCP_HEADER || header_len - TCP_HEADER > pp_cur_left(&walk->cur)) {
		decode_short(walk, header_len);
		return;
	}
	pp_decode_tcp_options(pp_cur_sub(&walk->cur, header_len - TCP_HEADER), &packet->tcp);
	pp_walk_payload(walk);
}
