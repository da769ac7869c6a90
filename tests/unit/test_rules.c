/* The rule table, and for every rule that can be matched a story that hits and a near miss that does not. */
#include "support/cmocka_all.h"
#include "support/facts.h"

#include "attribute/catalogue.h"
#include "diagnose/case.h"
#include "diagnose/table.h"
#include "report/phrase.h"

#include <stdio.h>

#define SERVER "203.0.113.10"
#define OTHER "203.0.113.20"
#define PROXY "10.0.0.8"
#define NAME "login.example.azure"

/* ------------------------------------------------------------------ stories: `near` tells the one that must not hit */

/* CAP */
static void cap_01(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NULL);

	if (near)
		tell_open(s);
	s->conn.tcp.midstream = !near;
	tell_bytes(s, PP_CLIENT, 500);
}

static void cap_02(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_syns(s, 4);
	s->conn.tcp.one_sided = !near;
}

static void cap_03(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_wait(s, 50);
	tell_bytes(s, PP_SERVER, 1400);
	s->conn.tcp.snapped = !near;
	s->conn.tls = &s->tls;
	tell_fin(s, PP_SERVER);
	if (near)
		s->tls.not_tls = s->conn.tcp.side[PP_SERVER].first_data;
}

static void cap_06(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_wait(s, 50);
	tell_rst(s, PP_SERVER, PP_PHASE_CLIENT_HELLO);
	s->conn.tcp.disordered = !near;
}

static void cap_08(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	w->end = s->now + (near ? 20 : 2) * PP_SECOND;
}

static void cap_09(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	tell_wait(s, 20000);
	tell_fin(s, PP_CLIENT);
	s->conn.tcp.side[PP_SERVER].missing_acked = near ? 0 : 3000;
	s->conn.tcp.side[PP_SERVER].missing = near ? 0 : 3000;
}

/* LOC */
static void loc_01(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_syns(s, 1);
	tell_icmp(s, near ? "10.0.0.1" : "10.0.0.4", 3, 1);
}

static void loc_02(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_wait(s, 5000);
	tell_fin(s, near ? PP_SERVER : PP_CLIENT);
}

static void loc_03(struct world *w, bool near)
{
	struct pp_lookup *lookup = world_lookup(w, 0, NAME, 1);

	tell_dns_reply(w, lookup, 0, SERVER);
	w->agent = (struct pp_agent_row){
		.name = "test", .required = { "entra-id" }, .required_count = 1, .mtls_categories = ""
	};
	w->options.agent = &w->agent;
	if (near)
		world_works(w, 100, SERVER, NAME);
}

static void loc_04(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_syns(s, 4);
	world_proxied(w, 100, PROXY, "other.example.azure");
	if (near)
		world_works(w, 200, OTHER, "third.example.azure");
}

/* A service that is told to use a proxy goes straight, or by another one. */
static const struct pp_process agents_process = { .pid = 7, .aimed = true, .ours = true };

static void set(struct world *w, const char *name, const char *value)
{
	w->notes[w->noted.count++] = (struct pp_note){ .kind = PP_NOTE_SETTING,
						       .flags = PP_NOTE_OURS,
						       .text = { "himdsd.service", name, value } };
}

static void loc_04_straight(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_syns(s, 4);
	s->conn.process = &agents_process;
	set(w, "https_proxy", "http://" PROXY ":8080");
	if (near)
		set(w, "NO_PROXY", "localhost,.example.azure");
}

static void loc_04_other_proxy(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, PROXY, 8080, NULL);

	tell_open(s);
	tell_connect(s, NAME, 443);
	tell_connect_reply(s, 403);
	tell_fin(s, PP_SERVER);
	s->conn.process = &agents_process;
	set(w, "HTTPS_PROXY", near ? "http://" PROXY ":8080" : "http://10.0.0.9:8080");
}

/* TLS to a port where others speak to a proxy; `near`: what the client said first was cut. */
static void loc_04_hello(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, PROXY, 8080, NULL);

	tell_open(s);
	if (near)
		tell_bytes(s, PP_CLIENT, 120);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_wait(s, 20000);
	tell_fin(s, PP_SERVER);
	world_proxied(w, 100, PROXY, "other.example.azure");
}

static void loc_07(struct world *w, bool near)
{
	w->notes[w->noted.count++] = (struct pp_note){
		.kind = PP_NOTE_UNIT,
		.flags = (near ? 0 : PP_NOTE_FAILED) | PP_NOTE_MEANT,
		.number = near ? 0 : 7,
		.ts = STORY_EPOCH,
		.text = { "himdsd.service", near ? "active (running)" : "failed (exit-code)", "one\ntwo\n" },
	};
}

/* A server flight with this certificate, refused by the client with this alert (0: it leaves). */
static struct story *refused(struct world *w, const char *name, const char *issuer, uint8_t alert)
{
	struct story *s = world_story(w, 0, SERVER, 443, name);

	tell_open(s);
	tell_hello(s, name, PP_TLS_1_2, 500);
	tell_server_hello(s, PP_TLS_1_2);
	if (issuer)
		tell_certificate(s, name, issuer);
	tell_wait(s, 2);
	if (alert)
		tell_alert(s, PP_CLIENT, alert);
	tell_fin(s, PP_CLIENT);
	return s;
}

static void loc_05(struct world *w, bool near)
{
	struct story *s = refused(w, "www.example.com", "Private Root", 45);

	if (near)
		s->chain[0].not_after = s->now - PP_SECOND;
}

/* `near`: it took the answer, and the server does not know. */
static void loc_08(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_syns(s, 1);
	tell_syn_ack(s);
	s->conn.tcp.syn_ack_count = 4;
	tell_wait(s, near ? 500 : 3000);
	s->conn.tcp.syn_last = story_packet(s, PP_CLIENT);
	s->conn.tcp.syn_count = 3;
	s->conn.tcp.syn_retransmits = 2;
	tell_wait(s, 20000);
	story_packet(s, PP_SERVER);
}

/* Captured on the way they may be lost behind there, and at the server's before. */
static void loc_08_on_the_way(struct world *w, bool near)
{
	loc_08(w, false);
	w->stories[0].conn.tcp.side[PP_CLIENT].profile.ttl_min -= near;
}

static void loc_08_at_the_server(struct world *w, bool near)
{
	loc_08(w, false);
	if (near)
		w->stories[0].conn.tcp.side[PP_SERVER].profile.ttl_min = 64;
}

/* A filter that rejects sends a reset in the client's name. */
static void loc_08_reset(struct world *w, bool near)
{
	loc_08(w, false);
	tell_rst(&w->stories[0], near ? PP_SERVER : PP_CLIENT, PP_PHASE_SYN);
}

static void loc_06(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, near ? PP_TLS_1_2 : PP_TLS_1_0, 200);
	tell_acked(s);
	tell_alert(s, PP_SERVER, 70);
	tell_fin(s, PP_SERVER);
}

/* DNS */
static void dns_01(struct world *w, bool near)
{
	struct pp_lookup *lookup = world_lookup(w, 0, NAME, 3);

	if (near) /* another resolver answered */
		tell_dns_reply(w, world_lookup(w, 6000, NAME, 1), 0, SERVER);
	(void)lookup;
}

static void dns_02(struct world *w, bool near)
{
	tell_dns_reply(w, world_lookup(w, 0, near ? "wpad.corp.example" : NAME, 1), PP_RCODE_NXDOMAIN, NULL);
}

/* One of two types exists, and has no address: for the client the other one counts.  An AAAA that fails beside an A
 * record that is there, even with its address in another answer, is the other way round. */
static void dns_02_half(struct world *w, bool near)
{
	struct pp_lookup *lookup = world_lookup(w, 0, NAME, 1);

	lookup->questions[0].type = near ? PP_DNS_AAAA : PP_DNS_A;
	tell_dns_reply(w, lookup, PP_RCODE_NXDOMAIN, NULL);
	lookup->questions[lookup->question_count++] = (struct pp_dns_question){ .type = near ? PP_DNS_A : PP_DNS_AAAA,
										.queries = 1,
										.first_query = lookup->first };
	tell_dns_reply(w, lookup, 0, NULL);
}

static void dns_03(struct world *w, bool near)
{
	struct pp_lookup *lookup = world_lookup(w, 0, NAME, 1);

	tell_dns_reply(w, lookup, PP_RCODE_SERVFAIL, NULL);
	lookup->questions[lookup->question_count++] =
	    (struct pp_dns_question){ .type = PP_DNS_AAAA, .queries = 1, .first_query = lookup->first };
	tell_dns_reply(w, lookup, 0, near ? "2001:db8::7" : NULL); /* the other address type works */
}

static void dns_04(struct world *w, bool near)
{
	struct pp_lookup *lookup = world_lookup(w, 0, NAME, 1);

	lookup->questions[0].type = near ? PP_DNS_AAAA : PP_DNS_A;
	tell_dns_reply(w, lookup, PP_RCODE_REFUSED, NULL);
	if (near) {
		lookup->questions[lookup->question_count++] =
		    (struct pp_dns_question){ .type = PP_DNS_A, .queries = 1, .first_query = lookup->first };
		tell_dns_reply(w, lookup, 0, SERVER);
	}
}

static void dns_05(struct world *w, bool near)
{
	tell_dns_reply(w, world_lookup(w, 0, NAME, 1), 0, near ? SERVER : "0.0.0.0");
}

/* Data and a host's own name are in 127/8, too. */
static void dns_05_loopback(struct world *w, bool near)
{
	tell_dns_reply(w, world_lookup(w, 0, "ads.example.com", 1), 0, near ? "127.0.0.2" : "127.0.0.1");
}

static void dns_05_own_name(struct world *w, bool near)
{
	tell_dns_reply(w, world_lookup(w, 0, near ? "vm17" : "vm17.example.com", 1), 0, "0.0.0.0");
}

