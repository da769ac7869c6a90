#include "facts/brief.h"

#include "facts/image.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* Bits of `kind`, and what they add behind the front, in this order. */
enum {
	BRIEF = PP_BRIEF,      /* in each of them */
	NEAR = 1 << 1,         /* how far the first mark is from one that is known, else the whole mark */
	REPEATED = 1 << 2,     /* SYNs after the first: struct repeated, and when each came */
	RESET = 1 << 3,        /* struct reset */
	USUAL = 1 << 4,        /* nothing: the profile is the pattern's; else struct common */
	CLIENT = 1 << 5,       /* nothing: the client's address is the pattern's; else the address */
	V4 = 1 << 6,           /* both addresses in 4 bytes, else in 16; the server's follows */
	STREAM = 1 << 7,       /* a stream number other than the index */
	DUPLICATES = 1 << 8,   /* their count */
	REUSED = 1 << 9,       /* nothing */
	RESET_MORE = 1 << 10,  /* struct reset_more */
	RESET_AGAIN = 1 << 11, /* the last packet is not the first reset: how far off that it is */
	EVICTED = 1 << 12,     /* nothing */
	PATTERN_AT = 13,       /* which pattern */
};
_Static_assert(PP_BRIEF_PATTERNS == 1 << (16 - PATTERN_AT), "all bits");

enum { DISTANCE = MARK_NEAR_BYTES };

struct front {
	uint16_t kind;
	uint16_t client_port, server_port;
	uint16_t ip_id;
};

struct repeated {
	uint64_t last; /* distance from the first SYN */
	uint8_t syns, times;
};
enum { REPEATED_BYTES = DISTANCE + 2, TIMES = 0x0f, WIDE = 0x80 /* each takes 4 bytes, not 2 */ };

/* `told` is made of the phase and of: */
enum {
	PHASES = 0x0f,
	HAS_ACK = 1 << 4,
	HAS_TIMESTAMP = 1 << 5,
	DF = 1 << 6,
	ACCEPTABLE = 1 << 7,
	SEQ_GROWS = 1 << 8,
	ACKS_DIFFER = 1 << 9,
	MIXED_FLAGS = 1 << 10,
};
struct reset {
	uint64_t distance; /* from the last SYN */
	uint16_t told, ip_id, count;
	uint8_t ttl, spare;
};

struct reset_more {
	int32_t seq_ahead, ack_ahead;
	uint16_t window, count_other;
};

enum { COMMON = offsetof(struct pp_brief_pattern, client), TIMES_MAX = PP_SYN_TIMES_MAX * sizeof(uint32_t) };

_Static_assert(COMMON == 3 * IMAGE_WORD && sizeof(struct front) == 8 && sizeof(struct reset) == 16 &&
		   sizeof(struct reset_more) == 12,
	       "no padding in what is kept");
_Static_assert(sizeof(struct front) + sizeof(struct pp_mark) + REPEATED_BYTES + TIMES_MAX + sizeof(struct reset) +
		       COMMON + 2 * sizeof(struct pp_addr) + 4 + 4 + sizeof(struct reset_more) + DISTANCE <=
		   PP_BRIEF_MAX,
	       "room");

/* ------------------------------------------------------------------ putting */

#define ANY(from, to)                                                                                                  \
	pp_image_any((const uint8_t *)conn + offsetof(struct pp_connection, from),                                     \
		     (offsetof(struct pp_connection, to) - offsetof(struct pp_connection, from)) / IMAGE_WORD)

/* What is set in no brief one.  Of lists it is enough that they have no entries. */
static bool has_more(const struct pp_connection *conn)
{
	const struct pp_tcp_facts *tcp = &conn->tcp;
	const struct pp_tcp_side *client = &tcp->side[PP_CLIENT], *server = &tcp->side[PP_SERVER];
	uint64_t any = ANY(tcp.side[0].first_data, tcp.side[0].last) | ANY(tcp.side[0].fin, tcp.side[0].packets) |
		       ANY(tcp.side[0].bytes, tcp.side[1].last) | ANY(tcp.side[1].fin, tcp.side[1].packets) |
		       ANY(tcp.side[1].profile, tcp.syn) | ANY(tcp.syn_ack, tcp.rst.mark) |
		       ANY(tcp.rst.peer_later, tcp.rst.idle_ns) | ANY(tcp.longest_idle_ns, tcp.one_sided);
	unsigned more = client->largest_payload | server->largest_payload | tcp->syn_ack_count |
			(unsigned)tcp->sides_by | tcp->offload_segments | tcp->icmp_count;

	return any || more || client->fin_acked || tcp->fast_open || tcp->simultaneous_open || tcp->midstream ||
	       tcp->one_sided || tcp->reordered || tcp->disordered || tcp->snapped || tcp->more_elsewhere ||
	       tcp->watch_part_acked || conn->http || conn->tls || conn->protocol || conn->server_head.p ||
	       conn->client_head.p;
}

