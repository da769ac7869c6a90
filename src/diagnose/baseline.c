/* Baselines: how an address usually answers, and whether a reset comes from somebody else.
 *
 * A reset's header can be copied, so equality proves nothing; a difference in hops, or an answer faster than the
 * address can give, says that another device spoke.  Path changes move a TTL by a hop, so one hop is not a difference.
 */
#include "diagnose/case.h"
#include "diagnose/lookup.h"

enum { FOREIGN_HOPS = 2 };
enum { PROBED_HOSTS = 24, SCANNED_PORTS = 10 };
static const int64_t PROBED_NS = 5 * PP_SECOND;
#define RTT_FLOOR_NS (2 * PP_MS) /* below it, half an RTT is scheduling noise */
enum { IP_ID_NEAR = 64 };

void pp_lowest_put(struct pp_lowest *lowest, int64_t ns, uint32_t index)
{
	unsigned place = 0;
	int64_t now = ns + 1;

	while (place < 2 && lowest->ns[place] &&
	       (lowest->ns[place] < now || (lowest->ns[place] == now && lowest->index[place] < index)))
		place++;
	if (place == 2)
		return;
	if (place == 0) {
		lowest->ns[1] = lowest->ns[0];
		lowest->index[1] = lowest->index[0];
	}
	lowest->ns[place] = now;
	lowest->index[place] = index;
}

int64_t pp_lowest_but(const struct pp_lowest *lowest, uint32_t index)
{
	for (unsigned i = 0; i < 2; i++)
		if (lowest->ns[i] && lowest->index[i] != index)
			return lowest->ns[i] - 1;
	return -1;
}

/* ------------------------------------------------------------------ observing */

/* Most senders have one TTL. */
static void add_ttls(struct pp_distances *distances, const struct pp_tcp_profile *profile)
{
	pp_distances_add(distances, profile->ttl_min);
	if (profile->ttl_max != profile->ttl_min)
		pp_distances_add(distances, profile->ttl_max);
	if (profile->ttl_syn != profile->ttl_min)
		pp_distances_add(distances, profile->ttl_syn);
	if (profile->ttl_data != profile->ttl_min)
		pp_distances_add(distances, profile->ttl_data);
}

/* The two lowest ports that ever answered, each with its earliest SYN-ACK. */
static void add_answered(struct pp_baseline *baseline, uint16_t port, struct pp_mark mark)
{
	unsigned place = 0;

	while (place < 2 && pp_seen(baseline->answered[place]) && baseline->answered_port[place] < port)
		place++;
	if (place == 2)
		return;
	if (pp_seen(baseline->answered[place]) && baseline->answered_port[place] == port) {
		pp_keep_earliest(&baseline->answered[place], mark);
		return;
	}
	if (place == 0) {
		baseline->answered[1] = baseline->answered[0];
		baseline->answered_port[1] = baseline->answered_port[0];
	}
	baseline->answered_port[place] = port;
	baseline->answered[place] = mark;
}

static void add_options(struct pp_baseline *baseline, const struct pp_tcp_profile *profile)
{
	if (baseline->options_seen &&
	    (baseline->option_order != profile->option_order || baseline->mss != profile->mss))
		baseline->options_vary = true;
	baseline->options_seen = true;
	baseline->option_order = profile->option_order;
	baseline->mss = profile->mss;
}

static void add_closed(struct pp_baseline *baseline, uint16_t port)
{
	uint64_t bit = pp_bit_of(port);

	if (baseline->closed_ports & bit)
		return;
	baseline->closed_ports |= bit;
	baseline->scanned = __builtin_popcountll(baseline->closed_ports) >= SCANNED_PORTS;
}

static void observe_server(struct pp_baseline *baseline, const struct pp_connection *conn, const struct pp_shape *shape)
{
	const struct pp_tcp_facts *tcp = &conn->tcp;
	const struct pp_tcp_profile *profile = &tcp->side[PP_SERVER].profile;

	add_ttls(&baseline->distances, profile);
	pp_lowest_add(&baseline->rtt, tcp->handshake_rtt_ns, conn->index);
	if (!shape->tunnel)
		pp_lowest_add(&baseline->hello, shape->hello_ns, conn->index);
	if (shape->worked) {
		add_ttls(&baseline->worked_distances, profile);
		pp_lowest_add(&baseline->worked_rtt, shape->near_ns, conn->index);
	}
	if (pp_seen(tcp->syn_ack)) {
		add_answered(baseline, conn->server.port, tcp->syn_ack);
		add_options(baseline, profile);
	} else if (shape->stage == PP_STAGE_SYN) {
		add_closed(baseline, conn->server.port);
	}
}

