/* PRX: SOCKS proxies.  Their answer is a number, and their own word. */
#include "diagnose/rules_prx.h"

/* RFC 1928 section 6; SOCKS 4 has no more than one reason that a client can do something about. */
static const char *reason_of(const struct pp_socks *socks)
{
	static const char *const replies[] = {
		[1] = N_("general failure"),       [2] = N_("not allowed by its rules"),
		[3] = N_("network unreachable"),   [4] = N_("host unreachable or name unknown"),
		[5] = N_("connection refused"),    [6] = N_("time to live expired"),
		[7] = N_("command not supported"), [8] = N_("kind of address not supported"),
	};

	if (socks->word == PP_SOCKS_NO_METHOD)
		return N_("none of the ways to log in that the client offers will do");
	if (socks->word == PP_SOCKS_LOGIN)
		return N_("user name or password rejected");
	if (socks->version == 4 || socks->reply >= sizeof(replies) / sizeof(replies[0]) || !replies[socks->reply])
		return N_("request rejected or failed");
	return replies[socks->reply];
}

static bool answered_no(const struct pp_case *c, struct pp_verdict *verdict)
{
	verdict->detail = reason_of(&c->shape.socks);
	pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_SOCKS,
					       .side = PP_SERVER,
					       .mark = c->server->last_data,
					       .a = c->shape.socks.version,
					       .text = verdict->detail });
	pp_cite_end(c, verdict);
	return pp_hit(verdict, PP_PROVEN);
}

/* An answer that was not captured, or is not due yet, is none that was not given. */
static bool not_answered(const struct pp_case *c, struct pp_verdict *verdict)
{
	unsigned unseen = PP_CAP(1) | PP_CAP(2) | PP_CAP(3) | PP_CAP(9);

	if (!pp_waited(c))
		return false;
	if (pp_closed_by_server(c)) {
		verdict->detail = N_("it closes without an answer");
	} else {
		verdict->detail = N_("no answer comes");
		pp_cite_silence(c, verdict, c->client->last_data);
	}
	pp_cite_end(c, verdict);
	if (c->gates & unseen)
		return pp_hit_as(verdict, PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT);
	return pp_hit(verdict, PP_CONSISTENT);
}

static bool socks_in_vain(const struct pp_case *c, struct pp_verdict *verdict)
{
	if (!pp_stage_is(c, PP_STAGE_SOCKS) || c->shape.socks.word == PP_SOCKS_NOT_SPOKEN || pp_asked_http_by_socks(c))
		return false;
	pp_cite_request(c, verdict);
	pp_name_proxy(c, verdict);
	return c->shape.socks.word == PP_SOCKS_ASKED ? not_answered(c, verdict) : answered_no(c, verdict);
}

const struct pp_rule pp_rule_prx_19 = {
	.id = "PRX-19",
	.name = N_("SOCKS proxy opens nothing"),
	.scope = PP_SCOPE_CONNECTION,
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_PROVEN,
	.signs = PP_IF(PROXY) | PP_IF(FAILED),
	.match = socks_in_vain,
	.summary = N_("The SOCKS proxy {proxy} does not open the connection that the client asks for: {detail}."),
	.when =
	    N_("A SOCKS request whose answer is not a grant: proven by its number; consistent where the proxy closes "
	       "instead or no answer comes while the client waits."),
	.traps = N_("A proxy that waits for its own connection to the destination is silent, too; which destination it "
		    "was is not read."),
	.next_test = N_("Ask for the proxy's log at this time."),
	.remedy =
	    N_("Allow the destination and the way to log in at the SOCKS proxy, or repair its way out; most Azure "
	       "agents use HTTP proxies only."),
	.source = "R1928 3, R1928 6, R1929",
	.alternatives = "PRX-09,PRX-15",
};
