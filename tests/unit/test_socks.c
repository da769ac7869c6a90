/* SOCKS, and other answers than the one a proxy's client asked for: what the first bytes tell, and what becomes of it. */
#include "support/cmocka_all.h"
#include "support/guard.h"
#include "support/one_world.h"

#include "diagnose/rule.h"
#include "dissect/socks.h"
#include "dissect/talk.h"

#define BYTES(text) ((struct pp_span){ (const uint8_t *)(text), sizeof(text) - 1 })
#define LOOK(client, server) pp_socks_look(BYTES(client), BYTES(server))

#define GREETING "\5\1\0"
#define REQUEST GREETING "\5\1\0\3\7a.azure\1\xbb"
#define WITH_LOGIN "\5\2\0\2"
#define REQUEST_4 "\4\1\1\xbb\12\0\0\1\0"

/* ------------------------------------------------------------------ what the bytes tell */

static void assert_said(struct pp_socks socks, enum pp_socks_word word, unsigned version, unsigned reply)
{
	assert_int_equal(socks.word, word);
	assert_int_equal(socks.version, version);
	assert_int_equal(socks.reply, reply);
}

static void test_version_5(void **state)
{
	(void)state;
	assert_said(LOOK(GREETING, ""), PP_SOCKS_ASKED, 5, 0);
	assert_said(LOOK(REQUEST, "\5\0"), PP_SOCKS_ASKED, 5, 0);
	assert_said(LOOK(REQUEST, "\5\0\5\0\0\1"), PP_SOCKS_GRANTED, 5, 0);
	assert_said(LOOK(REQUEST, "\5\0\5\5\0\1"), PP_SOCKS_REFUSED, 5, 5);
	assert_said(LOOK(GREETING, "\5\xff"), PP_SOCKS_NO_METHOD, 5, 255);
	assert_said(LOOK(WITH_LOGIN "\1\1a\1b", "\5\2\1\1"), PP_SOCKS_LOGIN, 5, 1);
	assert_said(LOOK(WITH_LOGIN "\1\1a\1b", "\5\2\1\0\5\2"), PP_SOCKS_REFUSED, 5, 2);
	assert_said(LOOK("\5\1\1", "\5\1\1\1"), PP_SOCKS_GRANTED, 5, 0); /* GSSAPI: not read */
}

static void test_version_4(void **state)
{
	(void)state;
	assert_said(LOOK(REQUEST_4, ""), PP_SOCKS_ASKED, 4, 0);
	assert_said(LOOK(REQUEST_4, "\0\x5a\0\0\0\0\0\0"), PP_SOCKS_GRANTED, 4, 90);
	assert_said(LOOK(REQUEST_4, "\0\x5b\0\0\0\0\0\0"), PP_SOCKS_REFUSED, 4, 91);
	assert_said(LOOK(REQUEST_4, "\5\xff"), PP_SOCKS_NOT_SPOKEN, 4, 0);
}

static void test_another_protocol_answers(void **state)
{
	(void)state;
	assert_said(LOOK(GREETING, "HTTP/1.1 400 Bad Request"), PP_SOCKS_NOT_SPOKEN, 5, 0);
	assert_said(LOOK(GREETING, "\x15\3\3\0\2\2\x32"), PP_SOCKS_NOT_SPOKEN, 5, 0);
	assert_true(pp_socks_declines(BYTES("\5\xff")));
	assert_false(pp_socks_declines(BYTES("\5\0")));
}

static void test_near_misses(void **state)
{
	(void)state;
	assert_said(LOOK("", ""), PP_SOCKS_NONE, 0, 0);
	assert_said(LOOK("\5\0\13\3\20\0\0\0", "\5\0\14\3"), PP_SOCKS_NONE, 0, 0); /* DCE/RPC */
	assert_said(LOOK("\5\1\x40", ""), PP_SOCKS_NONE, 0, 0);                    /* no such method */
	assert_said(LOOK(REQUEST, ""), PP_SOCKS_NONE, 0, 0); /* nobody asks before the method is known */
	assert_said(LOOK(GREETING, "SSH-2.0"), PP_SOCKS_NONE, 0, 0);
	assert_said(LOOK(REQUEST, "\5\0\6\0"), PP_SOCKS_NONE, 0, 0);
	assert_said(LOOK("\4\7\1\xbb\12\0\0\1\0", ""), PP_SOCKS_NONE, 0, 0);
	assert_said(LOOK(REQUEST_4, "\0\x20"), PP_SOCKS_NONE, 0, 0);
}

