/* What a connection is called when it is judged: by the answer that came before it, or by one that came after its end. */
#include "support/cmocka_all.h"

#include "decode/packet.h"
#include "support/pkt.h"
#include "support/visit.h"

#include <stdio.h>

#define NAME "login.example.com"

enum { LINK_ETHERNET = 1 };

#define PCAP_MAGIC 0xa1b2c3d4u

static void put(struct capfile *cap, uint32_t second, struct pp_pkt *pkt, const char *src, const char *dst,
		uint8_t protocol)
{
	pp_pkt_ip(pkt, &(struct pp_pkt_ip){ .src = src, .dst = dst, .protocol = protocol });
	pp_pkt_ethernet(pkt, 0x0800);
	cap_u32(cap, second);
	cap_u32(cap, 0);
	cap_u32(cap, pp_pkt_len(pkt));
	cap_u32(cap, pp_pkt_len(pkt));
	cap_bytes(cap, pp_pkt_bytes(pkt), pp_pkt_len(pkt));
}

/* A SYN that is refused at once. */
static void refusal(struct capfile *cap, uint32_t second, uint16_t port, const char *server)
{
	struct pp_pkt pkt;

	pp_pkt_start(&pkt, NULL, 0);
	pp_pkt_tcp(&pkt, &(struct pp_pkt_tcp){ .sport = port, .dport = 443, .seq = 9, .flags = PP_TCP_SYN });
	put(cap, second, &pkt, "10.0.0.4", server, 6);
	pp_pkt_start(&pkt, NULL, 0);
	pp_pkt_tcp(&pkt,
		   &(struct pp_pkt_tcp){ .sport = 443, .dport = port, .ack = 10, .flags = PP_TCP_RST | PP_TCP_ACK });
	put(cap, second, &pkt, server, "10.0.0.4", 6);
}

/* A query for NAME, and its answer with one address (RFC 1035 section 4). */
static void lookup(struct capfile *cap, uint32_t second, const char *address)
{
	static const char query[] = "\0\1\1\0\0\1\0\0\0\0\0\0\5login\7example\3com\0\0\1\0\1";
	static const char record[] = "\300\14\0\1\0\1\0\0\0\74\0\4";
	struct pp_addr addr = pp_pkt_addr(address);
	uint8_t answer[sizeof(query) - 1 + sizeof(record) - 1 + 4];
	struct pp_pkt pkt;

	pp_pkt_start(&pkt, query, sizeof(query) - 1);
	pp_pkt_udp(&pkt, 53000, 53);
	put(cap, second, &pkt, "10.0.0.4", "10.0.0.1", 17);
	memcpy(answer, query, sizeof(query) - 1);
	answer[2] = 0x81, answer[3] = 0x80, answer[7] = 1;
	memcpy(answer + sizeof(query) - 1, record, sizeof(record) - 1);
	memcpy(answer + sizeof(answer) - 4, addr.b + 12, 4);
	pp_pkt_start(&pkt, answer, sizeof(answer));
	pp_pkt_udp(&pkt, 53, 53000);
	put(cap, second, &pkt, "10.0.0.1", "10.0.0.4", 17);
}

struct names {
	size_t count;
	char host[8][64];
	enum pp_attributed_by by[8];
};

static enum pp_err see(void *context, const struct pp_connection *conn, const struct pp_attribution *who,
		       const struct pp_judgement *judgement)
{
	struct names *names = context;

	(void)conn, (void)judgement;
	if (names->count == 8)
		abort();
	snprintf(names->host[names->count], sizeof(names->host[0]), "%s", who->host ? who->host : "");
	names->by[names->count++] = who->by;
	return PP_OK;
}

static struct names names_of(struct capfile *cap)
{
	struct names names = { .count = 0 };

	visit(cap, &(struct pp_visitor){ .context = &names, .connection = see });
	return names;
}

static struct capfile open_capture(void)
{
	struct capfile cap = cap_open();

	cap_pcap(&cap, PCAP_MAGIC, 2, 4, LINK_ETHERNET);
	return cap;
}

static void answer_before(void **state)
{
	struct capfile cap = open_capture();
	struct names names;

	(void)state;
	lookup(&cap, 100, "192.0.2.9");
	refusal(&cap, 101, 50000, "192.0.2.9");
	names = names_of(&cap);
	assert_int_equal(names.count, 1);
	assert_string_equal(names.host[0], NAME);
	assert_int_equal(names.by[0], PP_ATTRIBUTED_BY_DNS);
}

/* An answer holds from the first reply of its lookup on, also with the address that only a later reply brings.  By then
 * the connection to that address may have been filed without a name. */
static void answer_after_the_end(void **state)
{
	struct capfile cap = open_capture();
	struct names names;

	(void)state;
	lookup(&cap, 100, "192.0.2.9");
	refusal(&cap, 101, 50000, "192.0.2.10");
	refusal(&cap, 102, 50001, "192.0.2.11");
	for (uint32_t second = 103; second < 400; second += 4)
		lookup(&cap, second, "192.0.2.9");
	lookup(&cap, 401, "192.0.2.10");
	names = names_of(&cap);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.host[0], NAME);
	assert_int_equal(names.by[0], PP_ATTRIBUTED_BY_DNS);
	assert_string_equal(names.host[1], ""); /* no answer speaks of that address */
}

/* An answer to another question, asked only after the connection had begun, says nothing about it. */
static void question_after_the_end(void **state)
{
	struct capfile cap = open_capture();
	struct names names;

	(void)state;
	refusal(&cap, 100, 50000, "192.0.2.9");
	lookup(&cap, 700, "192.0.2.9");
	refusal(&cap, 701, 50001, "192.0.2.9");
	names = names_of(&cap);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.host[0], "");
	assert_string_equal(names.host[1], NAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answer_before),
		cmocka_unit_test(answer_after_the_end),
		cmocka_unit_test(question_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
