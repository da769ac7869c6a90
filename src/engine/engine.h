/* engine: the parts of one run; private to engine/. */
#ifndef PP_ENGINE_ENGINE_H
#define PP_ENGINE_ENGINE_H

#include "base/slab.h"
#include "decode/ipfrag.h"
#include "decode/packet.h"
#include "dissect/dns.h"
#include "dissect/ndpi.h"
#include "dissect/talk.h"
#include "dissect/tls_hellos.h"
#include "dissect/x509.h"
#include "engine/analysis.h"
#include "engine/numbers.h"
#include "engine/process.h"
#include "facts/spool.h"
#include "flow/flow.h"
#include "stream/reassembly.h"

enum { PP_UDP_RECENT = 16, PP_HOLES_MOST = 64 };

/* Neighbours asked for by ARP or ND. */
struct pp_neighbours {
	struct pp_neighbour list[PP_NEIGHBOURS_MAX];
	unsigned count;
	uint64_t refused;
};

struct pp_analysis {
	struct pp_analysis_options options;
	struct pp_pool flow_pool; /* talks: lives as long as a connection is open */
	struct pp_pool load_pool; /* one loaded record */
	struct pp_pool lookup_pool;
	struct pp_slab segments;
	struct pp_flows *flows;
	struct pp_ipfrag *ipfrag;
	struct pp_certificates *certificates;
	struct pp_tls_hellos *hellos;
	struct pp_lookups *lookups;
	struct pp_names *names;
	struct pp_ndpi *ndpi;
	bool ndpi_tried;
	struct pp_spool *spool;
	size_t shared_memory; /* for records that wait, and for what is kept of connections and lookups beside */
	uint32_t filed;
	struct pp_diagnosis *diagnosis;
	const char **proxy_names;
	struct pp_proxy_settings settings; /* that a live capture noted */
	struct pp_attributor attributor;
	struct pp_recent_rows recent_rows;
	struct pp_talk_shared talk_shared;
	struct pp_neighbours neighbours;
	struct pp_processes processes;
	struct pp_source **sources;
	struct pp_capture *captures;
	size_t source_count;
	struct pp_timeline *timeline;
	struct pp_numbers numbers;
	struct {
		uint64_t signature;
		int64_t ts;
	} udp_recent[PP_UDP_RECENT];
	unsigned udp_recent_next;
	int64_t first, last;          /* PP_TIME_NONE before any frame */
	int64_t holes[PP_HOLES_MOST]; /* when nothing at all came for long: the last time before each */
	unsigned hole_count;
	struct pp_flows_counts flow_counts; /* from the end of reading on, as the next */
	uint64_t fragments_evicted;
	uint64_t streams_given_up; /* reassembly limits */
	uint64_t talks_refused, protocols_refused, spool_refused;
	enum pp_err failed; /* of ours, kept until the run can return it */
};

/* All of the sources, up to the last packet's flow. */
enum pp_err PP_MUST_CHECK pp_engine_read(struct pp_analysis *analysis);
/* One frame's packet, a TCP segment without a fault included; `hash` is that of a TCP packet's flow. */
void pp_engine_packet(struct pp_analysis *analysis, struct pp_packet *packet, uint64_t hash, struct pp_mark now);
/* A TCP segment that may be anything. */
void pp_engine_segment(struct pp_analysis *analysis, const struct pp_packet *packet, uint64_t hash, struct pp_mark now);
void pp_engine_dns(struct pp_analysis *analysis, const struct pp_dns_message *message,
		   const struct pp_endpoint_addr *src, const struct pp_endpoint_addr *dst, bool over_tcp,
		   struct pp_mark now);

/* A TCP segment: SYNs and refusals have short ways, which is why this is part of the loop over all packets. */
static PP_ALWAYS void pp_engine_tcp(struct pp_analysis *analysis, const struct pp_packet *packet, uint64_t hash,
				    const struct pp_mark *now)
{
	bool is_syn = (packet->tcp.flags & (PP_TCP_SYN | PP_TCP_ACK)) == PP_TCP_SYN;

	if (is_syn ? pp_flows_syn(analysis->flows, packet, hash, now)
		   : packet->tcp.flags & PP_TCP_RST && pp_flows_refused(analysis->flows, packet, hash, now))
		return;
	pp_engine_segment(analysis, packet, hash, *now);
}

/* A message of a DNS-over-TCP connection; `context` is what the connection's talk was made with. */
void pp_engine_dns_message(void *context, enum pp_side side, struct pp_span message, struct pp_mark mark);
/* A finished connection is attributed, observed and put into the spool. */
enum pp_err PP_MUST_CHECK pp_engine_file(struct pp_analysis *analysis, const struct pp_connection *conn);
struct pp_attribution pp_engine_attribute(const struct pp_analysis *analysis, const struct pp_lookup *lookup);
/* Takes flows out that are over at `now`; INT64_MAX: all of them. */
void pp_engine_expire(struct pp_analysis *analysis, int64_t now);
void pp_engine_neighbour(struct pp_neighbours *neighbours, const struct pp_packet *packet, struct pp_mark now);

#endif
