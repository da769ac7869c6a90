/* Attempt groups: connections that are one logical connect.
 *
 * Happy Eyeballs races addresses, NTLM needs three legs and often as many sockets, clients try other ports: what one of
 * them failed at is no fault when its sibling did the job.  Groups are found by host and beginning; a sibling lies in
 * the same bucket or the next ones, and its time is compared exactly.  Those that worked are noted first (wins.h).
 */
#include "diagnose/case.h"

enum { LEG_BUCKETS_MOST = 256 }; /* of time, that are searched for legs */

/* `client`, `host`: their places.  What one client does excuses no other one's; but which addresses of both families are of
 * one client nobody can know, so for the other family any client is taken for it. */
static struct pp_map_key key_of_group(uint32_t client, uint32_t host, uint16_t port, int64_t bucket)
{
	return (
	    struct pp_map_key){ { ((uint64_t)client << PP_MAP_NUMBER_BITS | host) << 16 | port, (uint64_t)bucket } };
}

static uint32_t any_client(bool v6) { return PP_MAP_NUMBERS - v6; }

static struct pp_map_key key_of_opening(uint16_t port, int64_t second)
{
	return (struct pp_map_key){ { port, (uint64_t)second } };
}

static struct pp_map_key key_of_second(int64_t second) { return (struct pp_map_key){ { (uint64_t)second, 0 } }; }

static bool is_final(enum pp_credentials credentials)
{
	return credentials != PP_CREDENTIALS_NONE && credentials != PP_CREDENTIALS_NTLM_FIRST &&
	       credentials != PP_CREDENTIALS_UNSEEN;
}

/* A loser is left without an answer; who was refused lost nothing to a sibling. */
static bool was_refused(const struct pp_tcp_facts *tcp) { return pp_seen(tcp->rst.mark) || tcp->icmp_count; }

/* ------------------------------------------------------------------ observing */

/* A 407 or 401 names a scheme (RFC 9110 section 15.5): without one that line was cut, and of a first leg the challenge in
 * it. */
static bool is_challenge(enum pp_credentials credentials, const struct pp_http_reply *reply)
{
	return reply->challenge || (credentials == PP_CREDENTIALS_NTLM_FIRST && reply->scheme_count == 0);
}

/* Which leg of an authentication a reply is, if it tells anything. */
static enum pp_leg leg_of(enum pp_credentials credentials, const struct pp_http_reply *reply, bool denied)
{
	if (reply->status == 0)
		return credentials == PP_CREDENTIALS_NONE ? PP_LEG_NONE : PP_LEG_PENDING;
	if (denied && is_challenge(credentials, reply))
		return PP_LEG_PENDING;
	if (denied)
		return is_final(credentials) ? PP_LEG_REJECTED : PP_LEG_NONE;
	return credentials == PP_CREDENTIALS_NONE ? PP_LEG_GRANTED_BARE : PP_LEG_GRANTED;
}

/* What pp_leg_granted() and pp_leg_rejected() will ask for. */
static void want_legs(struct pp_wins *wins, const struct pp_win *leg, const struct pp_http_reply *denied)
{
	int64_t from = pp_bucket_of(denied->mark.ts - PP_LEGS_NS), first = pp_bucket_of(leg->first.ts);

	pp_wins_want_legs(wins, leg->host, leg->port, first < from ? first : from,
			  pp_bucket_of(denied->mark.ts + PP_LEGS_NS));
}

static void observe_reply(struct pp_diagnosis *diagnosis, struct pp_win *leg, enum pp_credentials credentials,
			  struct pp_mark request, const struct pp_http_reply *reply, bool of_proxy, bool to_connect)
{
	bool denied = pp_wants_credentials(reply, to_connect);

	leg->leg = of_proxy ? leg_of(credentials, reply, denied) : PP_LEG_NONE;
	leg->reply = leg->leg == PP_LEG_PENDING ? request : reply->mark;
	if (leg->leg)
		pp_wins_add(diagnosis, leg);
	if (denied)
		want_legs(&diagnosis->wins, leg, reply);
}

