/* flow: TCP segments → connections: who is who, what the headers say, where each segment lies in its stream.
 *
 * Shape   pp_flows_find() gives the connection of a segment (numbered as Wireshark's tcp.stream); pp_flow_segment()
 *         files the segment's facts and says which stream bytes it carries.  Bytes themselves are stream/'s business.
 *         A flow that has ended, or fell silent for long, is taken out with pp_flows_expire(); its facts are final then.
 *         A late segment of such a flow is recognised by a tombstone and belongs to nobody.
 * Units   ns, bytes; offsets from the first byte after the SYN.
 * Owns    pp_flows owns all flows; `detail` belongs to whoever set it and must be gone before the flow is released.
 * Limits  `most` flows at once, or PP_FLOW_HALVES times as many half open ones: the one silent for longest is evicted
 *         and marked; tombstones: PP_TOMBSTONES_MAX (flow/graves.h).
 * Source  RFC 9293; Wireshark 4.0 packet-tcp.c for what makes a stream (base sequence numbers, reused ports).
 */
#ifndef PP_FLOW_FLOW_H
#define PP_FLOW_FLOW_H

#include "base/hash.h"
#include "base/time.h"
#include "decode/packet.h"
#include "flow/tcp_facts.h"

#include <stdalign.h>

enum { PP_RECENT_MAX = 8, PP_FLOW_LINE = 64 /* bytes in a cache line */ };
enum { PP_FLOW_HALVES = 6 }; /* half open flows that take the memory of one with a body */
enum { PP_HALF_SYNS_MAX = 7, PP_HALF_REFUSED_SYNS_MAX = 2 };

/* Canonical: the lower endpoint first, so that both directions have one key. */
struct pp_flow_key {
	struct pp_addr ip[2];
	uint16_t port[2];
};

/* What is needed to place a segment; facts are in pp_tcp_facts. */
struct pp_flow_side {
	int64_t next;      /* offset behind the highest byte sent */
	uint32_t next_seq; /* its sequence number */
	bool known;        /* next_seq and next are valid */
	bool base_set;     /* Wireshark's base_seq */
	bool isn_set, fin_set, ack_set;
	uint8_t rst_flags;
	uint8_t recent_next;
	uint16_t last_window;
	uint32_t last_ack;
	int64_t sent_at;  /* RTT sample under way: when … */
	int64_t sent_end; /* … and up to which offset; 0: none */
	struct {
		uint32_t signature[PP_RECENT_MAX];
		int64_t ts[PP_RECENT_MAX];
	} recent;
	int64_t zero_since; /* PP_TIME_NONE: window open */
	int64_t fin_offset;
	int64_t large_end; /* PP_LARGE_PAYLOAD bytes into its first segment that has them; 0: none */
	uint32_t base_seq;
	uint32_t isn;              /* of its SYN or SYN-ACK */
	uint32_t rst_seq, rst_ack; /* of its first reset */
	uint32_t rst_count;
};

/* What there is to know of a connection. */
struct pp_flow_body {
	struct pp_flow_side side[2];
	struct pp_mark last_data;
	struct pp_tcp_facts facts;
	uint32_t icmp_seq[PP_ICMP_MAX]; /* what an early ICMP error quotes; bit in icmp_early */
	uint8_t icmp_early;
};

/* The server's RST,ACK that answered a SYN. */
struct pp_flow_refusal {
	int64_t ts;
	int64_t idle_ns; /* since the segment before it, copies made by the capture too */
	uint32_t packet, signature, seq, ack;
	uint16_t ip_id, window;
	uint8_t ttl, flags;
	bool has_timestamp, df;
};

/* As long as a client's SYNs are all there is, and perhaps the refusal that ends it, this is kept instead of a body: a
 * storm of them must not cost a whole record each.  The SYNs are alike but for when they came, or the body is made
 * after all. */
struct pp_flow_half {
	uint32_t isn, last_packet; /* packets: SYNs, copies made by the capture apart */
	uint16_t window, ip_id;
	uint16_t duplicates;
	uint8_t count, ttl;
	bool ip_id_seen, refused;
	uint8_t options, wscale;
	uint32_t signature[PP_HALF_SYNS_MAX];
	union {
		int64_t ts[PP_HALF_SYNS_MAX];
		struct {
			int64_t ts_before[PP_HALF_REFUSED_SYNS_MAX];
			struct pp_flow_refusal refusal;
		};
	};
	uint32_t first_packet, option_order;
	uint16_t mss, window_syn;
};