static void dns_06(struct world *w, bool near)
{
	struct pp_lookup *lookup = world_lookup(w, 0, NAME, 1);
	struct story *s;

	lookup->aliases[0] = "login.privatelink.example.azure";
	lookup->alias_count = 1;
	tell_dns_reply(w, lookup, 0, SERVER);
	if (near) {
		world_works(w, 100, SERVER, NAME);
		return;
	}
	s = world_story(w, 100, SERVER, 443, NAME);
	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	tell_rst(s, PP_SERVER, PP_PHASE_CLIENT_HELLO);
}

/* A private address was resolved rightly, whatever becomes of the connection. */
static void dns_06_private(struct world *w, bool near)
{
	dns_06(w, false);
	if (!near)
		return;
	w->lookups[0].addresses[0] = story_addr("10.1.0.70", 0).ip;
	w->story_count = 0;
	tell_syns(world_story(w, 100, "10.1.0.70", 443, NAME), 4);
}

static void dns_07(struct world *w, bool near)
{
	struct pp_lookup *lookup = world_lookup(w, 0, NAME, 1);
	struct story *s = world_story(w, 50, "10.0.0.53", 53, NULL);

	tell_dns_reply(w, lookup, 0, NULL);
	lookup->questions[0].truncated = true;
	if (near)
		tell_open(s);
	else
		tell_syns(s, 3);
}

/* The resolver itself refuses, or takes the query and closes. */
static void dns_07_closed(struct world *w, bool near)
{
	dns_07(w, true);
	w->story_count = 0;
	tell_syns(world_story(w, 50, "10.0.0.53", 53, NULL), 1);
	tell_rst(&w->stories[0], PP_SERVER, PP_PHASE_SYN)->window = 0;
	w->lookups[0].questions[0].truncated = !near;
}

static void dns_07_says_nothing(struct world *w, bool near)
{
	struct story *s;

	dns_07(w, true);
	s = &w->stories[0];
	tell_bytes(s, PP_CLIENT, 50);
	tell_watch(s, s->conn.last, 1);
	tell_acked(s);
	if (near)
		tell_bytes(s, PP_SERVER, 50);
	tell_fin(s, PP_SERVER);
}

static void dns_08(struct world *w, bool near)
{
	struct pp_lookup *lookup = world_lookup(w, 0, NAME, 1);

	lookup->icmp = lookup->first;
	lookup->icmp_from = story_addr(near ? "10.0.0.1" : "10.0.0.53", 0).ip;
	lookup->icmp_type = lookup->icmp_code = 3;
}

static void dns_11(struct world *w, bool near)
{
	dns_08(w, true);
	w->lookups[0].icmp_code = 13;
	if (near) /* another resolver answered */
		tell_dns_reply(w, world_lookup(w, 100, NAME, 1), 0, SERVER);
}

static void dns_11_port(struct world *w, bool near) { dns_08(w, !near); }

static void dns_12(struct world *w, bool near)
{
	dns_08(w, true);
	w->lookups[0].icmp_code = near ? 13 : 1;
}

static void dns_13(struct world *w, bool near)
{
	struct pp_lookup *lookup = world_lookup(w, 0, NAME, 1);

	tell_dns_reply(w, lookup, 0, NULL);
	lookup->aliases[0] = "edge.other.example";
	lookup->alias_count = 1;
	if (near) /* it is asked for by itself */
		tell_dns_reply(w, world_lookup(w, 100, "edge.other.example", 1), 0, SERVER);
}

/* Names nobody knows may be no host's. */
static void dns_13_unknown(struct world *w, bool near)
{
	tell_dns_reply(w, world_lookup(w, 0, near ? "zone.corp.example" : NAME, 1), 0, NULL);
}

static void dns_13_aaaa(struct world *w, bool near)
{
	dns_13_unknown(w, false);
	w->lookups[0].questions[0].type = near ? PP_DNS_AAAA : PP_DNS_A;
}

static void dns_13_cut(struct world *w, bool near)
{
	dns_13_unknown(w, false);
	w->lookups[0].clipped = near;
}

/* The resolver's own filter is the resolver's. */
static void dns_01_told(struct world *w, bool near)
{
	dns_08(w, near);
	w->lookups[0].icmp_code = 13;
}

static void dns_09(struct world *w, bool near)
{
	tell_dns_reply(w, world_lookup(w, 0, near ? NAME : "wpad.corp.example", 1), PP_RCODE_NXDOMAIN, NULL);
}

/* FW */
static void fw_01(struct world *w, bool near) { tell_syns(world_story(w, 0, SERVER, 443, NAME), near ? 1 : 4); }

static void fw_02(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_syns(s, 1);
	tell_icmp(s, "10.0.0.1", 3, 13);
	s->conn.tcp.icmp[0].authentic = !near;
}

static void fw_03(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_syns(s, 1);
	tell_icmp(s, "10.0.0.1", 3, near ? 13 : 1);
}

static void fw_04(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 8443, "www.example.com");
	struct pp_tcp_reset *rst;

	tell_syns(s, 1);
	tell_wait(s, near ? 50 : 0);
	rst = tell_rst(s, PP_SERVER, PP_PHASE_SYN);
	rst->ttl = near ? 62 : 64;
	rst->window = 0;
	rst->has_timestamp = false;
	world_works(w, 1000, SERVER, "works.example.com");
}

/* The client asks again behind the reset, as Windows does: what counts is how soon it was refused. */
static void fw_04_again(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 8443, "www.example.com");

	tell_syns(s, 1);
	tell_wait(s, near ? 50 : 1);
	tell_rst(s, PP_SERVER, PP_PHASE_SYN);
	tell_wait(s, 500);
	s->conn.tcp.syn_last = s->conn.tcp.side[PP_CLIENT].last = story_packet(s, PP_CLIENT);
	s->conn.tcp.syn_count = 2;
	s->conn.tcp.syn_retransmits = 1;
	world_works(w, 1000, SERVER, "works.example.com");
}

static void fw_05(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	s->conn.tcp.syn_ack_count = near ? 1 : 5;
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_unacked(s, 1, 500);
	tell_wait(s, 20000);
}

static void fw_06(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_unacked(s, 4, 500);
	if (near)
		tell_acked(s);
	tell_wait(s, 15000);
	tell_fin(s, PP_CLIENT);
	if (!near)
		world_works(w, 100, SERVER, "other.example.azure");
}

static struct story *reset_on_hello(struct world *w, const char *sni, uint32_t len)
{
	struct story *s = world_story(w, 0, SERVER, 443, "www.example.com");

	tell_open(s);
	tell_hello(s, sni, PP_TLS_1_3, len);
	return s;
}

static void fw_07(struct world *w, bool near)
{
	struct story *s = reset_on_hello(w, NAME, 500);
	struct pp_tcp_reset *rst;

	tell_wait(s, near ? 50 : 0);
	rst = tell_rst(s, PP_SERVER, PP_PHASE_CLIENT_HELLO);
	rst->ttl = near ? 62 : 64;
	rst->has_ack = rst->has_timestamp = near;
}

/* Closed after the acknowledged hello, by an end this far away. */
static struct story *closed_on_hello(struct world *w, const char *server, const char *sni, int64_t rtt_us)
{
	struct story *s = world_story(w, 0, server, 443, sni);

	s->rtt = rtt_us * 1000;
	tell_open(s);
	tell_hello(s, sni, PP_TLS_1_3, 500);
	tell_acked(s);
	tell_fin(s, PP_SERVER);
	return s;
}

static void fw_08(struct world *w, bool near) { closed_on_hello(w, SERVER, NAME, near ? 50000 : 300); }

static void fw_09(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 80, NAME);

	tell_open(s);
	tell_request(s, NAME, "/");
	tell_answer(s, near ? 403 : 470)->page = near ? PP_PAGE_NONE : PP_PAGE_AZURE_FIREWALL;
}

static void fw_10(struct world *w, bool near)
{
	struct story *s = closed_on_hello(w, SERVER, NULL, 300);

	s->tls.sni_unknown = near;
	world_works(w, 100, SERVER, NAME);
}

/* An old offer beside better ones that pass is closed for its version, or reset for it. */
static struct story *refused_hello(struct world *w, bool old)
{
	struct story *s = world_story(w, 0, SERVER, 443, NULL);

	world_works(w, 100, SERVER, NAME);
	tell_open(s);
	tell_hello(s, NULL, old ? PP_TLS_1_0 : PP_TLS_1_2, 200);
	tell_acked(s);
	return s;
}

static void fw_10_version(struct world *w, bool near) { tell_fin(refused_hello(w, near), PP_SERVER); }

static void srv_02_version(struct world *w, bool near)
{
	struct story *s = refused_hello(w, near);

	s->tls.sni = near ? NULL : "other.example.azure";
	tell_rst(s, PP_SERVER, PP_PHASE_CLIENT_HELLO);
}

static void fw_11(struct world *w, bool near)
{
	struct story *s = reset_on_hello(w, NAME, near ? 500 : 1800);

	tell_wait(s, 50);
	tell_rst(s, PP_SERVER, PP_PHASE_CLIENT_HELLO);
	world_works(w, 1000, SERVER, NAME);
}

static void fw_13(struct world *w, bool near)
{
	struct story *s = reset_on_hello(w, NAME, 500);
	struct pp_tcp_reset *rst;

	tell_wait(s, 10);
	rst = tell_rst(s, PP_SERVER, PP_PHASE_CLIENT_HELLO);
	rst->count = 3;
	if (near)
		return;
	tell_wait(s, 40);
	rst->peer_later = story_packet(s, PP_SERVER);
}

static void fw_14(struct world *w, bool near)
{
	const char *servers[] = { SERVER, OTHER, "203.0.113.30" };

	for (unsigned i = 0; i < (near ? 1 : 3); i++) {
		struct story *s = world_story(w, 0, servers[i], 443, NULL);

		tell_tls_works(s, "a.example.com", PP_TLS_1_3);
		tell_wait(s, 5000);
		tell_rst(s, PP_SERVER, PP_PHASE_TLS_ESTABLISHED);
	}
}

