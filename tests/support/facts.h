/* facts: small builders of connection facts, so that a test reads as the story of a connection.
 *
 * Shape   a world holds stories (connections with all they point to) and lookups; tell_…() functions move a story's
 * clock and fill the facts a capture of it would give.  world_judge() runs the whole diagnosis over it.
 */
#ifndef PP_TESTS_FACTS_H
#define PP_TESTS_FACTS_H

#include "diagnose/diagnose.h"

#include <assert.h>
#include <string.h>

enum { STORIES_MAX = 24, LOOKUPS_MAX = 6, STORY_CONNECTS_MAX = 4, STORY_CHAIN_MAX = 3 };

struct story {
	struct pp_connection conn;
	struct pp_http_facts http;
	struct pp_tls_facts tls;
	struct pp_connect connects[STORY_CONNECTS_MAX];
	struct pp_http_exchange exchanges[STORY_CONNECTS_MAX];
	struct pp_tls_certificate chain[STORY_CHAIN_MAX];
	struct pp_attribution who;
	struct world *world;
	int64_t now, rtt;
	uint8_t ttl;
};

struct world {
	struct story stories[STORIES_MAX];
	unsigned story_count;
	unsigned told; /* further hosts of connections */
	struct pp_lookup lookups[LOOKUPS_MAX];
	struct pp_attribution lookup_who[LOOKUPS_MAX];
	unsigned lookup_count;
	struct pp_diagnosis_options options;
	struct pp_agent_row agent;
	struct pp_neighbour neighbours[8];
	unsigned neighbour_count;
	int64_t hole;     /* 0: none */
	uint64_t dropped; /* by the capturer */
	struct pp_note notes[4], *note_list[4];
	struct pp_notes noted; /* what the capturing machine told */
	struct pp_proxy_settings settings;
	uint32_t packet;
	int64_t end;                          /* of the capture; 0: a minute after the last packet */
	const struct pp_endpoint_addr *proxy; /* --proxy; NULL: none */
	struct pp_diagnosis *diagnosis;
	struct pp_places places[STORIES_MAX];
	struct pp_judgement judgements[STORIES_MAX], lookup_judgements[LOOKUPS_MAX];
};

#define STORY_EPOCH (1780000000LL * PP_SECOND)

static const struct pp_endpoint_row story_azure_row = { .category = "entra-id",
							.pattern = "*.example.azure",
							.file = "test" };

/* Names under .azure are the ones the catalogue would know. */
static inline void story_attribute(struct pp_attribution *who, const char *host)
{
	size_t len = host ? strlen(host) : 0;
	bool azure = len > 6 && strcmp(host + len - 6, ".azure") == 0;

	who->host = host;
	who->category = azure ? "entra-id" : "other";
	who->row = azure ? &story_azure_row : NULL;
}

static inline struct pp_endpoint_addr story_addr(const char *text, uint16_t port)
{
	struct pp_endpoint_addr addr = { .port = port };

	if (pp_addr_parse(text, &addr.ip) != PP_OK)
		assert(!"an address");
	return addr;
}

static inline struct pp_mark story_mark(struct story *s)
{
	struct pp_mark mark = { .ts = s->now, .packet = ++s->world->packet };

	if (!pp_seen(s->conn.first))
		s->conn.first = mark;
	s->conn.last = mark;
	return mark;
}

static inline struct pp_mark story_packet(struct story *s, enum pp_side side)
{
	struct pp_mark mark = story_mark(s);

	s->conn.tcp.side[side].packets++;
	s->conn.tcp.side[side].last = mark;
	return mark;
}

