/* A connection from its first segment to the spool: flow facts, stream bytes, dissectors.
 *
 * A hole in a stream is waited for until the other side has acknowledged what lies behind it (it was delivered, and
 * only the capture missed it) and HOLE_WAIT_NS more, because captures reorder; or until the connection ends.
 */
#include "engine/detail.h"

#include <assert.h>
#include <string.h>

static const int64_t HOLE_WAIT_NS = 20 * PP_MS;

static void detail_free(struct pp_analysis *analysis, struct pp_detail *detail)
{
	struct pp_arena arena = detail->arena;

	for (enum pp_side side = PP_CLIENT; side <= PP_SERVER; side++)
		pp_reassembly_drop(&detail->stream[side], &analysis->segments);
	pp_talk_free(detail->talk);
	pp_ndpi_flow_free(analysis->ndpi, detail->ndpi);
	pp_arena_reset(&arena);
}

PP_SELDOM static struct pp_detail *detail_new(struct pp_analysis *analysis, struct pp_flow *flow)
{
	struct pp_arena arena;
	struct pp_detail *detail;

	pp_arena_init(&arena, &analysis->flow_pool);
	detail = pp_arena_alloc(&arena, sizeof(*detail));
	if (!detail) {
		analysis->talks_refused++;
		return NULL;
	}
	detail->analysis = analysis;
	detail->flow = flow;
	detail->hole_since[0] = detail->hole_since[1] = PP_TIME_NONE;
	detail->arena = arena;
	detail->talk = pp_talk_new(&detail->arena, &analysis->talk_shared, detail, flow->key.port[!flow->client]);
	if (!detail->talk) {
		analysis->talks_refused++;
		detail_free(analysis, detail);
		return NULL;
	}
	return detail;
}

/* ------------------------------------------------------------------ bytes in order */

struct sink_context {
	struct pp_detail *detail;
	enum pp_side side;
};

static void tell_skipped(struct pp_detail *detail, enum pp_side side)
{
	if (detail->skipped[side])
		pp_talk_skip(detail->talk, side, detail->skipped[side], detail->skipped_mark[side]);
	detail->opaque[side] = detail->skipped[side] = 0;
}

static PP_ALWAYS void deliver(struct pp_detail *detail, enum pp_side side, struct pp_span bytes,
			      const struct pp_mark *mark)
{
	struct pp_talk_after after;

	pp_detail_turn(detail, side, bytes.len);
	tell_skipped(detail, side);
	after = pp_talk_data(detail->talk, side, bytes, mark);
	detail->opaque[side] = after.opaque;
	if (after.request)
		pp_flow_watch(detail->flow, detail->turn_begin, detail->stream[PP_CLIENT].next, detail->turn_segments,
			      *mark);
}

static void sink_bytes(void *context, struct pp_span bytes, struct pp_mark mark)
{
	const struct sink_context *sink = context;

	deliver(sink->detail, sink->side, bytes, &mark);
}

static void sink_missing(void *context, uint64_t count)
{
	const struct sink_context *sink = context;

	tell_skipped(sink->detail, sink->side);
	pp_talk_gap(sink->detail->talk, sink->side, count);
}

/* The rest of a request that the snap length cut off was sent all the same: its acknowledgement tells. */
static void watch_cut_request(struct pp_detail *detail, const struct pp_packet *packet, const struct pp_flow_news *news,
			      struct pp_mark now)
{
	if (news->side == PP_CLIENT && packet->payload_view.len < news->len && detail->speaker == PP_CLIENT &&
	    detail->said[PP_CLIENT] && pp_talk_phase(detail->talk) != PP_PHASE_TLS_ESTABLISHED)
		pp_flow_watch(detail->flow, detail->turn_begin, detail->stream[PP_CLIENT].next, detail->turn_segments,
			      now);
}