static void fw_15(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_tls_works(s, NAME, PP_TLS_1_3);
	tell_wait(s, 1000);
	if (near)
		return;
	tell_app(s, PP_CLIENT, 400);
	tell_unacked(s, 5, 400);
}

/* `near`: the last one was answered. */
static void fw_15_asleep(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_tls_works(s, NAME, PP_TLS_1_3);
	s->conn.tcp.side[PP_CLIENT].keep_alives = near ? 1 : 3;
	tell_wait(s, 60000);
	s->conn.tcp.side[PP_CLIENT].last = story_packet(s, PP_CLIENT);
	tell_wait(s, 12000);
	tell_rst(s, PP_CLIENT, PP_PHASE_DATA);
}

static void fw_16(struct world *w, bool near)
{
	tell_syns(world_story(w, 0, SERVER, 5671, NAME), 3);
	if (!near)
		world_works(w, 8000, SERVER, NAME);
}

/* PRX */
static struct story *connect_through(struct world *w, int64_t ms, const char *host, uint16_t port)
{
	struct story *s = world_story(w, ms, PROXY, 8080, NULL);

	tell_open(s);
	tell_connect(s, host, port);
	return s;
}

static void denied(struct world *w, const char *host, uint16_t port, uint16_t status)
{
	struct story *s = connect_through(w, 0, host, port);

	tell_connect_reply(s, status);
	tell_fin(s, PP_SERVER);
}

static void prx_01(struct world *w, bool near)
{
	static const char *const names[] = { "proxy.corp.example" };

	w->options.proxy_names = names;
	w->options.proxy_name_count = 1;
	tell_dns_reply(w, world_lookup(w, 0, near ? "other.corp.example" : names[0], 1), PP_RCODE_NXDOMAIN, NULL);
}

static void prx_02(struct world *w, bool near)
{
	struct story *s = world_story(w, 60000, PROXY, 8080, NULL);

	tell_syns(s, 4);
	if (!near)
		denied(w, "www.example.com", 443, 403);
}

static void prx_03(struct world *w, bool near)
{
	struct story *s = world_story(w, 60000, PROXY, 8080, NULL);

	tell_syns(s, 1);
	tell_wait(s, 50);
	tell_rst(s, PP_SERVER, PP_PHASE_SYN);
	if (!near)
		denied(w, "www.example.com", 443, 403);
}

static void prx_04(struct world *w, bool near)
{
	struct story *s = connect_through(w, 0, NAME, 443);

	tell_connect_reply(s, 407);
	tell_fin(s, PP_SERVER);
	if (near) {
		s = connect_through(w, 300, NAME, 443);
		s->connects[0].credentials = PP_CREDENTIALS_NTLM_FINAL;
		tell_connect_reply(s, 200);
	}
}

static void prx_05(struct world *w, bool near) { prx_04(w, !near); }

static void prx_06(struct world *w, bool near)
{
	struct story *s = connect_through(w, 0, NAME, 443);

	s->connects[0].credentials = near ? PP_CREDENTIALS_NTLM_FIRST : PP_CREDENTIALS_BASIC;
	tell_connect_reply(s, 407);
}

static void prx_07(struct world *w, bool near) { denied(w, NAME, 443, near ? 200 : 403); }

static void prx_08(struct world *w, bool near) { denied(w, NAME, near ? 443 : 9350, 403); }

static void prx_09(struct world *w, bool near)
{
	struct story *s = connect_through(w, 0, NAME, 443);

	tell_acked(s);
	w->end = s->now + (near ? 1 : 30) * PP_SECOND;
}

static void prx_10(struct world *w, bool near)
{
	struct story *s = connect_through(w, 0, NAME, 443);

	tell_acked(s);
	tell_fin(s, near ? PP_CLIENT : PP_SERVER);
}

/* A CONNECT with credentials on the connection of the 407. */
static struct story *second_leg(struct world *w)
{
	struct story *s = connect_through(w, 0, NAME, 443);

	tell_connect_reply(s, 407);
	tell_connect(s, NAME, 443)->credentials = PP_CREDENTIALS_BASIC;
	return s;
}

static void prx_09_second_leg(struct world *w, bool near)
{
	struct story *s = second_leg(w);

	tell_acked(s);
	if (near) /* part of a status line */
		s->connects[1].reply.begin = tell_bytes(s, PP_SERVER, 10);
	tell_wait(s, 14000);
	tell_fin(s, PP_CLIENT);
}

/* The tunnel opens when the client has gone; near: it has only said all it had to say. */
static void prx_09_late(struct world *w, bool near)
{
	struct story *s = connect_through(w, 0, NAME, 443);

	tell_acked(s);
	tell_wait(s, 5000);
	tell_fin(s, PP_CLIENT);
	tell_wait(s, 3000);
	tell_connect_reply(s, 200);
	if (!near)
		tell_rst(s, PP_CLIENT, PP_PHASE_CONNECT);
}

static void prx_10_second_leg(struct world *w, bool near)
{
	struct story *s = second_leg(w);

	if (!near) /* else it closes behind the 407, and has not seen this one yet */
		tell_acked(s);
	tell_fin(s, PP_SERVER);
}

/* A plain request: in absolute form it asks a proxy. */
static struct story *plain_request(struct world *w, bool of_proxy)
{
	struct story *s = world_story(w, 0, PROXY, 8080, NULL);

	tell_open(s);
	tell_request(s, NAME, "/")->absolute_form = of_proxy;
	return s;
}

static void prx_09_plain(struct world *w, bool near)
{
	struct story *s = plain_request(w, !near);

	tell_acked(s);
	tell_wait(s, 5000);
	tell_fin(s, PP_CLIENT);
}

static void prx_10_plain(struct world *w, bool near)
{
	struct story *s = plain_request(w, !near);

	tell_acked(s);
	tell_fin(s, PP_SERVER);
}

/* Its socket resets; near: another device does (FW-07). */
static void prx_10_plain_reset(struct world *w, bool near)
{
	struct story *s = plain_request(w, true);

	tell_acked(s);
	if (near)
		tell_rst(s, PP_SERVER, PP_PHASE_DATA)->ttl = 255;
	else
		tell_rst(s, PP_SERVER, PP_PHASE_DATA);
}

/* Before it took the request; near: that came behind an answer, and the close may be its. */
static void prx_10_plain_untaken(struct world *w, bool near)
{
	struct story *s = plain_request(w, true);

	if (near) {
		tell_answer(s, 200);
		tell_request(s, NAME, "/two")->absolute_form = true;
	}
	tell_fin(s, PP_SERVER);
}

static void prx_11(struct world *w, bool near) { denied(w, NAME, 443, near ? 403 : 503); }

static void prx_12(struct world *w, bool near)
{
	struct story *s = connect_through(w, 0, NAME, 443);

	tell_connect_reply(s, 200);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	if (near)
		tell_alert(s, PP_SERVER, 40);
	tell_fin(s, PP_SERVER);
}

static void prx_13(struct world *w, bool near)
{
	struct story *s = connect_through(w, 0, NAME, 443);

	tell_connect_reply(s, 200);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	if (!near)
		tell_acked(s);
	tell_wait(s, 20000);
}

static void prx_14(struct world *w, bool near)
{
	struct story *s = near ? world_story(w, 0, SERVER, 443, NAME) : connect_through(w, 0, NAME, 443);

	if (near)
		tell_open(s);
	else
		tell_connect_reply(s, 200);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	tell_alert(s, PP_SERVER, 80);
}

static void prx_15(struct world *w, bool near) { denied(w, NAME, 443, near ? 403 : 400); }

static void prx_16(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, "10.0.0.9", 80, "wpad.corp.example");

	tell_open(s);
	tell_request(s, "wpad.corp.example", "/wpad.dat");
	tell_answer(s, near ? 200 : 404);
	tell_syns(world_story(w, 2000, SERVER, 443, NAME), 4);
}

static void prx_17(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, PROXY, 8080, NULL);

	tell_open(s);
	tell_request(s, NAME, "/")->absolute_form = !near;
	tell_answer(s, 502);
}

static void prx_18(struct world *w, bool near) { denied(w, NAME, 443, near ? 502 : 508); }

static void prx_19(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, PROXY, 1080, NULL);
	static const uint8_t request[] = { 5, 1, 0, 5, 1, 0, 1, 10, 0, 0, 1, 1, 187 }, refused[] = { 5, 0, 5, 5, 0, 1 },
			     granted[] = { 5, 0, 5, 0, 0, 1 };

	tell_open(s);
	tell_bytes(s, PP_CLIENT, sizeof(request));
	tell_bytes(s, PP_SERVER, sizeof(refused));
	s->conn.client_head = (struct pp_span){ request, sizeof(request) };
	s->conn.server_head = (struct pp_span){ near ? granted : refused, sizeof(refused) };
}

/* INSP */
static void insp_01(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_2, 500);
	tell_server_hello(s, PP_TLS_1_2);
	tell_certificate(s, NAME, near ? "Microsoft Azure RSA TLS Issuing CA 08" : "Inspector Root");
	tell_finished(s);
	tell_app(s, PP_CLIENT, 300);
	tell_app(s, PP_SERVER, 20000);
}

static void insp_02(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, PROXY, 8080, NULL);

	s->rtt = PP_MS / 2;
	tell_open(s);
	tell_connect(s, NAME, 443);
	tell_wait(s, near ? 60 : 0);
	tell_connect_reply(s, 200);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_wait(s, 60);
	tell_server_hello(s, PP_TLS_1_3);
	tell_finished(s);
	tell_app(s, PP_CLIENT, 300);
	tell_app(s, PP_SERVER, 20000);
}

static void insp_03(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	s->rtt = (near ? 50 : 1) * PP_MS;
	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_wait(s, 60);
	tell_server_hello(s, PP_TLS_1_3);
	tell_finished(s);
	tell_app(s, PP_CLIENT, 300);
	tell_app(s, PP_SERVER, 20000);
}

static void insp_05(struct world *w, bool near)
{
	insp_01(w, false);
	w->stories[0].tls.app_bytes[PP_SERVER] = near ? 20000 : 4000;
	tell_fin(&w->stories[0], PP_SERVER);
}