/* A connection that begins `ms` after the capture; its server is 50 ms and two hops away unless changed. */
static inline struct story *world_story(struct world *w, int64_t ms, const char *server, uint16_t port,
					const char *host)
{
	struct story *s = &w->stories[w->story_count];

	assert(w->story_count < STORIES_MAX);
	memset(s, 0, sizeof(*s));
	s->world = w;
	s->now = STORY_EPOCH + ms * PP_MS;
	s->rtt = 50 * PP_MS;
	s->ttl = 62;
	s->conn.index = s->conn.stream = w->story_count++;
	s->conn.client =
	    story_addr(strchr(server, ':') ? "2001:db8::4" : "10.0.0.4", (uint16_t)(50000 + w->story_count));
	s->conn.server = story_addr(server, port);
	s->conn.ip_version = strchr(server, ':') ? 6 : 4;
	s->conn.tcp.handshake_rtt_ns = s->conn.tcp.ack_rtt_min_ns = -1;
	s->conn.tcp.rst.since_other_ns = -1;
	story_attribute(&s->who, host);
	s->who.port = port;
	s->who.by = host ? PP_ATTRIBUTED_BY_DNS : PP_ATTRIBUTED_BY_NOTHING;
	return s;
}

/* ------------------------------------------------------------------ TCP */

static inline void tell_wait(struct story *s, int64_t ms) { s->now += ms * PP_MS; }

/* `count` SYNs, a second apart, then twice as long each. */
static inline void tell_syns(struct story *s, unsigned count)
{
	struct pp_tcp_facts *tcp = &s->conn.tcp;
	int64_t gap = PP_SECOND;

	for (unsigned i = 0; i < count; i++, gap *= 2) {
		tcp->syn_last = story_packet(s, PP_CLIENT);
		if (i == 0)
			tcp->syn = tcp->syn_last;
		tcp->syn_ms[tcp->syn_times++] = (uint32_t)((s->now - tcp->syn.ts) / PP_MS);
		if (i + 1 < count)
			s->now += gap;
	}
	tcp->syn_count = count;
	tcp->syn_retransmits = count - 1;
	tcp->side[PP_CLIENT].profile =
	    (struct pp_tcp_profile){ .ttl_syn = 64, .mss = 1460, .options_syn = 15, .ttl_min = 64, .ttl_max = 64 };
}

static inline void tell_syn_ack(struct story *s)
{
	struct pp_tcp_facts *tcp = &s->conn.tcp;

	s->now += s->rtt;
	tcp->syn_ack = story_packet(s, PP_SERVER);
	tcp->syn_ack_count = 1;
	if (tcp->syn_count == 1)
		tcp->handshake_rtt_ns = s->rtt;
	tcp->side[PP_SERVER].profile = (struct pp_tcp_profile){ .ttl_syn = s->ttl,
								.ttl_min = s->ttl,
								.ttl_max = s->ttl,
								.mss = 1460,
								.options_syn = 15,
								.timestamps = true };
}

static inline void tell_open(struct story *s)
{
	tell_syns(s, 1);
	tell_syn_ack(s);
	s->conn.tcp.established = story_packet(s, PP_CLIENT);
}

static inline struct pp_mark tell_bytes(struct story *s, enum pp_side side, uint32_t bytes)
{
	struct pp_tcp_side *tcp = &s->conn.tcp.side[side];
	struct pp_mark mark = story_packet(s, side);

	pp_mark_first(&tcp->first_data, mark);
	tcp->last_data = mark;
	tcp->bytes += bytes;
	tcp->end = tcp->bytes;
	if (bytes > tcp->largest_payload)
		tcp->largest_payload = bytes < 1448 ? bytes : 1448;
	if (side == PP_SERVER) {
		tcp->profile.ttl_data = s->ttl;
		if (pp_seen(s->conn.tcp.watch))
			pp_mark_first(&s->conn.tcp.watch_answer, mark);
		s->conn.tcp.side[PP_CLIENT].acked = s->conn.tcp.side[PP_CLIENT].end;
	}
	return mark;
}

static inline void tell_watch(struct story *s, struct pp_mark mark, unsigned segments)
{
	struct pp_tcp_facts *tcp = &s->conn.tcp;

	tcp->watch = mark;
	tcp->watch_segments = segments;
	tcp->watch_end = tcp->side[PP_CLIENT].end;
	tcp->watch_acked = tcp->watch_answer = (struct pp_mark){ 0 };
	tcp->watch_part_acked = false;
	tcp->watch_retransmits = 0;
}

