/* Captures of which the snap length kept little more than headers.  What nobody could read is neither well nor anybody's
 * fault, and what the headers show stands all the same.
 */
#include "support/cmocka_all.h"
#include "support/one_world.h"

#include "decode/packet.h"
#include "support/pkt.h"
#include "support/visit.h"

#include <stdio.h>
#include <string.h>

#define SERVER "203.0.113.10"
#define PROXY "10.0.0.16"
#define NAME "login.example.azure"

static const struct pp_verdict *judge(void)
{
	world_done(&w);
	world_judge(&w);
	return &w.judgements[0].verdict;
}

static void assert_says(const struct pp_verdict *verdict, enum pp_outcome outcome, const char *id)
{
	assert_string_equal(verdict->rule->id, id);
	assert_int_equal(verdict->outcome, outcome);
}

static bool cites(const struct pp_verdict *verdict, enum pp_evidence_kind kind)
{
	for (unsigned i = 0; i < verdict->evidence_count; i++)
		if (verdict->evidence[i].kind == kind)
			return true;
	return false;
}

static void cut(struct story *s) { s->conn.tcp.snapped = true; }

/* So many bytes of its beginnings were captured, and they are neither TLS nor HTTP. */
static void show_heads(struct story *s, size_t len)
{
	static const uint8_t bytes[32];

	s->conn.client_head = s->conn.server_head = (struct pp_span){ bytes, len };
}

static struct story *exchange_of_bytes(void)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NULL);

	tell_open(s);
	tell_bytes(s, PP_CLIENT, 517);
	tell_wait(s, 50);
	tell_bytes(s, PP_SERVER, 2631);
	return s;
}

/* ------------------------------------------------------------------ what was spoken is not known */

static void test_bytes_both_ways(void **state)
{
	struct story *s = exchange_of_bytes();

	(void)state;
	tell_fin(s, PP_CLIENT);
	show_heads(s, 32);
	assert_says(judge(), PP_OUTCOME_OK, "OK-01");
	cut(s);
	assert_says(judge(), PP_OUTCOME_OK, "OK-01"); /* another protocol all the same */
	show_heads(s, 16);
	assert_says(judge(), PP_OUTCOME_OK, "OK-01");
	show_heads(s, 15);
	assert_says(judge(), PP_OUTCOME_INCONCLUSIVE, "CAP-03");
	show_heads(s, 0);
	assert_says(judge(), PP_OUTCOME_INCONCLUSIVE, "CAP-03");
}

/* Seven bytes and the end are an alert, most likely. */
static void test_short_words_are_read_whole(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 5000, NULL);

	(void)state;
	tell_open(s);
	tell_bytes(s, PP_CLIENT, 7);
	tell_wait(s, 50);
	tell_bytes(s, PP_SERVER, 7);
	tell_fin(s, PP_SERVER);
	cut(s);
	show_heads(s, 7);
	assert_says(judge(), PP_OUTCOME_OK, "OK-01");
	show_heads(s, 6);
	assert_says(judge(), PP_OUTCOME_INCONCLUSIVE, "CAP-03");
}

static void test_one_voice(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NULL);

	(void)state;
	tell_open(s);
	tell_bytes(s, PP_CLIENT, 517);
	tell_acked(s);
	tell_wait(s, 5000);
	tell_fin(s, PP_CLIENT);
	show_heads(s, 32);
	assert_int_equal(judge()->outcome, PP_OUTCOME_OK);
	cut(s);
	show_heads(s, 0);
	assert_says(judge(), PP_OUTCOME_INCONCLUSIVE, "CAP-03");
}

/* Whether somebody waited is not known either. */
static void test_reset_after_idle(void **state)
{
	struct story *s = exchange_of_bytes();

	(void)state;
	s->conn.tcp.longest_idle_ns = 300 * PP_SECOND;
	tell_wait(s, 300000);
	tell_rst(s, PP_SERVER, PP_PHASE_DATA);
	show_heads(s, 32);
	assert_says(judge(), PP_OUTCOME_OK, "IDLE-01");
	cut(s);
	show_heads(s, 0);
	assert_says(judge(), PP_OUTCOME_INCONCLUSIVE, "CAP-03");
}

