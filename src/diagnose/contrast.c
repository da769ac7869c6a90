/* Contrasts: what else happened at this address, for this host, on the other path.
 *
 * A failure becomes more than a pattern when the same capture shows its opposite: another name that passes at the same
 * address, another port that answers, the same name by another path (diagnosis facts 0.2).
 */
#include "diagnose/case.h"

/* ------------------------------------------------------------------ shapes */

bool pp_closed_after_hello(const struct pp_connection *conn, const struct pp_shape *shape)
{
	const struct pp_tcp_facts *tcp = &conn->tcp;
	bool closed = shape->ending == PP_SERVER_FIN || shape->ending == PP_SERVER_RST;
	bool acked = pp_seen(tcp->watch_acked) ||
		     (shape->ending == PP_SERVER_RST && tcp->rst.has_ack && tcp->rst.ack_ahead == 0);

	return shape->stage == PP_STAGE_HELLO && !shape->asked_proxy && closed && acked &&
	       tcp->side[PP_SERVER].bytes == 0 && tcp->side[PP_SERVER].missing == 0 && shape->end.ts >= tcp->watch.ts &&
	       shape->end.ts - tcp->watch.ts <= PP_CLOSE_AFTER_HELLO_NS;
}

static const struct pp_tls_alert *client_alert(const struct pp_tls_facts *tls, bool encrypted)
{
	for (unsigned i = 0; i < tls->alert_count; i++)
		if (tls->alerts[i].from == PP_CLIENT && tls->alerts[i].encrypted == encrypted)
			return &tls->alerts[i];
	return NULL;
}

/* A word that cannot be read is leaving too, and it comes before whoever closes first. */
bool pp_left_first(const struct pp_shape *shape, struct pp_mark *ret_left)
{
	const struct pp_tls_alert *hidden = client_alert(shape->tls, true);

	if (hidden && (shape->ending == PP_STILL_OPEN || hidden->mark.ts <= shape->end.ts)) {
		*ret_left = hidden->mark;
		return true;
	}
	*ret_left = shape->end;
	return shape->ending == PP_CLIENT_FIN || shape->ending == PP_CLIENT_RST;
}

/* Tickets that arrive before the client leaves show that it stayed for a round trip after its Finished: it had accepted
 * the certificate.  Those on their way when it leaves show nothing.  "At once" is counted from the server's last
 * handshake packet that the client could have seen. */
bool pp_left_silently(const struct pp_connection *conn, const struct pp_shape *shape, struct pp_mark *ret_left)
{
	const struct pp_tls_facts *tls = shape->tls;
	struct pp_mark flight;

	if ((shape->stage != PP_STAGE_FLIGHT && shape->stage != PP_STAGE_SECURE) || tls->resumed ||
	    !pp_seen(tls->client_hello) || tls->app_bytes[PP_CLIENT] || !pp_left_first(shape, ret_left) ||
	    client_alert(tls, false))
		return false;
	if (tls->app_bytes[PP_SERVER] && tls->app_data[PP_SERVER].ts <= ret_left->ts)
		return false;
	if (tls->version <= PP_TLS_1_2 && shape->stage == PP_STAGE_FLIGHT && !pp_seen(tls->server_hello_done))
		return false;
	if (tls->version >= PP_TLS_1_3 && tls->server_first_count == 0)
		return false;
	flight =
	    tls->version <= PP_TLS_1_2 && pp_seen(tls->server_hello_done) ? tls->server_hello_done : tls->server_hello;
	if (shape->stage == PP_STAGE_SECURE)
		flight = tls->complete_mark;
	return conn->tcp.side[PP_SERVER].missing == 0 && conn->tcp.side[PP_CLIENT].missing == 0 &&
	       !pp_sent_unseen(&conn->tcp, PP_CLIENT) && ret_left->ts >= flight.ts &&
	       ret_left->ts - flight.ts <= PP_AT_ONCE_NS;
}