PP_SELDOM static void push(struct pp_detail *detail, const struct pp_packet *packet, const struct pp_flow_news *news,
			   struct pp_mark now)
{
	struct sink_context context = { detail, news->side };
	const struct pp_stream_sink sink = { &context, sink_bytes, sink_missing };
	struct pp_reassembly *stream = &detail->stream[news->side];
	struct pp_slab *pool = &detail->analysis->segments;
	int64_t before = stream->next;
	enum pp_err err = pp_reassembly_push(stream, pool, news->offset, packet->payload_view, news->len, now, &sink);

	if (stream->next > before)
		watch_cut_request(detail, packet, news, now);
	if (err != PP_OK) {
		/* No room to wait any longer: the hole is given up, and what is here goes on behind it. */
		detail->analysis->streams_given_up++;
		pp_reassembly_give_up(stream, pool, &sink, true);
		err = pp_reassembly_push(stream, pool, news->offset, packet->payload_view, news->len, now, &sink);
		if (err != PP_OK)
			detail->analysis->streams_given_up++;
	}
	detail->holes |= pp_reassembly_waits(stream);
}

/* Whatever continues the stream goes on at once. */
static inline void take_bytes(struct pp_detail *detail, const struct pp_packet *packet, const struct pp_flow_news *news,
			      struct pp_mark now)
{
	struct pp_reassembly *stream = &detail->stream[news->side];

	if (!pp_reassembly_continues(stream, news->offset) || packet->payload_view.len != news->len) {
		push(detail, packet, news, now);
		return;
	}
	stream->next += news->len;
	if (news->len <= detail->opaque[news->side])
		pp_detail_skip(detail, news->side, news->len, &now);
	else
		deliver(detail, news->side, packet->payload_view, &now);
}

static void give_up(struct pp_detail *detail, enum pp_side side, bool all)
{
	struct sink_context context = { detail, side };
	const struct pp_stream_sink sink = { &context, sink_bytes, sink_missing };

	pp_reassembly_give_up(&detail->stream[side], &detail->analysis->segments, &sink, all);
	detail->hole_since[side] = PP_TIME_NONE;
}

static void mind_hole(struct pp_detail *detail, enum pp_side side, int64_t now)
{
	struct pp_reassembly *stream = &detail->stream[side];

	if (!pp_reassembly_waits(stream)) {
		detail->hole_since[side] = PP_TIME_NONE;
	} else if (detail->hole_since[side] == PP_TIME_NONE) {
		if ((int64_t)detail->flow->body->facts.side[side].acked >= pp_reassembly_hole_end(stream))
			detail->hole_since[side] = now;
	} else if (now - detail->hole_since[side] > HOLE_WAIT_NS) {
		give_up(detail, side, false);
	}
}

PP_SELDOM void pp_engine_mind_holes(struct pp_detail *detail, int64_t now)
{
	detail->holes = false;
	for (enum pp_side side = PP_CLIENT; side <= PP_SERVER; side++) {
		mind_hole(detail, side, now);
		detail->holes |= pp_reassembly_waits(&detail->stream[side]);
	}
}

void pp_engine_dns_message(void *context, enum pp_side side, struct pp_span message, struct pp_mark mark)
{
	const struct pp_detail *detail = context;
	const struct pp_flow *flow = detail->flow;
	uint8_t from = side == PP_CLIENT ? flow->client : !flow->client;
	struct pp_endpoint_addr src = { flow->key.ip[from], flow->key.port[from] };
	struct pp_endpoint_addr dst = { flow->key.ip[!from], flow->key.port[!from] };
	struct pp_dns_message parsed;
	enum pp_err err = pp_dns_parse(message, PP_MALFORMED, &parsed);

	if (err == PP_OK && parsed.has_question)
		pp_engine_dns(detail->analysis, &parsed, &src, &dst, true, mark);
}

/* ------------------------------------------------------------------ protocols we do not know */