static void observe_legs(struct pp_diagnosis *diagnosis, struct pp_win *leg, const struct pp_http_facts *http,
			 const char *host, bool asked_proxy)
{
	for (unsigned i = 0; i < http->connect_count; i++)
		if (pp_is_for(http->connects[i].host, host))
			observe_reply(diagnosis, leg, http->connects[i].credentials, http->connects[i].mark,
				      &http->connects[i].reply, asked_proxy, true);
	for (unsigned i = 0; i < http->exchange_count; i++)
		if (pp_is_for(http->exchanges[i].host, host))
			observe_reply(diagnosis, leg, http->exchanges[i].credentials, http->exchanges[i].mark,
				      &http->exchanges[i].reply, asked_proxy && http->exchanges[i].absolute_form,
				      false);
}

void pp_group_leg(struct pp_diagnosis *diagnosis, const struct pp_win *win)
{
	struct pp_map_key key = key_of_group(win->client, win->host, win->port, pp_bucket_of(win->first.ts));
	struct pp_legs *legs = pp_map_add(&diagnosis->legs, &key);

	if (!legs)
		return;
	if (win->leg == PP_LEG_REJECTED)
		pp_keep_earliest(&legs->rejected, win->reply);
	else if (win->leg == PP_LEG_PENDING)
		pp_keep_last(&legs->pending, win->reply);
	else
		pp_keep_last(win->leg == PP_LEG_GRANTED ? &legs->granted : &legs->granted_bare, win->reply);
}

/* Connections come in order of time, or nearly. */
static struct pp_opening *opening_of(struct pp_diagnosis *diagnosis, const struct pp_map_key *key)
{
	struct pp_opening *opening = pp_map_place(&diagnosis->openings, diagnosis->last_opening);

	if (opening && pp_map_same_key(&opening->key, key))
		return opening;
	diagnosis->last_opening = pp_map_put(&diagnosis->openings, key);
	return pp_map_place(&diagnosis->openings, diagnosis->last_opening);
}

void pp_group_opening_won(struct pp_diagnosis *diagnosis, const struct pp_win *win)
{
	struct pp_map_key key = key_of_opening(win->server_port, pp_second_of(win->first.ts));
	struct pp_opening *opening = opening_of(diagnosis, &key);

	if (opening)
		pp_keep_earliest(&opening->won[win->v6], win->first);
}

static void won_by(struct pp_diagnosis *diagnosis, const struct pp_win *win, uint32_t client)
{
	struct pp_map_key key = key_of_group(client, win->host, win->port, pp_bucket_of(win->first.ts));
	struct pp_group *group = pp_map_add(&diagnosis->groups, &key);

	if (!group)
		return;
	pp_keep_earliest(&group->won, win->first);
	pp_keep_last(&group->won_last, win->first);
}

void pp_group_won(struct pp_diagnosis *diagnosis, const struct pp_win *win, bool for_any)
{
	won_by(diagnosis, win, win->client);
	if (for_any)
		won_by(diagnosis, win, any_client(win->v6));
}

/* The three lowest addresses: enough to say "several", whatever the order. */
static void add_reset(struct pp_reset_second *second, const struct pp_addr *from)
{
	unsigned place = 0, most = sizeof(second->from) / sizeof(second->from[0]);

	while (place < second->count && pp_addr_compare(&second->from[place], from) < 0)
		place++;
	if (place == most || (place < second->count && pp_addr_equal(&second->from[place], from)))
		return;
	if (second->count < most)
		second->count++;
	memmove(&second->from[place + 1], &second->from[place], (second->count - place - 1) * sizeof(second->from[0]));
	second->from[place] = *from;
}

bool pp_reset_after_idle(const struct pp_tcp_facts *tcp)
{
	return tcp->rst.idle_ns >= PP_IDLE_NS ||
	       (tcp->longest_idle_ns >= PP_IDLE_NS && tcp->idle_after.ts <= tcp->rst.mark.ts &&
		tcp->rst.mark.ts - tcp->idle_after.ts <= 5 * PP_SECOND);
}

static bool is_midsession_reset(const struct pp_connection *conn, const struct pp_shape *shape)
{
	return shape->ending == PP_SERVER_RST &&
	       (pp_is_in_session(shape) || (shape->stage == PP_STAGE_OPAQUE && pp_may_be_complete(conn))) &&
	       conn->tcp.rst.after != PP_PHASE_CLOSE && !pp_reset_after_idle(&conn->tcp);
}

