/* Overviews: what the connections of one client tell of each other.
 *
 * A client is an IPv4 address.  Its IPv6 addresses, and its own end of loopback connections, nobody can tell from another
 * client's: what those connections tell counts for every client, and what all connections tell counts for them.
 */
#include "diagnose/case.h"

/* ------------------------------------------------------------------ observing */

/* That of the client whose connection is being observed. */
static struct pp_overview *overview_for(struct pp_diagnosis *diagnosis, const struct pp_addr *address)
{
	struct pp_baseline *client = diagnosis->client;
	struct pp_overview *fresh;

	if (!client || !pp_stands_for_itself(address))
		return &diagnosis->shared;
	if (!client->overview && diagnosis->overview_count < PP_OVERVIEWS_MOST) {
		fresh = pp_arena_alloc(&diagnosis->arena, sizeof(*fresh));
		if (fresh) {
			diagnosis->overviews[diagnosis->overview_count++] = fresh;
			client->overview = (uint16_t)diagnosis->overview_count;
		}
	}
	return client->overview ? diagnosis->overviews[client->overview - 1] : &diagnosis->shared;
}

/* The earliest of two servers. */
static void add_good(struct pp_overview *seen, const struct pp_good_server *good)
{
	unsigned place = 0;

	for (unsigned i = 0; i < 2; i++) {
		if (!pp_seen(seen->good[i].mark) || !pp_addr_equal(&seen->good[i].ip, &good->ip))
			continue;
		if (seen->good[i].mark.ts <= good->mark.ts)
			return;
		if (i == 0) {
			seen->good[0] = *good;
			return;
		}
		memset(&seen->good[1], 0, sizeof(seen->good[1]));
	}
	while (place < 2 && pp_seen(seen->good[place].mark) && seen->good[place].mark.ts <= good->mark.ts)
		place++;
	if (place == 2)
		return;
	if (place == 0)
		seen->good[1] = seen->good[0];
	seen->good[place] = *good;
}

static void observe_terminator(struct pp_overview *seen, const struct pp_connection *conn, const struct pp_shape *shape)
{
	if (shape->tunnel || !shape->passed || shape->near_ns < 0 || shape->near_ns > PP_LAN_NS ||
	    shape->hello_ns < shape->near_ns + PP_WAN_GAP_NS || shape->hello_ns < 5 * shape->near_ns ||
	    pp_addr_is_loopback(&conn->server.ip))
		return;
	pp_keep_earliest(&seen->terminated, shape->tls->server_hello);
	if (seen->terminated.packet == shape->tls->server_hello.packet &&
	    seen->terminated.file == shape->tls->server_hello.file) {
		seen->terminated_rtt = shape->near_ns;
		seen->terminated_hello = shape->hello_ns;
	}
}

static void note_worked(struct pp_host_record *record, const struct pp_diagnosis *diagnosis,
			const struct pp_addr *client)
{
	uint32_t place = pp_stands_for_itself(client) ? diagnosis->last_client : PP_WORKED_FOR_MANY;

	record->worked_by = record->worked_by == 0 || record->worked_by == place ? place : PP_WORKED_FOR_MANY;
}

void pp_overview_observe(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
			 const struct pp_attribution *who, const struct pp_shape *shape, const struct pp_host *host,
			 struct pp_host_record *record)
{
	struct pp_overview *seen = overview_for(diagnosis, &conn->client.ip);
	struct pp_seen_at_all *all = &diagnosis->seen;
	bool script = pp_is_wpad_host(who) || (shape->exchange && pp_is_script(shape->exchange->target));

