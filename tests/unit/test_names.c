#include "attribute/attribute.h"
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct pp_hash_key key = { { 1, 2 } };

static struct pp_addr addr(const char *text)
{
	struct pp_addr result;

	assert_int_equal(pp_addr_parse(text, &result), PP_OK);
	return result;
}

/* An A or AAAA lookup answered at a time. */
static struct pp_lookup lookup(const char *client, const char *name, const char *answer, int64_t ts)
{
	struct pp_lookup result = { .name = name, .question_count = 1, .address_count = 1 };

	result.client.ip = addr(client);
	result.addresses[0] = addr(answer);
	result.questions[0] = (struct pp_dns_question){
		.type = pp_addr_is_v4(&result.addresses[0]) ? PP_DNS_A : PP_DNS_AAAA,
		.answered = true,
		.reply = { .ts = ts, .packet = 1 },
	};
	return result;
}

static const char *find(struct pp_names *names, const char *client, const char *server, int64_t when)
{
	struct pp_addr from = addr(client), to = addr(server);

	return pp_names_find(names, &from, &to, when);
}

static void latest_before(void **state)
{
	struct pp_names *names = pp_names_new(10, key);
	struct pp_lookup a = lookup("10.0.0.1", "a.example", "20.1.1.1", 100);
	struct pp_lookup b = lookup("10.0.0.1", "b.example", "20.1.1.1", 200);
	struct pp_lookup same = lookup("10.0.0.1", "c.example", "20.1.1.1", 200);

	(void)state;
	assert_null(find(names, "10.0.0.1", "20.1.1.1", 500));
	pp_names_add(names, &b, 0);
	pp_names_add(names, &a, 0);
	assert_null(find(names, "10.0.0.1", "20.1.1.1", 99));
	assert_string_equal(find(names, "10.0.0.1", "20.1.1.1", 100), "a.example");
	assert_string_equal(find(names, "10.0.0.1", "20.1.1.1", 199), "a.example");
	assert_string_equal(find(names, "10.0.0.1", "20.1.1.1", 200), "b.example");
	assert_string_equal(find(names, "10.0.0.1", "20.1.1.1", INT64_MAX), "b.example");
	assert_null(find(names, "10.0.0.2", "20.1.1.1", 500));
	assert_null(find(names, "10.0.0.1", "20.1.1.2", 500));
	pp_names_add(names, &same, 0);
	assert_string_equal(find(names, "10.0.0.1", "20.1.1.1", 200), "c.example");
	assert_int_equal(pp_names_refused(names), 0);
	pp_names_free(names);
}

/* What was not captured of an answer may have been another name for the same address. */
static void unread_answers(void **state)
{
	struct pp_names *names = pp_names_new(10, key);
	struct pp_lookup a = lookup("10.0.0.1", "a.example", "20.1.1.1", 100);
	struct pp_lookup again = lookup("10.0.0.1", "a.example", "20.1.1.1", 300);
	struct pp_addr client = addr("10.0.0.1"), other = addr("10.0.0.2");

	(void)state;
	pp_names_add(names, &a, 0);
	pp_names_blind(names, &other, 150);
	pp_names_blind(names, &client, 100);
	assert_string_equal(find(names, "10.0.0.1", "20.1.1.1", 500), "a.example");
	pp_names_blind(names, &client, 200);
	assert_string_equal(find(names, "10.0.0.1", "20.1.1.1", 199), "a.example");
	assert_null(find(names, "10.0.0.1", "20.1.1.1", 200));
	pp_names_add(names, &again, 0);
	assert_null(find(names, "10.0.0.1", "20.1.1.1", 299));
	assert_string_equal(find(names, "10.0.0.1", "20.1.1.1", 300), "a.example");
	for (int64_t ts = 400; ts < 464; ts++)
		pp_names_blind(names, &other, ts);
	assert_null(find(names, "10.0.0.1", "20.1.1.1", 500)); /* what is forgotten may have been its own */
	pp_names_free(names);
}

static void each_type_has_its_time(void **state)
{
	struct pp_names *names = pp_names_new(10, key);
	struct pp_lookup both = lookup("10.0.0.1", "a.example", "20.1.1.1", 100);
	struct pp_lookup unanswered = { .name = "no.example", .question_count = 1 };

	(void)state;
	both.question_count = 2;
	both.questions[1] =
	    (struct pp_dns_question){ .type = PP_DNS_AAAA, .answered = true, .reply = { .ts = 300, .packet = 2 } };
	both.addresses[both.address_count++] = addr("2603::1");
	pp_names_add(names, &both, 0);
	pp_names_add(names, &unanswered, 0);
	assert_string_equal(find(names, "10.0.0.1", "20.1.1.1", 150), "a.example");
	assert_null(find(names, "10.0.0.1", "2603::1", 150));
	assert_string_equal(find(names, "10.0.0.1", "2603::1", 300), "a.example");
	pp_names_free(names);
}