PP_SELDOM static void ask_ndpi(struct pp_detail *detail, const struct pp_packet *packet, struct pp_mark now)
{
	struct pp_analysis *analysis = detail->analysis;

	detail->ndpi_done |= pp_talk_known(detail->talk);
	if (detail->ndpi_done || packet->ip_view.len == 0 || !pp_talk_unknown(detail->talk))
		return;
	if (!analysis->ndpi_tried) {
		analysis->ndpi_tried = true;
		analysis->ndpi = pp_ndpi_new();
	}
	if (analysis->ndpi && !detail->ndpi)
		detail->ndpi = pp_ndpi_flow_new(analysis->ndpi);
	detail->ndpi_done = !detail->ndpi || pp_ndpi_packet(analysis->ndpi, detail->ndpi, packet->ip_view, now.ts);
}

/* ------------------------------------------------------------------ a segment */

/* A connection joined midway shows by its first payload who is the client. */
PP_SELDOM static void settle_sides(struct pp_flow *flow, const struct pp_packet *packet)
{
	enum pp_side client;
	enum pp_sides_by by;

	if (flow->detail || packet->payload_view.len == 0)
		return;
	by = pp_talk_who(packet->payload_view, pp_flow_side_of(flow, packet), &client);
	if (by == PP_BY_PORT)
		return;
	if (client == PP_SERVER)
		pp_flow_swap(flow, by);
	else
		flow->body->facts.sides_by = by;
}

PP_SELDOM static enum pp_phase phase_of(const struct pp_flow *flow)
{
	const struct pp_detail *detail = flow->detail;
	enum pp_phase phase = detail ? pp_talk_phase(detail->talk) : PP_PHASE_UNKNOWN;

	if (phase != PP_PHASE_UNKNOWN)
		return phase;
	assert(flow->body); /* only SYNs leave a flow half open, and they end nothing */
	if (pp_seen(flow->body->facts.syn_ack) || pp_seen(flow->body->facts.established))
		return PP_PHASE_HANDSHAKE;
	return pp_seen(flow->body->facts.syn) ? PP_PHASE_SYN : PP_PHASE_UNKNOWN;
}

static PP_ALWAYS void take_new_bytes(struct pp_detail *detail, const struct pp_packet *packet,
				     const struct pp_flow_news *news, struct pp_mark now)
{
	take_bytes(detail, packet, news, now);
	if (!detail->ndpi_done)
		ask_ndpi(detail, packet, now);
}

static void take_payload(struct pp_analysis *analysis, struct pp_flow *flow, const struct pp_packet *packet,
			 const struct pp_flow_news *news, struct pp_mark now)
{
	struct pp_detail *detail = flow->detail;

	if (!detail)
		flow->detail = detail = detail_new(analysis, flow);
	pp_flow_payload(flow, news,
			detail && news->offset < news->next_before &&
			    pp_reassembly_has(&detail->stream[news->side], news->offset, news->len));
	if (detail)
		take_new_bytes(detail, packet, news, now);
}

static PP_ALWAYS void forget(struct pp_analysis *analysis, struct pp_flow *flow)
{
	if (flow->detail)
		detail_free(analysis, flow->detail);
	flow->detail = NULL;
}

void pp_engine_begin_again(struct pp_analysis *analysis, struct pp_flow *flow, uint16_t file)
{
	forget(analysis, flow);
	analysis->captures[file].duplicates += flow->half.duplicates;
}

/* NULL: a farther capture point's copy. */
PP_SELDOM static struct pp_flow *mind_hops(struct pp_analysis *analysis, struct pp_flow *flow,
					   const struct pp_packet *packet, uint64_t hash, struct pp_mark now)
{
	switch (pp_flows_hop(analysis->flows, flow, packet, hash, now)) {
	case PP_POINT_FILED:
		return flow;
	case PP_POINT_AGAIN:
		pp_engine_begin_again(analysis, flow, now.file);
		return pp_flows_find(analysis->flows, packet, hash, now);
	case PP_POINT_LEFT_OUT:
		break;
	}
	analysis->captures[now.file].duplicates++;
	return NULL;
}