static bool syns_are_plain(const struct pp_connection *conn)
{
	const struct pp_tcp_facts *tcp = &conn->tcp;
	const struct pp_tcp_side *client = &tcp->side[PP_CLIENT];

	if (tcp->syn_count == 0 || tcp->syn_count > UINT8_MAX || client->packets != tcp->syn_count ||
	    tcp->syn_retransmits != tcp->syn_count - 1 || tcp->syn_times > PP_SYN_TIMES_MAX || !pp_seen(conn->first) ||
	    conn->first.file != conn->file || !pp_mark_same(&conn->first, &tcp->syn) ||
	    !pp_mark_same(&client->last, &tcp->syn_last) || tcp->handshake_rtt_ns != -1 || tcp->ack_rtt_min_ns != -1)
		return false;
	return tcp->syn_count > 1 ||
	       (tcp->syn_times == 1 && tcp->syn_ms[0] == 0 && pp_mark_same(&tcp->syn, &tcp->syn_last));
}

/* But for its end, the connection is as a brief record has it.  Whatever a half open flow tells is (flow/half.h). */
static bool is_plain(const struct pp_connection *conn)
{
	if (!conn->half_open || conn->tcp.disordered || conn->tcp.more_elsewhere)
		return syns_are_plain(conn) && !has_more(conn);
	assert(syns_are_plain(conn) && !has_more(conn));
	return true;
}

static bool no_reset(const struct pp_connection *conn)
{
	const struct pp_tcp_side *server = &conn->tcp.side[PP_SERVER];

	return server->packets == 0 &&
	       (ANY(tcp.side[1].last, tcp.side[1].fin) | ANY(tcp.rst, tcp.rst.peer_later) |
		ANY(tcp.rst.idle_ns, tcp.rst.since_other_ns)) == 0 &&
	       conn->tcp.rst.since_other_ns == -1 && pp_mark_same(&conn->last, &conn->tcp.syn_last);
}

/* One of the server's that came after the last SYN, with nothing of either side between them. */
static bool reset_is_plain(const struct pp_connection *conn)
{
	const struct pp_tcp_reset *rst = &conn->tcp.rst;
	const struct pp_tcp_side *server = &conn->tcp.side[PP_SERVER];

	return pp_seen(rst->mark) && rst->from == PP_SERVER && (unsigned)rst->after <= PHASES &&
	       rst->count <= UINT16_MAX && rst->count_other <= UINT16_MAX && server->packets == rst->count &&
	       rst->idle_ns == rst->since_other_ns &&
	       (uint64_t)rst->idle_ns == (uint64_t)rst->mark.ts - (uint64_t)conn->tcp.syn_last.ts &&
	       pp_mark_same(&conn->last, &server->last);
}

/* Where a record is written, and the bits of its kind. */
struct out {
	uint8_t *at;
	unsigned kind;
};

static void add(struct out *out, const void *bytes, size_t len)
{
	memcpy(out->at, bytes, len);
	out->at += len;
}

static void put_first(struct out *out, const struct pp_mark *first, const struct pp_mark *near)
{
	uint64_t distance;

	if (pp_image_near(first, near, &distance)) {
		out->kind |= NEAR;
		add(out, &distance, DISTANCE);
	} else {
		struct pp_mark whole = { first->ts, first->packet, first->file, 0 };

		add(out, &whole, sizeof(whole));
	}
}

static struct pp_brief_pattern common_of(const struct pp_connection *conn)
{
	struct pp_brief_pattern common = { .profile = conn->tcp.side[PP_CLIENT].profile,
					   .file = conn->file,
					   .ip_version = conn->ip_version,
					   .tunnels = conn->tunnels,
					   .client = conn->client.ip };

	common.profile.ip_id_last = 0;
	return common;
}

PP_IMAGE uint64_t word_of(const struct pp_brief_pattern *common, unsigned nr)
{
	return pp_image_word((const uint8_t *)common + (size_t)nr * IMAGE_WORD);
}

