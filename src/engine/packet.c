/* Packets that are no TCP: DNS, ICMP, neighbours, fragments; and the sorting of all kinds. */
#include "engine/engine.h"

#include <string.h>

/* ------------------------------------------------------------------ UDP and DNS */

static const int64_t UDP_DUPLICATE_NS = 5 * PP_MS;
enum { PORT_DNS = 53 };

/* A copy made by the capture (CAP-04): same datagram, same IP ID, within milliseconds. */
static bool udp_duplicate(struct pp_analysis *analysis, const struct pp_packet *packet, uint16_t dns_id, int64_t ts)
{
	struct {
		struct pp_addr src, dst;
		uint32_t len, outer;
		uint16_t sport, dport, ip_id, dns_id;
	} what = {
		packet->src, packet->dst, packet->payload_len, 0, packet->sport, packet->dport, packet->ip_id, dns_id
	};
	uint64_t signature = pp_hash(&analysis->options.key, &what, sizeof(what));

	for (unsigned i = 0; i < PP_UDP_RECENT; i++) {
		int64_t age = ts - analysis->udp_recent[i].ts;

		if (analysis->udp_recent[i].signature == signature && age >= 0 && age <= UDP_DUPLICATE_NS)
			return true;
	}
	analysis->udp_recent[analysis->udp_recent_next].signature = signature;
	analysis->udp_recent[analysis->udp_recent_next].ts = ts;
	analysis->udp_recent_next = (analysis->udp_recent_next + 1) % PP_UDP_RECENT;
	return false;
}

/* A connection's name is asked for when the connection ends, so names are told as the answers come. */
void pp_engine_dns(struct pp_analysis *analysis, const struct pp_dns_message *message,
		   const struct pp_endpoint_addr *src, const struct pp_endpoint_addr *dst, bool over_tcp,
		   struct pp_mark now)
{
	struct pp_lookup_news news = pp_lookups_add(analysis->lookups, message, src, dst, over_tcp, now);

	if (news.lookup)
		pp_names_add(analysis->names, news.lookup, news.known);
}

static void see_udp(struct pp_analysis *analysis, const struct pp_packet *packet, struct pp_mark now)
{
	struct pp_endpoint_addr src = { packet->src, packet->sport }, dst = { packet->dst, packet->dport };
	struct pp_dns_message message;
	enum pp_err err;

	if (packet->sport != PORT_DNS && packet->dport != PORT_DNS)
		return;
	err = pp_dns_parse(packet->payload_view, packet->cut ? PP_TRUNCATED : PP_MALFORMED, &message);
	if (packet->cut && message.response && message.answers_cut)
		pp_names_blind(analysis->names, &dst.ip, now.ts);
	if ((err != PP_OK && err != PP_TRUNCATED) || !message.has_question) {
		analysis->captures[now.file].unread_dns += packet->cut;
		return;
	}
	if (udp_duplicate(analysis, packet, message.id, now.ts)) {
		analysis->captures[now.file].duplicates++;
		return;
	}
	pp_engine_dns(analysis, &message, &src, &dst, false, now);
}

/* ------------------------------------------------------------------ ICMP */

static bool is_icmp_error(const struct pp_packet *packet)
{
	if (packet->ip_version == 4)
		return packet->icmp_type == 3 || packet->icmp_type == 11 || packet->icmp_type == 12 ||
		       packet->icmp_type == 4 || packet->icmp_type == 5;
	return packet->icmp_type < 128;
}

static void see_icmp(struct pp_analysis *analysis, const struct pp_packet *packet, struct pp_mark now)
{
	const struct pp_icmp_quote *quote = &packet->quote;
	struct pp_endpoint_addr src = { quote->src, quote->sport }, dst = { quote->dst, quote->dport };
	enum pp_side side;
	struct pp_flow *flow;

	if (!quote->present || !is_icmp_error(packet))
		return;
	if (quote->protocol == 17 && quote->dport == PORT_DNS) {
		pp_lookups_icmp(analysis->lookups, &src, &dst, &packet->src, packet->icmp_type, packet->icmp_code, now);
	} else if (quote->protocol == 6) {
		flow = pp_flows_quoted(analysis->flows, quote, now, &side);
		if (flow)
			pp_flow_icmp(flow, packet, side, now);
	}
}