static void test_request_without_its_host(void **state)
{
	struct story *s = exchange_of_bytes();

	(void)state;
	s->conn.http = &s->http; /* it began as HTTP, and no line of it is whole */
	cut(s);
	assert_says(judge(), PP_OUTCOME_INCONCLUSIVE, "CAP-03");
}

/* Encrypted records of both sides may be no more than a handshake and an alert. */
static void test_data_without_a_server_hello(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NULL);

	(void)state;
	tell_tls_works(s, NULL, PP_TLS_1_3);
	tell_fin(s, PP_CLIENT);
	cut(s);
	assert_int_equal(judge()->grade, PP_PROVEN);
	s->tls.server_hello = (struct pp_mark){ 0 };
	s->tls.server_hello_count = 0;
	s->tls.complete = false;
	assert_says(judge(), PP_OUTCOME_OK, "OK-01");
	assert_int_equal(judge()->grade, PP_CONSISTENT);
}

/* ------------------------------------------------------------------ what headers show */

static void test_bytes_that_nobody_acknowledges(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NULL);

	(void)state;
	tell_open(s);
	tell_bytes(s, PP_CLIENT, 517);
	tell_unacked(s, 4, 517);
	cut(s);
	assert_says(judge(), PP_OUTCOME_FAULT, "FW-06");
}

/* Three servers reset within a second; of two of them only the ClientHello was readable. */
static void test_resets_together(void **state)
{
	static const char *const servers[] = { SERVER, "198.51.100.20", "192.0.2.30" };
	struct story *s[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		s[i] = world_story(&w, i, servers[i], 443, NULL);
		tell_tls_works(s[i], NULL, PP_TLS_1_3);
		tell_wait(s[i], 5000);
		tell_rst(s[i], PP_SERVER, PP_PHASE_TLS_ESTABLISHED);
		cut(s[i]);
	}
	for (unsigned i = 1; i < 3; i++) {
		s[i]->tls.server_hello_count = 0;
		s[i]->tls.complete = false;
		s[i]->tls.app_bytes[PP_CLIENT] = s[i]->tls.app_bytes[PP_SERVER] = 0;
	}
	assert_says(judge(), PP_OUTCOME_FAULT, "FW-14");
	s[1]->conn.tcp.side[PP_CLIENT].bytes = s[1]->tls.client_hello_len + 12; /* it said no more than an alert */
	assert_says(judge(), PP_OUTCOME_OK, "OK-02");
}

/* ------------------------------------------------------------------ whom it asked for is not known */

static struct story *answered(int64_t ms, const char *sni)
{
	struct story *s = world_works(&w, ms, SERVER, sni);

	cut(s);
	s->tls.sni_unknown = !sni;
	return s;
}

/* A ClientHello that its device answers with a reset. */
static struct story *stopped(int64_t ms, const char *sni)
{
	struct story *s = world_story(&w, ms, SERVER, 443, NULL);

	tell_open(s);
	tell_hello(s, sni, PP_TLS_1_3, 500);
	tell_wait(s, 1);
	tell_rst(s, PP_SERVER, PP_PHASE_CLIENT_HELLO)->ttl = 50;
	cut(s);
	s->tls.sni_unknown = !sni;
	return s;
}

static const struct pp_endpoint *endpoint(size_t i) { return pp_diagnosis_endpoint_at(w.diagnosis, i); }

/* The device may stop another name than the one that passes. */
static void test_strong_fault_beside_a_success(void **state)
{
	struct story *good, *bad;

	(void)state;
	bad = stopped(0, NULL);
	good = answered(20000, NULL);
	judge();
	assert_int_equal(pp_diagnosis_endpoint_count(w.diagnosis), 1);
	assert_says(endpoint(0)->verdict, PP_OUTCOME_FAULT, "FW-07");
	assert_true(cites(endpoint(0)->verdict, PP_EV_HELLO_CUT));
	good->tls.sni_unknown = bad->tls.sni_unknown = false; /* none was sent: it is one and the same */
	judge();
	assert_int_equal(endpoint(0)->verdict->outcome, PP_OUTCOME_OK);
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->outcome, PP_OUTCOME_OK);
}

