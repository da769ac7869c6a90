/* Signs: what one case shows, a bit each, so that a rule that cannot hit need not be asked (enum pp_sign).
 *
 * A bit that is wrongly missing would hide a verdict: builds with assertions ask every rule all the same (judge.c), and
 * so do the unit tests.
 */
#include "diagnose/case.h"

enum { REPEATED = 2, KEEP_ALIVES = 3 };

static inline uint64_t sign(bool is, enum pp_sign which) { return (uint64_t)is << which; }

static const uint64_t of_stage[PP_STAGES] = {
	[PP_STAGE_SYN] = PP_IF(SYN) | PP_IF(EARLY),
	[PP_STAGE_OPEN] = PP_IF(EARLY) | PP_IF(QUIET),
	[PP_STAGE_CONNECT] = PP_IF(UNANSWERED),
	[PP_STAGE_DENIED] = PP_IF(ANSWER),
	[PP_STAGE_TUNNEL] = PP_IF(QUIET),
	[PP_STAGE_HELLO] = PP_IF(EARLY) | PP_IF(HELLO),
	[PP_STAGE_FLIGHT] = PP_IF(HANDSHAKE),
	[PP_STAGE_SECURE] = PP_IF(HANDSHAKE) | PP_IF(QUIET),
	[PP_STAGE_ASKED] = PP_IF(UNANSWERED),
	[PP_STAGE_ANSWERED] = PP_IF(ANSWER),
	[PP_STAGE_ONE_VOICE] = PP_IF(SPOKE) | PP_IF(QUIET),
	[PP_STAGE_OPAQUE] = PP_IF(QUIET),
};

static const uint64_t of_ending[] = {
	[PP_STILL_OPEN] = PP_IF(NOT_REFUSED),
	[PP_CLIENT_FIN] = PP_IF(NOT_REFUSED) | PP_IF(CLIENT_LEFT),
	[PP_SERVER_FIN] = PP_IF(NOT_REFUSED) | PP_IF(SERVER_CLOSED) | PP_IF(OBJECTION) | PP_IF(SERVER_FIN),
	[PP_CLIENT_RST] = PP_IF(NOT_REFUSED) | PP_IF(CLIENT_LEFT),
	[PP_SERVER_RST] = PP_IF(SERVER_CLOSED) | PP_IF(OBJECTION) | PP_IF(SERVER_RST),
};

/* OK-06: whether it may be a probe or scan, or open before the capture. */
static bool is_probe(const struct pp_case *c)
{
	if (pp_stage_is(c, PP_STAGE_SYN))
		return c->gates & PP_CAP(1) || c->address->scanned || c->address->is_client ||
		       c->diagnosis->seen.scanner || pp_traces_route(c);
	return c->gates & PP_CAP(1) || (pp_stage_is(c, PP_STAGE_OPEN) && c->shape.ending == PP_CLIENT_RST);
}

static uint64_t of_tcp(const struct pp_case *c)
{
	const struct pp_tcp_facts *tcp = c->tcp;
	uint32_t again = c->client->stuck_retransmits;
	uint64_t signs = PP_IF(NO_RESET);

	if (pp_seen(tcp->rst.mark))
		signs = PP_IF(RESET) | sign(tcp->rst.from == PP_SERVER, PP_SIGN_RESET_BY_SERVER);
	return signs | sign(tcp->icmp_count > 0, PP_SIGN_ICMP) | sign(tcp->syn_retransmits > 0, PP_SIGN_SYN_AGAIN) |
	       sign(pp_seen(tcp->established), PP_SIGN_OPENED) | sign(pp_seen(c->server->gap), PP_SIGN_GAP) |
	       sign(again >= REPEATED || c->client->keep_alives >= KEEP_ALIVES, PP_SIGN_STUCK) |
	       sign(again >= REPEATED || tcp->watch_retransmits >= REPEATED, PP_SIGN_RESENT) |
	       sign(tcp->watch_segments > 1, PP_SIGN_SPLIT) | sign(pp_seen(tcp->watch_acked), PP_SIGN_ACKED) |
	       sign(c->server->zero_window_ns >= PP_SILENCE_NS, PP_SIGN_FULL_WINDOW) | sign(is_probe(c), PP_SIGN_PROBE);
}

/* LOC-04: whether it went past a proxy, or spoke to one as if it were none. */
static bool missed_proxy(const struct pp_case *c)
{
	const struct pp_process *process = c->conn->process;

	return (process && process->ours) || (pp_stage_is(c, PP_STAGE_HELLO) && c->service->proxy) ||
	       (pp_stage_is(c, PP_STAGE_SYN) && pp_seen(c->diagnosis->shared.proxy_worked));
}

static uint64_t of_way(const struct pp_case *c)
{
	uint16_t port = c->shape.connect ? c->shape.connect->port : c->conn->server.port;
	bool script = pp_is_wpad(c), named = c->who->host != NULL;
	bool name_service = c->conn->server.port == PP_DNS_OVER_TLS_PORT;

	return (c->path == PP_DIRECT ? PP_IF(DIRECT) : PP_IF(PROXY)) | sign(c->shape.tunnel, PP_SIGN_TUNNEL) |
	       sign(pp_proxy_reply(c) != NULL, PP_SIGN_PROXY_REPLY) | sign(missed_proxy(c), PP_SIGN_PROXY_MISSED) |
	       sign(script || pp_seen(c->diagnosis->shared.pac_failed), PP_SIGN_PAC) | sign(named, PP_SIGN_NAMED) |
	       sign(named || script || name_service, PP_SIGN_EXCUSABLE) | sign(!pp_is_web_port(port), PP_SIGN_ODD_PORT);
}

static uint64_t of_tls(const struct pp_case *c)
{
	const struct pp_tls_facts *tls = c->shape.tls;
	bool failed = !c->shape.worked, alert = failed && tls->alert_count > 0;
	bool flight = pp_seen(tls->server_hello) || (c->gates & PP_CAP(3) && c->server->bytes); /* perhaps cut off */

	return (alert ? PP_IF(ALERT) | PP_IF(OBJECTION) : 0) | sign(tls->server_record_cut, PP_SIGN_CUT) |
	       sign(failed && flight && (alert || pp_closed_by_client(c)), PP_SIGN_DISTRUST) |
	       sign(tls->hello_retry, PP_SIGN_RETRY) | sign(pp_seen(tls->not_tls), PP_SIGN_NOT_TLS) |
	       sign(c->shape.offer && c->shape.offer <= PP_TLS_1_1, PP_SIGN_OLD_OFFER) |
	       sign(!tls->sni, PP_SIGN_UNNAMED) | sign(tls->resumed, PP_SIGN_RESUMED) |
	       sign(c->shape.leaf != NULL, PP_SIGN_LEAF) | sign(c->inspected != PP_NOT_INSPECTED, PP_SIGN_INSPECTED) |
	       sign(c->shape.near_ns >= 0 && c->shape.hello_ns >= c->shape.near_ns + PP_WAN_GAP_NS, PP_SIGN_FAR_HELLO);
}

uint64_t pp_signs_of(const struct pp_case *c)
{
	uint64_t signs = of_stage[c->shape.stage] | of_ending[c->shape.ending] | of_tcp(c) | of_way(c);

	signs |= c->shape.worked ? PP_IF(WORKED) | PP_IF(SPOKE) : PP_IF(FAILED);
	if (c->shape.exchange)
		signs |= sign(!c->shape.exchange->reply.complete, PP_SIGN_CUT);
	return c->shape.tls ? signs | of_tls(c) : signs;
}