/* Any beginning of either side ends where its memory does. */
static void test_every_prefix(void **state)
{
	static const char client[] = WITH_LOGIN "\1\1a\1b\5\1\0\1\12\0\0\1\1\xbb", server[] = "\5\2\1\0\5\4\0\1";
	struct pp_guard asked = pp_guard_open(sizeof(client)), answered = pp_guard_open(sizeof(server));

	(void)state;
	for (size_t n = 0; n < sizeof(client); n++) {
		for (size_t m = 0; m < sizeof(server); m++) {
			struct pp_span head = { pp_guard_bytes(&asked, client, n), n };
			struct pp_socks socks =
			    pp_socks_look(head, (struct pp_span){ pp_guard_bytes(&answered, server, m), m });

			if (n >= 4 && m >= 6)
				assert_said(socks, PP_SOCKS_REFUSED, 5, 4);
			else if (n >= 4 && m > 0)
				assert_said(socks, PP_SOCKS_ASKED, 5, 0);
			else
				assert_int_equal(socks.word, n == 4 ? PP_SOCKS_ASKED : PP_SOCKS_NONE);
		}
	}
	pp_guard_close(&asked);
	pp_guard_close(&answered);
}

/* ------------------------------------------------------------------ what is kept of it */

struct turn {
	enum pp_side side;
	struct pp_span bytes;
};

static void assert_heads(const struct turn *turns, unsigned count, struct pp_span client, struct pp_span server)
{
	struct pp_span heads[2] = { { NULL, 0 }, { NULL, 0 } };
	struct pp_talk_shared shared = { NULL };
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_talk *talk;

	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	talk = pp_talk_new(&arena, &shared, NULL, 3128);
	assert_non_null(talk);
	for (unsigned i = 0; i < count; i++)
		pp_talk_data(talk, turns[i].side, turns[i].bytes, &(struct pp_mark){ .packet = i + 1, .ts = i + 1 });
	pp_talk_finish(talk);
	pp_talk_heads(talk, &heads[PP_CLIENT], &heads[PP_SERVER]);
	assert_int_equal(heads[PP_CLIENT].len, client.len);
	assert_int_equal(heads[PP_SERVER].len, server.len);
	if (client.len)
		assert_memory_equal(heads[PP_CLIENT].p, client.p, client.len);
	if (server.len)
		assert_memory_equal(heads[PP_SERVER].p, server.p, server.len);
	pp_talk_free(talk);
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
}

#define CONNECT "CONNECT a.azure:443 HTTP/1.1\r\nHost: a.azure:443\r\n\r\n"
#define HELLO "\x16\3\1\0\x40\1\0\0\x3c\3\3"

static void test_heads(void **state)
{
	const struct turn socks[] = { { PP_CLIENT, BYTES(GREETING) },
				      { PP_SERVER, BYTES("\5\0") },
				      { PP_CLIENT, BYTES("\5\1\0\1\12\0\0\1\1\xbb") },
				      { PP_SERVER, BYTES("\5\0\0\1\0\0\0\0\0\0") },
				      { PP_CLIENT, BYTES(HELLO) } };
	const struct turn alert[] = { { PP_CLIENT, BYTES(CONNECT) }, { PP_SERVER, BYTES("\x15\3\3\0\2\2\x32") } };
	const struct turn granted[] = { { PP_CLIENT, BYTES(CONNECT) },
					{ PP_SERVER, BYTES("HTTP/1.1 200 OK\r\n\r\n") } };
	const struct turn tls[] = { { PP_CLIENT, BYTES(HELLO) }, { PP_SERVER, BYTES("\x15\3\3\0\2\2\x32") } };

	(void)state;
	assert_heads(socks, 5, BYTES(GREETING "\5\1\0\1\12\0\0\1\1\xbb" HELLO), BYTES("\5\0\5\0\0\1\0\0\0\0\0\0"));
	assert_heads(alert, 2, (struct pp_span){ (const uint8_t *)CONNECT, PP_TALK_HEAD }, BYTES("\x15\3\3\0\2\2\x32"));
	assert_heads(granted, 2, BYTES(""), BYTES(""));
	assert_heads(tls, 2, BYTES(""), BYTES(""));
}

/* ------------------------------------------------------------------ what becomes of it */

static struct story *asked(struct pp_span client, struct pp_span server)
{
	struct story *s = world_story(&w, w.story_count * 1000, "10.0.0.8", 1080, NULL);

	tell_open(s);
	tell_bytes(s, PP_CLIENT, (uint32_t)client.len);
	if (server.len)
		tell_bytes(s, PP_SERVER, (uint32_t)server.len);
	s->conn.client_head = client;
	s->conn.server_head = server;
	return s;
}

static void assert_judged(unsigned i, const char *id, enum pp_outcome outcome, enum pp_owner owner, enum pp_grade grade)
{
	const struct pp_verdict *verdict = &w.judgements[i].verdict;

	if (strcmp(verdict->rule->id, id) != 0 || verdict->outcome != outcome || verdict->owner != owner ||
	    verdict->grade != grade)
		fail_msg("connection %u: %s, %s, %s, %s", i, verdict->rule->id, pp_outcome_name(verdict->outcome),
			 pp_owner_name(verdict->owner), pp_grade_name(verdict->grade));
}