static void observe_reset(struct pp_diagnosis *diagnosis, const struct pp_addr *from, int64_t ts)
{
	struct pp_map_key key = key_of_second(pp_second_of(ts));
	struct pp_reset_second *second = pp_map_add(&diagnosis->resets, &key);

	if (second)
		add_reset(second, from);
}

void pp_group_observe_it(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
			 const struct pp_attribution *who, const struct pp_shape *shape, const struct pp_places *places)
{
	struct pp_win win = { .first = conn->first,
			      .client = diagnosis->last_client, /* its own: it was observed as such just before */
			      .host = places->host,
			      .port = who->port,
			      .server_port = conn->server.port,
			      .v6 = !pp_addr_is_v4(&conn->server.ip) };

	if (is_midsession_reset(conn, shape))
		observe_reset(diagnosis, &conn->server.ip, shape->end.ts);
	if (shape->worked || shape->passed)
		pp_wins_add(diagnosis, &win);
	if (places->host && conn->http)
		observe_legs(diagnosis, &win, conn->http, who->host, shape->asked_proxy);
}

/* What pp_sibling_won() will ask for. */
void pp_group_given_up(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
		       const struct pp_attribution *who, const struct pp_places *places)
{
	if (who->host)
		pp_wins_want_bucket(&diagnosis->wins, !pp_addr_is_v4(&conn->server.ip), places->host, who->port,
				    pp_bucket_of(conn->first.ts));
	else if (!was_refused(&conn->tcp))
		pp_wins_want_second(&diagnosis->wins, !pp_addr_is_v4(&conn->server.ip), conn->server.port,
				    pp_second_of(conn->first.ts));
}

/* ------------------------------------------------------------------ asking */

static uint32_t client_of(const struct pp_case *c) { return pp_client_place(c->diagnosis, &c->conn->client.ip); }

static const struct pp_group *group_at(const struct pp_case *c, uint32_t client, int64_t bucket)
{
	struct pp_map_key key = key_of_group(client, c->places.host, c->who->port, bucket);

	return pp_map_find(&c->diagnosis->groups, &key);
}

static const struct pp_legs *legs_at(const struct pp_case *c, uint32_t client, int64_t bucket)
{
	struct pp_map_key key = key_of_group(client, c->places.host, c->who->port, bucket);

	return pp_map_find(&c->diagnosis->legs, &key);
}

static bool within(int64_t a, int64_t b, int64_t ns) { return (a > b ? a - b : b - a) <= ns; }

static bool family_won(const struct pp_case *c, struct pp_mark *ret_mark)
{
	const struct pp_mark *mine = &c->conn->first;
	unsigned other = pp_addr_is_v4(&c->conn->server.ip);

	if (was_refused(c->tcp))
		return false;
	for (int64_t s = pp_second_of(mine->ts) - PP_OPENING_SECONDS; s <= pp_second_of(mine->ts) + PP_OPENING_SECONDS;
	     s++) {
		struct pp_map_key key = key_of_opening(c->conn->server.port, s);
		const struct pp_opening *opening = pp_map_find(&c->diagnosis->openings, &key);

		if (opening && pp_seen(opening->won[other]) && within(opening->won[other].ts, mine->ts, PP_GROUP_NS)) {
			*ret_mark = opening->won[other];
			return true;
		}
	}
	return false;
}

static bool client_won(const struct pp_case *c, uint32_t client, struct pp_mark *ret_mark)
{
	const struct pp_mark *mine = &c->conn->first;

	for (int64_t b = pp_bucket_of(mine->ts) - 1; b <= pp_bucket_of(mine->ts) + 1; b++) {
		const struct pp_group *group = group_at(c, client, b);

		if (!group || !pp_seen(group->won))
			continue;
		*ret_mark = b < pp_bucket_of(mine->ts) ? group->won_last : group->won;
		if (within(ret_mark->ts, mine->ts, PP_GROUP_NS))
			return true;
	}
	return false;
}

