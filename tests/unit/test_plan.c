/* Plans and signs: a rule is left out only where it cannot hit, and nothing else is left out. */
#include "support/cmocka_all.h"
#include "support/facts.h"

#include "diagnose/case.h"
#include "diagnose/table.h"

enum { WORLDS = 2000, STORIES = 8 };
#define EVERY_SIGN ((UINT64_C(1) << PP_SIGNS) - 1)

static struct pp_plans plans;

/* ------------------------------------------------------------------ the table */

static unsigned assert_listed(const uint8_t *step, const struct pp_rule *const *rules)
{
	unsigned i = 0;

	for (; rules[i]; i++)
		assert_ptr_equal(plans.rows[step[i]], rules[i]);
	assert_int_equal(step[i], PP_PLAN_END);
	return i + 1;
}

/* With every sign there nothing is left out, and every stage has room for that. */
static void test_everything_is_asked_in_order(void **state)
{
	(void)state;
	pp_plans_fill(&plans);
	for (unsigned stage = 0; stage < PP_STAGES; stage++) {
		for (unsigned worked = 0; worked < 2; worked++) {
			uint64_t signs = worked ? EVERY_SIGN : EVERY_SIGN & ~PP_IF(WORKED);
			const struct pp_plan *plan = pp_plan_of(&plans, stage, signs);
			unsigned at = 0;

			for (unsigned i = 0; i < pp_layer_count; i++) {
				if (!pp_layer_asks(&pp_layers[i], stage, worked))
					continue;
				assert_int_equal(plan->step[at++], i);
				if (worked)
					at += assert_listed(plan->step + at, pp_layers[i].rules);
				else
					while (plan->step[at++] != PP_PLAN_END)
						;
			}
			assert_int_equal(plan->step[at++], PP_PLAN_END);
			assert_int_equal(plan->notes, at);
			assert_true(at < PP_PLAN_STEPS);
			if (worked)
				assert_listed(plan->step + at, pp_note_rules);
		}
	}
}

static bool plan_has(const struct pp_plan *plan, const struct pp_rule *rule)
{
	for (const uint8_t *step = plan->step; *step != PP_PLAN_END; step++)
		for (step++; *step != PP_PLAN_END; step++)
			if (plans.rows[*step] == rule)
				return true;
	return false;
}

static void test_what_lacks_a_sign_is_left_out(void **state)
{
	uint64_t silent = PP_IF(SYN) | PP_IF(NO_RESET) | PP_IF(DIRECT) | PP_IF(FAILED);
	const struct pp_plan *plan;

	(void)state;
	pp_plans_fill(&plans);
	plan = pp_plan_of(&plans, PP_STAGE_SYN, silent);
	assert_true(plan_has(plan, &pp_rule_fw_01));
	assert_true(plan_has(plan, &pp_rule_cap_08)); /* always asked */
	assert_false(plan_has(plan, &pp_rule_srv_01));
	assert_false(plan_has(plan, &pp_rule_fw_02));
	assert_int_equal(plan->step[plan->notes], PP_PLAN_END);
	plan = pp_plan_of(&plans, PP_STAGE_SYN, silent | PP_IF(ICMP));
	assert_true(plan_has(plan, &pp_rule_fw_02));
	plan = pp_plan_of(&plans, PP_STAGE_SYN, silent);
	assert_false(plan_has(plan, &pp_rule_fw_02));
	plan = pp_plan_of(&plans, PP_STAGE_OPEN, silent);
	assert_true(plan_has(plan, &pp_rule_fw_01)); /* the same signs at another stage are another kind */
}

/* More kinds than there is room for: each gets its own all the same. */
static void test_kinds_do_not_mix(void **state)
{
	(void)state;
	pp_plans_fill(&plans);
	for (unsigned round = 0; round < 2; round++)
		for (uint64_t i = 0; i < 4 * PP_PLANS; i++) {
			uint64_t signs = PP_IF(FAILED) | i << 2 * (i & 1);
			const struct pp_plan *plan = pp_plan_of(&plans, PP_STAGE_HELLO, signs);

			for (const struct pp_rule *const *at = pp_layers[5].rules; *at; at++)
				assert_int_equal(plan_has(plan, *at),
						 (signs & PP_IF(WORKED)) == 0 && !((*at)->signs & ~signs));
		}
}