static void insp_06(struct world *w, bool near)
{
	refused(w, NAME, near ? "Microsoft Azure RSA TLS Issuing CA 08" : "Inspector Root", 48);
}

/* An inspector makes its certificate out to the name that was asked for. */
static void insp_06_name(struct world *w, bool near)
{
	struct story *s = refused(w, NAME, "Inspector Root", 48);

	s->chain[0].names[0] = near ? "ingress.local" : NAME;
}

/* Only the time tells that this proxy inspects: 200 at once, the ServerHello late, in TLS 1.3. */
static struct story *early_200(struct world *w, int64_t ms, const char *name, uint16_t version)
{
	struct story *s = world_story(w, ms, PROXY, 8080, NULL);

	s->rtt = PP_MS / 2;
	tell_open(s);
	tell_connect(s, name, 443);
	tell_connect_reply(s, 200);
	tell_hello(s, name, version, 500);
	tell_wait(s, 60);
	tell_server_hello(s, version);
	return s;
}

static struct story *early_and_short(struct world *w)
{
	struct story *s = early_200(w, 0, NAME, PP_TLS_1_3);

	tell_finished(s);
	tell_app(s, PP_CLIENT, 300);
	tell_app(s, PP_SERVER, 2000);
	tell_fin(s, PP_SERVER);
	return s;
}

/* The same proxy shows the server's own certificate for another name. */
static void shown_genuine(struct world *w, const char *issuer)
{
	struct story *s = early_200(w, 1000, "www.example.com", PP_TLS_1_2);

	tell_certificate(s, "www.example.com", issuer);
	tell_finished(s);
}

static void insp_06_time(struct world *w, bool near)
{
	tell_alert(early_200(w, 0, NAME, PP_TLS_1_3), PP_CLIENT, 48);
	tell_fin(&w->stories[0], PP_CLIENT);
	shown_genuine(w, near ? "Test Issuing CA" : "Private Root");
}

static void insp_06_other_works(struct world *w, bool near)
{
	tell_alert(early_200(w, 0, NAME, PP_TLS_1_3), PP_CLIENT, 48);
	tell_fin(&w->stories[0], PP_CLIENT);
	if (near)
		world_proxied(w, 1000, PROXY, "other.example.azure");
}

/* It says 200 when the server has answered; another connection shows what it does. */
static void insp_06_elsewhere(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, PROXY, 8080, NULL),
		     *other = early_200(w, 1000, "www.example.com", PP_TLS_1_2);

	tell_open(s);
	tell_connect(s, NAME, 443);
	tell_wait(s, 60);
	tell_connect_reply(s, 200);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_server_hello(s, PP_TLS_1_3);
	tell_alert(s, PP_CLIENT, 48);
	tell_fin(s, PP_CLIENT);
	tell_certificate(other, "www.example.com", "Inspector Root");
	other->chain[0].issuer_o = near ? "Test" : "Zscaler Inc.";
	tell_finished(other);
}

/* Nobody refuses aloud, and tickets are on their way: a test of the connection looks the same. */
static void insp_06_probe(struct world *w, bool near)
{
	struct story *s = early_200(w, 0, NAME, PP_TLS_1_3);

	s->tls.server_first_count = 1;
	tell_finished(s);
	tell_fin(s, PP_CLIENT);
	tell_wait(s, 50);
	if (near)
		tell_app(s, PP_SERVER, 500);
}

static void insp_06_expired(struct world *w, bool near)
{
	tell_alert(early_200(w, 0, NAME, PP_TLS_1_3), PP_CLIENT, near ? 45 : 46);
	tell_fin(&w->stories[0], PP_CLIENT);
}

static void insp_05_time(struct world *w, bool near)
{
	early_and_short(w);
	shown_genuine(w, near ? "Test Issuing CA" : "Private Root");
}

/* TLS */
static void alert_on_hello(struct world *w, uint8_t code)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	tell_alert(s, PP_SERVER, code);
	tell_fin(s, PP_SERVER);
}

static void tls_01(struct world *w, bool near) { alert_on_hello(w, near ? 40 : 70); }
static void tls_02(struct world *w, bool near) { alert_on_hello(w, near ? 80 : 40); }
static void tls_04(struct world *w, bool near) { alert_on_hello(w, near ? 40 : 112); }
static void tls_05(struct world *w, bool near) { alert_on_hello(w, near ? 40 : 120); }
static void tls_07(struct world *w, bool near) { alert_on_hello(w, near ? 40 : 50); }
static void tls_09(struct world *w, bool near) { alert_on_hello(w, near ? 40 : 86); }
static void tls_10(struct world *w, bool near) { alert_on_hello(w, near ? 40 : 80); }

static void tls_03(struct world *w, bool near) { closed_on_hello(w, SERVER, NAME, near ? 300 : 50000); }

static void tls_06(struct world *w, bool near)
{
	alert_on_hello(w, 40);
	if (near)
		return;
	w->stories[0].tls.hello_retry = true;
	w->stories[0].tls.client_hello_count = 2;
	w->stories[0].tls.server_hello_count = 1;
	w->stories[0].tls.server_hello = w->stories[0].tls.client_hello;
}

static void tls_08(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	if (near) {
		tell_alert(s, PP_SERVER, 40);
		return;
	}
	s->tls.not_tls = tell_bytes(s, PP_SERVER, 300);
	s->tls.not_tls_http = true;
	strcpy(s->tls.not_tls_head, "HTTP/1.1 400");
}

/* What was said before may have been CONNECT. */
static void tls_08_midway(struct world *w, bool near)
{
	tls_08(w, false);
	w->stories[0].conn.tcp.midstream = true;
	w->stories[0].conn.server.port = near ? 8080 : 443;
}

static void tls_11(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_server_hello(s, PP_TLS_1_3);
	tell_finished(s);
	tell_wait(s, near ? 60000 : 50);
	tell_hidden_alert(s, PP_SERVER);
	tell_fin(s, PP_SERVER);
}

static void tls_12(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_2, 500);
	tell_server_hello(s, PP_TLS_1_2);
	tell_fin(s, near ? PP_CLIENT : PP_SERVER);
}

/* OpenSSL, GnuTLS and Java answer the end of a connection with an alert, too; what they say of a server that spoke counts. */
static void end_answered(struct world *w, bool shown, bool before)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_2, 500);
	tell_acked(s);
	if (shown)
		tell_server_hello(s, PP_TLS_1_2);
	if (before)
		tell_alert(s, PP_CLIENT, 50);
	tell_wait(s, 1);
	tell_fin(s, PP_SERVER);
	tell_wait(s, 1);
	if (!before)
		tell_alert(s, PP_CLIENT, 50);
}

static void tls_03_answered(struct world *w, bool near) { end_answered(w, near, false); }
static void tls_12_answered(struct world *w, bool near) { end_answered(w, true, near); }
static void tls_07_client(struct world *w, bool near) { end_answered(w, true, !near); }

/* A server that hears close_notify answers with its own. */
static void goodbye(struct world *w, bool by_server, int64_t after_ms)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_2, 500);
	tell_server_hello(s, PP_TLS_1_2);
	tell_finished(s);
	tell_wait(s, after_ms);
	if (!by_server)
		tell_hidden_alert(s, PP_CLIENT);
	tell_wait(s, 50);
	tell_hidden_alert(s, PP_SERVER);
	tell_fin(s, PP_SERVER);
}

static void tls_11_goodbye(struct world *w, bool near) { goodbye(w, !near, 50); }
static void ok_05_goodbye(struct world *w, bool near) { goodbye(w, near, 1200); }

/* TRUST */
static void trust_01(struct world *w, bool near)
{
	refused(w, "www.example.com", near ? "Test Issuing CA" : "Private Root", 48);
}

static void trust_02(struct world *w, bool near)
{
	struct story *s = refused(w, "www.example.com", NULL, 0);

	if (near) {
		s->conn.tcp.side[PP_CLIENT].fin = (struct pp_mark){ 0 };
		tell_wait(s, 5000);
		tell_fin(s, PP_CLIENT);
	}
}

/* Tickets that are on their way when the client leaves show nothing, and so does its leaving: a test does the same. */
static void trust_02_tickets(struct world *w, bool near)
{
	for (unsigned i = 0; i < 3; i++) {
		struct story *s = world_story(w, 5000 * i, SERVER, 443, "www.example.com");

		tell_open(s);
		tell_hello(s, "www.example.com", PP_TLS_1_3, 500);
		tell_server_hello(s, PP_TLS_1_3);
		s->tls.server_first_count = 1;
		tell_finished(s);
		if (near)
			tell_app(s, PP_SERVER, 500);
		tell_fin(s, PP_CLIENT);
		tell_wait(s, 50);
		if (!near)
			tell_app(s, PP_SERVER, 500);
	}
}

static void trust_03(struct world *w, bool near)
{
	struct story *s = refused(w, NAME, "Private Root", 45);

	s->chain[0].not_after = near ? s->chain[0].not_after : s->now - PP_SECOND;
}

static void trust_04(struct world *w, bool near)
{
	struct story *s = refused(w, "www.example.com", "Private Root", 0);

	s->chain[0].names[0] = near ? "*.example.com" : "*.example.net";
}

/* Clients build the chain before they look at the name. */
static void trust_04_unknown(struct world *w, bool near)
{
	struct story *s = refused(w, NAME, near ? "Test Issuing CA" : "Private Root", 48);

	s->chain[0].names[0] = "ingress.local";
}

static void trust_05(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, "www.example.com"), *crl;

	tell_open(s);
	tell_hello(s, "www.example.com", PP_TLS_1_2, 500);
	tell_server_hello(s, PP_TLS_1_2);
	tell_wait(s, 15000);
	tell_alert(s, PP_CLIENT, 46);
	tell_fin(s, PP_CLIENT);
	crl = world_story(w, 500, OTHER, 80, "crl3.example.com");
	crl->who.category = "certificate-validation";
	if (near) {
		tell_open(crl);
		tell_request(crl, "crl3.example.com", "/a.crl");
		tell_answer(crl, 200);
		return;
	}
	tell_syns(crl, 4);
}