/* By the last lookup it is one name, but that may be wrong of one of them. */
static void test_strong_fault_of_a_guessed_name(void **state)
{
	struct story *bad;

	(void)state;
	bad = stopped(0, NULL);
	bad->who.host = NAME;
	bad->who.by = PP_ATTRIBUTED_BY_DNS;
	assert_int_equal(judge()->outcome, PP_OUTCOME_FAULT); /* nothing speaks against it */
	answered(20000, NAME);
	assert_int_equal(judge()->outcome, PP_OUTCOME_INCONCLUSIVE);
	assert_int_equal(endpoint(0)->verdict->outcome, PP_OUTCOME_INCONCLUSIVE);
	bad->who.by = PP_ATTRIBUTED_BY_SNI;
	bad->tls.sni = NAME;
	bad->tls.sni_unknown = false;
	assert_int_equal(judge()->outcome, PP_OUTCOME_FAULT);
}

static void test_doubt_beside_a_success(void **state)
{
	struct story *doubt;

	(void)state;
	doubt = world_story(&w, 0, SERVER, 443, NULL);
	tell_open(doubt);
	tell_hello(doubt, NULL, PP_TLS_1_3, 500);
	tell_acked(doubt);
	tell_bytes(doubt, PP_SERVER, 1400);
	tell_fin(doubt, PP_CLIENT);
	cut(doubt);
	doubt->tls.sni_unknown = true;
	answered(20000, NULL);
	assert_says(judge(), PP_OUTCOME_INCONCLUSIVE, "CAP-03");
	assert_says(endpoint(0)->verdict, PP_OUTCOME_INCONCLUSIVE, "CAP-03");
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->exit_status, 2);
	doubt->tls.sni_unknown = false;
	judge();
	assert_says(endpoint(0)->verdict, PP_OUTCOME_OK, "OK-01");
	assert_int_equal(pp_diagnosis_conclusion(w.diagnosis)->exit_status, 0);
}

/* ------------------------------------------------------------------ certificates, credentials */

/* Up to TLS 1.2 it stood in clear: who showed it could have been read. */
static void test_refused_certificate_that_was_cut(void **state)
{
	static const struct {
		uint16_t version;
		enum pp_outcome outcome;
	} rows[] = { { PP_TLS_1_2, PP_OUTCOME_INCONCLUSIVE }, { PP_TLS_1_3, PP_OUTCOME_FAULT } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct story *s;

		world_done(&w);
		world_init(&w);
		s = world_story(&w, 0, SERVER, 443, NAME);
		tell_open(s);
		tell_hello(s, NAME, rows[i].version, 500);
		tell_server_hello(s, rows[i].version);
		tell_alert(s, PP_CLIENT, 42);
		tell_fin(s, PP_CLIENT);
		assert_says(judge(), PP_OUTCOME_FAULT, "TRUST-01");
		cut(s);
		assert_says(judge(), rows[i].outcome, "TRUST-01");
	}
}

/* A server that had answered did not close "before any TLS answer" (PRX-12). */
static void test_tunnel_whose_answer_was_cut(void **state)
{
	struct story *s = world_story(&w, 0, PROXY, 8080, NULL);
	struct pp_mark granted;

	(void)state;
	tell_open(s);
	tell_connect(s, NAME, 443);
	tell_connect_reply(s, 200);
	granted = s->conn.tcp.side[PP_SERVER].last_data;
	tell_hello(s, NAME, PP_TLS_1_2, 500);
	tell_wait(s, 50);
	tell_bytes(s, PP_SERVER, 2800);
	tell_hidden_alert(s, PP_CLIENT);
	tell_fin(s, PP_SERVER);
	cut(s);
	assert_says(judge(), PP_OUTCOME_INCONCLUSIVE, "CAP-03");
	s->conn.tcp.side[PP_SERVER].last_data = granted; /* behind the hello there was nothing to cut */
	s->tls.alert_count = 0;
	assert_says(judge(), PP_OUTCOME_FAULT, "PRX-12");
}