/* ------------------------------------------------------------------ neighbours */

static struct pp_neighbour *neighbour_of(struct pp_neighbours *neighbours, const struct pp_addr *target,
					 const struct pp_addr *asked_by)
{
	for (unsigned i = 0; i < neighbours->count; i++) {
		struct pp_neighbour *known = &neighbours->list[i];

		if (pp_addr_equal(&known->target, target) && (!asked_by || pp_addr_equal(&known->asked_by, asked_by)))
			return known;
	}
	return NULL;
}

void pp_engine_neighbour(struct pp_neighbours *neighbours, const struct pp_packet *packet, struct pp_mark now)
{
	struct pp_neighbour *known;

	if (packet->neighbour_reply) {
		for (unsigned i = 0; i < neighbours->count; i++)
			neighbours->list[i].replies += pp_addr_equal(&neighbours->list[i].target, &packet->neighbour);
		return;
	}
	/* Probes and announcements of one's own address expect no answer (RFC 5227, RFC 4862). */
	if (!pp_addr_is_set(&packet->src) || pp_addr_is_bogon(&packet->src) ||
	    pp_addr_equal(&packet->src, &packet->neighbour))
		return;
	known = neighbour_of(neighbours, &packet->neighbour, &packet->src);
	/* Nobody asks again before a second is over (RFC 1122 section 2.3.2.1, RFC 4861 section 10). */
	if (known && now.ts >= known->last_request.ts && now.ts - known->last_request.ts <= PP_SECOND / 10)
		return;
	if (!known) {
		if (neighbours->count == PP_NEIGHBOURS_MAX) {
			neighbours->refused++;
			return;
		}
		known = &neighbours->list[neighbours->count++];
		*known = (struct pp_neighbour){
			.target = packet->neighbour, .asked_by = packet->src, .first = now, .file = now.file
		};
	}
	known->requests++;
	known->last_request = now;
}

/* ------------------------------------------------------------------ sorting */

static void count_unknown(struct pp_capture *capture, const char *layer)
{
	for (unsigned i = 0; i < capture->unknown_count; i++) {
		if (strcmp(capture->unknown[i].layer, layer) == 0) {
			capture->unknown[i].frames++;
			return;
		}
	}
	if (capture->unknown_count == PP_UNKNOWN_LAYERS_MAX)
		return;
	capture->unknown[capture->unknown_count].layer = layer;
	capture->unknown[capture->unknown_count++].frames = 1;
}

static void see_fragment(struct pp_analysis *analysis, struct pp_packet *packet, struct pp_mark now)
{
	struct pp_span body;
	uint8_t protocol;

	if (pp_ipfrag_add(analysis->ipfrag, packet, now.ts, &protocol, &body) != PP_OK)
		return;
	packet->ip_view = (struct pp_span){ NULL, 0 };
	pp_decode_transport(packet, protocol, body, (uint32_t)body.len);
	if (packet->kind == PP_PACKET_FRAGMENT)
		return;
	pp_engine_packet(analysis, packet, packet->kind == PP_PACKET_TCP ? pp_flows_hash(analysis->flows, packet) : 0,
			 now);
}

void pp_engine_packet(struct pp_analysis *analysis, struct pp_packet *packet, uint64_t hash, struct pp_mark now)
{
	struct pp_capture *capture = &analysis->captures[now.file];

	if (packet->unknown || packet->bad) {
		capture->undecoded++;
		count_unknown(capture, packet->unknown ? packet->unknown : "damaged header");
	}
	switch (packet->kind) {
	case PP_PACKET_TCP:
		pp_engine_tcp(analysis, packet, hash, &now);
		return;
	case PP_PACKET_UDP:
		see_udp(analysis, packet, now);
		return;
	case PP_PACKET_ICMP:
		see_icmp(analysis, packet, now);
		return;
	case PP_PACKET_NEIGHBOUR:
		pp_engine_neighbour(&analysis->neighbours, packet, now);
		return;
	case PP_PACKET_FRAGMENT:
		see_fragment(analysis, packet, now);
		return;
	case PP_PACKET_OTHER:
		return;
	}
}