/* Lengths of encrypted records (diagnosis facts 1.5): Finished, and an empty Certificate before it.  Java pads by 16. */
static unsigned tag_len(const struct pp_tls_facts *tls) { return tls->cipher == 0x1305 ? 8 : 16; }

unsigned pp_finished_len(const struct pp_tls_facts *tls)
{
	return 4 + (tls->cipher == 0x1302 ? 48 : 32) + 1 + tag_len(tls);
}

enum pp_client_auth pp_client_auth_of(const struct pp_tls_facts *tls)
{
	unsigned tag = tag_len(tls), finished = pp_finished_len(tls);
	unsigned empty = 4 + 4 + 1 + tag, both = finished + 8;
	unsigned first, alert = 2 + 1 + tag;

	if (tls->version < PP_TLS_1_3) {
		if (!pp_seen(tls->client_certificate))
			return pp_seen(tls->certificate_request) ? PP_AUTH_UNKNOWN : PP_AUTH_NOT_ASKED;
		return tls->client_certificate_len ? PP_AUTH_SENT : PP_AUTH_EMPTY;
	}
	if (tls->client_first_count == 0)
		return PP_AUTH_UNKNOWN;
	first = tls->client_first[0].len;
	for (unsigned padding = 0; padding <= 16; padding += 16) {
		if (first == finished + padding)
			return PP_AUTH_NOT_ASKED;
		if (first == both + padding)
			return PP_AUTH_EMPTY;
		if (first == empty + padding && tls->client_first_count > 1 &&
		    tls->client_first[1].len == finished + padding)
			return PP_AUTH_EMPTY;
	}
	return tls->complete && first > finished + 200 && first != alert ? PP_AUTH_SENT : PP_AUTH_UNKNOWN;
}

/* ------------------------------------------------------------------ observing */

static bool served_as_proxy(const struct pp_http_facts *http)
{
	for (unsigned i = 0; i < http->connect_count; i++) {
		uint16_t status = http->connects[i].reply.status;

		if (status >= 200 && status != 400 && status != 404 && status != 405 && status != 501)
			return true;
	}
	for (unsigned i = 0; i < http->exchange_count; i++) {
		uint16_t status = http->exchanges[i].reply.status;

		if (http->exchanges[i].absolute_form && status >= 200 && status != 400 && status != 404 &&
		    status != 405 && status != 501)
			return true;
	}
	return false;
}

static bool is_for_tunnels(const struct pp_http_facts *http)
{
	for (unsigned i = 0; i < http->connect_count; i++)
		if (http->connects[i].tunnel || pp_wants_credentials(&http->connects[i].reply, true))
			return true;
	return false;
}

/* The earliest of each host, by time; the table keeps the first PP_NAMES_KEPT. */
static void add_good_name(struct pp_service *service, uint32_t host, struct pp_mark mark)
{
	struct pp_good_name now = { mark, host };
	unsigned place = 0;

	for (unsigned i = 0; i < service->passed_count; i++) {
		if (service->passed[i].host != host)
			continue;
		if (service->passed[i].mark.ts <= mark.ts)
			return;
		service->passed_count--;
		memmove(&service->passed[i], &service->passed[i + 1],
			(service->passed_count - i) * sizeof(service->passed[0]));
		break;
	}
	while (place < service->passed_count && service->passed[place].mark.ts <= mark.ts)
		place++;
	if (place == PP_NAMES_KEPT)
		return;
	if (service->passed_count < PP_NAMES_KEPT)
		service->passed_count++;
	memmove(&service->passed[place + 1], &service->passed[place],
		(service->passed_count - place - 1) * sizeof(service->passed[0]));
	service->passed[place] = now;
}

/* Most addresses have one port. */
static uint32_t service_of(struct pp_diagnosis *diagnosis, const struct pp_endpoint_addr *server,
			   struct pp_baseline *address)
{
	struct pp_map_key key;
	uint32_t place;

	if (address && address->service && address->service_port == server->port)
		return address->service;
	key = pp_key_of_socket(diagnosis, server);
	place = pp_map_put(&diagnosis->services, &key);
	if (address && !address->service) {
		address->service = place;
		address->service_port = server->port;
	}
	return place;
}