/* No reply was seen: either nothing came, or its line was cut. */
static void test_request_without_a_reply(void **state)
{
	(void)state;
	for (unsigned connect = 0; connect < 2; connect++) {
		struct story *s;

		world_done(&w);
		world_init(&w);
		s = world_story(&w, 0, connect ? PROXY : SERVER, connect ? 8080 : 80, NULL);
		tell_open(s);
		if (connect)
			tell_connect(s, NAME, 443);
		else
			tell_request(s, NAME, "/");
		tell_acked(s);
		tell_fin(s, PP_SERVER);
		cut(s);
		assert_says(judge(), PP_OUTCOME_FAULT, connect ? "PRX-10" : "SRV-03");
		tell_bytes(s, PP_SERVER, 300);
		assert_says(judge(), PP_OUTCOME_INCONCLUSIVE, "CAP-03");
	}
}

/* The first bytes are there, and they are what they are. */
static void test_answer_that_is_no_tls(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_2, 500);
	tell_wait(s, 50);
	s->tls.not_tls = tell_bytes(s, PP_SERVER, 300);
	strcpy(s->tls.not_tls_head, "HTTP/1.1 400 Ba");
	s->tls.not_tls_http = true;
	tell_fin(s, PP_SERVER);
	cut(s);
	assert_says(judge(), PP_OUTCOME_FAULT, "TLS-08");
}

/* Whose script it is was cut off; that it is one stands in the request line. */
static void test_script_without_its_host(void **state)
{
	struct story *s = world_story(&w, 0, PROXY, 80, NULL);

	(void)state;
	tell_open(s);
	tell_request(s, NULL, "/wpad.dat");
	tell_answer(s, 404);
	tell_fin(s, PP_SERVER);
	cut(s);
	assert_int_equal(judge()->outcome, PP_OUTCOME_OK);
	tell_syns(world_story(&w, 2000, SERVER, 443, NULL), 4);
	assert_says(judge(), PP_OUTCOME_FAULT, "PRX-16");
}

/* A client that sent more than an alert may have finished what nobody could read. */
static void test_handshake_whose_end_was_cut(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_open(s);
	tell_hello(s, NAME, PP_TLS_1_2, 500);
	tell_server_hello(s, PP_TLS_1_2);
	tell_wait(s, 5000);
	tell_fin(s, PP_SERVER);
	cut(s);
	assert_says(judge(), PP_OUTCOME_FAULT, "TLS-12");
	s->conn.tcp.side[PP_CLIENT].bytes += 64;
	assert_says(judge(), PP_OUTCOME_FAULT, "TLS-12");
	s->conn.tcp.side[PP_CLIENT].bytes += 1;
	assert_says(judge(), PP_OUTCOME_INCONCLUSIVE, "CAP-03");
}

/* What it answers was cut off altogether; that it refuses a certificate is its own word. */
static void test_refusal_of_what_was_cut(void **state)
{
	struct story *s = world_story(&w, 0, SERVER, 443, NAME);

	(void)state;
	tell_open(s);
	tell_hello(s, NULL, PP_TLS_1_2, 500);
	s->tls.sni_unknown = true;
	tell_bytes(s, PP_SERVER, 2800);
	cut(s);
	tell_alert(s, PP_CLIENT, 48);
	tell_rst(s, PP_CLIENT, PP_PHASE_DATA);
	assert_says(judge(), PP_OUTCOME_INCONCLUSIVE, "TRUST-01");
	s->tls.alerts[0].code = 80; /* internal_error */
	assert_string_not_equal(judge()->rule->id, "TRUST-01");
}

static void test_credentials_that_were_cut(void **state)
{
	struct story *s = world_story(&w, 0, PROXY, 8080, NULL);
	struct pp_connect *connect;

	(void)state;
	tell_open(s);
	connect = tell_connect(s, NAME, 443);
	tell_connect_reply(s, 407);
	tell_fin(s, PP_CLIENT);
	assert_says(judge(), PP_OUTCOME_FAULT, "PRX-04");
	assert_int_equal(judge()->grade, PP_PROVEN);
	assert_true(cites(judge(), PP_EV_CREDENTIALS));
	cut(s);
	connect->credentials = PP_CREDENTIALS_UNSEEN;
	assert_says(judge(), PP_OUTCOME_FAULT, "PRX-04");
	assert_int_equal(judge()->grade, PP_STRONG);
	assert_false(cites(judge(), PP_EV_CREDENTIALS));
	w.end = s->now + 100 * PP_MS; /* it may have been the first leg */
	assert_says(judge(), PP_OUTCOME_INCONCLUSIVE, "PRX-04");
	w.end = s->now + 300 * PP_MS;
	assert_says(judge(), PP_OUTCOME_FAULT, "PRX-04");
}

