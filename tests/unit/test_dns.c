/* DNS messages: whole, every prefix against the guard page, names that misbehave; and messages out of a TCP stream. */
#include "support/cmocka_all.h"
#include "support/guard.h"

#include "dissect/dns.h"
#include "dissect/dns_tcp.h"

#include <stdio.h>
#include <string.h>

#define BYTES(text) (text), sizeof(text) - 1
#define QUERY_HEAD(id) id "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define NAME                                                                                                           \
	"\x05"                                                                                                         \
	"Login"                                                                                                        \
	"\x07"                                                                                                         \
	"example"                                                                                                      \
	"\x00"
#define IN_A "\x00\x01\x00\x01"
#define IN_AAAA "\x00\x1c\x00\x01"
#define IN_CNAME "\x00\x05\x00\x01"
#define TTL(s) "\x00\x00\x00" s

static struct pp_dns_message parsed;

static enum pp_err parse(const void *bytes, size_t len)
{
	struct pp_guard guard = pp_guard_open(len);
	struct pp_span span = { pp_guard_bytes(&guard, bytes, len), len };
	enum pp_err err = pp_dns_parse(span, PP_MALFORMED, &parsed);

	pp_guard_close(&guard);
	return err;
}

static void check_prefixes(const void *bytes, size_t whole)
{
	struct pp_guard guard = pp_guard_open(whole);

	for (size_t len = 0; len < whole; len++) {
		struct pp_span span = { pp_guard_bytes(&guard, bytes, len), len };

		assert_int_equal(pp_dns_parse(span, PP_TRUNCATED, &parsed), PP_TRUNCATED);
	}
	pp_guard_close(&guard);
}

static const char *text_of(const struct pp_addr *addr)
{
	static char text[PP_ADDR_TEXT];

	pp_addr_format(addr, text);
	return text;
}

static void test_query(void **state)
{
	static const char bytes[] = QUERY_HEAD("\x12\x34") NAME IN_AAAA;

	(void)state;
	assert_int_equal(parse(BYTES(bytes)), PP_OK);
	assert_int_equal(parsed.id, 0x1234);
	assert_false(parsed.response);
	assert_true(parsed.has_question);
	assert_string_equal(parsed.name, "login.example");
	assert_int_equal(parsed.type, PP_DNS_AAAA);
	check_prefixes(BYTES(bytes));
}

/* A chain in order, with an address that belongs to nobody in it, authority and EDNS behind. */
static const char answer[] = "\x12\x34\x81\x80\x00\x01\x00\x05\x00\x01\x00\x01" NAME IN_A "\xc0\x0c" IN_CNAME TTL(
    "\x3c") "\x00\x07"
	    "\x04priv\xc0\x12" /* login.example → priv.example */
	    "\xc0\x2b" IN_CNAME TTL(
		"\x3c") "\x00\x04"
			"\x01z\xc0\x12" /* priv.example → z.example */
			"\x01z\xc0\x12" IN_A TTL(
			    "\x1e") "\x00\x04\x0a\x01\x02\x03"
				    "\x01y\xc0\x12" IN_A TTL(
					"\x01") "\x00\x04\x01\x01\x01\x01"
						"\x01z\xc0\x12" IN_A TTL(
						    "\x14") "\x00\x04\x0a\x01\x02\x04"
							    "\xc0\x12\x00\x06\x00\x01" TTL(
								"\x05") "\x00\x01\x00" /* authority: SOA, not looked at
											*/
									"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00";

static void test_answer(void **state)
{
	(void)state;
	assert_int_equal(parse(BYTES(answer)), PP_OK);
	assert_true(parsed.response);
	assert_int_equal(parsed.rcode, PP_RCODE_NOERROR);
	assert_int_equal(parsed.alias_count, 2);
	assert_string_equal(parsed.aliases[0], "priv.example");
	assert_string_equal(parsed.aliases[1], "z.example");
	assert_int_equal(parsed.address_count, 2);
	assert_string_equal(text_of(&parsed.addresses[0]), "10.1.2.3");
	assert_string_equal(text_of(&parsed.addresses[1]), "10.1.2.4");
	assert_int_equal(parsed.min_ttl, 20);
	assert_false(parsed.has_extended_error || parsed.clipped || parsed.truncated);
	check_prefixes(BYTES(answer));
}

static void test_cut_answer_keeps_what_was_read(void **state)
{
	struct pp_span span = { (const uint8_t *)answer, sizeof(answer) - 60 };

	(void)state;
	assert_int_equal(pp_dns_parse(span, PP_TRUNCATED, &parsed), PP_TRUNCATED);
	assert_string_equal(parsed.name, "login.example");
	assert_int_equal(parsed.alias_count, 2);
	assert_int_equal(parsed.address_count, 1);
}