/* Half a PROBED_NS long, so that two neighbours are never longer than it. */
static int64_t probe_bucket(int64_t ts) { return ts / (PROBED_NS / 2); }

static uint64_t probed_in(const struct pp_diagnosis *diagnosis, const struct pp_map_key *client, int64_t bucket)
{
	struct pp_map_key key = pp_key_of_moment(diagnosis, client, bucket);
	const struct pp_probes *probes = pp_map_find(&diagnosis->probes, &key);

	return probes ? probes->hosts : 0;
}

/* True when the client has asked so many hosts in vain around `at` that it scans. */
static bool observe_probe(struct pp_diagnosis *diagnosis, const struct pp_map_key *client, uint64_t host, int64_t at)
{
	int64_t bucket = probe_bucket(at);
	struct pp_map_key key = pp_key_of_moment(diagnosis, client, bucket);
	struct pp_probes *probes = pp_map_add(&diagnosis->probes, &key);
	uint64_t hosts;

	if (!probes)
		return false;
	probes->hosts |= host;
	hosts = probes->hosts;
	return __builtin_popcountll(hosts | probed_in(diagnosis, client, bucket - 1)) >= PROBED_HOSTS ||
	       __builtin_popcountll(hosts | probed_in(diagnosis, client, bucket + 1)) >= PROBED_HOSTS;
}

/* Most captures know one client. */
static struct pp_baseline *client_of(struct pp_diagnosis *diagnosis, const struct pp_map_key *key)
{
	if (diagnosis->client && pp_map_same_key(&diagnosis->client->key, key))
		return diagnosis->client;
	diagnosis->last_client = pp_map_put(&diagnosis->addresses, key);
	diagnosis->client = pp_map_place(&diagnosis->addresses, diagnosis->last_client);
	return diagnosis->client;
}

uint32_t pp_client_place(const struct pp_diagnosis *diagnosis, const struct pp_addr *client)
{
	struct pp_map_key key = pp_key_of_addr(client);

	if (diagnosis->client && pp_map_same_key(&diagnosis->client->key, &key))
		return diagnosis->last_client;
	return pp_map_look(&diagnosis->addresses, &key);
}

/* An agent whose way is blocked asks many web servers in vain, too: only other ports make a scanner. */
static bool may_be_probe(const struct pp_connection *conn, const struct pp_attribution *who,
			 const struct pp_shape *shape)
{
	return shape->stage == PP_STAGE_SYN && !who->host && !who->row && !pp_is_web_port(conn->server.port);
}

uint32_t pp_baseline_observe(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
			     const struct pp_attribution *who, const struct pp_shape *shape)
{
	struct pp_map_key server = pp_key_of_addr(&conn->server.ip), client = pp_key_of_addr(&conn->client.ip);
	uint32_t place = pp_map_put(&diagnosis->addresses, &server);
	struct pp_baseline *baseline = pp_map_place(&diagnosis->addresses, place);

	if (baseline) {
		observe_server(baseline, conn, shape);
		if (conn->tcp.side[PP_CLIENT].packets && conn->tcp.side[PP_SERVER].packets)
			baseline->heard = true;
	}
	baseline = client_of(diagnosis, &client);
	if (!baseline)
		return place;
	baseline->is_client = true;
	diagnosis->seen.client |= !pp_addr_is_loopback(&conn->client.ip);
	if (conn->tcp.side[PP_SERVER].packets)
		baseline->heard = true;
	if (!baseline->scans && may_be_probe(conn, who, shape) &&
	    observe_probe(diagnosis, &client, pp_bit_of(server.word[0] ^ server.word[1]), conn->first.ts))
		baseline->scans = diagnosis->seen.scanner = true;
	return place;
}

void pp_baseline_observe_lookup(struct pp_diagnosis *diagnosis, const struct pp_lookup *lookup)
{
	struct pp_map_key key = pp_key_of_addr(&lookup->client.ip);
	struct pp_baseline *client = client_of(diagnosis, &key);

	diagnosis->seen.client |= !pp_addr_is_loopback(&lookup->client.ip);
	if (client)
		client->heard |= pp_lookup_answered(lookup);
}

/* ------------------------------------------------------------------ asking */

