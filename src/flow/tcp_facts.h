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

struct pp_tcp_side {
	uint64_t packets;     /* capture duplicates not counted */
	uint64_t bytes;       /* stream bytes seen, each once */
	uint32_t retransmits; /* segments that brought nothing new, keep-alives apart */
	uint32_t keep_alives;
	uint32_t zero_windows; /* segments announcing window 0 (not SYN, FIN, RST) */
	uint32_t dup_acks;
	uint32_t out_of_order;
	uint64_t acked;         /* highest offset of this side's stream the other side acknowledged */
	uint64_t end;           /* offset behind the last byte this side sent */
	uint64_t missing;       /* bytes never captured below `end` … */
	uint64_t missing_acked; /* … of which the other side acknowledged this many: lost by the capture (CAP-09) */
	struct pp_mark gap;     /* first segment that came behind missing bytes not filled in the end */
	uint64_t gap_begin, gap_bytes; /* offset and size of that first hole */
	uint32_t largest_payload;      /* largest segment payload seen */
	uint32_t stuck_retransmits;    /* repetitions of the oldest unacknowledged bytes since the last progress */
	uint32_t stuck_payload;        /* their largest payload */
	struct pp_mark first_data, last_data;
	struct pp_mark last; /* last segment of any kind */
	struct pp_mark fin;  /* first FIN */
	bool fin_acked;
	struct pp_mark zero_window; /* first announcement */
	int64_t zero_window_ns;     /* longest time at window 0, to its end or the end of the capture */
	struct pp_tcp_profile profile;
};

/* The reset that ended the connection, against what was known when it came. */
struct pp_tcp_reset {
	struct pp_mark mark; /* packet 0: none */
	enum pp_side from;
	enum pp_phase after;
	bool has_ack, has_timestamp, df;
	uint8_t ttl;
	uint16_t ip_id, window;
	int32_t seq_ahead;             /* its SEQ minus the next byte expected from that side */
	int32_t ack_ahead;             /* its ACK minus the highest byte the other side had sent; 0 without ACK */
	bool acceptable;               /* RFC 5961/9293: the receiver would take it */
	uint32_t count;                /* resets from that side, duplicates not counted */
	uint32_t count_other;          /* resets from the other side */
	bool seq_grows;                /* later ones lie beyond the first and beyond all data: RST_SEQ_CHANGE */
	bool acks_differ, mixed_flags; /* more than one ACK number; RST beside RST,ACK */
	struct pp_mark peer_later; /* data or ACK from the same address with SEQ at or beyond the reset's, after it */
	int64_t since_other_ns;    /* time since the last segment of the other side; -1: none */
	int64_t idle_ns;           /* time since the segment before it, of either side */
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
	enum pp_sides_by sides_by;
	struct pp_tcp_side side[2]; /* by enum pp_side */

	uint32_t syn_count;                /* SYNs of the client, capture duplicates not counted */
	uint32_t syn_retransmits;          /* of these, repetitions of the first one's sequence number */
	uint32_t syn_times;                /* entries in syn_ms */
	uint32_t syn_ms[PP_SYN_TIMES_MAX]; /* send times after the first SYN, in ms */
	uint32_t syn_ack_count;
	struct pp_mark syn, syn_last, syn_ack, established; /* established: the client's ACK of the SYN-ACK */
	int64_t handshake_rtt_ns;                           /* SYN to SYN-ACK where unambiguous, else -1 */
	int64_t ack_rtt_min_ns; /* lowest time from a segment of the client to its acknowledgement, else -1 */
	bool fast_open;         /* data in the SYN */
	bool simultaneous_open;
	bool port_reused;          /* a new SYN on a four-tuple the capture had seen before */
	bool midstream;            /* first packet was no SYN: CAP-01 */
	bool one_sided;            /* one direction is missing although it was acknowledged: CAP-02 */
	bool reordered;            /* time stamps run against the handshake: CAP-06 */
	bool snapped;              /* segments of this connection were cut: CAP-03 */
	bool evicted;              /* given up for a limit before its end */
	uint32_t duplicates;       /* capture duplicates dropped: CAP-04 */
	uint32_t offload_segments; /* segments larger than the announced MSS: CAP-05 */

	struct pp_tcp_reset rst;
	enum pp_phase fin_after; /* phase when the first FIN came */
	enum pp_side fin_from;   /* whose it was; valid when either side's `fin` is seen */

	/* The client's latest request that waits for an answer: ClientHello, CONNECT or HTTP request. */
	struct pp_mark watch;            /* its last segment when first sent */
	uint64_t watch_begin, watch_end; /* offsets in the client's stream */
	uint32_t watch_segments;         /* segments it was first sent in */
	uint32_t watch_retransmits;      /* segments of it that were sent again */
	struct pp_mark watch_acked;      /* first acknowledgement of all of it */
	bool watch_part_acked;           /* some byte of it was acknowledged */
	struct pp_mark watch_answer;     /* first payload from the server after it */

	uint32_t icmp_count;
	struct pp_icmp_error icmp[PP_ICMP_MAX];
	int64_t longest_idle_ns;    /* longest pause between two data segments, */
	struct pp_mark idle_before; /* the segment before it, */
	struct pp_mark idle_after;  /* and the one that broke it */
};

#endif
