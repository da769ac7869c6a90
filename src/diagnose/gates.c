/* Gates: what the capture could not have shown.
 *
 * A rule that reads an absence names the gates it must pass (enum pp_need).  When the packets fit such a rule but a
 * gate is shut, the connection is inconclusive and the gate's row says why: "not seen" is never turned into "did not
 * happen".
 */
#include "diagnose/case.h"
#include "diagnose/machine.h"

static bool is_loopback_hop(const struct pp_case *c)
{
	return pp_addr_is_loopback(&c->conn->server.ip) || pp_addr_is_loopback(&c->conn->client.ip);
}

/* The client would have sent the next SYN by now: it gave up while we watched.  Clocks at most double. */
static bool gave_up_connecting(const struct pp_case *c)
{
	const struct pp_tcp_facts *tcp = c->tcp;
	int64_t step;

	if (tcp->syn_times < 2)
		return c->end - tcp->syn_last.ts > 4 * PP_SECOND;
	step = (int64_t)(tcp->syn_ms[tcp->syn_times - 1] - tcp->syn_ms[tcp->syn_times - 2]) * PP_MS;
	return c->end - tcp->syn_last.ts > 2 * step + step / 4;
}

int64_t pp_silence(const struct pp_case *c)
{
	return (c->shape.ending == PP_STILL_OPEN ? c->end : c->shape.end.ts) - c->server->last.ts;
}

bool pp_waited(const struct pp_case *c)
{
	int64_t until = c->shape.ending == PP_STILL_OPEN ? c->end : c->shape.end.ts, since = c->conn->last.ts;

	if (pp_closed_by_server(c))
		return true;
	if (pp_stage_is(c, PP_STAGE_SYN))
		return gave_up_connecting(c) || c->end - c->tcp->syn.ts >= PP_SYN_WAIT_NS;
	if (pp_seen(c->tcp->watch) && !pp_seen(c->tcp->watch_answer))
		since = c->tcp->watch.ts;
	else if (pp_seen(c->client->last_data))
		since = c->client->last_data.ts;
	if (pp_closed_by_client(c) || (pp_seen(c->tcp->watch) && !pp_seen(c->tcp->watch_acked)) ||
	    c->client->stuck_retransmits)
		return until - since >= PP_PATIENCE_NS;
	return until - since >= PP_SILENCE_NS;
}

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

/* The time whose silence is read: from when an answer was due, as long as it takes to mean something (pp_waited()), and
 * to the answer to whatever came last. */
static bool lost_in_its_time(const struct pp_case *c)
{
	int64_t since = c->conn->first.ts, until = c->conn->last.ts;
	int64_t enough;

	if (c->diagnosis->loss_count == 0)
		return false;
	enough = pp_stage_is(c, PP_STAGE_SYN) ? PP_SYN_WAIT_NS : PP_SILENCE_NS;
	if (pp_seen(c->tcp->watch) && !pp_seen(c->tcp->watch_answer))
		since = c->tcp->watch.ts;
	if (c->shape.ending == PP_STILL_OPEN)
		until = later(until + PP_AT_ONCE_NS, since + enough);
	return pp_machine_lost(c->diagnosis, c->conn->last.file, since, until);
}

static bool heavy_drops(const struct pp_diagnosis *diagnosis, uint16_t file)
{
	return diagnosis->any_drops && file < diagnosis->file_count && diagnosis->files[file].drops;
}

unsigned pp_gates_of_lookup(const struct pp_case *c)
{
	const struct pp_lookup *lookup = c->lookup;
	bool lost = pp_machine_lost(c->diagnosis, lookup->last.file, lookup->first.ts, lookup->last.ts + PP_SILENCE_NS);

	if (lost)
		return PP_CAP(9) | PP_LOST;
	return heavy_drops(c->diagnosis, lookup->last.file) ? PP_CAP(9) : 0;
}

unsigned pp_gates_of(const struct pp_case *c)
{
	const struct pp_tcp_facts *tcp = c->tcp;
	bool lost = lost_in_its_time(c);
	unsigned gates = lost ? PP_LOST : 0;

	gates |= tcp->midstream || !pp_seen(tcp->syn) ? PP_CAP(1) : 0;
	gates |= tcp->one_sided ? PP_CAP(2) : 0;
	gates |= tcp->snapped ? PP_CAP(3) : 0;
	gates |= c->shape.unread ? PP_UNREAD : 0;
	gates |= tcp->duplicates ? PP_CAP(4) : 0;
	gates |= tcp->offload_segments ? PP_CAP(5) : 0;
	gates |= tcp->reordered || tcp->disordered ? PP_CAP(6) : 0;
	gates |= tcp->disordered ? PP_DISORDERED : 0;
	gates |= tcp->port_reused ? PP_CAP(7) : 0;
	gates |= !c->shape.worked && !pp_waited(c) ? PP_CAP(8) : 0;
	gates |= lost || pp_anything_unseen(tcp) || heavy_drops(c->diagnosis, c->conn->last.file) ? PP_CAP(9) : 0;
	gates |= tcp->more_elsewhere ? PP_CAP(9) | PP_ELSEWHERE : 0;
	gates |= is_loopback_hop(c) ? PP_CAP(10) : 0;
	gates |= c->address->options_vary ? PP_CAP(11) : 0;
	gates |= c->client->keep_alives || c->server->keep_alives ? PP_CAP(12) : 0;
	return gates;
}

unsigned pp_gates_vetoing(unsigned needs)
{
	static const struct {
		enum pp_need need;
		unsigned gate;
	} pairs[] = {
		{ PP_NEED_START, PP_CAP(1) },
		{ PP_NEED_BOTH_SIDES, PP_CAP(2) },
		{ PP_NEED_WHOLE_FRAMES, PP_CAP(3) },
		{ PP_NEED_NO_DROPS, PP_CAP(9) },
		{ PP_NEED_WAITED, PP_CAP(8) | PP_LOST },
		{ PP_NEED_REAL_NETWORK, PP_CAP(10) },
	};
	unsigned gates = PP_DISORDERED | PP_ELSEWHERE; /* who did what first is part of every rule */

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (needs & pairs[i].need)
			gates |= pairs[i].gate;
	return gates;
}