/* The address first, then the chain backwards. */
static void test_answer_out_of_order(void **state)
{
	static const char bytes[] =
	    "\x00\x01\x81\x80\x00\x01\x00\x03\x00\x00\x00\x00" NAME IN_AAAA "\x01z\x00" IN_AAAA TTL(
		"\x07") "\x00\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x05"
			"\x01y\x00" IN_CNAME TTL("\x01") "\x00\x03\x01z\x00"
							 "\xc0\x0c" IN_CNAME TTL("\x01") "\x00\x03\x01y\x00";

	(void)state;
	assert_int_equal(parse(BYTES(bytes)), PP_OK);
	assert_int_equal(parsed.alias_count, 2);
	assert_string_equal(parsed.aliases[1], "z");
	assert_int_equal(parsed.address_count, 1);
	assert_string_equal(text_of(&parsed.addresses[0]), "2001:db8::5");
	assert_int_equal(parsed.min_ttl, 7);
	check_prefixes(BYTES(bytes));
}

static void test_chain_in_a_circle(void **state)
{
	static const char bytes[] =
	    "\x00\x01\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00"
	    "\x01y\x00" IN_A "\x01z\x00" IN_CNAME TTL("\x01") "\x00\x03\x01y\x00"
							      "\x01y\x00" IN_CNAME TTL("\x01") "\x00\x03\x01z\x00";

	(void)state;
	assert_int_equal(parse(BYTES(bytes)), PP_OK);
	assert_int_equal(parsed.alias_count, 3);
	assert_int_equal(parsed.address_count, 0);
}

static void test_longer_chain_than_kept(void **state)
{
	static const char head[] = "\x00\x01\x81\x80\x00\x01\x00\x14\x00\x00\x00\x00"
				   "\x01"
				   "A\x00" IN_A;
	static const char alias[] = "\x01?\x00" IN_CNAME TTL("\x01") "\x00\x03\x01?\x00";
	uint8_t bytes[512];
	size_t at = sizeof(head) - 1;

	(void)state;
	memcpy(bytes, head, at);
	for (int i = 0; i < 20; i++, at += sizeof(alias) - 1) {
		memcpy(bytes + at, alias, sizeof(alias) - 1);
		bytes[at + 1] = (uint8_t)('a' + i);
		bytes[at + sizeof(alias) - 3] = (uint8_t)('b' + i);
	}
	assert_int_equal(parse(bytes, at), PP_OK);
	assert_int_equal(parsed.alias_count, PP_DNS_ALIASES_MAX);
	assert_true(parsed.clipped);
}

static void test_edns(void **state)
{
	static const char bytes[] =
	    "\x00\x01\x81\x85\x00\x01\x00\x00\x00\x00\x00\x01" NAME IN_A "\x00\x00\x29\x04\xd0\x01\x00\x00\x00\x00\x11"
	    "\x00\x0a\x00\x01\x55" /* another option */
	    "\x00\x0f\x00\x08\x00\x12"
	    "Policy";

	(void)state;
	assert_int_equal(parse(BYTES(bytes)), PP_OK);
	assert_int_equal(parsed.rcode, 0x15); /* upper bits from OPT */
	assert_true(parsed.has_extended_error);
	assert_int_equal(parsed.extended_error, 18);
	check_prefixes(BYTES(bytes));
}

static void test_truncated_reply_is_no_error(void **state)
{
	static const char bytes[] = "\x00\x01\x83\x80\x00\x01\x00\x09\x00\x00\x00\x00" NAME IN_A
				    "\xc0\x0c" IN_A TTL("\x09") "\x00\x04\x01\x02\x03\x04"
								"\xc0\x0c\x00";

	(void)state;
	assert_int_equal(parse(BYTES(bytes)), PP_OK);
	assert_true(parsed.truncated);
	assert_int_equal(parsed.address_count, 1);
}

static void test_names(void **state)
{
	static const char escaped[] = QUERY_HEAD("\0\1") "\x05"
							 "a.B\\ "
							 "\x02"
							 "\xc3\xa9"
							 "\x00" IN_A;
	static const char root[] = QUERY_HEAD("\0\1") "\x00" IN_A;

	(void)state;
	assert_int_equal(parse(BYTES(escaped)), PP_OK);
	assert_string_equal(parsed.name, "a\\046b\\092\\032.\\195\\169");
	assert_int_equal(parse(BYTES(root)), PP_OK);
	assert_string_equal(parsed.name, ".");
}

static void test_longest_name(void **state)
{
	uint8_t bytes[12 + 256 + 4] = { 0, 1, 1, 0, 0, 1 };
	size_t at = 12;

	(void)state;
	for (int i = 0; i < 127; i++) { /* 127 labels of one byte: 255 bytes with the root */
		bytes[at++] = 1;
		bytes[at++] = 0xff;
	}
	assert_int_equal(parse(bytes, at + 5), PP_OK);
	assert_int_equal(strlen(parsed.name), 127 * 4 + 126);
	bytes[12 + 126 * 2] = 2; /* one byte more */
	assert_int_equal(parse(bytes, at + 6), PP_MALFORMED);
	at = 12;
	for (int i = 0; i < 3; i++, at += 64) {
		bytes[at] = 63;
		memset(bytes + at + 1, 0, 63);
	}
	bytes[at] = 61;
	memset(bytes + at + 1, 0, 66);
	assert_int_equal(parse(bytes, at + 62 + 5), PP_OK); /* the longest text there is */
	assert_int_equal(strlen(parsed.name), 250 * 4 + 3);
}