static void put_common(struct out *out, const struct pp_connection *conn, struct pp_brief_pattern *patterns)
{
	struct pp_brief_pattern common = common_of(conn);
	uint64_t words[] = { word_of(&common, 0), word_of(&common, 1), word_of(&common, 2) };
	unsigned nr = (unsigned)((words[0] ^ words[2]) * UINT64_C(0x9e3779b97f4a7c15) >> 61) % PP_BRIEF_PATTERNS;
	struct pp_brief_pattern *pattern = &patterns[nr];

	if (pattern->ip_version == 0)
		*pattern = common;
	out->kind |= nr << PATTERN_AT;
	if (((words[0] ^ word_of(pattern, 0)) | (words[1] ^ word_of(pattern, 1)) | (words[2] ^ word_of(pattern, 2))) ==
	    0)
		out->kind |= USUAL;
	else
		add(out, &common, COMMON);
	if (pp_addr_equal(&common.client, &pattern->client))
		out->kind |= CLIENT;
}

static void put_addresses(struct out *out, const struct pp_connection *conn)
{
	size_t skip = 0;

	if (pp_addr_is_v4(&conn->client.ip) && pp_addr_is_v4(&conn->server.ip)) {
		out->kind |= V4;
		skip = 12;
	}
	if (!(out->kind & CLIENT))
		add(out, conn->client.ip.b + skip, sizeof(conn->client.ip.b) - skip);
	add(out, conn->server.ip.b + skip, sizeof(conn->server.ip.b) - skip);
}

/* False: too far away. */
static bool distance_of(const struct pp_mark *mark, const struct pp_mark *from, uint64_t *ret_distance)
{
	return pp_seen(*mark) && pp_image_near(mark, from, ret_distance);
}

static void put_times(struct out *out, const struct pp_tcp_facts *tcp, bool wide)
{
	if (wide) {
		add(out, tcp->syn_ms, tcp->syn_times * sizeof(tcp->syn_ms[0]));
		return;
	}
	for (uint32_t i = 0; i < tcp->syn_times; i++) {
		uint16_t ms = (uint16_t)tcp->syn_ms[i];

		add(out, &ms, sizeof(ms));
	}
}

static bool put_repeated(struct out *out, const struct pp_tcp_facts *tcp)
{
	struct repeated repeated = { .syns = (uint8_t)tcp->syn_count, .times = (uint8_t)tcp->syn_times };
	uint32_t any = 0;

	if (!distance_of(&tcp->syn_last, &tcp->syn, &repeated.last))
		return false;
	for (uint32_t i = 0; i < tcp->syn_times; i++)
		any |= tcp->syn_ms[i];
	if (any > UINT16_MAX)
		repeated.times |= WIDE;
	out->kind |= REPEATED;
	add(out, &repeated, REPEATED_BYTES);
	put_times(out, tcp, any > UINT16_MAX);
	return true;
}

static bool put_reset(struct out *out, const struct pp_tcp_facts *tcp)
{
	const struct pp_tcp_reset *rst = &tcp->rst;
	unsigned told = (unsigned)rst->after | (rst->has_ack ? HAS_ACK : 0) | (rst->has_timestamp ? HAS_TIMESTAMP : 0) |
			(rst->df ? DF : 0) | (rst->acceptable ? ACCEPTABLE : 0) | (rst->seq_grows ? SEQ_GROWS : 0) |
			(rst->acks_differ ? ACKS_DIFFER : 0) | (rst->mixed_flags ? MIXED_FLAGS : 0);
	struct reset reset = {
		.told = (uint16_t)told, .ttl = rst->ttl, .ip_id = rst->ip_id, .count = (uint16_t)rst->count
	};

	if (!distance_of(&rst->mark, &tcp->syn_last, &reset.distance))
		return false;
	out->kind |= RESET;
	add(out, &reset, sizeof(reset));
	return true;
}

static bool put_more(struct out *out, const struct pp_connection *conn)
{
	const struct pp_tcp_reset *rst = &conn->tcp.rst;
	uint64_t distance;

	if (rst->seq_ahead | rst->ack_ahead | (int32_t)(rst->window | rst->count_other)) {
		struct reset_more more = { rst->seq_ahead, rst->ack_ahead, rst->window, (uint16_t)rst->count_other };

		out->kind |= RESET_MORE;
		add(out, &more, sizeof(more));
	}
	if (pp_mark_same(&conn->last, &rst->mark))
		return true;
	out->kind |= RESET_AGAIN;
	if (!distance_of(&conn->last, &rst->mark, &distance))
		return false;
	add(out, &distance, DISTANCE);
	return true;
}