/* ------------------------------------------------------------------ stories by lot */

static uint64_t lot;

static unsigned draw(unsigned below)
{
	lot = lot * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)((lot >> 33) % below);
}

static bool one_in(unsigned n) { return draw(n) == 0; }

static enum pp_side any_side(void) { return one_in(2) ? PP_CLIENT : PP_SERVER; }

static void tell_some_tls(struct story *s, const char *name)
{
	static const uint16_t versions[] = { PP_TLS_1_0, PP_TLS_1_2, PP_TLS_1_3 };
	static const uint8_t codes[] = { 0, 10, 40, 42, 45, 46, 48, 70, 80, 86, 112, 116, 120 };
	uint16_t version = versions[draw(3)];

	tell_hello(s, one_in(5) ? NULL : name, version, one_in(3) ? 1700 : 500);
	s->tls.hello_retry = one_in(12);
	if (one_in(5))
		tell_unacked(s, 1 + draw(4), one_in(2) ? 1400 : 500);
	if (one_in(3))
		tell_acked(s);
	if (one_in(12))
		s->tls.not_tls = tell_bytes(s, PP_SERVER, 100);
	if (!one_in(3)) {
		tell_server_hello(s, version);
		s->tls.resumed = one_in(6);
		if (!s->tls.resumed && version < PP_TLS_1_3)
			tell_certificate(s, name, one_in(2) ? "Zscaler Intermediate CA" : "DigiCert CA");
		if (!one_in(3))
			tell_finished(s);
		if (one_in(2))
			tell_app(s, PP_CLIENT, 300);
		if (one_in(2))
			tell_app(s, PP_SERVER, one_in(2) ? 1200 : 3000);
	}
	if (one_in(3))
		tell_alert(s, any_side(), codes[draw(sizeof(codes))]);
	if (one_in(5))
		tell_hidden_alert(s, any_side());
}

static void tell_some_http(struct story *s, const char *name)
{
	static const uint16_t statuses[] = { 200, 301, 400, 403, 404, 407, 470, 502 };
	struct pp_http_exchange *exchange = tell_request(s, name, one_in(6) ? "/wpad.dat" : "/");

	exchange->absolute_form = one_in(3);
	exchange->credentials = one_in(3) ? PP_CREDENTIALS_NTLM_FIRST : PP_CREDENTIALS_NONE;
	if (one_in(4))
		tell_unacked(s, 1 + draw(3), 200);
	if (!one_in(3))
		tell_answer(s, statuses[draw(8)])->page = one_in(5) ? PP_PAGE_BLOCK : PP_PAGE_NONE;
}

static void tell_oddities(struct story *s)
{
	struct pp_tcp_facts *tcp = &s->conn.tcp;

	tcp->fast_open = one_in(9);
	tcp->midstream = one_in(9);
	tcp->one_sided = one_in(20);
	tcp->snapped = one_in(20);
	tcp->reordered = one_in(20);
	tcp->side[PP_CLIENT].keep_alives = one_in(9) ? draw(5) : 0;
	if (one_in(9))
		tcp->side[PP_SERVER].zero_window_ns = 12 * PP_SECOND;
	if (one_in(6)) {
		tcp->side[PP_SERVER].gap = story_mark(s);
		tcp->side[PP_SERVER].gap_bytes = tcp->side[PP_SERVER].missing = 1400;
	}
	if (one_in(8))
		tell_icmp(s, one_in(2) ? "10.0.0.4" : "10.0.0.1", 3, (uint8_t)draw(14));
	if (one_in(8)) {
		tcp->longest_idle_ns = 70 * PP_SECOND;
		tcp->idle_after = s->conn.last;
	}
}