/* ------------------------------------------------------------------ from packets */

enum { LINK_ETHERNET = 1, KEPT = 128 };
#define PCAP_MAGIC 0xa1b2c3d4u

static void put_frame(struct capfile *cap, uint32_t second, const void *bytes, uint32_t len, uint32_t most)
{
	uint32_t kept = len < most ? len : most;

	cap_u32(cap, second);
	cap_u32(cap, 0);
	cap_u32(cap, kept);
	cap_u32(cap, len);
	cap_bytes(cap, bytes, kept);
}

static void put(struct capfile *cap, uint32_t second, bool from_client, const struct pp_pkt_tcp *tcp,
		const void *payload, size_t len)
{
	struct pp_pkt pkt;

	pp_pkt_start(&pkt, payload, len);
	pp_pkt_tcp(&pkt, tcp);
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = from_client ? "10.0.0.4" : SERVER,
					     .dst = from_client ? SERVER : "10.0.0.4",
					     .protocol = 6 });
	pp_pkt_ethernet(&pkt, 0x0800);
	put_frame(cap, second, pp_pkt_bytes(&pkt), pp_pkt_len(&pkt), KEPT);
}

/* Of the first connection. */
struct said {
	enum pp_outcome conclusion;
	char rule[8];
	enum pp_credentials credentials;
};

static enum pp_err see(void *context, const struct pp_connection *conn, const struct pp_attribution *who,
		       const struct pp_judgement *judgement)
{
	struct said *said = context;

	(void)who;
	if (conn->stream != 0)
		return PP_OK;
	snprintf(said->rule, sizeof(said->rule), "%s", judgement->verdict.rule->id);
	if (conn->http && conn->http->connect_count)
		said->credentials = conn->http->connects[0].credentials;
	return PP_OK;
}

static enum pp_err see_conclusion(void *context, const struct pp_conclusion *conclusion)
{
	((struct said *)context)->conclusion = conclusion->outcome;
	return PP_OK;
}

static struct said said_of(struct capfile *cap)
{
	struct said said = { .rule = "" };

	visit(cap, &(struct pp_visitor){ .context = &said, .connection = see, .conclusion = see_conclusion });
	return said;
}

/* A connection of the client's port to 443 that stands since the first second. */
static struct capfile opened(void)
{
	struct capfile cap = cap_open();

	cap_pcap(&cap, PCAP_MAGIC, 2, 4, LINK_ETHERNET);
	put(&cap, 1, true, &(struct pp_pkt_tcp){ .sport = 50000, .dport = 443, .seq = 9, .flags = PP_TCP_SYN }, NULL,
	    0);
	put(&cap, 1, false,
	    &(struct pp_pkt_tcp){
		.sport = 443, .dport = 50000, .seq = 99, .ack = 10, .flags = PP_TCP_SYN | PP_TCP_ACK },
	    NULL, 0);
	put(&cap, 1, true,
	    &(struct pp_pkt_tcp){ .sport = 50000, .dport = 443, .seq = 10, .ack = 100, .flags = PP_TCP_ACK }, NULL, 0);
	return cap;
}

/* Each repetition of a request that was cut is one, and none begins to be watched anew. */
static void test_cut_hello_sent_again(void **state)
{
	static const uint8_t head[] = { 0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3 };
	uint8_t hello[517] = { 0 };
	struct capfile cap = opened();
	struct said said;

	(void)state;
	memcpy(hello, head, sizeof(head));
	for (uint32_t second = 1; second <= 8; second *= 2)
		put(&cap, second, true,
		    &(struct pp_pkt_tcp){
			.sport = 50000, .dport = 443, .seq = 10, .ack = 100, .flags = PP_TCP_ACK | PP_TCP_PSH },
		    hello, sizeof(hello));
	put(&cap, 60, true, &(struct pp_pkt_tcp){ .sport = 50001, .dport = 443, .flags = PP_TCP_SYN }, NULL, 0);
	said = said_of(&cap);
	assert_string_equal(said.rule, "FW-06");
}