static size_t put_all(const struct pp_connection *conn, const struct pp_mark *near, struct pp_brief_pattern *patterns,
		      uint8_t *to)
{
	const struct pp_tcp_facts *tcp = &conn->tcp;
	bool reset = pp_seen(tcp->rst.mark);
	struct out out = { to + sizeof(struct front),
			   BRIEF | (tcp->evicted ? EVICTED : 0) | (tcp->port_reused ? REUSED : 0) };
	struct front front = { .client_port = conn->client.port,
			       .server_port = conn->server.port,
			       .ip_id = tcp->side[PP_CLIENT].profile.ip_id_last };

	put_first(&out, &conn->first, near);
	if (tcp->syn_count > 1 && !put_repeated(&out, tcp))
		return 0;
	if (reset && !put_reset(&out, tcp))
		return 0;
	put_common(&out, conn, patterns);
	put_addresses(&out, conn);
	if (conn->stream != conn->index) {
		out.kind |= STREAM;
		add(&out, &conn->stream, sizeof(conn->stream));
	}
	if (tcp->duplicates) {
		out.kind |= DUPLICATES;
		add(&out, &tcp->duplicates, sizeof(tcp->duplicates));
	}
	if (reset && !put_more(&out, conn))
		return 0;
	front.kind = (uint16_t)out.kind;
	memcpy(to, &front, sizeof(front));
	return (size_t)(out.at - to);
}

size_t pp_brief_put(const struct pp_connection *conn, const struct pp_mark *near,
		    struct pp_brief_pattern patterns[PP_BRIEF_PATTERNS], uint8_t to[PP_BRIEF_MAX])
{
	if (!is_plain(conn) || !(pp_seen(conn->tcp.rst.mark) ? reset_is_plain(conn) : no_reset(conn)))
		return 0;
	return put_all(conn, near, patterns, to);
}

/* ------------------------------------------------------------------ taking */

/* False, and the cursor failed, where there is too little: every `take` of these. */
static bool take(struct pp_cur *cur, void *to, size_t len)
{
	const uint8_t *at = pp_cur_fixed(cur, len);

	if (at)
		memcpy(to, at, len);
	return at != NULL;
}

static bool take_mark(struct pp_cur *cur, const struct pp_mark *from, struct pp_mark *ret_mark)
{
	uint64_t distance;

	if (!take(cur, &distance, DISTANCE))
		return false;
	*ret_mark = *from;
	pp_image_go_on(ret_mark, distance);
	return true;
}

static bool take_first(struct pp_cur *cur, unsigned kind, struct pp_connection *conn)
{
	struct pp_mark near = conn->first;

	if (!(kind & NEAR ? take_mark(cur, &near, &conn->first) : take(cur, &conn->first, sizeof(conn->first))))
		return false;
	conn->tcp.syn = conn->tcp.syn_last = conn->first;
	return true;
}

static bool take_times(struct pp_cur *cur, struct pp_tcp_facts *tcp, bool wide)
{
	for (uint32_t i = 0; i < tcp->syn_times; i++) {
		uint16_t ms = 0;

		if (!(wide ? take(cur, &tcp->syn_ms[i], sizeof(tcp->syn_ms[i])) : take(cur, &ms, sizeof(ms))))
			return false;
		tcp->syn_ms[i] += ms;
	}
	return true;
}

static bool take_repeated(struct pp_cur *cur, struct pp_tcp_facts *tcp)
{
	struct repeated repeated;

	if (!take(cur, &repeated, REPEATED_BYTES) || repeated.syns == 0 || (repeated.times & TIMES) > PP_SYN_TIMES_MAX)
		return false;
	pp_image_go_on(&tcp->syn_last, repeated.last);
	tcp->syn_count = repeated.syns;
	tcp->syn_times = repeated.times & TIMES;
	return take_times(cur, tcp, repeated.times & WIDE);
}