	if (shape->worked && record)
		note_worked(record, diagnosis, &conn->client.ip);
	if (shape->offer > seen->best_offer)
		seen->best_offer = shape->offer;
	if (shape->worked && !script) {
		pp_keep_earliest(shape->asked_proxy ? &seen->proxy_worked : &seen->direct_worked, conn->first);
		if (host)
			add_good(seen, &(struct pp_good_server){ conn->first, conn->server.ip, record });
	}
	if (script && (!shape->worked || (shape->exchange && shape->exchange->reply.status >= 400)))
		pp_keep_earliest(&seen->pac_failed, conn->first);
	if (shape->stage == PP_STAGE_SYN && pp_is_web_port(conn->server.port) && !pp_seen(conn->tcp.rst.mark) &&
	    !pp_addr_is_loopback(&conn->server.ip)) {
		pp_keep_earliest(&seen->direct_unanswered, conn->tcp.syn);
		pp_keep_latest(&seen->last_direct_unanswered, conn->tcp.syn.ts);
	}
	if (!shape->worked && conn->server.port == 80 && pp_is_revocation_host(who)) {
		pp_keep_earliest(&seen->revocation_failed, conn->first);
		pp_keep_latest(&seen->last_revocation_failed, conn->first.ts);
	}
	if (host && host->more && conn->http && pp_seen(host->more->page_470))
		pp_keep_earliest(&seen->page_470, host->more->page_470);
	if (host && shape->offer >= PP_TLS_1_2 && pp_closed_after_hello(conn, shape))
		seen->closed_hosts |= pp_bit_of_host(record);
	all->one_sided += conn->tcp.one_sided;
	all->two_sided += conn->tcp.side[PP_CLIENT].packets && conn->tcp.side[PP_SERVER].packets;
	observe_terminator(seen, conn, shape);
}

/* ------------------------------------------------------------------ all is known */

static void keep_earliest(struct pp_mark *to, struct pp_mark from)
{
	if (pp_seen(from))
		pp_keep_earliest(to, from);
}

static void fold(struct pp_overview *to, const struct pp_overview *from)
{
	bool is_first =
	    pp_seen(from->terminated) && (!pp_seen(to->terminated) || from->terminated.ts < to->terminated.ts);

	keep_earliest(&to->page_470, from->page_470);
	keep_earliest(&to->proxy_worked, from->proxy_worked);
	keep_earliest(&to->direct_worked, from->direct_worked);
	keep_earliest(&to->direct_unanswered, from->direct_unanswered);
	keep_earliest(&to->pac_failed, from->pac_failed);
	keep_earliest(&to->revocation_failed, from->revocation_failed);
	pp_keep_latest(&to->last_direct_unanswered, from->last_direct_unanswered);
	pp_keep_latest(&to->last_revocation_failed, from->last_revocation_failed);
	to->closed_hosts |= from->closed_hosts;
	if (from->best_offer > to->best_offer)
		to->best_offer = from->best_offer;
	if (is_first) {
		to->terminated = from->terminated;
		to->terminated_rtt = from->terminated_rtt;
		to->terminated_hello = from->terminated_hello;
	}
	for (unsigned i = 0; i < 2; i++)
		if (pp_seen(from->good[i].mark))
			add_good(to, &from->good[i]);
}

void pp_overviews_settle(struct pp_diagnosis *diagnosis)
{
	const struct pp_overview anybodys = diagnosis->shared;

	for (unsigned i = 0; i < diagnosis->overview_count; i++) {
		fold(&diagnosis->shared, diagnosis->overviews[i]);
		fold(diagnosis->overviews[i], &anybodys);
	}
}

/* ------------------------------------------------------------------ asking */

/* Asked of few. */
const struct pp_overview *pp_overview_of(const struct pp_case *c)
{
	const struct pp_addr *client = c->conn ? &c->conn->client.ip : c->lookup ? &c->lookup->client.ip : NULL;
	const struct pp_baseline *baseline =
	    client ? pp_map_place(&c->diagnosis->addresses, pp_client_place(c->diagnosis, client)) : NULL;

	return baseline && baseline->overview ? c->diagnosis->overviews[baseline->overview - 1] : &c->diagnosis->shared;
}

static const struct pp_host_record *record_of(const struct pp_case *c)
{
	struct pp_map_key key;

	if (c->conn)
		return pp_map_place(&c->diagnosis->hosts, c->places.host);
	key = pp_key_of_text(c->diagnosis, c->lookup->name);
	return pp_map_find(&c->diagnosis->hosts, &key);
}

bool pp_host_worked_for(const struct pp_case *c)
{
	const struct pp_addr *client = c->conn ? &c->conn->client.ip : &c->lookup->client.ip;
	const struct pp_host_record *record = record_of(c);

	return record && record->worked_by &&
	       (record->worked_by == PP_WORKED_FOR_MANY || !pp_stands_for_itself(client) ||
		record->worked_by == pp_client_place(c->diagnosis, client));
}
