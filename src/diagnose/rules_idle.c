/* IDLE: time-outs of idle connections.  A connection that is cut while nobody waits is no fault; one whose next request
 * is lost is.
 */
#include "diagnose/case.h"

#define REMEDY                                                                                                         \
	N_("Set the keep-alive interval below the idle limit (4 minutes at Azure Firewall and Azure Load Balancer), "  \
	   "or raise the limit.")
#define NEXT_LIMIT N_("Compare the idle time with the limits of the firewall and load balancer on the path.")

static int64_t idle_seconds(const struct pp_case *c)
{
	int64_t before = c->tcp->longest_idle_ns, at_reset = c->tcp->rst.idle_ns;

	return (pp_seen(c->tcp->rst.mark) && at_reset > before ? at_reset : before) / PP_SECOND;
}

static void cite_idle(const struct pp_case *c, struct pp_verdict *verdict)
{
	pp_cite_data(c, verdict);
	pp_cite(verdict,
		(struct pp_evidence){ .kind = PP_EV_IDLE,
				      .a = idle_seconds(c),
				      .mark = pp_seen(c->tcp->idle_after) ? c->tcp->idle_after : c->tcp->rst.mark });
	verdict->number = idle_seconds(c);
}

/* ------------------------------------------------------------------ IDLE-01 */

static bool reset_after_idle(const struct pp_case *c, struct pp_verdict *verdict)
{
	struct pp_foreign foreign;

	if (c->shape.ending != PP_SERVER_RST || c->tcp->rst.after == PP_PHASE_CLOSE || !pp_reset_after_idle(c->tcp) ||
	    c->server->bytes == 0)
		return false;
	cite_idle(c, verdict);
	pp_cite_reset(c, verdict);
	foreign = pp_reset_is_foreign(c);
	if (!foreign.ttl && c->tcp->rst.has_ack && (c->tcp->rst.has_timestamp || !c->server->profile.timestamps) &&
	    c->tcp->rst.window != 0)
		verdict->owner = PP_OWNER_SERVER;
	if (!pp_is_pending(c))
		return pp_hit_as(verdict, PP_OUTCOME_OK, PP_STRONG);
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_idle_01 = {
	.id = "IDLE-01",
	.name = N_("reset after idle"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_IDLE,
	.owner = PP_OWNER_NETWORK,
	.most = PP_STRONG,
	.needs = PP_NEED_BOTH_SIDES,
	.signs = PP_IF(SERVER_RST),
	.match = reset_after_idle,
	.summary = N_("The connection to {host} was reset after {n} s of silence: a firewall, load balancer or the "
		      "server had given it up."),
	.when = N_("60 s or more without data, then a reset, by itself or in reply to the client's next data. Azure "
		   "Firewall and Azure Load Balancer give up after 4 minutes. Where nobody was waiting the outcome is "
		   "ok."),
	.traps = N_("A reset with the server's timestamps and hop count is its own time-out."),
	.next_test = NEXT_LIMIT,
	.remedy = REMEDY,
	.source = "AZ-FAQ, AZ-LB, LAB 12",
	.alternatives = "FW-14,IDLE-03",
};

/* ------------------------------------------------------------------ IDLE-02 */

static bool dropped_after_idle(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tcp_facts *tcp = c->tcp;
	bool anew;

	if (tcp->longest_idle_ns < PP_IDLE_NS || c->client->stuck_retransmits < 2 || pp_closed_by_server(c) ||
	    c->server->bytes == 0 || c->server->last.ts >= tcp->idle_after.ts || !pp_is_pending(c))
		return false;
	anew = c->service->last_answered > tcp->idle_after.ts;
	cite_idle(c, verdict);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_RETRANSMIT,
					       .mark = pp_last_sent(c->client),
					       .a = c->client->stuck_retransmits,
					       .b = c->client->stuck_payload });
	if (anew)
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CONTRAST_PORT,
						       .a = c->conn->server.port,
						       .mark = { .ts = c->service->last_answered } });
	return pp_hit(verdict, anew ? PP_STRONG : PP_CONSISTENT);
}

const struct pp_rule pp_rule_idle_02 = {
	.id = "IDLE-02",
	.name = N_("silently dropped after idle"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_IDLE,
	.owner = PP_OWNER_NETWORK,
	.most = PP_STRONG,
	.needs = PP_NEED_BOTH_SIDES | PP_NEED_WAITED,
	.signs = PP_IF(STUCK),
	.match = dropped_after_idle,
	.summary = N_("After {n} s of silence the packets of the connection to {host} are no longer answered: a device "
		      "on the path has forgotten it and drops them."),
	.when = N_("60 s or more without data, then the client's next data is repeated without an answer; a new "
		   "connection works at once."),
	.traps = N_("Without a new connection that works, the server or the path may be gone."),
	.next_test = NEXT_LIMIT,
	.remedy = REMEDY,
	.source = "AZ-LB, LAB 12",
	.alternatives = "FW-15",
};

/* ------------------------------------------------------------------ IDLE-03 */

/* What the client sent last was a request and not its goodbye. */
static bool asked_again(const struct pp_case *c)
{
	const struct pp_tls_facts *tls = c->shape.tls;

	for (unsigned i = 0; tls && i < tls->alert_count; i++)
		if (tls->alerts[i].from == PP_CLIENT && tls->alerts[i].mark.ts >= c->client->last_data.ts)
			return false;
	return true;
}

/* The FIN came sooner after the request than any answer to it could. */
static bool fin_crossed_request(const struct pp_case *c)
{
	int64_t after = c->server->fin.ts - c->client->last_data.ts;

	return c->shape.ending == PP_SERVER_FIN && after < (c->shape.near_ns > 0 ? c->shape.near_ns : 0) &&
	       asked_again(c);
}

static bool keep_alive_race(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tcp_facts *tcp = c->tcp;
	bool crossed = fin_crossed_request(c) && pp_seen(tcp->rst.mark) && tcp->rst.from == PP_SERVER;
	bool reused = c->shape.ending == PP_SERVER_RST && tcp->rst.after != PP_PHASE_CLOSE && pp_is_pending(c) &&
		      tcp->longest_idle_ns >= PP_SECOND && tcp->longest_idle_ns < PP_IDLE_NS &&
		      tcp->idle_after.ts == pp_last_sent(c->client).ts;

	if (!c->shape.worked || (!crossed && !reused))
		return false;
	/* A device that has forgotten the connection resets it as well, whatever the server would have done (FW-14). */
	if (!crossed && pp_reset_is_foreign(c).ttl)
		return false;
	cite_idle(c, verdict);
	pp_cite_end(c, verdict);
	return pp_hit(verdict, PP_STRONG);
}

const struct pp_rule pp_rule_idle_03 = {
	.id = "IDLE-03",
	.name = N_("keep-alive race"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_OK,
	.domain = PP_DOMAIN_NONE,
	.owner = PP_OWNER_NONE,
	.most = PP_STRONG,
	.signs = PP_IF(RESET_BY_SERVER) | PP_IF(WORKED),
	.match = keep_alive_race,
	.summary = N_("{host} closed an idle keep-alive connection just as the client sent its next request on it; the "
		      "client retries, it is no fault."),
	.when = N_("The server's FIN or RST crosses the client's next request on a connection that had worked; the RST "
		   "comes from as far away as the server's other packets."),
	.traps =
	    N_("A client that does not retry reports an error. A firewall that has forgotten the connection resets "
	       "it in the same way, from nearer (FW-14)."),
	.next_test = N_("None needed."),
	.remedy = N_("No action; a shorter keep-alive on the client avoids it."),
	.source = "R9293",
	.alternatives = "",
};