/* What is asked of every segment comes first: a cache line of it, and two more for one that is half open. */
struct pp_flow {
	alignas(PP_FLOW_LINE) struct pp_flow_key key;
	uint32_t slot;      /* its place in the table */
	uint8_t client;     /* index in key of the client */
	bool smooth;        /* no segment needs more than its numbers filed, unless it has more to say than ACK */
	bool closed, ghost; /* ghost: known only from an ICMP quote */
	bool reused, evicted;
	uint8_t ip_version, tunnels;
	struct pp_flow_body *body; /* NULL: half open */
	void *detail;              /* streams and dissectors */
	struct pp_mark last;
	int64_t listed_ts; /* when it was last moved in its list */
	struct pp_flow_half half;
	struct pp_mark first;
	uint32_t index, stream;
	uint64_t files;  /* bit per input file it has packets in, the first 64 files */
	uint16_t file;   /* of the first packet */
	bool disordered; /* a packet came that is earlier than the one before, and nobody put it in order */
	uint32_t lowest; /* packet; below the first one's where they do not come as the file has them */
	struct pp_flow_points *points; /* NULL: all is captured at one point */
};

struct pp_flows;

struct pp_flows *pp_flows_new(size_t most, struct pp_hash_key key);
void pp_flows_free(struct pp_flows *flows); /* every flow must have been released */

/* The hash of a TCP packet's flow, whose lowest bit tells the two directions apart. */
uint64_t pp_flows_hash(const struct pp_flows *flows, const struct pp_packet *packet);
/* The hashes of packets in a row, 0 for those that are no TCP, and whether each is TCP and has the ends of the one before
 * it.  The memory that finding their flows begins with is asked for; the other two go on from there, later, each needing
 * what the former has brought. */
void pp_flows_hash_packets(const struct pp_flows *flows, const struct pp_packet *packets, size_t count,
			   uint64_t *ret_hashes, bool *ret_same);
bool pp_flows_scattered(const struct pp_flows *flows); /* whether that is of use: a small table stays in the cache */
void pp_flows_prefetch_flow(const struct pp_flows *flows, uint64_t hash);
static inline bool pp_flows_hash_is_same(uint64_t a, uint64_t b) { return (a ^ b) <= 1; } /* of one flow */

/* The segment's flow, made if need be, with a body if the segment needs one.  NULL: a late segment of a flow that is
 * gone, or no memory. */
struct pp_flow *pp_flows_find(struct pp_flows *flows, const struct pp_packet *packet, uint64_t hash,
			      struct pp_mark now);
/* After the segment was filed: moves the flow to where its state and time put it. */
void pp_flows_move(struct pp_flows *flows, struct pp_flow *flow);
/* One that runs smoothly is where it belongs; and so as not to move it for every packet: */
static PP_ALWAYS void pp_flows_touch_smooth(struct pp_flows *flows, struct pp_flow *flow)
{
	if (flow->last.ts - flow->listed_ts >= PP_SECOND)
		pp_flows_move(flows, flow);
}
static inline void pp_flows_touch(struct pp_flows *flows, struct pp_flow *flow)
{
	if (flow->smooth)
		pp_flows_touch_smooth(flows, flow);
	else
		pp_flows_move(flows, flow);
}
/* The flow an ICMP error quotes, and which side's segment it quotes; NULL: none.  A quote with a whole TCP header makes
 * a stream in Wireshark, so it takes a number here too. */
struct pp_flow *pp_flows_quoted(struct pp_flows *flows, const struct pp_icmp_quote *quote, struct pp_mark now,
				enum pp_side *ret_side);

/* What a segment brings to its side's stream. */
struct pp_flow_news {
	enum pp_side side;
	bool duplicate; /* a copy made by the capture: nothing was filed */
	bool payload;   /* carries stream bytes: [offset, offset + len) */
	int64_t offset;
	uint32_t len;
	int64_t next_before; /* the side's highest offset before this segment */
};

/* `phase` is what had happened before this segment, by the dissectors (PP_PHASE_UNKNOWN: no payload so far). */
void pp_flow_segment(struct pp_flow *flow, const struct pp_packet *packet, struct pp_mark now, enum pp_phase phase,
		     struct pp_flow_news *ret_news);
/* All of the above at once for a SYN that comes first, or after others like it and is no copy: SYN is set and ACK is not.
 * False: nothing was done. */
