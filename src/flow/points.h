/* points: one connection captured at several places; private to flow/.
 *
 * Two captures of one path hold each segment twice, by clocks that differ, so that what stands between two segments of one
 * file may be anything of the other.  A connection is judged as one of the points saw it, its home:
 *
 * Shape   a point is an interface of an input file.  Each direction's home is where its first segment was captured; once
 *         a copy of one shows that another point sees that direction, too, whatever comes from there is left out.  Both
 *         directions have one home where one point has both, and a point that TTLs show to be nearer to the client takes
 *         over with the client's SYN.  Where no copy shows (the two ports of a tap, one capture that goes on in the next
 *         file) nothing is left out.
 *         Merging may make one interface of two points; then a copy with another TTL tells (hops.c).
 * Limits  two points; what a third one sees double is left out, and nothing is told by how much that is.
 */
#ifndef PP_FLOW_POINTS_H
#define PP_FLOW_POINTS_H

#include "flow/flow.h"

/* By the ends of the flow's key (base/hash.h: pp_hash_end()), as sides may yet be exchanged. */
struct pp_flow_points {
	uint32_t home[2];    /* a point's number and 1; 0: nothing of that end yet */
	uint32_t other;      /* where copies were seen; the same */
	uint32_t opening[2]; /* signature of an end's SYN or SYN-ACK; 0: none */
	uint32_t at_home[2]; /* segments of that end, copies made within a point counted in */
	uint32_t at_other[2];
	int64_t home_ts;  /* of the last segment at home, of either end */
	bool doubled[2];  /* both see that end's segments */
	bool catching[2]; /* the home was changed: it may yet bring what was filed */
	bool mixed;       /* home ended, and the other point went on by its own clock */
	uint8_t far_ttl
	    [2]; /* of that end's segments at the farther point, where both are one interface; 0: not known (hops.c) */
	uint8_t hops; /* between the two then */
	bool near;    /* home is nearer to the client than the other point */
};

struct pp_flows;

/* Of a flow whose first segment is at hand; NULL without memory. */
struct pp_flow_points *pp_flow_points_begin(struct pp_flows *flows);
/* Whether the other point has segments that home lacks, and home is not the one that counts. */
bool pp_flow_points_differ(const struct pp_flow *flow);

static inline enum pp_side pp_flow_end_side(const struct pp_flow *flow, unsigned end)
{
	return end == flow->client ? PP_CLIENT : PP_SERVER;
}

/* Whether segments of that end were filed. */
bool pp_flow_end_is_known(const struct pp_flow *flow, unsigned end);
/* Whether this very segment was filed before: by another point's clock that may be long ago. */
bool pp_flow_was_filed(const struct pp_flow *flow, unsigned end, const struct pp_packet *packet, int64_t ts);
/* Each hop takes one from the TTL: the client's segments have more of it left near the client, the server's less.  By how
 * much what was filed is nearer to the client than its copy; 0: it cannot be told. */
int pp_flow_nearer(const struct pp_flow *flow, unsigned end, const struct pp_packet *copy);
/* The answer to the SYN, which was filed from elsewhere, as home saw it. */
void pp_flow_answer_again(struct pp_flow *flow, const struct pp_packet *packet, struct pp_mark now);
void pp_flow_count_copy(struct pp_flow *flow);

#endif