bool pp_sibling_won(const struct pp_case *c, struct pp_mark *ret_mark)
{
	if (!c->who->host)
		return family_won(c, ret_mark);
	return client_won(c, client_of(c), ret_mark) ||
	       client_won(c, any_client(pp_addr_is_v4(&c->conn->server.ip)), ret_mark);
}

/* The latest refusal of this connection's proxied requests that wants credentials. */
static const struct pp_http_reply *last_denied(const struct pp_case *c)
{
	if (c->shape.connect && pp_wants_credentials(&c->shape.connect->reply, true))
		return &c->shape.connect->reply;
	if (c->shape.exchange && pp_wants_credentials(&c->shape.exchange->reply, false))
		return &c->shape.exchange->reply;
	return NULL;
}

/* What was done about it elsewhere, if these legs tell. */
typedef struct pp_mark pick_leg(const struct pp_legs *legs, int64_t denied);

/* Of connections that began since `from`, up to the time in which an answer to the challenge is expected.  Where that is long,
 * those that began with the first and the last ones: a file may say that it took decades. */
static struct pp_mark search_legs(const struct pp_case *c, const struct pp_http_reply *denied, int64_t from,
				  pick_leg *pick)
{
	uint32_t client = client_of(c);
	int64_t until = pp_bucket_of(denied->mark.ts + PP_LEGS_NS);
	struct pp_mark found = { 0 };

	for (int64_t b = pp_bucket_of(from); b <= until && !pp_seen(found); b++) {
		const struct pp_legs *legs = legs_at(c, client, b);

		if (legs)
			found = pick(legs, denied->mark.ts);
		if (until - b > LEG_BUCKETS_MOST)
			b = until - LEG_BUCKETS_MOST;
	}
	return found;
}

static bool soon_after(struct pp_mark mark, int64_t denied, int64_t ns)
{
	return pp_seen(mark) && mark.ts > denied && mark.ts - denied <= ns;
}

static struct pp_mark granted_leg(const struct pp_legs *legs, int64_t denied)
{
	if (soon_after(legs->granted, denied, PP_LEGS_NS))
		return legs->granted;
	return soon_after(legs->granted_bare, denied, PP_GROUP_NS) ? legs->granted_bare : (struct pp_mark){ 0 };
}

static struct pp_mark pending_leg(const struct pp_legs *legs, int64_t denied)
{
	return soon_after(legs->pending, denied, PP_LEGS_NS) ? legs->pending : (struct pp_mark){ 0 };
}

static struct pp_mark rejected_leg(const struct pp_legs *legs, int64_t denied)
{
	return pp_seen(legs->rejected) && within(legs->rejected.ts, denied, PP_LEGS_NS) ? legs->rejected
											: (struct pp_mark){ 0 };
}

struct pp_mark pp_leg_granted(const struct pp_case *c)
{
	const struct pp_http_reply *denied = last_denied(c);

	return denied ? search_legs(c, denied, c->conn->first.ts, granted_leg) : (struct pp_mark){ 0 };
}

bool pp_leg_pending(const struct pp_case *c)
{
	const struct pp_http_reply *denied = last_denied(c);

	return denied && pp_seen(search_legs(c, denied, c->conn->first.ts, pending_leg));
}

struct pp_mark pp_leg_rejected(const struct pp_case *c)
{
	const struct pp_http_reply *denied = last_denied(c);

	return denied ? search_legs(c, denied, denied->mark.ts - PP_LEGS_NS, rejected_leg) : (struct pp_mark){ 0 };
}

bool pp_resets_elsewhere(const struct pp_case *c, struct pp_addr *ret_other, unsigned *ret_servers)
{
	int64_t at = pp_second_of(c->tcp->rst.mark.ts);

	for (int64_t s = at - 1; s <= at + 1; s++) {
		struct pp_map_key key = key_of_second(s);
		const struct pp_reset_second *second = pp_map_find(&c->diagnosis->resets, &key);

		for (unsigned i = 0; second && i < second->count; i++) {
			if (pp_addr_equal(&second->from[i], &c->conn->server.ip))
				continue;
			*ret_other = second->from[i];
			*ret_servers = second->count;
			return true;
		}
	}
	return false;
}
