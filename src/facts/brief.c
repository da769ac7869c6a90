#include "facts/brief.h"

#include "facts/image.h"

#include <stddef.h>
#include <string.h>

/* Bits of `kind`, and what they add behind the fixed part, in this order. */
enum {
	BRIEF = 1,            /* in each of them */
	V4 = 1 << 1,          /* both addresses in 4 bytes, else in 16 */
	STREAM = 1 << 2,      /* a stream number other than the index */
	REPEATED = 1 << 3,    /* SYNs after the first: how far off the last one is, and when each came */
	DUPLICATES = 1 << 4,  /* their count */
	RESET = 1 << 5,       /* struct reset */
	RESET_AGAIN = 1 << 6, /* the last packet is not the first reset: how far off that it is */
	EVICTED = 1 << 7,     /* nothing */
};

/* Of `after`: the phase, and beside it: */
enum { PHASES = 0x0f, REUSED = 0x10 };

enum { DISTANCE = MARK_NEAR_BYTES };

struct fixed {
	uint8_t kind, after;
	uint16_t file;
	uint32_t index;
	int64_t ts; /* of the first SYN */
	uint32_t packet;
	struct pp_tcp_profile profile;
	uint16_t client_port, server_port;
	uint8_t ip_version, tunnels, syns, syn_times;
};

struct reset {
	uint64_t distance; /* from the last SYN */
	uint8_t ttl, has_ack, has_timestamp, df;
	uint16_t ip_id, window;
	int32_t seq_ahead, ack_ahead;
	uint16_t count, count_other;
	uint8_t acceptable, seq_grows, acks_differ, mixed_flags;
};

_Static_assert(sizeof(struct fixed) == 48 && sizeof(struct reset) == 32, "no padding in what is kept");
_Static_assert(sizeof(struct fixed) + 2 * sizeof(struct pp_addr) + 4 + DISTANCE + 4 * PP_SYN_TIMES_MAX + 4 +
		       sizeof(struct reset) + DISTANCE <=
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
	       tcp->one_sided || tcp->reordered || tcp->snapped || tcp->watch_part_acked || conn->http || conn->tls ||
	       conn->protocol || conn->server_head.p || conn->client_head.p;
}

static bool same(const struct pp_mark *a, const struct pp_mark *b)
{
	return a->ts == b->ts && a->packet == b->packet && a->file == b->file;
}

static bool syns_are_plain(const struct pp_connection *conn)
{
	const struct pp_tcp_facts *tcp = &conn->tcp;
	const struct pp_tcp_side *client = &tcp->side[PP_CLIENT];

	if (tcp->syn_count == 0 || tcp->syn_count > UINT8_MAX || client->packets != tcp->syn_count ||
	    tcp->syn_retransmits != tcp->syn_count - 1 || tcp->syn_times > PP_SYN_TIMES_MAX || !pp_seen(conn->first) ||
	    conn->first.file != conn->file || !same(&conn->first, &tcp->syn) || !same(&client->last, &tcp->syn_last) ||
	    tcp->handshake_rtt_ns != -1 || tcp->ack_rtt_min_ns != -1)
		return false;
	return tcp->syn_count > 1 || (tcp->syn_times == 1 && tcp->syn_ms[0] == 0 && same(&tcp->syn, &tcp->syn_last));
}

static bool no_reset(const struct pp_connection *conn)
{
	const struct pp_tcp_side *server = &conn->tcp.side[PP_SERVER];

	return server->packets == 0 &&
	       (ANY(tcp.side[1].last, tcp.side[1].fin) | ANY(tcp.rst, tcp.rst.peer_later) |
		ANY(tcp.rst.idle_ns, tcp.rst.since_other_ns)) == 0 &&
	       conn->tcp.rst.since_other_ns == -1 && same(&conn->last, &conn->tcp.syn_last);
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
	       same(&conn->last, &server->last);
}

#define ADD(bytes, len) (memcpy(to + at, (bytes), (len)), at += (len))

static size_t put_addresses(const struct pp_connection *conn, uint8_t *to, uint8_t *kind)
{
	size_t at = 0;

	if (pp_addr_is_v4(&conn->client.ip) && pp_addr_is_v4(&conn->server.ip)) {
		*kind |= V4;
		ADD(conn->client.ip.b + 12, 4);
		ADD(conn->server.ip.b + 12, 4);
	} else {
		ADD(conn->client.ip.b, 16);
		ADD(conn->server.ip.b, 16);
	}
	return at;
}

/* Nothing: too far away. */
static size_t put_distance(const struct pp_mark *mark, const struct pp_mark *from, uint8_t *to)
{
	uint64_t distance;

	if (!pp_seen(*mark) || !pp_image_near(mark, from, &distance))
		return 0;
	memcpy(to, &distance, DISTANCE);
	return DISTANCE;
}