static enum pp_credentials credentials_of(const char *request)
{
	static const char reply[] = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
	struct capfile cap = opened();

	put(&cap, 2, true,
	    &(struct pp_pkt_tcp){
		.sport = 50000, .dport = 443, .seq = 10, .ack = 100, .flags = PP_TCP_ACK | PP_TCP_PSH },
	    request, strlen(request));
	put(&cap, 2, false,
	    &(struct pp_pkt_tcp){ .sport = 443,
				  .dport = 50000,
				  .seq = 100,
				  .ack = 10 + (uint32_t)strlen(request),
				  .flags = PP_TCP_ACK | PP_TCP_PSH },
	    reply, sizeof(reply) - 1);
	return said_of(&cap).credentials;
}

static void test_cut_request(void **state)
{
	(void)state;
	assert_int_equal(credentials_of("CONNECT a.example:443 HTTP/1.1\r\n\r\n"), PP_CREDENTIALS_NONE);
	assert_int_equal(credentials_of("CONNECT a.example:443 HTTP/1.1\r\nProxy-Authorization: Basic eA==\r\n\r\n"),
			 PP_CREDENTIALS_BASIC);
	assert_int_equal(credentials_of("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n"
					"User-Agent: something long\r\nProxy-Authorization: Basic eA==\r\n\r\n"),
			 PP_CREDENTIALS_UNSEEN);
}

/* Three requests of 10.0.0.9 for 10.0.0.1, and a query of another host of which `kept` bytes were captured. */
static enum pp_outcome beside_a_query(uint32_t kept)
{
	static const uint8_t arp[] = { 255, 255, 255, 255, 255, 255, 2, 0,  0, 0, 0, 9, 8, 6, 0, 1, 8, 0,  6, 4, 0,
				       1,   2,   0,   0,   0,   0,   9, 10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1 };
	static const char query[] = "\0\1\1\0\0\1\0\0\0\0\0\0\5login\7example\3com\0\0\1\0\1";
	struct capfile cap = cap_open();
	struct pp_pkt pkt;

	cap_pcap(&cap, PCAP_MAGIC, 2, 4, LINK_ETHERNET);
	for (uint32_t second = 1; second <= 3; second++)
		put_frame(&cap, second, arp, sizeof(arp), sizeof(arp));
	pp_pkt_start(&pkt, query, sizeof(query) - 1);
	pp_pkt_udp(&pkt, 53000, 53);
	pp_pkt_ip(&pkt, &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "10.0.0.53", .protocol = 17 });
	pp_pkt_ethernet(&pkt, 0x0800);
	if (kept)
		put_frame(&cap, 4, pp_pkt_bytes(&pkt), pp_pkt_len(&pkt), kept);
	return said_of(&cap).conclusion;
}

/* Whose name is not known asks all the same, and it is not the one that lacks its gateway (LOC-01). */
static void test_cut_query(void **state)
{
	(void)state;
	assert_int_equal(beside_a_query(0), PP_OUTCOME_FAULT);
	assert_int_equal(beside_a_query(54), PP_OUTCOME_INCONCLUSIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bytes_both_ways),
		TEST(test_short_words_are_read_whole),
		TEST(test_one_voice),
		TEST(test_reset_after_idle),
		TEST(test_request_without_its_host),
		TEST(test_data_without_a_server_hello),
		TEST(test_bytes_that_nobody_acknowledges),
		TEST(test_resets_together),
		TEST(test_strong_fault_beside_a_success),
		TEST(test_strong_fault_of_a_guessed_name),
		TEST(test_doubt_beside_a_success),
		TEST(test_refused_certificate_that_was_cut),
		TEST(test_tunnel_whose_answer_was_cut),
		TEST(test_request_without_a_reply),
		TEST(test_answer_that_is_no_tls),
		TEST(test_script_without_its_host),
		TEST(test_handshake_whose_end_was_cut),
		TEST(test_refusal_of_what_was_cut),
		TEST(test_credentials_that_were_cut),
		cmocka_unit_test(test_cut_hello_sent_again),
		cmocka_unit_test(test_cut_request),
		cmocka_unit_test(test_cut_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