static inline void tell_acked(struct story *s)
{
	s->now += s->rtt;
	s->conn.tcp.watch_acked = story_packet(s, PP_SERVER);
	s->conn.tcp.watch_part_acked = true;
	s->conn.tcp.side[PP_CLIENT].acked = s->conn.tcp.side[PP_CLIENT].end;
}

static inline void tell_unacked(struct story *s, unsigned times, uint32_t payload)
{
	for (unsigned i = 0; i < times; i++) {
		s->now += PP_SECOND;
		s->conn.tcp.side[PP_CLIENT].again = story_packet(s, PP_CLIENT);
	}
	s->conn.tcp.watch_retransmits += times;
	s->conn.tcp.side[PP_CLIENT].retransmits += times;
	s->conn.tcp.side[PP_CLIENT].stuck_retransmits += times;
	s->conn.tcp.side[PP_CLIENT].stuck_payload = payload;
}

static inline void tell_fin(struct story *s, enum pp_side side)
{
	struct pp_tcp_facts *tcp = &s->conn.tcp;

	if (!pp_seen(tcp->side[PP_CLIENT].fin) && !pp_seen(tcp->side[PP_SERVER].fin))
		tcp->fin_from = side;
	tcp->side[side].fin = story_packet(s, side);
}

/* A reset of the live socket of that side; tests change what shall be odd about it. */
static inline struct pp_tcp_reset *tell_rst(struct story *s, enum pp_side side, enum pp_phase after)
{
	struct pp_tcp_facts *tcp = &s->conn.tcp;
	bool closed = pp_seen(tcp->side[PP_CLIENT].fin) || pp_seen(tcp->side[PP_SERVER].fin);
	int64_t idle = s->now - s->conn.last.ts;

	tcp->rst = (struct pp_tcp_reset){ .mark = story_packet(s, side),
					  .from = side,
					  .after = closed ? PP_PHASE_CLOSE : after,
					  .has_ack = true,
					  .has_timestamp = true,
					  .df = true,
					  .ttl = side == PP_SERVER ? s->ttl : 64,
					  .window = 501,
					  .acceptable = true,
					  .count = 1,
					  .idle_ns = idle };
	tcp->rst.since_other_ns = s->now - tcp->side[pp_other_side(side)].last.ts;
	return &tcp->rst;
}

static inline void tell_icmp(struct story *s, const char *from, uint8_t type, uint8_t code)
{
	struct pp_icmp_error *error = &s->conn.tcp.icmp[s->conn.tcp.icmp_count++];

	*error = (struct pp_icmp_error){ .mark = story_mark(s),
					 .from = story_addr(from, 0).ip,
					 .type = type,
					 .code = code,
					 .ip_version = strchr(from, ':') ? 6 : 4,
					 .authentic = true,
					 .about = PP_CLIENT };
}

/* ------------------------------------------------------------------ TLS */

static inline void tell_hello(struct story *s, const char *sni, uint16_t version, uint32_t len)
{
	struct pp_tls_facts *tls = &s->tls;
	unsigned segments = len / 1448 + 1;

	s->conn.tls = tls;
	tls->sni = sni;
	tls->client_hello = tls->client_hello_begin = tell_bytes(s, PP_CLIENT, len);
	tls->client_hello_len = len;
	tls->client_hello_count = 1;
	tls->legacy_version = version < PP_TLS_1_2 ? version : PP_TLS_1_2;
	tls->offered[0] = version;
	tls->offered[1] = PP_TLS_1_2;
	tls->offered_count = version > PP_TLS_1_2 ? 2 : 1;
	if (sni) {
		story_attribute(&s->who, sni);
		s->who.by = PP_ATTRIBUTED_BY_SNI;
	}
	tell_watch(s, tls->client_hello, segments);
}

