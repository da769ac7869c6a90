/* MTU: large packets vanish while small ones pass. */
#include "diagnose/case.h"

#define REMEDY N_("Let ICMP 3/4 (ICMPv6 type 2) through from end to end, or clamp the MSS on the tunnel or VPN.")
#define NEXT_PING N_("Ping {address} with the don't-fragment bit and sizes around 1300 to 1472 bytes.")

enum { LARGE = PP_LARGE_PAYLOAD, TRIES = 3 };

static bool says_too_big(const struct pp_icmp_error *error)
{
	return error->ip_version == 6 ? error->type == 2 : error->type == 3 && error->code == 4;
}

/* ------------------------------------------------------------------ MTU-01 */

static bool answer_is_due(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_HELLO) || pp_stage_is(c, PP_STAGE_FLIGHT) || pp_stage_is(c, PP_STAGE_CONNECT) ||
	       pp_stage_is(c, PP_STAGE_ASKED);
}

/* In a transfer a hole at the end may be what was in flight when the client left: there only small segments may have
 * passed. */
static bool only_small_passed(const struct pp_case *c)
{
	return (pp_stage_is(c, PP_STAGE_DATA) || pp_stage_is(c, PP_STAGE_SECURE) ||
		pp_stage_is(c, PP_STAGE_ANSWERED)) &&
	       c->server->largest_payload < LARGE && c->server->gap_bytes >= LARGE;
}

/* Who leaves at once does not wait for what may still come. */
static int64_t waited_for_answer(const struct pp_case *c)
{
	int64_t asked = c->client->last_data.ts, heard = c->server->last_data.ts;

	if (pp_closed_by_client(c))
		return c->shape.end.ts - (asked > heard ? asked : heard);
	return (c->shape.ending == PP_STILL_OPEN ? c->end : c->conn->last.ts) - c->server->gap.ts;
}

/* Who gets data behind a hole says so at once (RFC 5681 section 4.2), or has left before; where that was not captured,
 * neither may the missing bytes have been. */
static bool client_answers_gap(const struct pp_case *c)
{
	return pp_mark_later(&c->client->last, &c->server->gap) || pp_closed_by_client(c);
}

static bool answers_vanish(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tcp_side *server = c->server;
	bool due = answer_is_due(c);

	if (!pp_seen(server->gap) || server->missing == 0 || server->missing_acked || server->gap_bytes < LARGE / 2 ||
	    (!due && !only_small_passed(c)) || waited_for_answer(c) < PP_SECOND || !client_answers_gap(c))
		return false;
	pp_cite_request(c, verdict);
	pp_cite_acked(c, verdict);
	pp_cite_gap(c, verdict);
	pp_cite_end(c, verdict);
	verdict->number = (int64_t)server->missing;
	return pp_hit(verdict, due ? PP_PROVEN : PP_STRONG);
}

const struct pp_rule pp_rule_mtu_01 = {
	.id = "MTU-01",
	.name = N_("large packets from the server vanish"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_MTU,
	.owner = PP_OWNER_NETWORK,
	.most = PP_PROVEN,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_NO_DROPS,
	.signs = PP_IF(GAP),
	.match = answers_vanish,
	.summary = N_("The server's answer for {host} is lost on the way: {n} bytes it sent never arrive while its "
		      "small packets do; the path does not carry its large packets."),
	.when =
	    N_("Small segments of the server arrive, a later one lies behind 500 bytes or more that never came and "
	       "that the client never acknowledged, and it waited a second or more for them; it was heard behind the "
	       "hole, or left before."),
	.traps =
	    N_("Plain loss heals by retransmission; losses of the capture are acknowledged by the client (CAP-09)."),
	.next_test = NEXT_PING,
	.remedy = REMEDY,
	.source = "R2923 2.1, R4821, LAB 17",
	.alternatives = "SRV-04,CAP-09",
};

/* ------------------------------------------------------------------ MTU-02 */

/* The large segment is repeated; the small one behind it arrived, which duplicate acknowledgements show, or others were
 * acknowledged before.  Where a large one was, it is not their size that stops them. */
static bool requests_vanish(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tcp_side *client = c->client;
	bool large = client->stuck_payload >= LARGE, hello = pp_stage_is(c, PP_STAGE_HELLO);

	if (client->stuck_retransmits < TRIES || pp_silence(c) < PP_AT_ONCE_NS || !large || client->large_acked ||
	    pp_icmp_of(c, says_too_big) || pp_closed_by_server(c))
		return false;
	if (hello ? c->tcp->watch_segments < 2 || c->server->dup_acks == 0 : client->acked == 0)
		return false;
	pp_cite_request(c, verdict);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_RETRANSMIT,
					       .mark = pp_last_sent(client),
					       .a = client->stuck_retransmits,
					       .b = client->stuck_payload });
	pp_cite_silence(c, verdict, client->last_data);
	verdict->number = client->stuck_payload;
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_mtu_02 = {
	.id = "MTU-02",
	.name = N_("large packets from the client vanish"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_MTU,
	.owner = PP_OWNER_NETWORK,
	.most = PP_STRONG,
	.needs = PP_NEED_BOTH_SIDES,
	.signs = PP_IF(STUCK),
	.match = requests_vanish,
	.summary = N_("Packets of {n} bytes from this machine to {host} are repeated and never acknowledged while "
		      "smaller ones pass: the path does not carry large packets, and nobody says so."),
	.when =
	    N_("Full-size segments are sent again three times or more without acknowledgement for a second or more, "
	       "only smaller ones were ever acknowledged, no ICMP 3/4."),
	.traps =
	    N_("A device that cannot take a ClientHello in two segments (FW-11); a filter (FW-06); a transfer that "
	       "is cut on its way (FW-15), after which large segments had passed."),
	.next_test = NEXT_PING,
	.remedy = REMEDY,
	.source = "R2923, K-SYSCTL, LAB 18",
	.alternatives = "FW-11,FW-06,FW-15",
};

/* ------------------------------------------------------------------ MTU-03 */

static bool path_mtu_found(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_icmp_error *error = pp_icmp_of(c, says_too_big);

	if (!error || !c->shape.worked)
		return false;
	pp_cite(verdict,
		(struct pp_evidence){
		    .kind = PP_EV_ICMP, .mark = error->mark, .a = error->type, .b = error->code, .addr = error->from });
	verdict->number = error->mtu;
	verdict->device = error->from;
	return pp_hit(verdict, PP_PROVEN);
}

const struct pp_rule pp_rule_mtu_03 = {
	.id = "MTU-03",
	.name = N_("path MTU discovery works"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_OK,
	.domain = PP_DOMAIN_NONE,
	.owner = PP_OWNER_NONE,
	.most = PP_PROVEN,
	.signs = PP_IF(ICMP) | PP_IF(WORKED),
	.match = path_mtu_found,
	.summary = N_("{device} reported a smaller path MTU ({n} bytes), and the connection to {host} went on with "
		      "smaller packets, as it should."),
	.when = N_("ICMP 3/4, then smaller segments succeed."),
	.traps = N_("None."),
	.next_test = N_("None needed."),
	.remedy = N_("No action."),
	.source = "R1191, LAB 18",
	.alternatives = "",
};
