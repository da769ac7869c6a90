/* CAP: what the capture could not have shown.  These rows are cited where a gate is shut (gates.c); CAP-01, -02, -03,
 * -08 and -09 are also the verdict of connections that nothing else can be said about.
 */
#include "diagnose/case.h"

#define REMEDY                                                                                                         \
	N_("Repeat the capture: stop the agent's service, start capturing, start the service, wait past the longest "  \
	   "time-out; capture whole packets on the real network card.")
#define NEXT_TEST N_("Repeat the capture as described; it then shows what is missing here.")
#define SOURCE "SEED4, WS, ZEEK, WSUG"

static bool cite_gate(const struct pp_case *c, struct pp_verdict *verdict, unsigned gate, const char *text)
{
	if (!(c->gates & PP_CAP(gate)))
		return false;
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CAPTURE, .mark = c->conn->first, .text = text });
	return pp_hit(verdict, PP_CONSISTENT);
}

static bool mid_flow(const struct pp_case *c, struct pp_verdict *verdict)
{
	return cite_gate(c, verdict, 1, N_("the connection was already open when the capture began"));
}

static bool one_direction(const struct pp_case *c, struct pp_verdict *verdict)
{
	return cite_gate(c, verdict, 2, N_("only one direction was captured, and it acknowledges the other one"));
}

static bool truncated(const struct pp_case *c, struct pp_verdict *verdict)
{
	return cite_gate(c, verdict, 3, N_("packets were cut by the capture's snapshot length"));
}

static bool ended_first(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (pp_closed_by_client(c) || !cite_gate(c, verdict, 8, N_("the capture ended before this was decided")))
		return false;
	pp_cite_request(c, verdict);
	return true;
}

static bool packets_lost(const struct pp_case *c, struct pp_verdict *verdict)
{
	const char *text = pp_anything_unseen(c->tcp) ? N_("bytes were sent that the capture does not hold")
			   : c->tcp->more_elsewhere   ? N_("another capture point holds more of its packets")
						      : PP_LOST_TEXT;

	return cite_gate(c, verdict, 9, text);
}

static bool disordered(const struct pp_case *c, struct pp_verdict *verdict)
{
	return c->gates & PP_DISORDERED &&
	       cite_gate(c, verdict, 6, N_("its packets do not stand in the order of their times"));
}

#define CAP_ROW(number, title, test, needs_text, summary_text, traps_text)                                             \
	{                                                                                                              \
		.id = "CAP-" number, .name = title, .scope = PP_SCOPE_CONNECTION, .outcome = PP_OUTCOME_INCONCLUSIVE,  \
		.domain = PP_DOMAIN_CAPTURE, .owner = PP_OWNER_LOCAL, .most = PP_CONSISTENT, .match = test,            \
		.summary = summary_text, .when = needs_text, .traps = traps_text, .next_test = NEXT_TEST,              \
		.remedy = REMEDY, .source = SOURCE, .alternatives = "",                                                \
	}

const struct pp_rule pp_rule_cap_01 = CAP_ROW(
    "01", N_("capture started mid-flow"), mid_flow, N_("The connection's first packet is no SYN."),
    N_("The connection to {host} was already open when the capture began: how it was opened cannot be known from this "
       "capture, and it cannot be told whether it was in order."),
    N_("An agent's long-lived keep-alive connection is the usual reason."));
const struct pp_rule pp_rule_cap_02 = CAP_ROW(
    "02", N_("one direction only"), one_direction,
    N_("Packets of one side only, and that side acknowledges bytes that were never captured."),
    N_("Only one direction of the connection to {host} was captured, so silence of the other side means nothing here."),
    N_("A connection that is really unanswered has constant acknowledgement numbers; here they advance."));
const struct pp_rule pp_rule_cap_03 = CAP_ROW(
    "03", N_("snapshot length cut the packets"), truncated,
    N_("The captured length of packets is less than their length on the wire."),
    N_("The packets of the connection to {host} were cut by the capture's snapshot length, so what they said cannot be "
       "known."),
    N_("Unreadable TLS, HTTP or DNS is then unknown, never malformed. Windows' pktmon keeps 128 bytes of a packet unless it is "
       "started with --pkt-size 0."));