static void test_bad_names(void **state)
{
	static const char itself[] = QUERY_HEAD("\0\1") "\xc0\x0c" IN_A;
	static const char forward[] = QUERY_HEAD("\0\1") "\xc0\x10" IN_A "\x00";
	static const char into_itself[] = QUERY_HEAD("\0\1") "\x01"
							     "a\xc0\x0c" IN_A;
	static const char reserved[] = QUERY_HEAD("\0\1") "\x41"
							  "a\x00" IN_A;
	static const char two[] = "\0\1\1\0\0\2\0\0\0\0\0\0"
				  "\x01"
				  "a\x00" IN_A "\x01"
				  "b\xc0\x0c" IN_A;

	(void)state;
	assert_int_equal(parse(BYTES(itself)), PP_MALFORMED);
	assert_int_equal(parse(BYTES(forward)), PP_MALFORMED);
	assert_int_equal(parse(BYTES(into_itself)), PP_MALFORMED);
	assert_int_equal(parse(BYTES(reserved)), PP_MALFORMED);
	assert_false(parsed.has_question);
	assert_int_equal(parse(BYTES(two)), PP_OK);
	assert_string_equal(parsed.name, "a");
}

static void test_other_opcode_is_left_alone(void **state)
{
	static const char bytes[] = "\x00\x01\x28\x00\x00\x01\x00\x05\x00\x00\x00\x00" NAME "\x00\x06\x00\x01"
				    "junk";

	(void)state;
	assert_int_equal(parse(BYTES(bytes)), PP_OK);
	assert_int_equal(parsed.opcode, 5);
}

/* ------------------------------------------------------------------ over TCP */

struct heard {
	char text[256];
	size_t len;
};

static void feed(struct pp_dns_tcp *tcp, struct heard *heard, const void *bytes, size_t len)
{
	struct pp_guard guard = pp_guard_open(len + 1);
	struct pp_span span = { pp_guard_bytes(&guard, bytes, len), len }, message;

	while (pp_dns_tcp_next(tcp, PP_CLIENT, &span, &message))
		heard->len += (size_t)snprintf(heard->text + heard->len, sizeof(heard->text) - heard->len, "<%.*s>",
					       (int)message.len, (const char *)message.p);
	assert_int_equal(span.len, 0);
	pp_guard_close(&guard);
}

static void test_tcp_every_split(void **state)
{
	static const char bytes[] = "\x00\x05"
				    "hello"
				    "\x00\x00"
				    "\x00\x01"
				    "x"
				    "\x00\x03"
				    "abc"
				    "\x00\x09"
				    "incom";
	struct pp_pool pool;
	struct pp_arena arena;

	(void)state;
	pp_pool_init(&pool, 0);
	for (size_t a = 0; a < sizeof(bytes); a++) {
		for (size_t b = a; b < sizeof(bytes); b++) {
			struct heard heard = { .len = 0 };
			struct pp_dns_tcp *tcp;

			pp_arena_init(&arena, &pool);
			tcp = pp_dns_tcp_new(&arena);
			feed(tcp, &heard, bytes, a);
			feed(tcp, &heard, bytes + a, b - a);
			feed(tcp, &heard, bytes + b, sizeof(bytes) - 1 - b);
			assert_string_equal(heard.text, "<hello><><x><abc>");
			pp_dns_tcp_free(tcp);
			pp_arena_reset(&arena);
		}
	}
	pp_pool_done(&pool);
}

static void test_tcp_longest_and_gap(void **state)
{
	static uint8_t bytes[2 + UINT16_MAX] = { 0xff, 0xff };
	struct pp_span message, span;
	struct heard heard = { .len = 0 };
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_dns_tcp *tcp;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	tcp = pp_dns_tcp_new(&arena);
	feed(tcp, &heard, bytes, 1000);
	span = (struct pp_span){ bytes + 1000, sizeof(bytes) - 1000 };
	assert_true(pp_dns_tcp_next(tcp, PP_CLIENT, &span, &message));
	assert_int_equal(message.len, UINT16_MAX);
	assert_false(pp_dns_tcp_next(tcp, PP_CLIENT, &span, &message));
	pp_dns_tcp_gap(tcp, PP_CLIENT);
	feed(tcp, &heard,
	     "\x00\x01"
	     "x",
	     3);
	assert_int_equal(heard.len, 0);
	span = (struct pp_span){ (const uint8_t *)"\x00\x01"
						  "x",
				 3 };
	assert_true(pp_dns_tcp_next(tcp, PP_SERVER, &span, &message));
	pp_dns_tcp_free(tcp);
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_cut_answer_keeps_what_was_read),
		cmocka_unit_test(test_answer_out_of_order),
		cmocka_unit_test(test_chain_in_a_circle),
		cmocka_unit_test(test_longer_chain_than_kept),
		cmocka_unit_test(test_edns),
		cmocka_unit_test(test_truncated_reply_is_no_error),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_other_opcode_is_left_alone),
		cmocka_unit_test(test_tcp_every_split),
		cmocka_unit_test(test_tcp_longest_and_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