static void observe_issuer(struct pp_diagnosis *diagnosis, struct pp_service *service, const struct pp_shape *shape)
{
	const struct pp_issuer_row *issuer = pp_listed_issuer(diagnosis, shape);

	service->genuine |= issuer && issuer->kind != PP_ISSUER_INSPECTOR;
	service->inspects |= issuer && issuer->kind == PP_ISSUER_INSPECTOR;
}

/* `host`: its place, or 0. */
static void observe_service(struct pp_service *service, const struct pp_connection *conn,
			    const struct pp_attribution *who, const struct pp_shape *shape, uint32_t host)
{
	if (pp_seen(conn->tcp.syn_ack)) {
		pp_keep_earliest(&service->answered, conn->tcp.syn_ack);
		pp_keep_latest(&service->last_answered, conn->tcp.syn_ack.ts);
	} else if (shape->stage == PP_STAGE_SYN) {
		service->failed_opens++;
	}
	if (shape->passed && shape->tls && !shape->tunnel && who->by == PP_ATTRIBUTED_BY_SNI && host)
		add_good_name(service, host - 1, shape->tls->server_hello);
	if (shape->socks.word == PP_SOCKS_GRANTED)
		service->proxy = true;
	if (conn->http) {
		service->proxy |= served_as_proxy(conn->http);
		service->tunnels |= is_for_tunnels(conn->http);
	}
	if (shape->offer > service->best_offer)
		service->best_offer = shape->offer;
}

/* From now on what `one` told is kept apart; NULL without memory. */
static struct pp_host_more *more_of(struct pp_diagnosis *diagnosis, struct pp_host *host)
{
	struct pp_host_more *more = host->more;

	if (more)
		return more;
	more = pp_arena_alloc(&diagnosis->arena, sizeof(*more));
	if (!more)
		return NULL;
	more->worked[host->worked_path] = host->one.worked;
	if (host->one.port == 443)
		more->https = host->one.worked;
	host->more = more;
	return more;
}

static void observe_host_tls(struct pp_diagnosis *diagnosis, struct pp_host *host, const struct pp_connection *conn,
			     const struct pp_shape *shape)
{
	const struct pp_tls_facts *tls = shape->tls;
	bool asked = pp_seen(tls->certificate_request);
	struct pp_host_more *more;
	struct pp_mark when;

	host->resumed |= tls->resumed;
	if (shape->passed && conn->tcp.watch_segments == 1) {
		pp_keep_earliest(&host->passed, tls->server_hello);
		if (tls->client_hello_len > host->passed_len)
			host->passed_len = tls->client_hello_len;
	}
	if (asked || (tls->version >= PP_TLS_1_3 && pp_client_auth_of(tls) >= PP_AUTH_EMPTY)) {
		more = more_of(diagnosis, host);
		if (more)
			pp_keep_earliest(&more->asked_certificate,
					 asked ? tls->certificate_request : tls->server_hello);
	}
	if (!tls->app_bytes[PP_CLIENT] && pp_left_silently(conn, shape, &when)) {
		more = more_of(diagnosis, host);
		if (more)
			more->silent_leaves++;
	}
}

static void observe_host_http(struct pp_diagnosis *diagnosis, struct pp_host *host, const struct pp_http_facts *http)
{
	struct pp_host_more *more;

	for (unsigned i = 0; i < http->connect_count; i++)
		if (pp_is_for(http->connects[i].host, host->name) && http->connects[i].reply.status == 403 &&
		    http->connects[i].port == 443 && (more = more_of(diagnosis, host)) != NULL)
			pp_keep_earliest(&more->denied_443, http->connects[i].reply.mark);
	for (unsigned i = 0; i < http->exchange_count; i++) {
		const struct pp_http_reply *reply = &http->exchanges[i].reply;

		if (!pp_is_for(http->exchanges[i].host, host->name))
			continue;
		if ((reply->status == 470 || reply->page == PP_PAGE_AZURE_FIREWALL) &&
		    (more = more_of(diagnosis, host)) != NULL)
			pp_keep_earliest(&more->page_470, reply->mark);
		if (reply->status == 403)
			host->refusals++;
	}
}

