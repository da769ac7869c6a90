/* Kept verdicts: what is taken out is what was put in, and a usual one takes few bytes. */
#include "support/cmocka_all.h"

#include "diagnose/keep.h"

#include <stdlib.h>
#include <string.h>

static const char name[] = "login.example.azure";
static const char *const texts[] = { NULL, name, "", "RST,ACK", "a text that is longer than any of the others" };
static const int64_t numbers[] = { 0, 1, -1, 63, 64, -64, -65, 100000, INT64_MAX, INT64_MIN };

enum { TEXTS = sizeof(texts) / sizeof(texts[0]), NUMBERS = sizeof(numbers) / sizeof(numbers[0]), SEEDS = 2000 };

static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

static int64_t number(uint32_t *seed) { return numbers[draw(seed, NUMBERS)]; }

static struct pp_addr addr(uint32_t *seed)
{
	struct pp_addr none = { { 0 } }, v6 = { { 0x20, 1, [15] = (uint8_t)draw(seed, 256) } };
	uint8_t v4[4] = { 203, 0, 113, (uint8_t)draw(seed, 256) };

	switch (draw(seed, 3)) {
	case 0:
		return none;
	case 1:
		return v6;
	default:
		return pp_addr_v4(v4);
	}
}

static struct pp_endpoint_addr socket_of(uint32_t *seed)
{
	struct pp_endpoint_addr socket;

	memset(&socket, 0, sizeof(socket));
	socket.ip = addr(seed);
	socket.port = (uint16_t)draw(seed, 65536);
	return socket;
}

static void make_evidence(struct pp_evidence *evidence, uint32_t *seed)
{
	*evidence = (struct pp_evidence){ .kind = (enum pp_evidence_kind)draw(seed, PP_EV_KINDS),
					  .side = draw(seed, 2) ? PP_SERVER : PP_CLIENT,
					  .a = number(seed),
					  .b = number(seed),
					  .text = texts[draw(seed, TEXTS)],
					  .addr = addr(seed) };
	if (draw(seed, 4))
		evidence->mark = (struct pp_mark){ .ts = number(seed),
						   .packet = draw(seed, 2) ? UINT32_MAX : draw(seed, 1000),
						   .file = draw(seed, 3) ? 0 : UINT16_MAX };
}

static void make(struct pp_verdict *verdict, const struct pp_look_alikes *row, uint32_t seed)
{
	memset(verdict, 0, sizeof(*verdict));
	verdict->host = texts[draw(&seed, TEXTS)];
	verdict->detail = texts[draw(&seed, TEXTS)];
	verdict->next_test = texts[draw(&seed, TEXTS)];
	verdict->server = socket_of(&seed);
	verdict->proxy = socket_of(&seed);
	verdict->device = addr(&seed);
	verdict->number = number(&seed);
	verdict->alternative_count = draw(&seed, PP_ALTERNATIVES_MAX + 1);
	for (unsigned i = 0; i < verdict->alternative_count; i++)
		verdict->alternatives[i] = row->as[draw(&seed, 2) ? i : 0];
	verdict->evidence_count = draw(&seed, PP_EVIDENCE_MAX + 1);
	for (unsigned i = 0; i < verdict->evidence_count; i++)
		make_evidence(&verdict->evidence[i], &seed);
}

static void assert_same_text(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a)
		assert_string_equal(a, b);
}

static void assert_same_socket(const struct pp_endpoint_addr *a, const struct pp_endpoint_addr *b)
{
	assert_true(pp_addr_equal(&a->ip, &b->ip));
	assert_int_equal(a->port, b->port);
}

static void assert_same(const struct pp_verdict *a, const struct pp_verdict *b)
{
	assert_same_text(a->host, b->host);
	assert_same_text(a->detail, b->detail);
	assert_ptr_equal(a->next_test, b->next_test);
	assert_same_socket(&a->server, &b->server);
	assert_same_socket(&a->proxy, &b->proxy);
	assert_true(pp_addr_equal(&a->device, &b->device));
	assert_int_equal(a->number, b->number);
	assert_int_equal(a->alternative_count, b->alternative_count);
	assert_memory_equal(a->alternatives, b->alternatives, a->alternative_count * sizeof(a->alternatives[0]));
	assert_int_equal(a->evidence_count, b->evidence_count);
	for (unsigned i = 0; i < a->evidence_count; i++) {
		const struct pp_evidence *one = &a->evidence[i], *two = &b->evidence[i];

		assert_int_equal(one->kind, two->kind);
		assert_int_equal(one->side, two->side);
		assert_memory_equal(&one->mark, &two->mark, sizeof(one->mark));
		assert_int_equal(one->a, two->a);
		assert_int_equal(one->b, two->b);
		assert_true(pp_addr_equal(&one->addr, &two->addr));
		assert_same_text(one->text, two->text);
	}
}

static void test_out_comes_what_went_in(void **state)
{
	static struct pp_verdict in, out;
	struct pp_look_alikes row = { .count = 2 };
	struct pp_buf buf;

	(void)state;
	for (unsigned i = 0; i < PP_ALTERNATIVES_MAX; i++)
		row.as[i] = (struct pp_alternative){ pp_rules[i], texts[4] };
	pp_buf_init(&buf, 1 << 16);
	for (uint32_t seed = 0; seed < SEEDS; seed++) {
		const struct pp_look_alikes *known = seed % 3 ? &row : NULL;
		const char *own = seed % 2 ? name : NULL;
		uint8_t *bytes;

		make(&in, &row, seed);
		assert_int_equal(pp_keep_pack(&buf, &in, known, own), PP_OK);
		bytes = malloc(buf.len); /* nothing behind them is read */
		assert_non_null(bytes);
		memcpy(bytes, buf.p, buf.len);
		memset(&out, 0xa5, sizeof(out));
		pp_keep_unpack(&out, bytes, known, own);
		assert_same(&in, &out);
		free(bytes);
	}
	pp_buf_done(&buf);
}

static void test_a_usual_one_is_small(void **state)
{
	static struct pp_verdict verdict;
	struct pp_buf buf;

	(void)state;
	memset(&verdict, 0, sizeof(verdict));
	verdict.host = name;
	verdict.server.ip = pp_addr_v4((const uint8_t[]){ 203, 0, 113, 1 });
	verdict.server.port = 443;
	verdict.evidence_count = 2;
	verdict.evidence[0] = (struct pp_evidence){ .kind = PP_EV_COMPLETE,
						    .mark = { .ts = INT64_C(1800000000) << 30, .packet = 1000000 } };
	verdict.evidence[1] = (struct pp_evidence){ .kind = PP_EV_DATA, .mark = verdict.evidence[0].mark, .a = 5000 };
	verdict.evidence[1].mark.packet += 5;
	pp_buf_init(&buf, 1 << 16);
	assert_int_equal(pp_keep_pack(&buf, &verdict, NULL, name), PP_OK);
	assert_true(buf.len < 40);
	pp_buf_done(&buf);
}

static void test_no_room(void **state)
{
	static struct pp_verdict verdict;
	struct pp_buf buf;

	(void)state;
	memset(&verdict, 0, sizeof(verdict));
	pp_buf_init(&buf, 16);
	assert_int_equal(pp_keep_pack(&buf, &verdict, NULL, name), PP_LIMIT);
	pp_buf_done(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_comes_what_went_in),
		cmocka_unit_test(test_a_usual_one_is_small),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