static inline void tell_certificate(struct story *s, const char *name, const char *issuer_cn)
{
	struct pp_tls_certificate *leaf = &s->chain[s->tls.certificate_count];

	*leaf = (struct pp_tls_certificate){ .subject = name,
					     .subject_cn = name,
					     .issuer = issuer_cn,
					     .issuer_cn = issuer_cn,
					     .issuer_o = "Test",
					     .not_before = STORY_EPOCH - 86400 * PP_SECOND,
					     .not_after = STORY_EPOCH + 86400 * PP_SECOND,
					     .names = { name },
					     .name_count = 1 };
	s->tls.certificates[s->tls.certificate_count++] = leaf;
	s->tls.certificate = s->tls.server_hello;
}

static inline void tell_server_hello(struct story *s, uint16_t version)
{
	s->now += s->rtt;
	s->tls.server_hello = tell_bytes(s, PP_SERVER, 1500);
	s->tls.server_hello_count = 1;
	s->tls.version = version;
	s->tls.cipher = version == PP_TLS_1_3 ? 0x1301 : 0xc02f;
	s->conn.tcp.watch_part_acked = true;
	pp_mark_first(&s->conn.tcp.watch_acked, s->tls.server_hello);
	if (version == PP_TLS_1_3) {
		s->tls.server_first[s->tls.server_first_count++] = (struct pp_tls_record){ 23, 1200 };
	} else {
		s->tls.server_hello_done = s->tls.server_hello;
	}
}

static inline void tell_finished(struct story *s)
{
	struct pp_mark mark = tell_bytes(s, PP_CLIENT, 80);

	if (s->tls.version == PP_TLS_1_3 && s->tls.client_first_count == 0)
		s->tls.client_first[s->tls.client_first_count++] = (struct pp_tls_record){ 23, 53 };
	s->tls.finished[PP_CLIENT] = s->tls.finished[PP_SERVER] = mark;
	s->tls.complete = true;
	s->tls.complete_mark = mark;
}

static inline void tell_app(struct story *s, enum pp_side side, uint32_t bytes)
{
	struct pp_mark mark = tell_bytes(s, side, bytes);

	pp_mark_first(&s->tls.app_data[side], mark);
	s->tls.app_bytes[side] += bytes;
}

static inline struct pp_tls_alert *tell_alert(struct story *s, enum pp_side from, uint8_t code)
{
	struct pp_tls_alert *alert = &s->tls.alerts[s->tls.alert_count++];

	*alert = (struct pp_tls_alert){
		.mark = tell_bytes(s, from, 7), .from = from, .level = 2, .code = code, .record_len = 2
	};
	return alert;
}

static inline void tell_hidden_alert(struct story *s, enum pp_side from)
{
	struct pp_tls_alert *alert = tell_alert(s, from, 0);

	alert->encrypted = true;
	alert->record_len = 19;
	s->tls.last_record[from] = (struct pp_tls_record){ 23, 19 };
}

/* TCP, hello and answer, up to and including application data of both sides. */
static inline void tell_tls_works(struct story *s, const char *sni, uint16_t version)
{
	tell_open(s);
	tell_hello(s, sni, PP_TLS_1_3, 500);
	tell_server_hello(s, version);
	tell_finished(s);
	tell_app(s, PP_CLIENT, 300);
	tell_wait(s, 60);
	tell_app(s, PP_SERVER, 20000);
}

/* ------------------------------------------------------------------ HTTP */

static inline struct pp_connect *tell_connect(struct story *s, const char *host, uint16_t port)
{
	struct pp_connect *connect = &s->connects[s->http.connect_count++];

	s->conn.http = &s->http;
	s->http.connects = s->connects;
	connect->host = host;
	connect->port = port;
	connect->begin = connect->mark = tell_bytes(s, PP_CLIENT, 120);
	story_attribute(&s->who, host);
	s->who.port = port;
	s->who.by = PP_ATTRIBUTED_BY_CONNECT;
	tell_watch(s, connect->mark, 1);
	return connect;
}