void pp_engine_segment(struct pp_analysis *analysis, const struct pp_packet *packet, uint64_t hash, struct pp_mark now)
{
	struct pp_flow *flow = pp_flows_find(analysis->flows, packet, hash, now);
	bool may_end = packet->tcp.flags & (PP_TCP_RST | PP_TCP_FIN); /* only an end asks what was before it */
	struct pp_flow_news news;
	const struct pp_detail *detail;

	if (flow && pp_flow_hops_matter(flow, packet))
		flow = mind_hops(analysis, flow, packet, hash, now);
	if (!flow)
		return;
	if (flow->body && flow->body->facts.sides_by == PP_BY_PORT)
		settle_sides(flow, packet);
	pp_flow_segment(flow, packet, now, may_end ? phase_of(flow) : PP_PHASE_UNKNOWN, &news);
	if (news.duplicate) {
		analysis->captures[now.file].duplicates++;
		return;
	}
	if (news.payload)
		take_payload(analysis, flow, packet, &news, now);
	detail = flow->detail;
	if (detail && detail->holes)
		pp_engine_mind_holes(flow->detail, now.ts);
	pp_flows_touch(analysis->flows, flow);
}

PP_SELDOM static void push_plain(struct pp_detail *detail, const struct pp_packet *packet, enum pp_side side,
				 int64_t offset, struct pp_mark now)
{
	const struct pp_flow_news news = {
		.side = side, .payload = true, .offset = offset, .len = packet->payload_len, .next_before = offset
	};

	push(detail, packet, &news, now);
}

void pp_engine_plain_bytes(struct pp_analysis *analysis, struct pp_flow *flow, const struct pp_packet *packet,
			   enum pp_side side, const struct pp_mark *now)
{
	struct pp_detail *detail = flow->detail;
	int64_t end = flow->body->side[side].next;

	if (!detail)
		flow->detail = detail = detail_new(analysis, flow);
	if (!detail)
		return;
	if (!pp_reassembly_continues(&detail->stream[side], end - packet->payload_len) ||
	    packet->payload_view.len != packet->payload_len) {
		push_plain(detail, packet, side, end - packet->payload_len, *now);
	} else {
		detail->stream[side].next = end;
		if (packet->payload_len <= detail->opaque[side])
			pp_detail_skip(detail, side, packet->payload_len, now);
		else
			deliver(detail, side, packet->payload_view, now);
	}
	if (!detail->ndpi_done)
		ask_ndpi(detail, packet, *now);
}

/* ------------------------------------------------------------------ the end */

/* All but what was dissected. */
static void connection_from(struct pp_flow *flow, int64_t end_of_capture, struct pp_connection *conn)
{
	conn->index = flow->index;
	conn->stream = flow->stream;
	conn->file = flow->file;
	conn->first = flow->first;
	conn->last = flow->last;
	conn->client = (struct pp_endpoint_addr){ flow->key.ip[flow->client], flow->key.port[flow->client] };
	conn->server = (struct pp_endpoint_addr){ flow->key.ip[!flow->client], flow->key.port[!flow->client] };
	conn->ip_version = flow->ip_version;
	conn->tunnels = flow->tunnels;
	conn->http = NULL;
	conn->tls = NULL;
	conn->protocol = NULL;
	conn->server_head = (struct pp_span){ NULL, 0 };
	conn->client_head = (struct pp_span){ NULL, 0 };
	conn->process = NULL;
	conn->half_open = !flow->body && flow->half.count;
	pp_flow_finish(flow, end_of_capture, &conn->tcp);
}

static void add_dissected(struct pp_analysis *analysis, struct pp_detail *detail, struct pp_connection *conn,
			  char *protocol, size_t size)
{
	const struct pp_tls_facts *tls;

	pp_talk_finish(detail->talk);
	conn->http = pp_talk_http(detail->talk);
	tls = pp_talk_tls(detail->talk);
	conn->tls = tls;
	if (detail->ndpi && pp_ndpi_name(analysis->ndpi, detail->ndpi, protocol, size))
		conn->protocol = protocol;
	pp_talk_heads(detail->talk, &conn->client_head, &conn->server_head);
}

