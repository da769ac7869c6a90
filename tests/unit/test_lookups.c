/* Lookups: what queries, replies and ICMP errors add up to. */
#include "support/cmocka_all.h"

#include "base/time.h"
#include "dissect/dns.h"

#include <stdio.h>
#include <string.h>

struct fixture {
	struct pp_pool pool;
	struct pp_lookups *lookups;
	uint32_t packet;
};

static const struct pp_hash_key key = { { 1, 2 } };

static void begin(struct fixture *f, size_t cap)
{
	*f = (struct fixture){ .packet = 0 };
	pp_pool_init(&f->pool, 0);
	f->lookups = pp_lookups_new(cap, key, &f->pool);
	assert_non_null(f->lookups);
}

static void end(struct fixture *f)
{
	pp_lookups_free(f->lookups);
	pp_pool_done(&f->pool);
}

static struct pp_addr ip(const char *text)
{
	struct pp_addr addr;

	assert_int_equal(pp_addr_parse(text, &addr), PP_OK);
	return addr;
}

static struct pp_endpoint_addr client(uint16_t port) { return (struct pp_endpoint_addr){ ip("10.0.0.4"), port }; }

static struct pp_endpoint_addr resolver(void) { return (struct pp_endpoint_addr){ ip("168.63.129.16"), 53 }; }

static struct pp_dns_message message(uint16_t id, uint16_t type, const char *name, bool response)
{
	struct pp_dns_message message = { .id = id, .type = type, .response = response, .has_question = name != NULL };

	if (name)
		snprintf(message.name, sizeof(message.name), "%s", name);
	return message;
}

static struct pp_mark tick(struct fixture *f)
{
	f->packet++;
	return (struct pp_mark){ .packet = f->packet, .ts = f->packet * PP_MS };
}

static void ask(struct fixture *f, uint16_t id, uint16_t type, const char *name)
{
	struct pp_endpoint_addr src = client(5000), dst = resolver();
	struct pp_dns_message query = message(id, type, name, false);

	pp_lookups_add(f->lookups, &query, &src, &dst, false, tick(f));
}

static void answer(struct fixture *f, const struct pp_dns_message *reply)
{
	struct pp_endpoint_addr src = resolver(), dst = client(5000);

	pp_lookups_add(f->lookups, reply, &src, &dst, false, tick(f));
}

static void answer_with(struct fixture *f, uint16_t id, uint16_t type, const char *name, uint8_t rcode,
			const char *address)
{
	struct pp_dns_message reply = message(id, type, name, true);

	reply.rcode = rcode;
	if (address) {
		reply.addresses[0] = ip(address);
		reply.address_count = 1;
		reply.min_ttl = 30;
	}
	answer(f, &reply);
}

static void test_types_of_a_name_are_one_lookup(void **state)
{
	const struct pp_lookup *lookup;
	struct fixture f;

	(void)state;
	begin(&f, 100);
	ask(&f, 1, PP_DNS_A, "a.example");
	ask(&f, 2, PP_DNS_AAAA, "a.example");
	ask(&f, 3, PP_DNS_A, "b.example");
	answer_with(&f, 2, PP_DNS_AAAA, "a.example", 0, NULL);
	answer_with(&f, 1, PP_DNS_A, "a.example", 0, "1.2.3.4");
	assert_int_equal(pp_lookups_count(f.lookups), 2);
	lookup = pp_lookups_at(f.lookups, 0);
	assert_string_equal(lookup->name, "a.example");
	assert_int_equal(lookup->client.port, 5000);
	assert_int_equal(lookup->question_count, 2);
	assert_int_equal(lookup->questions[0].rtt_ns, 4 * PP_MS);
	assert_int_equal(lookup->questions[0].address_count, 1);
	assert_int_equal(lookup->questions[1].rtt_ns, 2 * PP_MS);
	assert_int_equal(lookup->address_count, 1);
	assert_int_equal(lookup->min_ttl, 30);
	assert_int_equal(lookup->first.packet, 1);
	assert_int_equal(lookup->last.packet, 5);
	assert_false(lookup->replies_only);
	assert_false(pp_lookups_at(f.lookups, 1)->questions[0].answered);
	end(&f);
}

