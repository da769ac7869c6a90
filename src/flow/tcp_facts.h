/* tcp_facts: what one TCP connection's headers said, as plain facts.
 *
 * Units   times in ns (PP_TIME_NONE-free: a mark says whether there is one); offsets count stream bytes from the first
 *         byte after the SYN (or from the first byte captured, when the connection was joined midway).
 * Owns    nothing.
 * Source  RFC 9293, RFC 7323, RFC 2018; docs/rules.md for what the reset fields are for.
 */
#ifndef PP_FLOW_TCP_FACTS_H
#define PP_FLOW_TCP_FACTS_H

#include "base/addr.h"
#include "flow/mark.h"

enum { PP_SYN_TIMES_MAX = 12, PP_ICMP_MAX = 4 };
enum { PP_LARGE_PAYLOAD = 1000 }; /* bytes in a segment; a path that is too narrow for full ones may not carry it */

/* How the two sides were told apart. */
enum pp_sides_by { PP_BY_SYN, PP_BY_SYN_ACK, PP_BY_CLIENT_HELLO, PP_BY_SERVER_HELLO, PP_BY_HTTP, PP_BY_PORT };

/* The last thing that had happened: the order is the order of a connection's life. */
enum pp_phase {
	PP_PHASE_UNKNOWN, /* joined midway and nothing recognised yet */
	PP_PHASE_SYN,
	PP_PHASE_HANDSHAKE,
	PP_PHASE_CONNECT,
	PP_PHASE_TUNNEL,
	PP_PHASE_CLIENT_HELLO,
	PP_PHASE_SERVER_HELLO,
	PP_PHASE_TLS_ESTABLISHED,
	PP_PHASE_DATA,
	PP_PHASE_CLOSE,
};

/* One side's habits: what tells two senders behind one address apart. */
struct pp_tcp_profile {
	uint8_t ttl_syn;          /* of its SYN or SYN-ACK; 0: not seen */
	uint8_t ttl_data;         /* of its first segment with payload; 0: none */
	uint8_t ttl_min, ttl_max; /* over all segments but resets */
	uint8_t options_syn;      /* enum pp_tcp_option of its SYN or SYN-ACK */
	uint8_t wscale;
	uint16_t mss; /* announced; 0: none */
	uint16_t window_syn;
	uint32_t option_order; /* pp_tcp_header.option_order of its SYN or SYN-ACK */
	uint16_t ip_id_last;   /* last IPv4 ID that was not 0, resets apart */
	bool ip_id_seen;
	bool timestamps; /* sent the option after the handshake */
};

/* In each of these structs fields lie by kind and by how often they are set: facts/layout.h passes over four words of
 * zeros at once. */
struct pp_tcp_side {
	struct pp_mark first_data, last_data; /* the first and last segment that brought new bytes */
	struct pp_mark last;                  /* last segment of any kind */
	struct pp_mark fin;                   /* first FIN */
	struct pp_mark gap;                   /* first segment that came behind missing bytes not filled in the end */
	struct pp_mark zero_window;           /* first announcement */
	struct pp_mark again;                 /* last segment that only repeated bytes */

	uint32_t packets;         /* capture duplicates not counted */
	uint32_t largest_payload; /* largest segment payload seen */
	struct pp_tcp_profile profile;
	bool fin_acked;
	bool large_acked; /* a segment of PP_LARGE_PAYLOAD bytes or more arrived */

	uint64_t bytes;       /* stream bytes seen, each once */
	uint64_t acked;       /* highest offset of this side's stream the other side acknowledged */
	uint64_t end;         /* offset behind the last byte this side sent */
	uint32_t retransmits; /* segments that brought nothing new, keep-alives apart */
	uint32_t keep_alives; /* the latest in a row between which the other side said nothing */

	uint32_t dup_acks;
	uint32_t out_of_order;
	uint32_t stuck_retransmits; /* repetitions of the oldest unacknowledged bytes since the last progress */
	uint32_t stuck_payload;     /* their largest payload */
	int64_t zero_window_ns;     /* longest time at window 0, to its end or the end of the capture */
	uint32_t zero_windows;      /* segments announcing window 0 (not SYN, FIN, RST) */

	uint64_t missing;       /* bytes never captured below `end` … */
	uint64_t missing_acked; /* … of which the other side acknowledged this many: lost by the capture (CAP-09) */
	uint64_t gap_begin, gap_bytes; /* offset and size of that first hole */
};