static size_t put_reset(const struct pp_connection *conn, uint8_t *to, uint8_t *kind)
{
	const struct pp_tcp_reset *rst = &conn->tcp.rst;
	struct reset reset = { .ttl = rst->ttl,
			       .has_ack = rst->has_ack,
			       .has_timestamp = rst->has_timestamp,
			       .df = rst->df,
			       .ip_id = rst->ip_id,
			       .window = rst->window,
			       .seq_ahead = rst->seq_ahead,
			       .ack_ahead = rst->ack_ahead,
			       .count = (uint16_t)rst->count,
			       .count_other = (uint16_t)rst->count_other,
			       .acceptable = rst->acceptable,
			       .seq_grows = rst->seq_grows,
			       .acks_differ = rst->acks_differ,
			       .mixed_flags = rst->mixed_flags };
	size_t at = 0, far;

	if (!pp_image_near(&rst->mark, &conn->tcp.syn_last, &reset.distance))
		return 0;
	*kind |= RESET;
	ADD(&reset, sizeof(reset));
	if (same(&conn->last, &rst->mark))
		return at;
	*kind |= RESET_AGAIN;
	far = put_distance(&conn->last, &rst->mark, to + at);
	return far ? at + far : 0;
}

static size_t put_repeated(const struct pp_tcp_facts *tcp, uint8_t *to)
{
	size_t at = put_distance(&tcp->syn_last, &tcp->syn, to);

	memcpy(to + at, tcp->syn_ms, sizeof(tcp->syn_ms));
	return at ? at + tcp->syn_times * sizeof(tcp->syn_ms[0]) : 0;
}

static struct fixed fixed_of(const struct pp_connection *conn)
{
	const struct pp_tcp_facts *tcp = &conn->tcp;

	return (struct fixed){ .kind = (uint8_t)(BRIEF | (tcp->evicted ? EVICTED : 0)),
			       .after = (uint8_t)((unsigned)tcp->rst.after | (tcp->port_reused ? REUSED : 0)),
			       .file = conn->file,
			       .index = conn->index,
			       .ts = conn->first.ts,
			       .packet = conn->first.packet,
			       .profile = tcp->side[PP_CLIENT].profile,
			       .client_port = conn->client.port,
			       .server_port = conn->server.port,
			       .ip_version = conn->ip_version,
			       .tunnels = conn->tunnels,
			       .syns = (uint8_t)tcp->syn_count,
			       .syn_times = (uint8_t)tcp->syn_times };
}

size_t pp_brief_put(const struct pp_connection *conn, uint8_t to[PP_BRIEF_MAX])
{
	const struct pp_tcp_facts *tcp = &conn->tcp;
	bool reset = pp_seen(tcp->rst.mark);
	size_t at = sizeof(struct fixed), part;
	struct fixed fixed;

	if (!syns_are_plain(conn) || has_more(conn) || !(reset ? reset_is_plain(conn) : no_reset(conn)))
		return 0;
	fixed = fixed_of(conn);
	at += put_addresses(conn, to + at, &fixed.kind);
	if (conn->stream != conn->index) {
		fixed.kind |= STREAM;
		ADD(&conn->stream, sizeof(conn->stream));
	}
	if (tcp->syn_count > 1) {
		fixed.kind |= REPEATED;
		at += part = put_repeated(tcp, to + at);
		if (part == 0)
			return 0;
	}
	if (tcp->duplicates) {
		fixed.kind |= DUPLICATES;
		ADD(&tcp->duplicates, sizeof(tcp->duplicates));
	}
	if (reset) {
		at += part = put_reset(conn, to + at, &fixed.kind);
		if (part == 0)
			return 0;
	}
	memcpy(to, &fixed, sizeof(fixed));
	return at;
}

/* ------------------------------------------------------------------ taking */

static size_t bytes_of(const struct fixed *fixed)
{
	unsigned kind = fixed->kind;

	return sizeof(*fixed) + (kind & V4 ? 8 : 32) + (kind & STREAM ? 4 : 0) +
	       (kind & REPEATED ? DISTANCE + fixed->syn_times * sizeof(uint32_t) : 0) + (kind & DUPLICATES ? 4 : 0) +
	       (kind & RESET ? sizeof(struct reset) : 0) + (kind & RESET_AGAIN ? DISTANCE : 0);
}

#define GET(field, len) (memcpy((field), from, (len)), from += (len))