/* What the capture cut off may have been an address. */
static void test_cut_answer_is_clipped(void **state)
{
	struct pp_dns_message reply = message(1, PP_DNS_A, "a.example", true);
	struct fixture f;

	(void)state;
	begin(&f, 100);
	ask(&f, 1, PP_DNS_A, "a.example");
	ask(&f, 2, PP_DNS_A, "b.example");
	reply.answers_cut = true;
	answer(&f, &reply);
	answer_with(&f, 2, PP_DNS_A, "b.example", 0, NULL);
	assert_true(pp_lookups_at(f.lookups, 0)->clipped);
	assert_false(pp_lookups_at(f.lookups, 1)->clipped);
	end(&f);
}

static void test_retries_and_the_reply_that_counts(void **state)
{
	const struct pp_dns_question *question;
	struct fixture f;

	(void)state;
	begin(&f, 100);
	ask(&f, 7, PP_DNS_A, "a.example");
	ask(&f, 7, PP_DNS_A, "a.example");
	ask(&f, 8, PP_DNS_A, "a.example");
	question = &pp_lookups_at(f.lookups, 0)->questions[0];
	assert_int_equal(question->queries, 3);
	answer_with(&f, 7, PP_DNS_A, "a.example", PP_RCODE_SERVFAIL, NULL);
	assert_int_equal(question->rcode, PP_RCODE_SERVFAIL);
	assert_int_equal(question->rtt_ns, 2 * PP_MS); /* to the latest query with that id */
	answer_with(&f, 8, PP_DNS_A, "a.example", PP_RCODE_NXDOMAIN, NULL);
	assert_int_equal(question->rcode, PP_RCODE_NXDOMAIN);
	answer_with(&f, 7, PP_DNS_A, "a.example", 0, "1.2.3.4");
	assert_int_equal(question->rcode, 0);
	assert_int_equal(question->reply.packet, 6);
	answer_with(&f, 8, PP_DNS_A, "a.example", PP_RCODE_REFUSED, NULL);
	assert_int_equal(question->rcode, 0);
	assert_int_equal(question->first_query.packet, 1);
	assert_int_equal(question->last_query.packet, 3);
	end(&f);
}

static void test_truncated_then_tcp(void **state)
{
	struct pp_dns_message reply = message(1, PP_DNS_A, "a.example", true);
	struct pp_endpoint_addr src = resolver(), dst = client(6000);
	const struct pp_lookup *lookup;
	struct fixture f;

	(void)state;
	begin(&f, 100);
	ask(&f, 1, PP_DNS_A, "a.example");
	reply.truncated = true;
	answer(&f, &reply);
	lookup = pp_lookups_at(f.lookups, 0);
	assert_true(lookup->questions[0].truncated);
	assert_false(lookup->over_tcp);
	reply.truncated = false;
	pp_lookups_add(f.lookups, &reply, &src, &dst, true, tick(&f));
	assert_false(lookup->questions[0].truncated);
	assert_true(lookup->over_tcp);
	assert_int_equal(lookup->questions[0].rtt_ns, -1); /* its query was not captured */
	end(&f);
}

static void test_replies_only(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 100);
	answer_with(&f, 9, PP_DNS_A, "a.example", 0, "1.2.3.4");
	assert_true(pp_lookups_at(f.lookups, 0)->replies_only);
	assert_int_equal(pp_lookups_at(f.lookups, 0)->questions[0].rtt_ns, -1);
	assert_int_equal(pp_lookups_at(f.lookups, 0)->questions[0].queries, 0);
	assert_int_equal(pp_lookups_at(f.lookups, 0)->client.port, 5000);
	ask(&f, 9, PP_DNS_A, "a.example");
	assert_int_equal(pp_lookups_count(f.lookups), 1);
	assert_false(pp_lookups_at(f.lookups, 0)->replies_only);
	end(&f);
}

static void test_aliases_error_and_addresses(void **state)
{
	struct pp_dns_message reply = message(1, PP_DNS_A, "a.example", true);
	const struct pp_lookup *lookup;
	struct fixture f;

	(void)state;
	begin(&f, 100);
	reply.rcode = PP_RCODE_NXDOMAIN;
	reply.alias_count = 1;
	strcpy(reply.aliases[0], "a.privatelink.example");
	reply.has_extended_error = true;
	reply.extended_error = 15;
	answer(&f, &reply);
	strcpy(reply.aliases[0], "other.example");
	reply.extended_error = 3;
	reply.rcode = 0;
	reply.address_count = 1;
	for (int i = 0; i < PP_DNS_ADDRESSES_MAX + 1; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.0.0.%d", i);
		reply.addresses[0] = ip(text);
		answer(&f, &reply);
		answer(&f, &reply);
	}
	lookup = pp_lookups_at(f.lookups, 0);
	assert_int_equal(lookup->alias_count, 1);
	assert_string_equal(lookup->aliases[0], "a.privatelink.example");
	assert_int_equal(lookup->extended_error, 15);
	assert_int_equal(lookup->address_count, PP_DNS_ADDRESSES_MAX);
	assert_true(lookup->clipped);
	end(&f);
}

