/* Segments of a few connections through the flow table, as the engine files them, by the short way and by the long one.
 *
 * A segment is sixteen bytes: who, flags, SEQ and ACK near what is expected or anywhere, length, window, time passed.  In
 * an input of odd length, who tells where it was captured, too, and there is one table.
 */
#include "base/time.h"
#include "fuzz/fuzz.h"
#include "support/flow_ways.h"

enum { SEGMENTS_MAX = 512, PORTS = 16 };

/* Differences of two times fit: source/ promises no more. */
static const int64_t TIME_MOST = (INT64_C(1) << 62) - 1;

struct script {
	struct pp_cur cur;
	struct pp_mark now;
	uint32_t next_seq[PORTS][2];
	bool points;
};

/* Half of the points are of a second file, which ends early. */
static bool ended(const void *context, uint16_t file, int64_t ts)
{
	(void)context;
	return file == 1 && ts > PP_SECOND;
}

static void fill_addresses(struct pp_packet *packet, unsigned port, bool from_server)
{
	const uint8_t client[4] = { 10, 0, 0, 4 }, server[4] = { 10, 0, 0, 5 };

	packet->src = pp_addr_v4(from_server ? server : client);
	packet->dst = pp_addr_v4(from_server ? client : server);
	packet->sport = (uint16_t)(from_server ? 443 : 50000 + port);
	packet->dport = (uint16_t)(from_server ? 50000 + port : 443);
}

/* Mostly a little later; now and then long before or after, as far as file formats go. */
static int64_t passed(uint16_t step)
{
	if (step >= 0xff00)
		return ((int64_t)step - 0xff80) * (INT64_MAX / 2048);
	return step & 0x8000 ? (int64_t)(step & 0x7fff) * PP_SECOND / 16 : (int64_t)(step & 0x7fff) * 1000;
}

static bool next_packet(struct script *script, struct pp_packet *ret_packet, uint8_t *ret_what, uint32_t *ret_point)
{
	struct pp_cur *cur = &script->cur;
	uint8_t who = pp_cur_u8(cur), what = pp_cur_u8(cur);
	bool from_server = who & 0x80;
	uint32_t *seq = &script->next_seq[who % PORTS][from_server],
		 *ack = &script->next_seq[who % PORTS][!from_server];
	struct pp_packet packet = { .kind = PP_PACKET_TCP,
				    .ip_version = 4,
				    .protocol = 6,
				    .ttl = (uint8_t)(64 - (script->points && who & 0x10)) };

	*ret_point = (who & 0x40 ? 1u << 16 : 0) | (who >> 4 & 3);
	script->now.file = script->points && who & 0x40;
	fill_addresses(&packet, who % PORTS, from_server);
	packet.tcp.flags = pp_cur_u8(cur);
	packet.ip_id = pp_cur_u8(cur);
	packet.tcp.seq = pp_cur_u32(cur);
	packet.tcp.ack = pp_cur_u16(cur);
	packet.payload_len = pp_cur_u16(cur) & 0x3fff;
	packet.cut = (what & 0x30) == 0x30;
	packet.payload_view.len = packet.cut ? packet.payload_len / 2 : packet.payload_len;
	packet.tcp.window = pp_cur_u16(cur);
	if (what & 1)
		packet.tcp.seq = *seq + (uint32_t)(int32_t)(int8_t)packet.tcp.seq;
	packet.tcp.ack = what & 2 ? *ack + (uint32_t)(int32_t)(int8_t)packet.tcp.ack : packet.tcp.ack << 16;
	*seq = packet.tcp.seq + packet.payload_len + !!(packet.tcp.flags & (PP_TCP_SYN | PP_TCP_FIN));
	if (__builtin_add_overflow(script->now.ts, passed(pp_cur_u16(cur)), &script->now.ts) ||
	    script->now.ts < -TIME_MOST || script->now.ts > TIME_MOST)
		script->now.ts = 0;
	script->now.packet++;
	*ret_packet = packet;
	*ret_what = what;
	return pp_cur_ok(cur);
}

static void quote(struct pp_flows *flows, const struct pp_packet *packet, struct pp_mark now)
{
	struct pp_packet icmp = { .kind = PP_PACKET_ICMP,
				  .ip_version = 4,
				  .icmp_type = 3,
				  .icmp_code = 13,
				  .quote = { .present = true,
					     .src = packet->src,
					     .dst = packet->dst,
					     .protocol = 6,
					     .sport = packet->sport,
					     .dport = packet->dport,
					     .has_seq = true,
					     .seq = packet->tcp.seq,
					     .tcp_hlen = (uint8_t)packet->tcp.window } };
	enum pp_side side;
	struct pp_flow *flow = pp_flows_quoted(flows, &icmp.quote, now, &side);

	if (flow)
		pp_flow_icmp(flow, &icmp, side, now);
}