static void trust_06(struct world *w, bool near)
{
	struct story *s = refused(w, "www.example.com", "Test Issuing CA", 48);

	if (near)
		tell_certificate(s, "Test Issuing CA", "Test Root");
}

/* MTLS */
static struct story *asked_for_certificate(struct world *w, uint32_t len)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_2, 500);
	tell_server_hello(s, PP_TLS_1_2);
	s->tls.certificate_request = s->tls.server_hello;
	s->tls.client_certificate = tell_bytes(s, PP_CLIENT, 100);
	s->tls.client_certificate_len = len;
	return s;
}

static void mtls_01(struct world *w, bool near)
{
	struct story *s = asked_for_certificate(w, 0);

	if (near) { /* asked, not required */
		tell_finished(s);
		tell_app(s, PP_CLIENT, 300);
		tell_app(s, PP_SERVER, 20000);
		return;
	}
	tell_wait(s, 50);
	tell_alert(s, PP_SERVER, 40);
	tell_fin(s, PP_SERVER);
}

static void mtls_02(struct world *w, bool near)
{
	struct story *s = asked_for_certificate(w, near ? 0 : 900);

	tell_wait(s, 50);
	tell_alert(s, PP_SERVER, 48);
	tell_fin(s, PP_SERVER);
}

/* The client may close right behind the refusal; a server that answers its goodbye refuses nothing. */
static void mtls_02_client_closes(struct world *w, bool near)
{
	struct story *s = asked_for_certificate(w, 900);

	tell_finished(s);
	tell_wait(s, 50);
	if (near)
		tell_hidden_alert(s, PP_CLIENT);
	tell_wait(s, 1);
	tell_hidden_alert(s, PP_SERVER);
	tell_wait(s, 1);
	tell_fin(s, PP_CLIENT);
}

/* A connection that was opened in advance and is closed for want of a request is not refused. */
static void mtls_02_later(struct world *w, bool near)
{
	struct story *s = asked_for_certificate(w, 900);

	tell_finished(s);
	tell_wait(s, near ? 60000 : 50);
	tell_hidden_alert(s, PP_SERVER);
	tell_fin(s, PP_SERVER);
}

static void mtls_03(struct world *w, bool near)
{
	insp_01(w, false);
	w->stories[0].tls.app_bytes[PP_SERVER] = 600;
	w->stories[0].tls.resumed = near;
	tell_fin(&w->stories[0], PP_SERVER);
	w->agent =
	    (struct pp_agent_row){ .name = "test", .client_certificate = true, .mtls_categories = "arc,entra-id" };
	w->options.agent = &w->agent;
}

/* Where only the time tells that TLS is inspected, the request must have been seen elsewhere. */
static void mtls_03_time(struct world *w, bool near)
{
	early_and_short(w);
	if (!near) {
		struct story *s = world_story(w, 1000, SERVER, 443, NAME);

		tell_tls_works(s, NAME, PP_TLS_1_2);
		s->tls.certificate_request = s->tls.server_hello;
	}
	w->agent =
	    (struct pp_agent_row){ .name = "test", .client_certificate = true, .mtls_categories = "arc,entra-id" };
	w->options.agent = &w->agent;
}

/* SRV */
static void srv_01(struct world *w, bool near) { fw_04(w, !near); }

static void srv_02(struct world *w, bool near) { fw_07(w, !near); }

static void srv_03(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 80, NAME);

	tell_open(s);
	tell_request(s, NAME, "/");
	tell_acked(s);
	if (near)
		tell_answer(s, 200);
	tell_fin(s, PP_SERVER);
}

static void srv_04(struct world *w, bool near) { cap_08(w, !near); }

/* As prx_09_late, of the second request on the connection. */
static void srv_04_late(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 80, NAME);

	tell_open(s);
	tell_request(s, NAME, "/one");
	tell_answer(s, 200);
	tell_request(s, NAME, "/two");
	tell_acked(s);
	tell_wait(s, 5000);
	tell_fin(s, PP_CLIENT);
	tell_wait(s, 3000);
	tell_answer(s, 200);
	if (!near)
		tell_rst(s, PP_CLIENT, PP_PHASE_DATA);
}

static void srv_05(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_tls_works(s, NAME, PP_TLS_1_3);
	s->conn.tcp.side[PP_SERVER].zero_window = s->conn.last;
	s->conn.tcp.side[PP_SERVER].zero_window_ns = 30 * PP_SECOND;
	tell_wait(s, near ? 60000 : 30000);
	tell_fin(s, PP_CLIENT);
}

static void srv_06(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 80, NAME);

	tell_open(s);
	tell_request(s, NAME, "/");
	tell_answer(s, near ? 404 : 503);
}

static void srv_07(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_wait(s, 50);
	if (near)
		tell_acked(s);
	tell_fin(s, PP_SERVER);
}

static void srv_08(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 80, NAME);

	tell_open(s);
	tell_request(s, NAME, "/crl");
	tell_answer(s, 200)->complete = false;
	tell_bytes(s, PP_SERVER, 60000);
	tell_fin(s, near ? PP_CLIENT : PP_SERVER); /* near: it has seen enough */
}

static void srv_08_tls(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_tls_works(s, NAME, PP_TLS_1_3);
	s->tls.server_record_cut = true;
	if (near) /* says goodbye before the server closes */
		tell_hidden_alert(s, PP_CLIENT);
	tell_rst(s, PP_SERVER, PP_PHASE_TLS_ESTABLISHED);
}

/* MTU */
static void mtu_01(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	tell_wait(s, 10000);
	tell_fin(s, PP_CLIENT);
	if (near)
		return;
	tell_wait(s, 50);
	s->conn.tcp.side[PP_SERVER].gap = story_packet(s, PP_SERVER);
	s->conn.tcp.side[PP_SERVER].gap_bytes = s->conn.tcp.side[PP_SERVER].missing = 1279;
}

/* Of a client that does not say that something is missing, packets may be missing, too. */
static void mtu_01_waiting(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);
	struct pp_tcp_side *server = &s->conn.tcp.side[PP_SERVER];

	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_acked(s);
	server->gap = tell_bytes(s, PP_SERVER, 400);
	server->gap_bytes = server->missing = 2770;
	if (!near)
		s->conn.tcp.side[PP_CLIENT].last = story_packet(s, PP_CLIENT);
	tell_wait(s, 20000);
	world_works(w, 21000, "203.0.113.77", "other.example.azure");
}

static void mtu_02(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_tls_works(s, NAME, PP_TLS_1_3);
	tell_app(s, PP_CLIENT, 10000);
	tell_unacked(s, 5, near ? 200 : 1448);
}

static void mtu_03(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	tell_icmp(s, "10.0.0.1", 3, near ? 3 : 4);
	s->conn.tcp.icmp[0].mtu = 1300;
	tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_server_hello(s, PP_TLS_1_3);
	tell_finished(s);
	tell_app(s, PP_CLIENT, 300);
	tell_app(s, PP_SERVER, 300);
}

/* IDLE */
static struct story *idle_for(struct world *w, int64_t ms)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_tls_works(s, NAME, PP_TLS_1_3);
	s->conn.tcp.idle_before = s->conn.last;
	s->conn.tcp.longest_idle_ns = ms * PP_MS;
	tell_wait(s, ms);
	tell_app(s, PP_CLIENT, 300);
	s->conn.tcp.idle_after = s->conn.last;
	return s;
}

static void idle_01(struct world *w, bool near)
{
	struct story *s = idle_for(w, near ? 5000 : 240000);

	tell_wait(s, 50);
	tell_rst(s, PP_SERVER, PP_PHASE_TLS_ESTABLISHED);
}

static void idle_02(struct world *w, bool near)
{
	struct story *s = idle_for(w, near ? 5000 : 240000);

	tell_unacked(s, 4, 300);
}

static void idle_03(struct world *w, bool near) { idle_01(w, !near); }

/* OK */
static void ok_01(struct world *w, bool near)
{
	if (near)
		fw_01(w, false);
	else
		world_works(w, 0, SERVER, NAME);
}

static void ok_02(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_tls_works(s, NAME, PP_TLS_1_3);
	if (!near)
		tell_rst(s, PP_CLIENT, PP_PHASE_TLS_ESTABLISHED);
}

static void ok_03(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 80, NAME);

	tell_syns(s, near ? 1 : 3);
	tell_syn_ack(s);
	s->conn.tcp.established = story_packet(s, PP_CLIENT);
	tell_request(s, NAME, "/");
	tell_answer(s, 200);
}

static void ok_04(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, "2001:db8::10", 443, NULL);

	tell_syns(s, 1);
	world_works(w, near ? 20000 : 250, SERVER, NAME);
}

static void ok_05(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	if (near)
		tell_hello(s, NAME, PP_TLS_1_3, 500);
	tell_fin(s, PP_CLIENT);
}

/* A server whose hello never came may say so, to a client that has left. */
static void ok_05_told(struct world *w, bool near)
{
	struct story *s = world_story(w, 0, SERVER, 443, NAME);

	tell_open(s);
	if (near)
		tell_bytes(s, PP_SERVER, 7);
	tell_fin(s, PP_CLIENT);
	tell_wait(s, 10);
	if (!near)
		tell_bytes(s, PP_SERVER, 7);
	tell_rst(s, PP_CLIENT, PP_PHASE_DATA)->acceptable = false;
}

static void ok_06(struct world *w, bool near)
{
	cap_01(w, near);
	tell_bytes(&w->stories[0], PP_SERVER, 300);
}

static void ok_07(struct world *w, bool near) { world_works(w, 0, SERVER, NAME)->tls.resumed = !near; }

static void ok_08(struct world *w, bool near)
{
	tell_syns(world_story(w, 0, "203.0.113.99", 443, NAME), 4);
	if (!near)
		world_works(w, 20000, SERVER, NAME);
}