static void test_reply_without_question(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 100);
	ask(&f, 1, PP_DNS_A, "a.example");
	ask(&f, 2, PP_DNS_AAAA, "a.example");
	ask(&f, 3, PP_DNS_A, "b.example");
	answer_with(&f, 2, 0, NULL, PP_RCODE_REFUSED, NULL);
	answer_with(&f, 77, 0, NULL, PP_RCODE_REFUSED, NULL);
	assert_int_equal(pp_lookups_count(f.lookups), 2);
	assert_false(pp_lookups_at(f.lookups, 0)->questions[0].answered);
	assert_true(pp_lookups_at(f.lookups, 0)->questions[1].answered);
	assert_int_equal(pp_lookups_at(f.lookups, 0)->questions[1].rcode, PP_RCODE_REFUSED);
	assert_int_equal(pp_lookups_at(f.lookups, 0)->questions[1].rtt_ns, 2 * PP_MS);
	end(&f);
}

static void test_icmp(void **state)
{
	struct pp_endpoint_addr from_port = client(5000), other_port = client(5001), to = resolver();
	struct pp_addr router = ip("10.0.0.1");
	const struct pp_lookup *lookup;
	struct fixture f;

	(void)state;
	begin(&f, 100);
	ask(&f, 1, PP_DNS_A, "a.example");
	lookup = pp_lookups_at(f.lookups, 0);
	pp_lookups_icmp(f.lookups, &other_port, &to, &router, 3, 3, tick(&f));
	assert_false(pp_seen(lookup->icmp));
	pp_lookups_icmp(f.lookups, &from_port, &to, &router, 3, 13, tick(&f));
	pp_lookups_icmp(f.lookups, &from_port, &to, &router, 3, 1, tick(&f));
	assert_int_equal(lookup->icmp.packet, 3);
	assert_int_equal(lookup->icmp_code, 13);
	assert_int_equal(lookup->last.packet, 4);
	assert_true(pp_addr_equal(&lookup->icmp_from, &router));
	end(&f);
}

static void test_many_types(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 100);
	for (uint16_t type = 1; type <= 10; type++) {
		ask(&f, type, type, "a.example");
		answer_with(&f, type, type, "a.example", 0, NULL);
	}
	assert_int_equal(pp_lookups_at(f.lookups, 0)->question_count, PP_DNS_TYPES_MAX);
	assert_true(pp_lookups_at(f.lookups, 0)->clipped);
	end(&f);
}

/* Past the cap nothing is lost of what is known already, and what is refused is counted. */
static void test_cap_and_order(void **state)
{
	struct fixture f;
	char name[32];

	(void)state;
	begin(&f, 1000);
	for (unsigned i = 0; i < 1500; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		ask(&f, (uint16_t)i, PP_DNS_A, name);
	}
	assert_int_equal(pp_lookups_count(f.lookups), 1000);
	assert_int_equal(pp_lookups_refused(f.lookups), 500);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		answer_with(&f, (uint16_t)i, PP_DNS_A, name, 0, "1.2.3.4");
		assert_string_equal(pp_lookups_at(f.lookups, i)->name, name);
		assert_true(pp_lookups_at(f.lookups, i)->questions[0].rtt_ns > 0);
	}
	assert_int_equal(pp_lookups_refused(f.lookups), 500);
	end(&f);
	begin(&f, 0);
	ask(&f, 1, PP_DNS_A, "a.example");
	assert_int_equal(pp_lookups_count(f.lookups), 0);
	assert_int_equal(pp_lookups_refused(f.lookups), 1);
	end(&f);
}