const struct pp_rule pp_rule_cap_04 = CAP_ROW(
    "04", N_("duplicate packets"), NULL,
    N_("Two packets equal in IP ID, SEQ, ACK, length and flags within 5 ms; the TTL may differ by one. Those of two "
       "capture points (files, interfaces, TTLs) may be any time apart, as the clocks may be, and so may those with the "
       "same TCP time stamp."),
    N_("The capture holds packets of the connection to {host} twice; the copies were left out of every count."),
    N_("A true retransmission may reuse the IP ID, so the time between the two must be far below a round trip."));
const struct pp_rule pp_rule_cap_05 = CAP_ROW(
    "05", N_("offload artefacts"), NULL, N_("Outgoing segments larger than the announced MSS."),
    N_("Segments to {host} were captured before the network card cut them up; their sizes say nothing about the path."),
    N_("One frame of 20 kB is one burst of the card; receive merging makes IP IDs jump."));
const struct pp_rule pp_rule_cap_06 = CAP_ROW(
    "06", N_("time stamps out of order"), disordered,
    N_("A packet of the connection is earlier than one that stands before it in the file, by more than is put right; or "
       "the SYN-ACK stands before the SYN."),
    N_("Packets of the connection to {host} do not stand in the capture in the order of their times, so what came first "
       "cannot be known; sorting the file (reordercap) may help."),
    N_("Capturing on several queues or interfaces at once does this, and appending one capture to another; setting the clock "
       "looks the same."));
const struct pp_rule pp_rule_cap_07 = CAP_ROW(
    "07", N_("port reuse"), NULL, N_("A new SYN on a pair of addresses and ports that the capture had seen before."),
    N_("The connection to {host} reuses addresses and ports of an earlier one; the two were judged apart."),
    N_("Wireshark 4.0 and 4.4 cut such streams differently."));
const struct pp_rule pp_rule_cap_08 =
    CAP_ROW("08", N_("capture ended first"), ended_first,
	    N_("The connection was still waiting, and the capture ended before the client would have given up."),
	    N_("The connection to {host} was still undecided when the capture ended: no answer so far."),
	    N_("A capture shorter than the give-up time of the client shows only that nothing came yet."));
const struct pp_rule pp_rule_cap_09 = CAP_ROW(
    "09", N_("packets lost by the capturer"), packets_lost,
    N_("Bytes of one side are missing, yet the other acknowledged them or a reset counts them; or the capture file records losses in the time "
       "of the connection, or many losses without their time; or another capture point holds more of its packets."),
    N_("Packets of the time when the connection to {host} was under way are missing from the capture, so silence means "
       "nothing here."),
    N_("A gap that the client never acknowledged is loss on the network (MTU-01)."));
const struct pp_rule pp_rule_cap_10 = CAP_ROW(
    "10", N_("loopback or tunnel hop"), NULL,
    N_("One end of the connection is a loopback address: the far side is a process on this host."),
    N_("The connection to {host} ends in a local process; TTL and round trip say nothing, the next hop is another "
       "connection."),
    N_("Local agents of endpoint security and cloud proxies listen on 127.0.0.1."));
const struct pp_rule pp_rule_cap_11 = CAP_ROW(
    "11", N_("rewritten by NAT"), NULL, N_("SYN-ACKs of one address differ in MSS or options between connections."),
    N_("SYN-ACKs from the address of {host} differ between connections: something on the path may rewrite them."),
    N_("Packets may only be compared within a connection or over the same path. It hints at a terminator and proves "
       "none."));
const struct pp_rule pp_rule_cap_12 = CAP_ROW(
    "12", N_("keep-alives and probes"), NULL, N_("Segments of 0 or 1 byte just below the next sequence number."),
    N_("Keep-alives were seen on the connection to {host}; they are no loss."),
    N_("A reset that answers one is IDLE-01."));