static bool holds(const struct pp_distances *distances, unsigned hops)
{
	return distances->bits[hops >> 6] >> (hops & 63) & 1;
}

/* False for an empty set: nothing is known. */
static bool all_differ(const struct pp_distances *distances, uint8_t ttl)
{
	unsigned hops = pp_hops(ttl);

	if (!(distances->bits[0] | distances->bits[1]))
		return false;
	for (unsigned i = hops < FOREIGN_HOPS ? 0 : hops - (FOREIGN_HOPS - 1); i < hops + FOREIGN_HOPS; i++)
		if (holds(distances, i))
			return false;
	return true;
}

bool pp_address_ttl_is_foreign(const struct pp_case *c, uint8_t ttl) { return all_differ(&c->address->distances, ttl); }

bool pp_ttl_is_foreign(const struct pp_case *c, uint8_t ttl)
{
	struct pp_distances own = { { 0 } };

	add_ttls(&own, &c->server->profile);
	return c->server->profile.ttl_min ? all_differ(&own, ttl) : pp_address_ttl_is_foreign(c, ttl);
}

/* Of TCP handshakes alone: an acknowledgement may have been delayed, so that it is no bound. */
static int64_t lowest_rtt(const struct pp_case *c)
{
	int64_t own = c->tcp->handshake_rtt_ns;

	return own >= 0 ? own : pp_lowest_but(&c->address->rtt, c->conn->index);
}

/* From the client's segment that the reset can be an answer to; -1 when it answers none. */
static int64_t reset_after(const struct pp_case *c)
{
	const struct pp_tcp_reset *rst = &c->tcp->rst;

	if (pp_stage_is(c, PP_STAGE_SYN))
		return rst->since_other_ns; /* not from the last SYN: a client may ask again behind the reset */
	if (rst->has_ack && rst->ack_ahead < 0)
		return -1;
	if (pp_seen(c->tcp->watch) && c->tcp->watch.ts <= rst->mark.ts)
		return rst->mark.ts - c->tcp->watch.ts;
	return rst->since_other_ns;
}

static const char *unlike_fields(const struct pp_case *c)
{
	const struct pp_tcp_reset *rst = &c->tcp->rst;
	const struct pp_tcp_profile *profile = &c->server->profile;
	bool timestamps = profile->timestamps && !rst->has_timestamp;
	bool id = profile->ip_id_seen && rst->ip_id != 0 &&
		  (uint16_t)(rst->ip_id - profile->ip_id_last + IP_ID_NEAR) > 2 * IP_ID_NEAR;

	if (timestamps && id)
		return "timestamps, IP ID";
	if (timestamps)
		return !rst->has_ack ? "timestamps, ACK flag" : "timestamps";
	return id ? "IP ID" : NULL;
}

struct pp_foreign pp_reset_is_foreign(const struct pp_case *c)
{
	int64_t lowest = lowest_rtt(c);
	struct pp_foreign foreign = { .after_ns = reset_after(c), .fields = unlike_fields(c) };

	if (c->gates & PP_CAP(10))
		return (struct pp_foreign){ .after_ns = -1 };
	foreign.ttl = pp_ttl_is_foreign(c, c->tcp->rst.ttl);
	foreign.early = lowest >= RTT_FLOOR_NS && foreign.after_ns >= 0 && 2 * foreign.after_ns < lowest;
	foreign.header = foreign.fields != NULL;
	return foreign;
}

/* Distances are the client's only where the capture was made at the client, or at least nearer to it than to the
 * server. */
bool pp_seen_from_client(const struct pp_case *c)
{
	uint8_t client = c->client->profile.ttl_min, server = c->server->profile.ttl_min;

	return !client || pp_hops(client) == 0 || (server && pp_hops(client) < pp_hops(server));
}

bool pp_is_near(const struct pp_case *c)
{
	return c->shape.near_ns >= 0 && c->shape.near_ns <= PP_LAN_NS && pp_seen_from_client(c);
}

bool pp_equals_working(const struct pp_case *c)
{
	int64_t working = pp_lowest_but(&c->address->worked_rtt, c->conn->index), mine = c->shape.near_ns;
	uint8_t ttl = c->server->profile.ttl_syn ? c->server->profile.ttl_syn : c->server->profile.ttl_max;

	return working >= 0 && mine >= working / 2 && mine <= 3 * working + PP_LAN_NS && ttl != 0 &&
	       !all_differ(&c->address->worked_distances, ttl);
}