static void test_no_memory(void **state)
{
	struct fixture f = { .packet = 0 };

	(void)state;
	pp_pool_init(&f.pool, 100);
	assert_null(pp_lookups_new(10, key, &f.pool));
	pp_pool_done(&f.pool);
	pp_pool_init(&f.pool, 60000);
	f.lookups = pp_lookups_new(1000, key, &f.pool);
	assert_non_null(f.lookups);
	for (unsigned i = 0; i < 1000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%u.example", i);
		ask(&f, (uint16_t)i, PP_DNS_A, name);
	}
	assert_true(pp_lookups_refused(f.lookups) > 0);
	assert_true(pp_lookups_count(f.lookups) > 40);
	assert_int_equal(pp_lookups_count(f.lookups) + pp_lookups_refused(f.lookups), 1000);
	for (unsigned i = 0; i < pp_lookups_count(f.lookups); i++) {
		answer_with(&f, (uint16_t)i, PP_DNS_A, pp_lookups_at(f.lookups, i)->name, 0, "1.2.3.4");
		assert_int_equal(pp_lookups_at(f.lookups, i)->questions[0].first_query.packet, i + 1);
	}
	end(&f);
}

/* ------------------------------------------------------------------ packed ones */

static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

static struct pp_dns_message draw_message(uint32_t *seed, const char *name)
{
	static const uint16_t types[] = { PP_DNS_A, PP_DNS_AAAA, PP_DNS_HTTPS, PP_DNS_SRV, PP_DNS_TXT };
	struct pp_dns_message drawn = message((uint16_t)draw(seed, 4), types[draw(seed, 5)], name, draw(seed, 2));

	drawn.rcode = (uint8_t)(draw(seed, 3) ? 0 : draw(seed, 16));
	drawn.truncated = draw(seed, 8) == 0;
	drawn.clipped = draw(seed, 20) == 0;
	drawn.has_extended_error = draw(seed, 8) == 0;
	drawn.extended_error = (uint16_t)draw(seed, 65536);
	drawn.min_ttl = draw(seed, 2) ? draw(seed, 300) : UINT32_MAX;
	drawn.address_count = draw(seed, 4);
	for (unsigned i = 0; i < drawn.address_count; i++)
		drawn.addresses[i] = ip(draw(seed, 2) ? "2001:db8::7" : "10.1.2.3");
	for (unsigned i = 0; i < drawn.address_count; i++)
		drawn.addresses[i].b[15] = (uint8_t)draw(seed, 20);
	drawn.alias_count = draw(seed, 8) ? 0 : draw(seed, PP_DNS_ALIASES_MAX + 1);
	for (unsigned i = 0; i < drawn.alias_count; i++) {
		memset(drawn.aliases[i], 'a' + (int)i, sizeof(drawn.aliases[i]));
		drawn.aliases[i][draw(seed, 2) ? 255 : draw(seed, 30)] = '\0';
		drawn.aliases[i][255] = '\0';
	}
	return drawn;
}

static void assert_same(const struct pp_lookup *a, const struct pp_lookup *b)
{
	struct pp_lookup one = *a, two = *b;

	assert_string_equal(a->name, b->name);
	assert_int_equal(a->alias_count, b->alias_count);
	for (unsigned i = 0; i < a->alias_count; i++)
		assert_string_equal(a->aliases[i], b->aliases[i]);
	one.name = two.name = NULL;
	memset(one.aliases, 0, sizeof(one.aliases));
	memset(two.aliases, 0, sizeof(two.aliases));
	for (unsigned i = 0; i < one.question_count; i++) {
		const struct pp_dns_question *p = &one.questions[i], *q = &two.questions[i];

		assert_int_equal(p->type, q->type);
		assert_int_equal(p->queries, q->queries);
		assert_memory_equal(&p->first_query, &q->first_query, 3 * sizeof(struct pp_mark));
		assert_true(p->answered == q->answered && p->rcode == q->rcode && p->truncated == q->truncated);
		assert_int_equal(p->address_count, q->address_count);
		assert_int_equal(p->rtt_ns, q->rtt_ns);
	}
	memset(one.questions, 0, sizeof(one.questions));
	memset(two.questions, 0, sizeof(two.questions));
	assert_true(pp_addr_equal(&one.client.ip, &two.client.ip) && one.client.port == two.client.port);
	assert_true(pp_addr_equal(&one.resolver.ip, &two.resolver.ip) && one.resolver.port == two.resolver.port);
	assert_int_equal(one.address_count, two.address_count);
	assert_memory_equal(one.addresses, two.addresses, sizeof(one.addresses));
	assert_int_equal(one.min_ttl, two.min_ttl);
	assert_int_equal(one.has_extended_error, two.has_extended_error);
	assert_int_equal(one.extended_error, two.extended_error);
	assert_int_equal(one.over_tcp, two.over_tcp);
	assert_memory_equal(&one.icmp, &two.icmp, sizeof(one.icmp));
	assert_true(pp_addr_equal(&one.icmp_from, &two.icmp_from));
	assert_true(one.icmp_type == two.icmp_type && one.icmp_code == two.icmp_code);
	assert_memory_equal(&one.first, &two.first, 2 * sizeof(struct pp_mark));
	assert_int_equal(one.replies_only, two.replies_only);
	assert_int_equal(one.clipped, two.clipped);
}