bool pp_flows_syn(struct pp_flows *flows, const struct pp_packet *packet, uint64_t hash, const struct pp_mark *now);
/* The same for a segment with RST set that refuses a flow of which only SYNs were seen. */
bool pp_flows_refused(struct pp_flows *flows, const struct pp_packet *packet, uint64_t hash, const struct pp_mark *now);
/* From now on segments may have been captured at several points: flow/points.h.  `ended` tells whether an input file holds
 * nothing of that time any more. */
void pp_flows_points(struct pp_flows *flows, bool (*ended)(const void *context, uint16_t file, int64_t ts),
		     const void *context);
enum pp_flow_point {
	PP_POINT_FILED,    /* to be filed */
	PP_POINT_LEFT_OUT, /* another point's copy of a segment that was filed, or will be */
	PP_POINT_AGAIN, /* to be filed as the first of its flow: what was filed so far, the caller's `detail` apart, is gone */
};
/* Asked before a TCP segment is filed.  `point`: file in the upper half, interface in the lower one, below 0xffff. */
enum pp_flow_point pp_flows_point(struct pp_flows *flows, const struct pp_packet *packet, uint64_t hash, uint32_t point,
				  struct pp_mark now);
/* The same for points that only the TTL tells apart, as merging captures makes one interface of theirs: between
 * pp_flows_find() and pp_flow_segment(). */
enum pp_flow_point pp_flows_hop(struct pp_flows *flows, struct pp_flow *flow, const struct pp_packet *packet,
				uint64_t hash, struct pp_mark now);
/* Tells which bytes of a payload were there before: stream/ knows.  Counts retransmissions and reordering. */
void pp_flow_payload(struct pp_flow *flow, const struct pp_flow_news *news, bool had_all);
/* The same for a payload that continues its stream. */
static inline void pp_flow_payload_in_order(struct pp_flow *flow, const struct pp_flow_news *news)
{
	flow->body->facts.side[news->side].bytes += news->len;
}
/* A request of the client is complete: from now on its acknowledgement is watched, unless the server closed on the one
 * before. */
void pp_flow_watch(struct pp_flow *flow, int64_t begin, int64_t end, uint32_t segments, struct pp_mark now);
void pp_flow_icmp(struct pp_flow *flow, const struct pp_packet *packet, enum pp_side about, struct pp_mark now);
/* The sides were guessed wrongly: the dissectors saw who is who. */
void pp_flow_swap(struct pp_flow *flow, enum pp_sides_by by);
/* Gives a half open flow its body; false without memory. */
bool pp_flows_unfold(struct pp_flows *flows, struct pp_flow *flow);
/* The facts, with what only the end tells (missing bytes, last zero window); once. */
void pp_flow_finish(struct pp_flow *flow, int64_t end_of_capture, struct pp_tcp_facts *ret_facts);

/* Takes out flows that are over: `now` is packet time.  Call with the largest possible time to take out all.
 * NULL: no more. */
struct pp_flow *pp_flows_expire(struct pp_flows *flows, int64_t now);
void pp_flows_release(struct pp_flows *flows, struct pp_flow *flow);

struct pp_flows_counts {
	uint32_t indexes; /* flows numbered so far, ghosts too */
	uint64_t late;    /* segments of flows that are gone */
	uint64_t evicted; /* flows given up for the cap */
	uint64_t tombstones_lost;
};
/* How many flows have to be looked at to find the last one under this hash: what an attacker wants to be large. */
size_t pp_flows_chain(const struct pp_flows *flows, uint64_t hash);
/* Bytes that connections which are gone take. */
size_t pp_flows_past_memory(const struct pp_flows *flows);
struct pp_flows_counts pp_flows_counts(const struct pp_flows *flows);
uint32_t pp_flows_streams(const struct pp_flows *flows, uint16_t file); /* streams whose first packet is in that file */

static inline enum pp_side pp_flow_side_of(const struct pp_flow *flow, const struct pp_packet *packet)
{
	return packet->sport == flow->key.port[flow->client] && pp_addr_equal(&packet->src, &flow->key.ip[flow->client])
		   ? PP_CLIENT
		   : PP_SERVER;
}

/* Whether pp_flows_hop() can have anything to say.  The port will do to tell the sides here. */
static inline bool pp_flow_hops_matter(const struct pp_flow *flow, const struct pp_packet *packet)
{
	enum pp_side side = packet->sport == flow->key.port[flow->client] ? PP_CLIENT : PP_SERVER;
	uint8_t ttl = flow->body ? flow->body->facts.side[side].profile.ttl_min : 0;

	return flow->points || (ttl && ttl != packet->ttl);
}

#endif