static void ok_09(struct world *w, bool near)
{
	struct story *s = world_works(w, 0, SERVER, NAME);

	s->conn.tcp.rst.mark = s->conn.tcp.side[PP_SERVER].first_data;
	s->conn.tcp.rst.from = PP_SERVER;
	s->conn.tcp.rst.acceptable = near;
}

static void ok_10(struct world *w, bool near)
{
	ok_03(w, false);
	w->stories[0].conn.tcp.fast_open = !near;
}

static const struct rule_story {
	const char *id;
	enum pp_outcome outcome;
	enum pp_grade grade;
	void (*tell)(struct world *w, bool near);
} stories[] = {
	{ "CAP-01", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT, cap_01 },
	{ "CAP-02", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT, cap_02 },
	{ "CAP-03", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT, cap_03 },
	{ "CAP-06", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT, cap_06 },
	{ "CAP-08", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT, cap_08 },
	{ "CAP-09", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT, cap_09 },
	{ "LOC-01", PP_OUTCOME_FAULT, PP_PROVEN, loc_01 },
	{ "LOC-02", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT, loc_02 },
	{ "LOC-03", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT, loc_03 },
	{ "LOC-04", PP_OUTCOME_FAULT, PP_STRONG, loc_04 },
	{ "LOC-05", PP_OUTCOME_FAULT, PP_STRONG, loc_05 },
	{ "LOC-08", PP_OUTCOME_FAULT, PP_CONSISTENT, loc_08 },
	{ "LOC-08", PP_OUTCOME_FAULT, PP_CONSISTENT, loc_08_on_the_way },
	{ "LOC-08", PP_OUTCOME_FAULT, PP_CONSISTENT, loc_08_at_the_server },
	{ "LOC-08", PP_OUTCOME_FAULT, PP_CONSISTENT, loc_08_reset },
	{ "LOC-06", PP_OUTCOME_FAULT, PP_PROVEN, loc_06 },
	{ "LOC-04", PP_OUTCOME_FAULT, PP_STRONG, loc_04_straight },
	{ "LOC-04", PP_OUTCOME_FAULT, PP_STRONG, loc_04_other_proxy },
	{ "LOC-04", PP_OUTCOME_FAULT, PP_STRONG, loc_04_hello },
	{ "LOC-07", PP_OUTCOME_FAULT, PP_PROVEN, loc_07 },
	{ "DNS-01", PP_OUTCOME_FAULT, PP_STRONG, dns_01 },
	{ "DNS-02", PP_OUTCOME_FAULT, PP_PROVEN, dns_02 },
	{ "DNS-02", PP_OUTCOME_FAULT, PP_PROVEN, dns_02_half },
	{ "DNS-03", PP_OUTCOME_FAULT, PP_STRONG, dns_03 },
	{ "DNS-04", PP_OUTCOME_FAULT, PP_PROVEN, dns_04 },
	{ "DNS-05", PP_OUTCOME_FAULT, PP_STRONG, dns_05 },
	{ "DNS-05", PP_OUTCOME_FAULT, PP_STRONG, dns_05_loopback },
	{ "DNS-05", PP_OUTCOME_FAULT, PP_STRONG, dns_05_own_name },
	{ "DNS-06", PP_OUTCOME_FAULT, PP_STRONG, dns_06 },
	{ "DNS-06", PP_OUTCOME_FAULT, PP_STRONG, dns_06_private },
	{ "DNS-07", PP_OUTCOME_FAULT, PP_PROVEN, dns_07 },
	{ "DNS-07", PP_OUTCOME_FAULT, PP_CONSISTENT, dns_07_closed },
	{ "DNS-07", PP_OUTCOME_FAULT, PP_CONSISTENT, dns_07_says_nothing },
	{ "DNS-08", PP_OUTCOME_FAULT, PP_PROVEN, dns_08 },
	{ "DNS-09", PP_OUTCOME_OK, PP_STRONG, dns_09 },
	{ "DNS-01", PP_OUTCOME_FAULT, PP_PROVEN, dns_01_told },
	{ "DNS-11", PP_OUTCOME_FAULT, PP_PROVEN, dns_11 },
	{ "DNS-11", PP_OUTCOME_FAULT, PP_STRONG, dns_11_port },
	{ "DNS-12", PP_OUTCOME_FAULT, PP_CONSISTENT, dns_12 },
	{ "DNS-13", PP_OUTCOME_FAULT, PP_STRONG, dns_13 },
	{ "DNS-13", PP_OUTCOME_FAULT, PP_STRONG, dns_13_unknown },
	{ "DNS-13", PP_OUTCOME_FAULT, PP_STRONG, dns_13_aaaa },
	{ "DNS-13", PP_OUTCOME_FAULT, PP_STRONG, dns_13_cut },
	{ "FW-01", PP_OUTCOME_FAULT, PP_CONSISTENT, fw_01 },
	{ "FW-02", PP_OUTCOME_FAULT, PP_PROVEN, fw_02 },
	{ "FW-03", PP_OUTCOME_FAULT, PP_STRONG, fw_03 },
	{ "FW-04", PP_OUTCOME_FAULT, PP_PROVEN, fw_04 },
	{ "FW-04", PP_OUTCOME_FAULT, PP_STRONG, fw_04_again },
	{ "FW-05", PP_OUTCOME_FAULT, PP_CONSISTENT, fw_05 },
	{ "FW-06", PP_OUTCOME_FAULT, PP_STRONG, fw_06 },
	{ "FW-07", PP_OUTCOME_FAULT, PP_PROVEN, fw_07 },
	{ "FW-08", PP_OUTCOME_FAULT, PP_CONSISTENT, fw_08 },
	{ "FW-09", PP_OUTCOME_FAULT, PP_PROVEN, fw_09 },
	{ "FW-10", PP_OUTCOME_FAULT, PP_STRONG, fw_10 },
	{ "FW-10", PP_OUTCOME_FAULT, PP_STRONG, fw_10_version },
	{ "FW-11", PP_OUTCOME_FAULT, PP_PROVEN, fw_11 },
	{ "FW-13", PP_OUTCOME_FAULT, PP_PROVEN, fw_13 },
	{ "FW-14", PP_OUTCOME_FAULT, PP_CONSISTENT, fw_14 },
	{ "FW-15", PP_OUTCOME_FAULT, PP_CONSISTENT, fw_15 },
	{ "FW-15", PP_OUTCOME_FAULT, PP_CONSISTENT, fw_15_asleep },
	{ "FW-16", PP_OUTCOME_OK, PP_STRONG, fw_16 },
	{ "PRX-01", PP_OUTCOME_FAULT, PP_PROVEN, prx_01 },
	{ "PRX-02", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT, prx_02 },
	{ "PRX-03", PP_OUTCOME_FAULT, PP_STRONG, prx_03 },
	{ "PRX-04", PP_OUTCOME_FAULT, PP_PROVEN, prx_04 },
	{ "PRX-05", PP_OUTCOME_OK, PP_PROVEN, prx_05 },
	{ "PRX-06", PP_OUTCOME_FAULT, PP_PROVEN, prx_06 },
	{ "PRX-07", PP_OUTCOME_FAULT, PP_PROVEN, prx_07 },
	{ "PRX-08", PP_OUTCOME_FAULT, PP_PROVEN, prx_08 },
	{ "PRX-09", PP_OUTCOME_FAULT, PP_CONSISTENT, prx_09 },
	{ "PRX-10", PP_OUTCOME_FAULT, PP_STRONG, prx_10 },
	{ "PRX-09", PP_OUTCOME_FAULT, PP_CONSISTENT, prx_09_second_leg },
	{ "PRX-09", PP_OUTCOME_FAULT, PP_CONSISTENT, prx_09_late },
	{ "PRX-10", PP_OUTCOME_FAULT, PP_STRONG, prx_10_second_leg },
	{ "PRX-09", PP_OUTCOME_FAULT, PP_CONSISTENT, prx_09_plain },
	{ "PRX-10", PP_OUTCOME_FAULT, PP_STRONG, prx_10_plain },
	{ "PRX-10", PP_OUTCOME_FAULT, PP_STRONG, prx_10_plain_reset },
	{ "PRX-10", PP_OUTCOME_FAULT, PP_STRONG, prx_10_plain_untaken },
	{ "PRX-11", PP_OUTCOME_FAULT, PP_PROVEN, prx_11 },
	{ "PRX-12", PP_OUTCOME_FAULT, PP_STRONG, prx_12 },
	{ "PRX-13", PP_OUTCOME_FAULT, PP_CONSISTENT, prx_13 },
	{ "PRX-14", PP_OUTCOME_INCONCLUSIVE, PP_PROVEN, prx_14 },
	{ "PRX-15", PP_OUTCOME_FAULT, PP_STRONG, prx_15 },
	{ "PRX-16", PP_OUTCOME_FAULT, PP_STRONG, prx_16 },
	{ "PRX-17", PP_OUTCOME_FAULT, PP_CONSISTENT, prx_17 },
	{ "PRX-18", PP_OUTCOME_FAULT, PP_STRONG, prx_18 },
	{ "PRX-19", PP_OUTCOME_FAULT, PP_PROVEN, prx_19 },
	{ "INSP-01", PP_OUTCOME_OK, PP_STRONG, insp_01 },
	{ "INSP-02", PP_OUTCOME_OK, PP_STRONG, insp_02 },
	{ "INSP-03", PP_OUTCOME_OK, PP_CONSISTENT, insp_03 },
	{ "INSP-05", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT, insp_05 },
	{ "INSP-05", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT, insp_05_time },
	{ "INSP-06", PP_OUTCOME_FAULT, PP_STRONG, insp_06 },
	{ "INSP-06", PP_OUTCOME_FAULT, PP_STRONG, insp_06_probe },
	{ "INSP-06", PP_OUTCOME_FAULT, PP_STRONG, insp_06_elsewhere },
	{ "INSP-06", PP_OUTCOME_FAULT, PP_STRONG, insp_06_name },
	{ "INSP-06", PP_OUTCOME_FAULT, PP_STRONG, insp_06_time },
	{ "INSP-06", PP_OUTCOME_FAULT, PP_STRONG, insp_06_other_works },
	{ "INSP-06", PP_OUTCOME_FAULT, PP_STRONG, insp_06_expired },
	{ "TLS-01", PP_OUTCOME_FAULT, PP_PROVEN, tls_01 },
	{ "TLS-02", PP_OUTCOME_FAULT, PP_PROVEN, tls_02 },
	{ "TLS-03", PP_OUTCOME_FAULT, PP_CONSISTENT, tls_03 },
	{ "TLS-03", PP_OUTCOME_FAULT, PP_CONSISTENT, tls_03_answered },
	{ "TLS-04", PP_OUTCOME_FAULT, PP_PROVEN, tls_04 },
	{ "TLS-05", PP_OUTCOME_FAULT, PP_PROVEN, tls_05 },
	{ "TLS-06", PP_OUTCOME_FAULT, PP_PROVEN, tls_06 },
	{ "TLS-07", PP_OUTCOME_FAULT, PP_STRONG, tls_07 },
	{ "TLS-07", PP_OUTCOME_FAULT, PP_STRONG, tls_07_client },
	{ "TLS-08", PP_OUTCOME_FAULT, PP_PROVEN, tls_08 },
	{ "TLS-08", PP_OUTCOME_FAULT, PP_PROVEN, tls_08_midway },
	{ "TLS-09", PP_OUTCOME_FAULT, PP_PROVEN, tls_09 },
	{ "TLS-10", PP_OUTCOME_FAULT, PP_PROVEN, tls_10 },
	{ "TLS-11", PP_OUTCOME_FAULT, PP_STRONG, tls_11 },
	{ "TLS-11", PP_OUTCOME_FAULT, PP_STRONG, tls_11_goodbye },
	{ "TLS-12", PP_OUTCOME_FAULT, PP_CONSISTENT, tls_12 },
	{ "TLS-12", PP_OUTCOME_FAULT, PP_CONSISTENT, tls_12_answered },
	{ "TRUST-01", PP_OUTCOME_FAULT, PP_PROVEN, trust_01 },
	{ "TRUST-02", PP_OUTCOME_FAULT, PP_CONSISTENT, trust_02 },
	{ "TRUST-02", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT, trust_02_tickets },
	{ "TRUST-03", PP_OUTCOME_FAULT, PP_PROVEN, trust_03 },
	{ "TRUST-04", PP_OUTCOME_FAULT, PP_PROVEN, trust_04 },
	{ "TRUST-04", PP_OUTCOME_FAULT, PP_PROVEN, trust_04_unknown },
	{ "TRUST-05", PP_OUTCOME_FAULT, PP_STRONG, trust_05 },
	{ "TRUST-06", PP_OUTCOME_FAULT, PP_STRONG, trust_06 },
	{ "MTLS-01", PP_OUTCOME_FAULT, PP_PROVEN, mtls_01 },
	{ "MTLS-02", PP_OUTCOME_FAULT, PP_PROVEN, mtls_02 },
	{ "MTLS-02", PP_OUTCOME_FAULT, PP_STRONG, mtls_02_later },
	{ "MTLS-02", PP_OUTCOME_FAULT, PP_STRONG, mtls_02_client_closes },
	{ "MTLS-03", PP_OUTCOME_FAULT, PP_STRONG, mtls_03 },
	{ "MTLS-03", PP_OUTCOME_FAULT, PP_STRONG, mtls_03_time },
	{ "SRV-01", PP_OUTCOME_FAULT, PP_STRONG, srv_01 },
	{ "SRV-02", PP_OUTCOME_FAULT, PP_STRONG, srv_02 },
	{ "SRV-02", PP_OUTCOME_FAULT, PP_STRONG, srv_02_version },
	{ "SRV-03", PP_OUTCOME_FAULT, PP_CONSISTENT, srv_03 },
	{ "SRV-04", PP_OUTCOME_FAULT, PP_CONSISTENT, srv_04 },
	{ "SRV-04", PP_OUTCOME_FAULT, PP_CONSISTENT, srv_04_late },
	{ "SRV-05", PP_OUTCOME_FAULT, PP_PROVEN, srv_05 },
	{ "SRV-06", PP_OUTCOME_FAULT, PP_PROVEN, srv_06 },
	{ "SRV-07", PP_OUTCOME_FAULT, PP_STRONG, srv_07 },
	{ "SRV-08", PP_OUTCOME_FAULT, PP_CONSISTENT, srv_08 },
	{ "SRV-08", PP_OUTCOME_FAULT, PP_CONSISTENT, srv_08_tls },
	{ "MTU-01", PP_OUTCOME_FAULT, PP_PROVEN, mtu_01 },
	{ "MTU-01", PP_OUTCOME_FAULT, PP_PROVEN, mtu_01_waiting },
	{ "MTU-02", PP_OUTCOME_FAULT, PP_STRONG, mtu_02 },
	{ "MTU-03", PP_OUTCOME_OK, PP_PROVEN, mtu_03 },
	{ "IDLE-01", PP_OUTCOME_FAULT, PP_STRONG, idle_01 },
	{ "IDLE-02", PP_OUTCOME_FAULT, PP_CONSISTENT, idle_02 },
	{ "IDLE-03", PP_OUTCOME_OK, PP_STRONG, idle_03 },
	{ "OK-01", PP_OUTCOME_OK, PP_PROVEN, ok_01 },
	{ "OK-02", PP_OUTCOME_OK, PP_STRONG, ok_02 },
	{ "OK-03", PP_OUTCOME_OK, PP_PROVEN, ok_03 },
	{ "OK-04", PP_OUTCOME_OK, PP_STRONG, ok_04 },
	{ "OK-05", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT, ok_05 },
	{ "OK-05", PP_OUTCOME_OK, PP_STRONG, ok_05_goodbye },
	{ "OK-05", PP_OUTCOME_INCONCLUSIVE, PP_CONSISTENT, ok_05_told },
	{ "OK-06", PP_OUTCOME_OK, PP_CONSISTENT, ok_06 },
	{ "OK-07", PP_OUTCOME_OK, PP_PROVEN, ok_07 },
	{ "OK-08", PP_OUTCOME_OK, PP_STRONG, ok_08 },
	{ "OK-09", PP_OUTCOME_OK, PP_STRONG, ok_09 },
	{ "OK-10", PP_OUTCOME_OK, PP_STRONG, ok_10 },
};