/* Room for one more, if more may be. */
static bool ports_reserve(struct pp_diagnosis *diagnosis, struct pp_host *host)
{
	struct pp_host_more *more;

	if (host->port_count == 0 || (host->more && host->more->ports))
		return true;
	more = more_of(diagnosis, host);
	if (!more)
		return false;
	more->ports = pp_arena_alloc(&diagnosis->arena, PP_PORTS_KEPT * sizeof(*more->ports));
	if (more->ports)
		more->ports[0] = host->one;
	return more->ports != NULL;
}

/* The lowest ports are kept, whatever the order they come in. */
static struct pp_host_port *add_port(struct pp_diagnosis *diagnosis, struct pp_host *host, uint16_t port)
{
	struct pp_host_port *ports = pp_host_ports(host);
	unsigned place = 0;

	while (place < host->port_count && ports[place].port < port)
		place++;
	if (place < host->port_count && ports[place].port == port)
		return &ports[place];
	if (place == PP_PORTS_KEPT || !ports_reserve(diagnosis, host))
		return NULL;
	ports = pp_host_ports(host);
	if (host->port_count < PP_PORTS_KEPT)
		host->port_count++;
	memmove(&ports[place + 1], &ports[place], (host->port_count - place - 1U) * sizeof(ports[0]));
	ports[place] = (struct pp_host_port){ .port = port };
	return &ports[place];
}

static void observe_success(struct pp_diagnosis *diagnosis, struct pp_host *host, struct pp_host_port *port,
			    const struct pp_connection *conn, uint16_t number, enum pp_path path)
{
	struct pp_host_more *more = host->more;

	if (host->worked_count++ == 0)
		host->worked_path = (uint8_t)path;
	else if (!more && host->worked_path != path && !(more = more_of(diagnosis, host)))
		return;
	if (port) {
		pp_keep_earliest(&port->worked, conn->first);
		pp_keep_latest(&port->last_worked, conn->first.ts);
	}
	if (more) {
		pp_keep_earliest(&more->worked[path], conn->first);
		if (number == 443)
			pp_keep_earliest(&more->https, conn->first);
	}
}

static void observe_host(struct pp_diagnosis *diagnosis, struct pp_host *host, const struct pp_connection *conn,
			 const struct pp_attribution *who, const struct pp_shape *shape)
{
	enum pp_path path = shape->asked_proxy ? PP_BY_PROXY : PP_DIRECT;
	struct pp_host_port *port = add_port(diagnosis, host, who->port);

	host->observed++;
	if (shape->worked)
		observe_success(diagnosis, host, port, conn, who->port, path);
	if (shape->stage == PP_STAGE_SYN)
		host->failed_opens++;
	if (!shape->worked && shape->ending == PP_SERVER_RST)
		host->refusals++;
	if (shape->tls)
		observe_host_tls(diagnosis, host, conn, shape);
	if (conn->http)
		observe_host_http(diagnosis, host, conn->http);
}

void pp_contrast_observe(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
			 const struct pp_attribution *who, const struct pp_shape *shape, struct pp_places *ret_places)
{
	struct pp_baseline *address = pp_map_place(&diagnosis->addresses, ret_places->address);
	uint32_t place = pp_host_put(diagnosis, who->host, &conn->server.ip, who->category, conn->first, address);
	struct pp_host_record *record = pp_map_place(&diagnosis->hosts, place);
	struct pp_host *host = NULL, told;
	struct pp_service *service;

	ret_places->host = place;
	if (record && pp_host_is_known(record))
		host = pp_host_all(diagnosis, record);
	else if (record)
		host = pp_host_begin(&told, record);
	if (host)
		observe_host(diagnosis, host, conn, who, shape);
	if (host == &told)
		pp_host_keep(diagnosis, record, host);
	ret_places->service = service_of(diagnosis, &conn->server, address);
	if (ret_places->service) {
		service = pp_map_place(&diagnosis->services, ret_places->service);
		observe_service(service, conn, who, shape, place);
		if (shape->tunnel && shape->leaf)
			observe_issuer(diagnosis, service, shape);
	}
	pp_overview_observe(diagnosis, conn, who, shape, host, record);
}