/* As the engine has it, by the long way. */
static void file_at_point(struct pp_flows *flows, const struct pp_packet *packet, uint8_t what, uint32_t point,
			  struct pp_mark now)
{
	uint64_t hash = pp_flows_hash(flows, packet);
	enum pp_flow_point place = pp_flows_point(flows, packet, hash, point, now);
	struct pp_flow_news news;
	struct pp_flow *flow;

	flow = place == PP_POINT_LEFT_OUT ? NULL : pp_flows_find(flows, packet, hash, now);
	if (flow && pp_flow_hops_matter(flow, packet))
		place = pp_flows_hop(flows, flow, packet, hash, now);
	if (flow && place == PP_POINT_AGAIN)
		flow = pp_flows_find(flows, packet, hash, now);
	if (!flow || place == PP_POINT_LEFT_OUT)
		return;
	pp_flow_segment(flow, packet, now, (enum pp_phase)(what >> 3 & 7), &news);
	if (news.duplicate)
		return;
	if (news.payload)
		pp_flow_payload(flow, &news, what & 4);
	pp_flows_touch(flows, flow);
}

static void file(struct pp_flow_ways *ways, const struct pp_packet *packet, uint8_t what, struct pp_mark now)
{
	struct pp_flow_news news;
	struct pp_flow *flow, *twin;

	FUZZ_CHECK(pp_flow_ways_file(ways, packet, (enum pp_phase)(what >> 3 & 7), what & 4, now, &flow, &news));
	if (!flow || news.duplicate)
		return;
	twin = pp_flows_known(ways->plain, packet, pp_flows_hash(ways->plain, packet));
	if (news.payload) {
		FUZZ_CHECK(news.len == packet->payload_len);
		if ((what & 0x40) && news.side == PP_CLIENT) {
			pp_flow_watch(flow, news.offset, news.offset + news.len, 1, now);
			pp_flow_watch(twin, news.offset, news.offset + news.len, 1, now);
		}
	}
	if ((what & 0x80) && flow->body && flow->body->facts.sides_by == PP_BY_PORT) {
		pp_flow_swap(flow, PP_BY_HTTP);
		pp_flow_swap(twin, PP_BY_HTTP);
	}
}

static void check(const struct pp_tcp_facts *facts)
{
	FUZZ_CHECK(facts->icmp_count <= PP_ICMP_MAX && facts->syn_times <= PP_SYN_TIMES_MAX);
	FUZZ_CHECK(facts->syn_retransmits <= facts->syn_count);
	for (int side = 0; side < 2; side++) {
		FUZZ_CHECK(facts->side[side].missing <= facts->side[side].end);
		FUZZ_CHECK(facts->side[side].end < (uint64_t)1 << 40);
	}
}

static unsigned take_out(struct pp_flow_ways *ways, int64_t now, int64_t end)
{
	struct pp_flow *flow, *twin;
	unsigned taken = 0;

	for (;;) {
		struct pp_tcp_facts facts = { 0 };

		FUZZ_CHECK(pp_flow_ways_expire(ways, now, &flow, &twin));
		if (!flow)
			return taken;
		pp_flow_finish(flow, end, &facts);
		check(&facts);
		pp_flow_ways_release(ways, flow, twin);
		taken++;
	}
}

static unsigned take_out_one(struct pp_flows *flows, int64_t now, int64_t end)
{
	struct pp_flow *flow;
	unsigned taken = 0;

	for (; (flow = pp_flows_expire(flows, now)) != NULL; taken++) {
		struct pp_tcp_facts facts = { 0 };

		pp_flow_finish(flow, end, &facts);
		check(&facts);
		pp_flows_release(flows, flow);
	}
	return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script script = { .cur = pp_cur(data, size, PP_MALFORMED), .points = size % 2 };
	struct pp_flow_ways ways;
	struct pp_packet packet;
	unsigned taken = 0;
	uint32_t point;
	uint8_t what;

	pp_flow_ways_begin(&ways, fuzz_key);
	if (!ways.plain || !ways.general)
		return 0;
	if (script.points)
		pp_flows_points(ways.general, ended, NULL);
	while (script.now.packet < SEGMENTS_MAX && next_packet(&script, &packet, &what, &point)) {
		if (packet.tcp.flags == 0xff) {
			if (!script.points)
				quote(ways.plain, &packet, script.now);
			quote(ways.general, &packet, script.now);
		} else if (script.points) {
			file_at_point(ways.general, &packet, what, point, script.now);
		} else {
			file(&ways, &packet, what, script.now);
		}
		taken += script.points ? take_out_one(ways.general, script.now.ts, script.now.ts)
				       : take_out(&ways, script.now.ts, script.now.ts);
	}
	taken += script.points ? take_out_one(ways.general, INT64_MAX, script.now.ts)
			       : take_out(&ways, INT64_MAX, script.now.ts);
	FUZZ_CHECK(taken == pp_flows_counts(ways.general).indexes);
	pp_flow_ways_end(&ways);
	return 0;
}