static void tell_some_end(struct story *s)
{
	tell_wait(s, one_in(3) ? 70000 : draw(5000));
	if (one_in(2))
		tell_fin(s, any_side());
	if (one_in(2)) {
		struct pp_tcp_reset *rst = tell_rst(s, any_side(), one_in(2) ? PP_PHASE_SYN : PP_PHASE_DATA);

		rst->acceptable = !one_in(5);
		rst->ttl = one_in(3) ? 255 : rst->ttl;
		rst->count = 1 + draw(3);
		rst->seq_grows = one_in(4);
		if (one_in(5))
			tell_bytes(s, any_side(), 100);
	}
}

static void tell_a_story(struct world *w)
{
	static const char *const names[] = { "login.example.azure", "www.example.com", "wpad.example.com", NULL };
	static const char *const servers[] = { "203.0.113.10", "203.0.113.20", "10.0.0.8", "127.0.0.1" };
	static const uint16_t ports[] = { 443, 80, 8080, 5671, 53 };
	const char *name = names[draw(4)];
	struct story *s = world_story(w, draw(20000), servers[draw(4)], ports[draw(5)], name);

	s->rtt = one_in(2) ? 2 * PP_MS : 50 * PP_MS;
	tell_syns(s, 1 + draw(4));
	if (!one_in(4)) {
		tell_syn_ack(s);
		if (!one_in(8))
			s->conn.tcp.established = story_packet(s, PP_CLIENT);
		if (one_in(4)) {
			tell_connect(s, name ? name : "www.example.com", one_in(3) ? 5671 : 443);
			if (!one_in(4))
				tell_connect_reply(s, one_in(3) ? (one_in(2) ? 407 : 403) : 200);
		}
		if (one_in(3))
			tell_some_http(s, name);
		else if (one_in(6))
			tell_bytes(s, any_side(), 100);
		else if (!one_in(6))
			tell_some_tls(s, name ? name : "www.example.com");
	}
	tell_oddities(s);
	tell_some_end(s);
}

static bool has_hit[PP_PLAN_ROWS]; /* by place in pp_rules */

static void assert_left_out_rightly(const struct pp_case *c, const struct pp_rule *const *rules)
{
	for (; *rules; rules++) {
		struct pp_verdict verdict = { .rule = *rules, .outcome = (*rules)->outcome };
		unsigned place = 0;

		if (!(*rules)->match(c, &verdict))
			continue;
		if (!pp_may_hit(c, *rules))
			fail_msg("%s hits at stage %u although a sign of its row is missing", (*rules)->id,
				 (unsigned)c->shape.stage);
		while (pp_rules[place] != *rules)
			place++;
		has_hit[place] = true;
	}
}

/* The row's column and what makes the word of signs agree with every predicate. */
static void test_no_sign_hides_a_rule(void **state)
{
	static struct world w;
	unsigned rules = 0;

	(void)state;
	lot = 1;
	for (unsigned i = 0; i < WORLDS; i++) {
		world_init(&w);
		for (unsigned k = 0; k < STORIES; k++)
			tell_a_story(&w);
		world_judge(&w);
		for (unsigned k = 0; k < w.story_count; k++) {
			struct pp_case c;

			pp_case_of(&c, w.diagnosis, &w.stories[k].conn, &w.stories[k].who, &w.places[k]);
			pp_case_inspect(&c, w.diagnosis);
			c.signs = pp_signs_of(&c);
			for (unsigned l = 0; l < pp_layer_count; l++)
				if (pp_layer_asks(&pp_layers[l], c.shape.stage, c.shape.worked))
					assert_left_out_rightly(&c, pp_layers[l].rules);
			assert_left_out_rightly(&c, pp_note_rules);
		}
		world_done(&w);
	}
	for (size_t i = 0; i < pp_rule_count; i++)
		rules += has_hit[i];
	assert_true(rules >= 70); /* the stories are such that most rules for connections hit now and then */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_is_asked_in_order),
		cmocka_unit_test(test_what_lacks_a_sign_is_left_out),
		cmocka_unit_test(test_kinds_do_not_mix),
		cmocka_unit_test(test_no_sign_hides_a_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