/* One message for both. */
static void tell(struct pp_lookups *table, struct pp_lookups *alone, uint32_t *seed, const char *name, unsigned port,
		 struct pp_mark now)
{
	struct pp_endpoint_addr from = client((uint16_t)(5000 + port)), to = resolver();
	struct pp_addr router = ip(draw(seed, 2) ? "10.0.0.1" : "2001:db8::1");
	bool over_tcp = draw(seed, 10) == 0;
	struct pp_dns_message drawn = draw_message(seed, name);

	if (draw(seed, 20) == 0) {
		pp_lookups_icmp(table, &from, &to, &router, 3, 13, now);
		pp_lookups_icmp(alone, &from, &to, &router, 3, 13, now);
	} else {
		const struct pp_endpoint_addr *src = drawn.response ? &to : &from, *dst = drawn.response ? &from : &to;
		struct pp_lookup_news a = pp_lookups_add(table, &drawn, src, dst, over_tcp, now);
		struct pp_lookup_news b = pp_lookups_add(alone, &drawn, src, dst, over_tcp, now);

		assert_int_equal(a.known, b.known);
		assert_same(a.lookup, b.lookup);
	}
}

/* Many at once, so that they are packed and opened again and again, are told as each of them in a table of its own, where it
 * stays open.  The ports keep each to itself. */
static void test_packed_as_open(void **state)
{
	enum { NAMES = 40, MESSAGES = 20000 };
	struct fixture f, alone[NAMES];
	uint32_t seed = 7;

	(void)state;
	begin(&f, 1000);
	for (unsigned i = 0; i < NAMES; i++)
		begin(&alone[i], 1);
	for (unsigned i = 0; i < MESSAGES; i++) {
		unsigned which = draw(&seed, NAMES);
		struct pp_mark now = tick(&f);
		char name[64];

		snprintf(name, sizeof(name), "name-%u.example", which);
		now.file = (uint16_t)(draw(&seed, 4) ? 0 : draw(&seed, 65536));
		if (draw(&seed, 50) == 0)
			now.ts = (draw(&seed, 2) ? 1 : -1) * (INT64_C(1) << 61);
		tell(f.lookups, alone[which].lookups, &seed, name, which, now);
	}
	assert_int_equal(pp_lookups_count(f.lookups), NAMES);
	for (unsigned i = 0; i < NAMES; i++) {
		const struct pp_lookup *lookup = pp_lookups_at(f.lookups, i);
		unsigned which = 0;

		assert_int_equal(sscanf(lookup->name, "name-%u.", &which), 1);
		assert_same(lookup, pp_lookups_at(alone[which].lookups, 0));
	}
	for (unsigned i = 0; i < NAMES; i++)
		end(&alone[i]);
	end(&f);
}

/* What a day of lookups costs. */
static void test_memory(void **state)
{
	enum { COUNT = 2000 };
	struct fixture f;
	size_t before;

	(void)state;
	begin(&f, 10000);
	before = f.pool.bytes;
	for (unsigned i = 0; i < COUNT; i++) {
		char name[64];

		snprintf(name, sizeof(name), "node-%u.eu-8.svc.example.net", i);
		ask(&f, 1, PP_DNS_A, name);
		ask(&f, 2, PP_DNS_AAAA, name);
		answer_with(&f, 1, PP_DNS_A, name, 0, "1.2.3.4");
		answer_with(&f, 2, PP_DNS_AAAA, name, 0, NULL);
	}
	assert_true((f.pool.bytes - before) / COUNT < 250);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types_of_a_name_are_one_lookup),
		cmocka_unit_test(test_cut_answer_is_clipped),
		cmocka_unit_test(test_retries_and_the_reply_that_counts),
		cmocka_unit_test(test_truncated_then_tcp),
		cmocka_unit_test(test_replies_only),
		cmocka_unit_test(test_aliases_error_and_addresses),
		cmocka_unit_test(test_reply_without_question),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_many_types),
		cmocka_unit_test(test_cap_and_order),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_packed_as_open),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