/* Asked over IPv4, connected over IPv6: one machine's two addresses, which nothing else connects. */
static void asked_over_the_other_family(void **state)
{
	struct pp_names *names = pp_names_new(10, key);
	struct pp_lookup a = lookup("10.0.0.1", "a.example", "2603::1", 100);
	struct pp_lookup later = lookup("10.0.0.1", "b.example", "2603::1", 200);
	struct pp_lookup own = lookup("2001:db8::1", "own.example", "2603::1", 150);
	struct pp_lookup v4 = lookup("2001:db8::1", "v4.example", "20.1.1.1", 100);
	struct pp_addr client = addr("10.0.0.1");

	(void)state;
	pp_names_add(names, &a, 0);
	pp_names_add(names, &v4, 0);
	assert_string_equal(find(names, "2001:db8::1", "2603::1", 150), "a.example");
	assert_string_equal(find(names, "10.0.0.1", "20.1.1.1", 150), "v4.example");
	assert_null(find(names, "2001:db8::1", "2603::1", 99));
	assert_null(find(names, "2001:db8::1", "2603::2", 150));
	pp_names_add(names, &later, 0);
	assert_string_equal(find(names, "2001:db8::1", "2603::1", 250), "b.example");
	pp_names_add(names, &own, 0); /* what it was told itself says more */
	assert_string_equal(find(names, "2001:db8::1", "2603::1", 250), "own.example");
	assert_string_equal(find(names, "2001:db8::2", "2603::1", 250), "b.example");
	pp_names_blind(names, &client, 220);
	assert_null(find(names, "2001:db8::2", "2603::1", 250));
	pp_names_free(names);
}

/* With two that were told it, who connects is not known; loopback is no other machine. */
static void asked_by_several(void **state)
{
	struct pp_names *names = pp_names_new(20, key);
	struct pp_lookup one = lookup("10.0.0.1", "a.example", "2603::1", 100);
	struct pp_lookup stub = lookup("127.0.0.1", "a.example", "2603::1", 100);
	struct pp_lookup other = lookup("10.0.0.2", "b.example", "2603::1", 100);

	(void)state;
	pp_names_add(names, &one, 0);
	pp_names_add(names, &stub, 0);
	assert_string_equal(find(names, "2001:db8::1", "2603::1", 150), "a.example");
	pp_names_add(names, &other, 0);
	for (int i = 0; i < 8; i++) {
		assert_null(find(names, "2001:db8::1", "2603::1", 150));
		pp_names_add(names, &one, 0);
	}
	pp_names_free(names);
}

static void cap_is_counted(void **state)
{
	struct pp_names *names = pp_names_new(2, key);
	struct pp_lookup a = lookup("10.0.0.1", "a.example", "20.1.1.1", 1);

	(void)state;
	for (int i = 0; i < 5; i++)
		pp_names_add(names, &a, 0);
	assert_int_equal(pp_names_refused(names), 3);
	assert_string_equal(find(names, "10.0.0.1", "20.1.1.1", 1), "a.example");
	pp_names_free(names);
	pp_names_free(NULL);
	names = pp_names_new(0, key);
	pp_names_add(names, &a, 0);
	assert_int_equal(pp_names_refused(names), 1);
	assert_null(find(names, "10.0.0.1", "20.1.1.1", 1));
	pp_names_free(names);
}

/* A hundred thousand names of one address, newest first, and a thousand clients: same answers, no list to walk. */
static void many(void **state)
{
	enum { ANSWERS = 100000, CLIENTS = 1000 };
	struct pp_names *names = pp_names_new(ANSWERS + CLIENTS, key);
	char(*text)[16] = malloc(sizeof(*text) * ANSWERS);
	struct pp_lookup one = lookup("10.0.0.1", "", "20.1.1.1", 0);

	(void)state;
	for (int i = ANSWERS; i-- > 0;) {
		snprintf(text[i], sizeof(*text), "n%d", i);
		one.name = text[i];
		one.questions[0].reply.ts = 10 * i;
		pp_names_add(names, &one, 0);
	}
	for (uint8_t i = 0; i < CLIENTS / 4; i++)
		for (uint8_t k = 0; k < 4; k++) {
			one.client.ip = pp_addr_v4((uint8_t[]){ 10, 1, i, k });
			pp_names_add(names, &one, 0);
		}
	for (int i = 0; i < ANSWERS; i++) {
		struct pp_addr from = addr("10.0.0.1"), to = addr("20.1.1.1");

		assert_string_equal(pp_names_find(names, &from, &to, 10 * i + i % 10), text[i]);
	}
	assert_string_equal(find(names, "10.1.249.3", "20.1.1.1", 0), text[0]);
	assert_int_equal(pp_names_refused(names), 0);
	pp_names_free(names);
	free(text);
}

static void late_answers_are_told(void **state)
{
	struct pp_names *names = pp_names_new(10, key);
	struct pp_lookup before = lookup("10.0.0.1", "before.example", "20.1.1.1", 10 * PP_SECOND);
	struct pp_lookup after = lookup("10.0.0.1", "after.example", "20.1.1.1", 30 * PP_SECOND);
	struct pp_lookup other = lookup("10.0.0.1", "other.example", "20.1.1.2", 10 * PP_SECOND);
	struct pp_addr server, asked = addr("20.1.1.1");
	uint32_t at = 0;

	(void)state;
	assert_null(find(names, "10.0.0.1", "20.1.1.1", 20 * PP_SECOND));
	pp_names_add(names, &after, 0);
	pp_names_add(names, &other, 0);
	assert_false(pp_names_any_late(names));
	assert_null(pp_names_late(names, &at, &server));
	pp_names_add(names, &before, 0);
	assert_true(pp_names_any_late(names));
	assert_string_equal(pp_names_late(names, &at, &server), "before.example");
	assert_true(pp_addr_equal(&server, &asked));
	assert_null(pp_names_late(names, &at, &server));
	pp_names_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(latest_before),
		cmocka_unit_test(unread_answers),
		cmocka_unit_test(each_type_has_its_time),
		cmocka_unit_test(asked_over_the_other_family),
		cmocka_unit_test(asked_by_several),
		cmocka_unit_test(cap_is_counted),
		cmocka_unit_test(many),
		cmocka_unit_test(late_answers_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