/* The reset that ended the connection, against what was known when it came. */
struct pp_tcp_reset {
	struct pp_mark mark;       /* packet 0: none */
	struct pp_mark peer_later; /* data or ACK from the same address with SEQ at or beyond the reset's, after it */
	int64_t idle_ns;           /* time since the segment before it, of either side */
	enum pp_side from;
	enum pp_phase after;
	bool has_ack, has_timestamp, df;
	uint8_t ttl;
	uint16_t ip_id, window;
	int32_t seq_ahead;             /* its SEQ minus the next byte expected from that side */
	int32_t ack_ahead;             /* its ACK minus the highest byte the other side had sent; 0 without ACK */
	uint32_t count;                /* resets from that side, duplicates not counted */
	uint32_t count_other;          /* resets from the other side */
	bool acceptable;               /* RFC 5961/9293: the receiver would take it */
	bool seq_grows;                /* later ones lie beyond the first and beyond all data: RST_SEQ_CHANGE */
	bool acks_differ, mixed_flags; /* more than one ACK number; RST beside RST,ACK */
	int64_t since_other_ns;        /* time since the last segment of the other side; -1: none */
};

struct pp_icmp_error {
	struct pp_mark mark;
	struct pp_addr from; /* outer source: the device that speaks */
	uint8_t ip_version, type, code;
	uint32_t mtu;       /* of "fragmentation needed" / "packet too big" */
	bool authentic;     /* quotes a sequence number that was outstanding (RFC 5927 section 4.1) */
	enum pp_side about; /* whose segment it quotes */
};

struct pp_tcp_facts {
	struct pp_tcp_side side[2]; /* by enum pp_side */

	struct pp_mark syn, syn_last, syn_ack, established; /* established: the client's ACK of the SYN-ACK */
	/* The client's latest request that waits for an answer: ClientHello, CONNECT or HTTP request. */
	struct pp_mark watch;        /* its last segment when first sent */
	struct pp_mark watch_acked;  /* first acknowledgement of all of it */
	struct pp_mark watch_answer; /* first payload from the server after it */
	struct pp_mark idle_before;  /* longest pause between two data segments: the one before it, */
	struct pp_mark idle_after;   /* and the one that broke it */
	struct pp_tcp_reset rst;

	int64_t handshake_rtt_ns; /* SYN to SYN-ACK where unambiguous, else -1 */
	int64_t ack_rtt_min_ns;   /* lowest time from a segment of the client to its acknowledgement, else -1 */
	uint32_t syn_count;       /* SYNs of the client, capture duplicates not counted */
	uint32_t syn_ack_count;
	uint32_t syn_retransmits; /* of syn_count, repetitions of the first one's sequence number */
	uint32_t syn_times;       /* entries in syn_ms */
	enum pp_sides_by sides_by;
	bool fast_open; /* data in the SYN */
	bool simultaneous_open;
	bool port_reused; /* a new SYN on a four-tuple the capture had seen before */
	bool midstream;   /* first packet was no SYN: CAP-01 */

	int64_t longest_idle_ns;
	uint64_t watch_begin, watch_end; /* offsets in the client's stream */
	uint32_t watch_segments;         /* segments it was first sent in, on the wire */
	uint32_t watch_retransmits;      /* segments of it that were sent again */

	enum pp_phase fin_after;   /* phase when the first FIN came */
	enum pp_side fin_from;     /* whose it was; valid when either side's `fin` is seen */
	bool one_sided;            /* one direction is missing although it was acknowledged: CAP-02 */
	bool reordered;            /* time stamps run against the handshake: CAP-06 */
	bool snapped;              /* segments of this connection were cut: CAP-03 */
	bool disordered;           /* packets came out of order by more than was put right: CAP-06 */
	bool evicted;              /* given up for a limit before its end */
	bool watch_part_acked;     /* some byte of what is watched was acknowledged */
	bool more_elsewhere;       /* another capture point has segments that this one lacks: CAP-09 */
	uint32_t duplicates;       /* capture duplicates dropped: CAP-04 */
	uint32_t offload_segments; /* segments larger than the announced MSS: CAP-05 */
	uint32_t icmp_count;
	uint32_t syn_ms[PP_SYN_TIMES_MAX];      /* send times after the first SYN, in ms */
	struct pp_icmp_error icmp[PP_ICMP_MAX]; /* the first ones, and the last before a FIN */
};

#endif