static void test_refusals(void **state)
{
	(void)state;
	asked(BYTES(REQUEST), BYTES("\5\0\5\2\0\1"));
	asked(BYTES(GREETING), BYTES("\5\xff"));
	asked(BYTES(REQUEST_4), BYTES("\0\x5b\0\0\0\0\0\0"));
	asked(BYTES(REQUEST), BYTES("\5\0\5\0\0\1")); /* granted, and spoken through */
	world_judge(&w);
	for (unsigned i = 0; i < 3; i++)
		assert_judged(i, "PRX-19", PP_OUTCOME_FAULT, PP_OWNER_PROXY, PP_PROVEN);
	assert_judged(3, "OK-01", PP_OUTCOME_OK, PP_OWNER_NONE, PP_PROVEN);
	assert_string_equal(w.judgements[0].verdict.detail, "not allowed by its rules");
}

static void test_no_answer(void **state)
{
	struct story *s;

	(void)state;
	s = asked(BYTES(GREETING), BYTES(""));
	tell_wait(s, 12000);
	tell_fin(s, PP_CLIENT);
	tell_fin(asked(BYTES(GREETING), BYTES("")), PP_SERVER);
	s = asked(BYTES(GREETING), BYTES("")); /* the client left before it meant anything */
	tell_wait(s, 500);
	tell_fin(s, PP_CLIENT);
	s = asked(BYTES(GREETING), BYTES(""));
	s->conn.tcp.one_sided = true;
	tell_fin(s, PP_SERVER);
	world_judge(&w);
	assert_judged(0, "PRX-19", PP_OUTCOME_FAULT, PP_OWNER_PROXY, PP_CONSISTENT);
	assert_judged(1, "PRX-19", PP_OUTCOME_FAULT, PP_OWNER_PROXY, PP_CONSISTENT);
	assert_int_equal(w.judgements[2].verdict.outcome, PP_OUTCOME_INCONCLUSIVE);
	assert_int_equal(w.judgements[3].verdict.outcome, PP_OUTCOME_INCONCLUSIVE);
}

static void test_the_wrong_kind(void **state)
{
	const struct {
		struct pp_span head;
		const char *rule;
	} answers[] = {
		{ BYTES("\x15\3\3\0\2\2\x32"), "PRX-15" },
		{ BYTES("\5\xff"), "PRX-15" },
		{ BYTES("SSH-2.0-OpenSSH_9.2\r\n"), "PRX-15" },
		{ BYTES("HTTP/1.1 40"), "SRV-03" }, /* cut within its first line */
	};
	unsigned count = sizeof(answers) / sizeof(answers[0]);

	(void)state;
	tell_fin(asked(BYTES(GREETING), BYTES("HTTP/1.1 400 Bad Request")), PP_SERVER);
	for (unsigned i = 0; i < count; i++) {
		struct story *s = world_story(&w, w.story_count * 1000, "10.0.0.8", 443, NULL);

		tell_open(s);
		tell_connect(s, "a.azure", 443);
		tell_bytes(s, PP_SERVER, (uint32_t)answers[i].head.len);
		s->conn.server_head = answers[i].head;
		tell_fin(s, PP_SERVER);
	}
	world_judge(&w);
	assert_judged(0, "PRX-15", PP_OUTCOME_FAULT, PP_OWNER_LOCAL, PP_STRONG);
	for (unsigned i = 0; i < count; i++)
		if (strcmp(w.judgements[i + 1].verdict.rule->id, answers[i].rule) != 0)
			fail_msg("answer %u: %s", i, w.judgements[i + 1].verdict.rule->id);
}

/* The same silence of a port that speaks HTTP with others is the setting's fault. */
static void test_an_http_proxy_is_silent(void **state)
{
	struct story *s = asked(BYTES(GREETING), BYTES(""));

	(void)state;
	tell_wait(s, 12000);
	tell_fin(s, PP_CLIENT);
	s = world_proxied(&w, 20000, "10.0.0.8", "other.azure");
	s->conn.server.port = 1080;
	world_judge(&w);
	assert_judged(0, "PRX-15", PP_OUTCOME_FAULT, PP_OWNER_LOCAL, PP_STRONG);
}

/* What fails inside is the tunnel's, whoever opened it. */
static void test_cut_inside(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct story *s = asked(BYTES(REQUEST), i ? BYTES("HTTP/1.1 400 Bad") : BYTES("\5\0\5\0\0\1"));

		tell_hello(s, "a.azure", PP_TLS_1_3, 500);
		tell_acked(s);
		tell_fin(s, PP_SERVER);
	}
	world_judge(&w);
	assert_judged(0, "PRX-12", PP_OUTCOME_FAULT, PP_OWNER_PROXY, PP_STRONG);
	assert_string_not_equal(w.judgements[1].verdict.rule->id, "PRX-12");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_5),
		cmocka_unit_test(test_version_4),
		cmocka_unit_test(test_another_protocol_answers),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_heads),
		TEST(test_refusals),
		TEST(test_no_answer),
		TEST(test_the_wrong_kind),
		TEST(test_an_http_proxy_is_silent),
		TEST(test_cut_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