/* ------------------------------------------------------------------ asking */

static const struct pp_host_record *host_at(const struct pp_case *c, uint32_t number)
{
	return pp_map_at(&c->diagnosis->hosts, number);
}

const struct pp_good_name *pp_other_name(const struct pp_case *c)
{
	for (unsigned i = 0; i < c->service->passed_count; i++)
		if (c->service->passed[i].host + 1 != c->places.host)
			return &c->service->passed[i];
	return NULL;
}

const char *pp_good_name_text(const struct pp_case *c, const struct pp_good_name *good)
{
	return host_at(c, good->host)->name;
}

const struct pp_mark *pp_other_port(const struct pp_case *c, uint16_t *ret_port)
{
	for (unsigned i = 0; i < 2; i++) {
		if (!pp_seen(c->address->answered[i]) || c->address->answered_port[i] == c->conn->server.port)
			continue;
		*ret_port = c->address->answered_port[i];
		return &c->address->answered[i];
	}
	return NULL;
}

/* Then its version may be why it is refused, and that is as it should be: somebody tries versions, or falls back. */
bool pp_is_outdone(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_HELLO) && c->shape.offer <= PP_TLS_1_1 && c->service->best_offer > PP_TLS_1_1 &&
	       c->service->passed_count > 0;
}

bool pp_short_hello_passed(const struct pp_case *c)
{
	return c->shape.tls && pp_seen(c->host->passed) && c->host->passed_len < c->shape.tls->client_hello_len;
}

static unsigned closed_hosts(const struct pp_case *c)
{
	return (unsigned)__builtin_popcountll(pp_overview_of(c)->closed_hosts |
					      pp_bit_of_host(pp_map_place(&c->diagnosis->hosts, c->places.host)));
}

/* Other connections to this very address show that the far end is farther than what answers here. */
static bool address_is_farther(const struct pp_case *c)
{
	int64_t hello = pp_lowest_but(&c->address->hello, c->conn->index);
	int64_t rtt = pp_lowest_but(&c->address->rtt, c->conn->index);

	return hello >= c->shape.near_ns + PP_WAN_GAP_NS || rtt >= 2 * c->shape.near_ns + PP_WAN_GAP_NS;
}

/* Nothing public is on the client's own link. */
static bool answers_on_own_link(const struct pp_case *c)
{
	const struct pp_addr *ip = &c->conn->server.ip;

	if (!pp_seen_from_client(c) || pp_addr_in(&c->conn->client.ip, ip, pp_addr_is_v4(ip) ? 16 : 64))
		return false;
	return c->server->profile.ttl_syn && pp_hops(c->server->profile.ttl_syn) == 0 && !pp_addr_is_private(ip) &&
	       !pp_addr_is_loopback(ip) && !pp_addr_is_link_local(ip);
}

/* A device that answers for everybody is near, and so is a server in the same room: nearness alone is no sign, and a
 * far end is no terminator unless it speaks for several names. */
enum pp_terminator pp_terminator_here(const struct pp_case *c)
{
	const struct pp_overview *seen = pp_overview_of(c);

	if (pp_seen(pp_host_rest(c->host)->page_470))
		return PP_TERMINATOR;
	if (!pp_is_near(c))
		return !pp_equals_working(c) && (pp_seen(seen->page_470) || closed_hosts(c) > 2) ? PP_TERMINATOR
												 : PP_NO_TERMINATOR;
	if (pp_seen(seen->page_470) || pp_seen(seen->terminated) || closed_hosts(c) > 1 || address_is_farther(c) ||
	    answers_on_own_link(c))
		return PP_TERMINATOR;
	return pp_other_name(c) && pp_is_azure(c) ? PP_TERMINATOR : PP_NEAR_ONLY;
}