enum { STORIES = sizeof(stories) / sizeof(stories[0]) };

/* ------------------------------------------------------------------ telling them */

static struct pp_catalogue *issuers;

static int set_up(void **state)
{
	static const char rows[] = "azure\tCN\tMicrosoft Azure RSA TLS Issuing CA *\t-\ttest\t2026-01-01\n"
				   "public\tCN\tTest Issuing CA\t-\ttest\t2026-01-01\n"
				   "inspector\tO\tZscaler*\tZscaler\ttest\t2026-01-01\n";
	struct pp_data_error error;

	(void)state;
	if (pp_catalogue_new_empty(&issuers) != PP_OK)
		return -1;
	return pp_catalogue_add_issuers(issuers, "test", (struct pp_span){ (const uint8_t *)rows, sizeof(rows) - 1 },
					&error) == PP_OK
		   ? 0
		   : -1;
}

static int tear_down(void **state)
{
	(void)state;
	pp_catalogue_free(issuers);
	return 0;
}

/* A capture without connections is judged as a whole. */
static struct pp_judgement *judgement_of(struct world *w)
{
	static struct pp_judgement whole;

	whole.verdict = pp_diagnosis_conclusion(w->diagnosis)->verdict;
	if (w->story_count + w->lookup_count == 0)
		return &whole;
	return w->lookup_count ? &w->lookup_judgements[0] : &w->judgements[0];
}

static const struct pp_verdict *verdict_with(const struct pp_judgement *judgement, const char *id)
{
	if (judgement->verdict.rule && strcmp(judgement->verdict.rule->id, id) == 0)
		return &judgement->verdict;
	for (unsigned i = 0; i < judgement->also_count; i++)
		if (strcmp(judgement->also[i].rule->id, id) == 0)
			return &judgement->also[i];
	return NULL;
}

/* Says what is wrong and goes on, so that one run shows every rule that a change has touched. */
static bool story_holds(const struct rule_story *story, bool near)
{
	static struct world w;
	const struct pp_verdict *verdict;
	struct pp_judgement *judgement;
	bool holds;

	world_init(&w);
	w.options.catalogue = issuers;
	story->tell(&w, near);
	world_judge(&w);
	judgement = judgement_of(&w);
	verdict = verdict_with(judgement, story->id);
	holds = near ? !verdict || verdict->outcome != story->outcome
		     : verdict && verdict->outcome == story->outcome && verdict->grade == story->grade &&
			   verdict->evidence_count;
	if (!holds)
		print_error("%s %s: verdict %s, %s, %s\n", story->id, near ? "near miss" : "hit",
			    judgement->verdict.rule ? judgement->verdict.rule->id : "none",
			    pp_outcome_name(judgement->verdict.outcome), pp_grade_name(judgement->verdict.grade));
	world_done(&w);
	return holds;
}

static void check_stories(bool near)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < STORIES; i++)
		wrong += !story_holds(&stories[i], near);
	assert_int_equal(wrong, 0);
}

static void test_hits(void **state)
{
	(void)state;
	check_stories(false);
}

static void test_near_misses(void **state)
{
	(void)state;
	check_stories(true);
}

static void test_every_rule_has_stories(void **state)
{
	(void)state;
	for (size_t i = 0; i < pp_rule_count; i++) {
		bool found = !pp_rules[i]->match;

		for (unsigned k = 0; k < STORIES && !found; k++)
			found = strcmp(stories[k].id, pp_rules[i]->id) == 0;
		if (!found)
			fail_msg("%s can be matched and has no story", pp_rules[i]->id);
	}
}