static inline void tell_reply(struct story *s, struct pp_http_reply *reply, uint16_t status)
{
	reply->status = status;
	reply->reason = "Reason";
	reply->mark = reply->begin = tell_bytes(s, PP_SERVER, 300);
	reply->complete = true;
	pp_mark_first(&s->conn.tcp.watch_acked, reply->mark);
	if (status == 407) {
		reply->schemes[0] = "Negotiate";
		reply->scheme_count = 1;
	}
}

static inline void tell_connect_reply(struct story *s, uint16_t status)
{
	struct pp_connect *connect = &s->connects[s->http.connect_count - 1];

	s->now += s->rtt;
	tell_reply(s, &connect->reply, status);
	connect->tunnel = status >= 200 && status < 300;
}

static inline struct pp_http_exchange *tell_request(struct story *s, const char *host, const char *target)
{
	struct pp_http_exchange *exchange = &s->exchanges[s->http.exchange_count++];

	s->conn.http = &s->http;
	s->http.exchanges = s->exchanges;
	s->http.request_total++;
	*exchange = (struct pp_http_exchange){ .method = "GET", .host = host, .target = target };
	exchange->begin = exchange->mark = tell_bytes(s, PP_CLIENT, 200);
	story_attribute(&s->who, host);
	s->who.by = PP_ATTRIBUTED_BY_HTTP_HOST;
	tell_watch(s, exchange->mark, 1);
	return exchange;
}

static inline struct pp_http_reply *tell_answer(struct story *s, uint16_t status)
{
	struct pp_http_reply *reply = &s->exchanges[s->http.exchange_count - 1].reply;

	s->now += s->rtt;
	s->http.reply_total++;
	tell_reply(s, reply, status);
	return reply;
}

/* ------------------------------------------------------------------ whole connections that serve as contrast */

static inline struct story *world_works(struct world *w, int64_t ms, const char *server, const char *sni)
{
	struct story *s = world_story(w, ms, server, 443, sni);

	tell_tls_works(s, sni, PP_TLS_1_3);
	tell_fin(s, PP_CLIENT);
	tell_fin(s, PP_SERVER);
	return s;
}

static inline struct story *world_proxied(struct world *w, int64_t ms, const char *proxy, const char *host)
{
	struct story *s = world_story(w, ms, proxy, 8080, NULL);

	tell_open(s);
	tell_connect(s, host, 443);
	tell_connect_reply(s, 200);
	tell_hello(s, host, PP_TLS_1_3, 500);
	tell_server_hello(s, PP_TLS_1_3);
	tell_finished(s);
	tell_app(s, PP_CLIENT, 300);
	tell_app(s, PP_SERVER, 20000);
	tell_fin(s, PP_CLIENT);
	return s;
}

/* ------------------------------------------------------------------ DNS */

static inline struct pp_lookup *world_lookup(struct world *w, int64_t ms, const char *name, uint32_t queries)
{
	unsigned i = w->lookup_count++;
	struct pp_lookup *lookup = &w->lookups[i];
	struct pp_mark mark = { .ts = STORY_EPOCH + ms * PP_MS, .packet = ++w->packet };

	assert(i < LOOKUPS_MAX);
	*lookup = (struct pp_lookup){ .client = story_addr("10.0.0.4", 40000),
				      .resolver = story_addr("10.0.0.53", 53),
				      .name = name,
				      .question_count = 1,
				      .first = mark,
				      .last = mark };
	lookup->questions[0] = (struct pp_dns_question){
		.type = PP_DNS_A, .queries = (uint16_t)queries, .first_query = mark, .last_query = mark, .rtt_ns = -1
	};
	w->lookup_who[i] = (struct pp_attribution){ .port = 443, .by = PP_ATTRIBUTED_BY_DNS };
	story_attribute(&w->lookup_who[i], name);
	return lookup;
}

static inline void tell_dns_reply(struct world *w, struct pp_lookup *lookup, uint8_t rcode, const char *address)
{
	struct pp_dns_question *question = &lookup->questions[lookup->question_count - 1];

	question->answered = true;
	question->rcode = rcode;
	question->reply = lookup->last = (struct pp_mark){ .ts = lookup->last.ts + 20 * PP_MS, .packet = ++w->packet };
	if (address) {
		lookup->addresses[lookup->address_count++] = story_addr(address, 0).ip;
		question->address_count++;
	}
}