static bool take_reset(struct pp_cur *cur, struct pp_connection *conn)
{
	struct pp_tcp_reset *rst = &conn->tcp.rst;
	struct reset reset;

	if (!take(cur, &reset, sizeof(reset)))
		return false;
	rst->mark = conn->tcp.syn_last;
	pp_image_go_on(&rst->mark, reset.distance);
	rst->idle_ns = rst->since_other_ns = (int64_t)((uint64_t)rst->mark.ts - (uint64_t)conn->tcp.syn_last.ts);
	rst->from = PP_SERVER;
	rst->after = (enum pp_phase)(reset.told & PHASES);
	rst->has_ack = (reset.told & HAS_ACK) != 0;
	rst->has_timestamp = (reset.told & HAS_TIMESTAMP) != 0;
	rst->df = (reset.told & DF) != 0;
	rst->ttl = reset.ttl;
	rst->ip_id = reset.ip_id;
	rst->count = reset.count;
	rst->acceptable = (reset.told & ACCEPTABLE) != 0;
	rst->seq_grows = (reset.told & SEQ_GROWS) != 0;
	rst->acks_differ = (reset.told & ACKS_DIFFER) != 0;
	rst->mixed_flags = (reset.told & MIXED_FLAGS) != 0;
	return true;
}

static bool take_common(struct pp_cur *cur, const struct front *front, const struct pp_brief_pattern *pattern,
			struct pp_connection *conn)
{
	struct pp_brief_pattern common = *pattern;

	if (!(front->kind & USUAL) && !take(cur, &common, COMMON))
		return false;
	common.profile.ip_id_last = front->ip_id;
	conn->tcp.side[PP_CLIENT].profile = common.profile;
	conn->file = common.file;
	conn->ip_version = common.ip_version;
	conn->tunnels = common.tunnels;
	conn->client = (struct pp_endpoint_addr){ pattern->client, front->client_port };
	conn->server.port = front->server_port;
	return true;
}

static bool take_address(struct pp_cur *cur, bool v4, struct pp_addr *ret_addr)
{
	const uint8_t *at = pp_cur_fixed(cur, v4 ? 4 : 16);

	if (at)
		*ret_addr = v4 ? pp_addr_v4(at) : pp_addr_v6(at);
	return at != NULL;
}

static bool take_more(struct pp_cur *cur, unsigned kind, struct pp_connection *conn)
{
	struct pp_tcp_reset *rst = &conn->tcp.rst;
	struct reset_more more;

	if (kind & RESET_MORE) {
		if (!take(cur, &more, sizeof(more)))
			return false;
		rst->seq_ahead = more.seq_ahead;
		rst->ack_ahead = more.ack_ahead;
		rst->window = more.window;
		rst->count_other = more.count_other;
	}
	conn->last = rst->mark;
	if (kind & RESET_AGAIN && !take_mark(cur, &rst->mark, &conn->last))
		return false;
	conn->tcp.side[PP_SERVER].last = conn->last;
	conn->tcp.side[PP_SERVER].packets = rst->count;
	return true;
}

static void take_implied(unsigned kind, struct pp_connection *conn)
{
	struct pp_tcp_facts *tcp = &conn->tcp;

	tcp->side[PP_CLIENT].packets = tcp->syn_count;
	tcp->syn_retransmits = tcp->syn_count - 1;
	tcp->handshake_rtt_ns = tcp->ack_rtt_min_ns = -1;
	tcp->port_reused = (kind & REUSED) != 0;
	tcp->evicted = (kind & EVICTED) != 0;
	conn->last = tcp->side[PP_CLIENT].last = tcp->syn_last;
}

bool pp_brief_take(struct pp_span bytes, const struct pp_brief_pattern patterns[PP_BRIEF_PATTERNS],
		   struct pp_connection *ret_conn)
{
	struct pp_connection *conn = ret_conn;
	struct pp_tcp_facts *tcp = &conn->tcp;
	struct pp_cur cur = pp_cur_span(bytes, PP_MALFORMED);
	struct front front;
	unsigned kind;

	tcp->syn_count = tcp->syn_times = 1;
	tcp->rst.since_other_ns = -1;
	if (!take(&cur, &front, sizeof(front)))
		return false;
	kind = front.kind;
	if (!take_first(&cur, kind, conn) || (kind & REPEATED && !take_repeated(&cur, tcp)) ||
	    (kind & RESET && !take_reset(&cur, conn)) ||
	    !take_common(&cur, &front, &patterns[kind >> PATTERN_AT], conn) ||
	    (!(kind & CLIENT) && !take_address(&cur, kind & V4, &conn->client.ip)) ||
	    !take_address(&cur, kind & V4, &conn->server.ip) ||
	    (kind & STREAM && !take(&cur, &conn->stream, sizeof(conn->stream))) ||
	    (kind & DUPLICATES && !take(&cur, &tcp->duplicates, sizeof(tcp->duplicates))))
		return false;
	take_implied(kind, conn);
	return (!(kind & RESET) || take_more(&cur, kind, conn)) && pp_cur_finish(&cur) == PP_OK;
}