/* Behind a proxy a hidden certificate may be the proxy's: whose fault it is that it is refused stays open. */
static void test_hidden_certificate_behind_a_proxy(void **state)
{
	static struct world w;

	(void)state;
	for (int by_proxy = 0; by_proxy <= 1; by_proxy++) {
		struct story *s;

		world_init(&w);
		w.options.catalogue = issuers;
		s = world_story(&w, 0, by_proxy ? PROXY : SERVER, by_proxy ? 8080 : 443, by_proxy ? NULL : NAME);
		tell_open(s);
		if (by_proxy) {
			tell_connect(s, NAME, 443);
			tell_wait(s, 60);
			tell_connect_reply(s, 200);
		}
		tell_hello(s, NAME, PP_TLS_1_3, 500);
		tell_server_hello(s, PP_TLS_1_3);
		tell_alert(s, PP_CLIENT, 48);
		tell_fin(s, PP_CLIENT);
		world_judge(&w);
		assert_string_equal(w.judgements[0].verdict.rule->id, "TRUST-01");
		assert_int_equal(w.judgements[0].verdict.outcome,
				 by_proxy ? PP_OUTCOME_INCONCLUSIVE : PP_OUTCOME_FAULT);
		world_done(&w);
	}
}

/* TLS straight to a proxy is a wrong setting; joined midway the CONNECT may be missing. */
static void test_hello_to_a_proxy(void **state)
{
	static struct world w;

	(void)state;
	for (int midway = 0; midway <= 1; midway++) {
		struct story *s;

		world_init(&w);
		s = world_story(&w, 0, PROXY, 8080, NULL);
		tell_open(s);
		tell_hello(s, NAME, PP_TLS_1_3, 500);
		tell_acked(s);
		s->tls.not_tls = tell_bytes(s, PP_SERVER, 300);
		s->tls.not_tls_http = true;
		s->conn.tcp.midstream = midway;
		world_proxied(&w, 1000, PROXY, "www.example.com");
		world_judge(&w);
		assert_int_equal(w.judgements[0].verdict.outcome, midway ? PP_OUTCOME_INCONCLUSIVE : PP_OUTCOME_FAULT);
		world_done(&w);
	}
}

/* A public service is not in the next room; one with a private address may be. */
static void test_who_answers_nearby(void **state)
{
	static const struct {
		const char *server;
		int64_t rtt;
		enum pp_owner owner;
	} rows[] = {
		{ SERVER, PP_MS / 10, PP_OWNER_NETWORK },
		{ SERVER, 50 * PP_MS, PP_OWNER_SERVER },
		{ "10.1.0.9", PP_MS / 10, PP_OWNER_SERVER },
	};
	static struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct story *s;

		world_init(&w);
		w.options.catalogue = issuers;
		s = world_story(&w, 0, rows[i].server, 443, NAME);
		s->rtt = rows[i].rtt;
		tell_open(s);
		tell_hello(s, NAME, PP_TLS_1_2, 500);
		tell_server_hello(s, PP_TLS_1_2);
		tell_certificate(s, "portal.example", "Private Root");
		tell_alert(s, PP_CLIENT, 46);
		tell_fin(s, PP_CLIENT);
		world_judge(&w);
		assert_string_equal(w.judgements[0].verdict.rule->id, "TRUST-04");
		assert_int_equal(w.judgements[0].verdict.owner, rows[i].owner);
		world_done(&w);
	}
}

/* Whichever side's bytes the capture has lost. */
static void test_lost_bytes_shut_the_gate(void **state)
{
	static struct world w;
	const struct pp_verdict *verdict;

	(void)state;
	for (unsigned i = 0; i < 2 * STORIES; i++) {
		const struct rule_story *story = &stories[i / 2];
		const struct pp_rule *rule = pp_rule_find(story->id);

		if (!(rule->needs & PP_NEED_NO_DROPS))
			continue;
		world_init(&w);
		w.options.catalogue = issuers;
		story->tell(&w, false);
		for (unsigned k = 0; k < w.story_count; k++)
			w.stories[k].conn.tcp.side[i % 2].missing_acked = 100;
		world_judge(&w);
		verdict = verdict_with(&w.judgements[0], story->id);
		if (verdict && verdict->outcome == PP_OUTCOME_FAULT)
			fail_msg("%s accuses although the capture lost bytes of side %u", story->id, i % 2);
		world_done(&w);
	}
}

/* Facts are the same in whatever order they were observed. */
static void test_order_of_observing_is_no_matter(void **state)
{
	static struct world forwards, backwards;

	(void)state;
	for (unsigned i = 0; i < STORIES; i++) {
		world_init(&forwards);
		world_init(&backwards);
		forwards.options.catalogue = backwards.options.catalogue = issuers;
		stories[i].tell(&forwards, false);
		stories[i].tell(&backwards, false);
		world_judge_ordered(&forwards, 1);
		world_judge_ordered(&backwards, -1);
		for (unsigned k = 0; k < forwards.story_count; k++) {
			assert_ptr_equal(forwards.judgements[k].verdict.rule, backwards.judgements[k].verdict.rule);
			assert_int_equal(forwards.judgements[k].verdict.grade, backwards.judgements[k].verdict.grade);
		}
		world_done(&forwards);
		world_done(&backwards);
	}
}

/* ------------------------------------------------------------------ the table itself */

static void check_text(const char *id, const char *what, const char *text)
{
	const char *open;

	if (!text || !text[0]) {
		fail_msg("%s has no %s", id, what);
		return;
	}
	for (open = strchr(text, '{'); open; open = strchr(open + 1, '{')) {
		char name[16];
		size_t n = strcspn(open + 1, "}");

		assert_true(n < sizeof(name));
		memcpy(name, open + 1, n);
		name[n] = '\0';
		if (pp_phrase_verdict_value(name) < 0)
			fail_msg("%s: %s holds the unknown placeholder {%s}", id, what, name);
	}
}

static void test_rows_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < pp_rule_count; i++) {
		const struct pp_rule *rule = pp_rules[i];

		check_text(rule->id, "name", rule->name);
		check_text(rule->id, "summary", rule->summary);
		check_text(rule->id, "conditions", rule->when);
		check_text(rule->id, "traps", rule->traps);
		check_text(rule->id, "next test", rule->next_test);
		check_text(rule->id, "remedy", rule->remedy);
		check_text(rule->id, "source", rule->source);
		assert_non_null(rule->alternatives);
		assert_true(rule->most > PP_GRADE_NONE);
		if (rule->outcome == PP_OUTCOME_FAULT) {
			assert_true(rule->owner != PP_OWNER_NONE);
			assert_true(rule->domain != PP_DOMAIN_NONE);
			assert_true(rule->alternatives[0] != '\0');
		}
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(pp_rules[k]->id, rule->id);
	}
}

static void test_alternatives_exist(void **state)
{
	(void)state;
	for (size_t i = 0; i < pp_rule_count; i++) {
		for (const char *p = pp_rules[i]->alternatives; *p;) {
			char id[16];
			size_t n = strcspn(p, ",");

			assert_true(n < sizeof(id));
			memcpy(id, p, n);
			id[n] = '\0';
			if (!pp_rule_find(id))
				fail_msg("%s names %s, which does not exist", pp_rules[i]->id, id);
			p += n + (p[n] == ',');
		}
	}
}

/* Silence is never proof (diagnosis facts 0.1), and the ids of the facts are all there. */
static void test_silence_is_never_proven(void **state)
{
	static const char *const silent[] = { "FW-01",  "FW-05",  "FW-06",  "FW-15",    "PRX-02",  "PRX-09", "PRX-13",
					      "SRV-03", "SRV-04", "TLS-03", "TRUST-02", "IDLE-02", "MTU-02", "CAP-08" };

	(void)state;
	for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
		assert_true(pp_rule_find(silent[i])->most < PP_PROVEN);
}

static void test_all_ids_are_there(void **state)
{
	static const struct {
		const char *family;
		unsigned count;
	} families[] = {
		{ "CAP", 12 },  { "LOC", 8 },  { "DNS", 13 }, { "FW", 16 }, { "PRX", 19 }, { "INSP", 6 }, { "TLS", 12 },
		{ "TRUST", 6 }, { "MTLS", 3 }, { "SRV", 8 },  { "MTU", 3 }, { "IDLE", 3 }, { "OK", 10 },
	};
	size_t all = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		for (unsigned n = 1; n <= families[i].count; n++, all++) {
			char id[16];

			snprintf(id, sizeof(id), "%s-%02u", families[i].family, n);
			if (!pp_rule_find(id))
				fail_msg("%s is missing", id);
		}
	}
	assert_int_equal(all, pp_rule_count);
	assert_ptr_equal(pp_rule_find("fw-08"), pp_rule_find("FW-08"));
	assert_null(pp_rule_find("FW-99"));
}

static void test_layers_hold_rows_of_the_table(void **state)
{
	(void)state;
	for (unsigned i = 0; i < pp_layer_count; i++) {
		for (unsigned k = 0; pp_layers[i].rules[k]; k++) {
			const struct pp_rule *rule = pp_layers[i].rules[k];

			assert_non_null(rule->match);
			assert_int_equal(rule->scope, PP_SCOPE_CONNECTION);
			assert_ptr_equal(pp_rule_find(rule->id), rule);
		}
	}
	for (unsigned k = 0; pp_lookup_layer.rules[k]; k++)
		assert_int_equal(pp_lookup_layer.rules[k]->scope, PP_SCOPE_LOOKUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_whole),
		cmocka_unit_test(test_alternatives_exist),
		cmocka_unit_test(test_silence_is_never_proven),
		cmocka_unit_test(test_all_ids_are_there),
		cmocka_unit_test(test_layers_hold_rows_of_the_table),
		cmocka_unit_test(test_every_rule_has_stories),
		cmocka_unit_test(test_hello_to_a_proxy),
		cmocka_unit_test(test_who_answers_nearby),
		cmocka_unit_test(test_hidden_certificate_behind_a_proxy),
		cmocka_unit_test(test_hits),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_lost_bytes_shut_the_gate),
		cmocka_unit_test(test_order_of_observing_is_no_matter),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