static const uint8_t *take_distance(const uint8_t *from, const struct pp_mark *before, struct pp_mark *ret_mark)
{
	uint64_t distance;

	GET(&distance, DISTANCE);
	*ret_mark = *before;
	pp_image_go_on(ret_mark, distance);
	return from;
}

static const uint8_t *take_reset(const uint8_t *from, const struct fixed *fixed, struct pp_connection *conn)
{
	struct pp_tcp_reset *rst = &conn->tcp.rst;
	struct reset reset;

	GET(&reset, sizeof(reset));
	rst->mark = conn->tcp.syn_last;
	pp_image_go_on(&rst->mark, reset.distance);
	rst->idle_ns = rst->since_other_ns = (int64_t)((uint64_t)rst->mark.ts - (uint64_t)conn->tcp.syn_last.ts);
	rst->from = PP_SERVER;
	rst->after = (enum pp_phase)(fixed->after & PHASES);
	rst->has_ack = reset.has_ack != 0;
	rst->has_timestamp = reset.has_timestamp != 0;
	rst->df = reset.df != 0;
	rst->ttl = reset.ttl;
	rst->ip_id = reset.ip_id;
	rst->window = reset.window;
	rst->seq_ahead = reset.seq_ahead;
	rst->ack_ahead = reset.ack_ahead;
	rst->count = reset.count;
	rst->count_other = reset.count_other;
	rst->acceptable = reset.acceptable != 0;
	rst->seq_grows = reset.seq_grows != 0;
	rst->acks_differ = reset.acks_differ != 0;
	rst->mixed_flags = reset.mixed_flags != 0;
	conn->tcp.side[PP_SERVER].packets = reset.count;
	conn->last = rst->mark;
	if (fixed->kind & RESET_AGAIN)
		from = take_distance(from, &rst->mark, &conn->last);
	conn->tcp.side[PP_SERVER].last = conn->last;
	return from;
}

static void take_fixed(const struct fixed *fixed, struct pp_connection *conn)
{
	struct pp_tcp_facts *tcp = &conn->tcp;

	conn->first = tcp->syn = tcp->syn_last = (struct pp_mark){ fixed->ts, fixed->packet, fixed->file };
	conn->index = conn->stream = fixed->index;
	conn->client.port = fixed->client_port;
	conn->server.port = fixed->server_port;
	conn->file = fixed->file;
	conn->ip_version = fixed->ip_version;
	conn->tunnels = fixed->tunnels;
	tcp->side[PP_CLIENT].packets = tcp->syn_count = fixed->syns;
	tcp->side[PP_CLIENT].profile = fixed->profile;
	tcp->rst.since_other_ns = tcp->handshake_rtt_ns = tcp->ack_rtt_min_ns = -1;
	tcp->syn_retransmits = fixed->syns - 1u;
	tcp->syn_times = fixed->syn_times;
	tcp->port_reused = (fixed->after & REUSED) != 0;
	tcp->evicted = (fixed->kind & EVICTED) != 0;
}

static const uint8_t *take_addresses(const uint8_t *from, unsigned kind, struct pp_connection *conn)
{
	if (kind & V4) {
		conn->client.ip = pp_addr_v4(from);
		conn->server.ip = pp_addr_v4(from + 4);
		return from + 8;
	}
	GET(conn->client.ip.b, sizeof(conn->client.ip.b));
	GET(conn->server.ip.b, sizeof(conn->server.ip.b));
	return from;
}

bool pp_brief_take(struct pp_span bytes, struct pp_connection *ret_conn)
{
	struct pp_connection *conn = ret_conn;
	struct pp_tcp_facts *tcp = &conn->tcp;
	const uint8_t *from = bytes.p;
	struct fixed fixed;

	if (bytes.len < sizeof(fixed))
		return false;
	GET(&fixed, sizeof(fixed));
	if (!(fixed.kind & BRIEF) || fixed.syn_times > PP_SYN_TIMES_MAX || fixed.syns == 0 ||
	    bytes.len != bytes_of(&fixed))
		return false;
	take_fixed(&fixed, conn);
	from = take_addresses(from, fixed.kind, conn);
	if (fixed.kind & STREAM)
		GET(&conn->stream, sizeof(conn->stream));
	if (fixed.kind & REPEATED) {
		from = take_distance(from, &tcp->syn, &tcp->syn_last);
		GET(tcp->syn_ms, fixed.syn_times * sizeof(tcp->syn_ms[0]));
	}
	if (fixed.kind & DUPLICATES)
		GET(&tcp->duplicates, sizeof(tcp->duplicates));
	conn->last = tcp->side[PP_CLIENT].last = tcp->syn_last;
	if (fixed.kind & RESET)
		from = take_reset(from, &fixed, conn);
	return from == bytes.p + bytes.len;
}