static enum pp_err file(struct pp_analysis *analysis, struct pp_flow *flow)
{
	struct pp_detail *detail = flow->detail;
	struct pp_connection conn;
	char protocol[64];

	if (detail) {
		give_up(detail, PP_CLIENT, true);
		give_up(detail, PP_SERVER, true);
		tell_skipped(detail, PP_CLIENT);
		tell_skipped(detail, PP_SERVER);
	}
	connection_from(flow, analysis->last, &conn);
	if (detail)
		add_dissected(analysis, detail, &conn, protocol, sizeof(protocol));
	return pp_engine_file(analysis, &conn);
}

static void finish(struct pp_analysis *analysis, struct pp_flow *flow)
{
	enum pp_err err = PP_OK;

	if (!flow->ghost) {
		err = file(analysis, flow);
		if (err == PP_LIMIT)
			analysis->spool_refused++;
		else if (err != PP_OK)
			analysis->failed = err;
		else
			analysis->captures[flow->file].flows++;
	}
	if (pp_numbers_begun(&analysis->numbers, flow->file)) {
		err = pp_numbers_add(&analysis->numbers, flow->file, flow->stream, flow->lowest);
		if (err != PP_OK)
			analysis->failed = err;
	}
	forget(analysis, flow);
	pp_flows_release(analysis->flows, flow);
}

/* What finish() reads.  The detail, its talk and what the talk is made of lie behind one another in the first chunk of
 * their arena, which keeps its own right before them; errors told by ICMP are seldom. */
static void prefetch(const struct pp_flow *flow)
{
	enum { LINE = 64, BYTES = 1920, FACTS = offsetof(struct pp_tcp_facts, icmp) };
	const char *facts = (const void *)&flow->body->facts, *before = (const char *)flow->detail - LINE;

#pragma GCC unroll 32
	for (size_t at = 0; at < FACTS + LINE; at += LINE)
		__builtin_prefetch(facts + at);
#pragma GCC unroll 32
	for (size_t at = 0; at < BYTES + LINE; at += LINE)
		__builtin_prefetch(before + at);
}

static const char *name_of(const struct pp_flow *flow)
{
	const struct pp_talk *talk = flow->detail ? ((const struct pp_detail *)flow->detail)->talk : NULL;

	return talk ? pp_attribution_name(pp_talk_http(talk), pp_talk_tls(talk)) : NULL;
}

enum { BATCH = 8 };

/* Asks for the memory where they will be booked. */
static void expect(struct pp_diagnosis *diagnosis, struct pp_flow *const *flows, unsigned count)
{
	struct pp_addr servers[BATCH];
	const char *names[BATCH];

	for (unsigned i = 0; i < count; i++)
		servers[i] = flows[i]->key.ip[!flows[i]->client];
	pp_diagnosis_expect(diagnosis, servers, count);
	for (unsigned i = 0; i < count; i++)
		names[i] = name_of(flows[i]);
	pp_diagnosis_expect_names(diagnosis, names, count);
}

/* Some at a time, so that the memory they are finished from, and that of where they will be booked, arrives for all of
 * them at once. */
void pp_engine_expire(struct pp_analysis *analysis, int64_t now)
{
	struct pp_flow *flows[BATCH];
	unsigned count;

	do {
		for (count = 0; count < BATCH; count++) {
			flows[count] = pp_flows_expire(analysis->flows, now);
			if (!flows[count])
				break;
			if (flows[count]->detail)
				prefetch(flows[count]);
		}
		if (pp_diagnosis_scattered(analysis->diagnosis))
			expect(analysis->diagnosis, flows, count);
		for (unsigned i = 0; i < count; i++)
			finish(analysis, flows[i]);
	} while (count == BATCH);
}