/* ------------------------------------------------------------------ judging */

static inline void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->options.key = (struct pp_hash_key){ { 1, 2 } };
}

static inline void world_end(const struct world *w, int64_t *ret_end)
{
	int64_t last = STORY_EPOCH;

	for (unsigned i = 0; i < w->story_count; i++)
		if (w->stories[i].conn.last.ts > last)
			last = w->stories[i].conn.last.ts;
	for (unsigned i = 0; i < w->lookup_count; i++)
		if (w->lookups[i].last.ts > last)
			last = w->lookups[i].last.ts;
	*ret_end = w->end ? w->end : last + 60 * PP_SECOND;
}

static inline void world_notes(struct world *w)
{
	for (size_t i = 0; i < w->noted.count; i++)
		w->note_list[i] = &w->notes[i];
	w->noted.list = w->note_list;
	w->settings = (struct pp_proxy_settings){ .count = 0 };
	pp_proxy_settings_add(&w->settings, &w->noted);
	w->options.settings = &w->settings;
}

/* Observes in the order given by `step` (1 forwards, -1 backwards): the result must not depend on it. */
static inline enum pp_err world_told(void *context, const struct pp_connection *conn, const struct pp_attribution *who,
				     const struct pp_judgement *judgement)
{
	struct world *w = context;

	(void)conn, (void)who, (void)judgement;
	w->told++;
	return PP_OK;
}

static inline void world_judge_ordered(struct world *w, int step)
{
	struct pp_source_info info = {
		.packets = 100000, .dropped_known = true, .dropped = w->dropped, .first = STORY_EPOCH
	};
	struct pp_capture capture = { .source = &info };

	world_notes(w);
	info.notes = w->noted.count ? &w->noted : NULL;

	world_end(w, &info.last);
	w->diagnosis = pp_diagnosis_new(&w->options);
	assert(w->diagnosis);
	for (unsigned i = 0; i < w->lookup_count; i++) {
		unsigned k = step > 0 ? i : w->lookup_count - 1 - i;

		pp_diagnosis_observe_lookup(w->diagnosis, &w->lookups[k], &w->lookup_who[k]);
	}
	for (unsigned i = 0; i < w->story_count; i++) {
		unsigned k = step > 0 ? i : w->story_count - 1 - i;

		pp_diagnosis_observe(w->diagnosis, &w->stories[k].conn, &w->stories[k].who, &w->places[k]);
	}
	if (w->proxy && pp_diagnosis_proxy(w->diagnosis, w->proxy) != PP_OK)
		assert(!"proxy");
	pp_diagnosis_holes(w->diagnosis, &w->hole, w->hole != 0);
	pp_diagnosis_prepare(w->diagnosis, info.first, info.last, &capture, 1, w->neighbours, w->neighbour_count);
	for (unsigned i = 0; i < w->story_count; i++) {
		pp_diagnosis_judge(w->diagnosis, &w->stories[i].conn, &w->stories[i].who, &w->places[i],
				   &w->judgements[i]);
		if (pp_diagnosis_judge_others(w->diagnosis, &w->stories[i].conn, &w->stories[i].who, &w->places[i],
					      world_told, w) != PP_OK)
			assert(!"others");
	}
	for (unsigned i = 0; i < w->lookup_count; i++)
		pp_diagnosis_judge_lookup(w->diagnosis, &w->lookups[i], &w->lookup_who[i], &w->lookup_judgements[i]);
	if (pp_diagnosis_conclude(w->diagnosis) != PP_OK)
		assert(!"concluded");
}

static inline void world_judge(struct world *w) { world_judge_ordered(w, 1); }

static inline void world_done(struct world *w)
{
	pp_diagnosis_free(w->diagnosis);
	w->diagnosis = NULL;
}

#endif
