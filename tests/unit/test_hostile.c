/* Attacks on single parts, each with a bound on memory, table sizes or work.  Nothing here is timed: where work could
 * grow, what it is proportional to is bounded instead (chain lengths, pieces to search, jumps). */
#include "support/cmocka_all.h"

#include "base/buf.h"
#include "decode/ipfrag.h"
#include "dissect/dns.h"
#include "dissect/http.h"
#include "dissect/tls.h"
#include "dissect/x509.h"
#include "flow/flow.h"
#include "stream/reassembly.h"
#include "support/pkt.h"
#include "test_hostile_heap.h"

#include <stdio.h>

static const struct pp_hash_key key = { { 0x243f6a8885a308d3, 0x13198a2e03707344 } };
static const struct pp_hash_key other_key = { { 0xa4093822299f31d0, 0x082efa98ec4e6c89 } };

/* ---- Hash tables ---- */

static struct pp_packet segment_of(uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport)
{
	uint8_t from[4], to[4];

	pp_pkt_put(from, src, 4);
	pp_pkt_put(to, dst, 4);
	return (struct pp_packet){ .kind = PP_PACKET_TCP,
				   .ip_version = 4,
				   .protocol = 6,
				   .src = pp_addr_v4(from),
				   .dst = pp_addr_v4(to),
				   .sport = sport,
				   .dport = dport,
				   .tcp.flags = PP_TCP_SYN };
}

static void release_all(struct pp_flows *flows)
{
	struct pp_flow *flow;

	while ((flow = pp_flows_expire(flows, INT64_MAX)) != NULL)
		pp_flows_release(flows, flow);
	pp_flows_free(flows);
}

/* Tuples whose sums and exclusive-ors are all equal: one chain in any table that adds its keys up. */
static void hash_flooding_by_sums(void **state)
{
	enum { FLOWS = 1 << 15, CHAIN_MOST = 12 };
	struct pp_flows *flows = pp_flows_new(FLOWS, key);
	size_t longest = 0;

	(void)state;
	assert_non_null(flows);
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct pp_packet packet = segment_of(0x0a000000 + i, 0x0affffff - i, 40000, 443);
		struct pp_mark now = { .ts = i, .packet = i + 1 };
		uint64_t hash = pp_flows_hash(flows, &packet);
		size_t length;

		assert_non_null(pp_flows_find(flows, &packet, hash, now));
		length = pp_flows_chain(flows, hash);
		longest = length > longest ? length : longest;
	}
	assert_true(longest <= CHAIN_MOST);
	release_all(flows);
}

/* Tuples that do collide, found with the key of one run, are worth nothing in the next. */
static void hash_flooding_needs_the_key(void **state)
{
	enum { WANTED = 64, MASK = 1023, SAME_MOST = 4 };
	struct pp_flows *known = pp_flows_new(1, key), *next = pp_flows_new(1, other_key);
	uint8_t load[MASK + 1] = { 0 };
	unsigned found = 0, most = 0;

	(void)state;
	for (uint32_t i = 0; found < WANTED; i++) {
		struct pp_packet packet = segment_of(i, 0x0a000001, 40000, 443);

		if ((pp_flows_hash(known, &packet) >> 1 & MASK) != 0)
			continue;
		found++;
		load[pp_flows_hash(next, &packet) >> 1 & MASK]++;
	}
	for (unsigned i = 0; i <= MASK; i++)
		most = load[i] > most ? load[i] : most;
	assert_true(most <= SAME_MOST);
	pp_flows_free(known);
	pp_flows_free(next);
}

/* ---- Reassembly ---- */

static void count_bytes(void *context, struct pp_span bytes, struct pp_mark mark)
{
	uint64_t *total = context;

	(void)mark;
	*total += bytes.len;
}

static void count_missing(void *context, uint64_t count)
{
	uint64_t *total = context;

	*total += count;
}

struct stream {
	struct pp_slab pool;
	struct pp_reassembly side;
	uint64_t total;
	struct pp_stream_sink sink;
};

static void stream_begin(struct stream *stream)
{
	*stream = (struct stream){ .total = 0 };
	pp_segment_pool_init(&stream->pool, 0);
	stream->sink = (struct pp_stream_sink){ &stream->total, count_bytes, count_missing };
}

/* What waits is searched for every segment, so its pieces bound the work: no more memory than a few times the bytes
 * that may wait, whatever they are cut into.  When there is no room, the hole is given up, as the engine does. */
static void stream_push(struct stream *stream, int64_t offset, size_t len)
{
	static const uint8_t bytes[4096];
	struct pp_span span = { bytes, len };
	struct pp_mark mark = { .packet = 1 };
	enum pp_err err;

	err = pp_reassembly_push(&stream->side, &stream->pool, offset, span, (uint32_t)len, mark, &stream->sink);
	if (err == PP_LIMIT) {
		pp_reassembly_give_up(&stream->side, &stream->pool, &stream->sink, true);
		err =
		    pp_reassembly_push(&stream->side, &stream->pool, offset, span, (uint32_t)len, mark, &stream->sink);
	}
	assert_int_equal(err, PP_OK);
	assert_true(stream->side.waiting_bytes <= PP_REASSEMBLY_SIDE_MAX);
	assert_true(stream->pool.bytes <= 4 * PP_REASSEMBLY_SIDE_MAX);
}

static void stream_end(struct stream *stream)
{
	pp_reassembly_give_up(&stream->side, &stream->pool, &stream->sink, true);
	assert_int_equal(stream->pool.used, 0);
	assert_int_equal(stream->total, stream->side.next);
	pp_slab_done(&stream->pool);
}

static void every_second_byte(void **state)
{
	struct stream stream;

	(void)state;
	stream_begin(&stream);
	for (int64_t i = 1; i < 200000; i++)
		stream_push(&stream, 2 * i, 1);
	stream_end(&stream);
}

static void every_second_byte_backwards(void **state)
{
	struct stream stream;

	(void)state;
	stream_begin(&stream);
	for (int64_t i = 200000; i > 0; i--)
		stream_push(&stream, 2 * i, 1);
	stream_end(&stream);
}

static void a_million_overlaps(void **state)
{
	struct stream stream;
	uint32_t random = 1;

	(void)state;
	stream_begin(&stream);
	for (int i = 0; i < 1000000; i++) {
		random = random * 1664525 + 1013904223;
		stream_push(&stream, stream.side.next + 1 + (random >> 8) % 60000, 1 + (random >> 4) % 300);
	}
	stream_end(&stream);
}

/* ---- Fragments ---- */

static void fragments_that_never_complete(void **state)
{
	enum { SLOTS = 64, FRAGMENTS = 1000000 };
	static const uint8_t bytes[1480];
	struct pp_packet fragment = { .kind = PP_PACKET_FRAGMENT,
				      .ip_version = 4,
				      .protocol = 17,
				      .frag_more = true,
				      .frag_protocol = 17,
				      .payload_view = { bytes, 8 },
				      .payload_len = 8 };
	struct pp_ipfrag *ipfrag;
	struct pp_span body;
	uint8_t protocol;
	size_t before;

	(void)state;
	assert_int_equal(pp_ipfrag_new(&ipfrag, SLOTS, key), PP_OK);
	before = pp_test_heap();
	for (uint32_t i = 0; i < FRAGMENTS; i++) {
		fragment.frag_id = i;
		fragment.frag_offset = i % 8000 * 8;
		assert_int_equal(pp_ipfrag_add(ipfrag, &fragment, 0, &protocol, &body), PP_MORE);
	}
	assert_int_equal(pp_test_heap(), before);
	assert_int_equal(pp_ipfrag_evicted(ipfrag), FRAGMENTS - SLOTS);
	/* An honest datagram still gets through. */
	fragment = (struct pp_packet){ .kind = PP_PACKET_FRAGMENT,
				       .ip_version = 4,
				       .protocol = 17,
				       .frag_more = true,
				       .frag_protocol = 17,
				       .frag_id = 7,
				       .payload_view = { bytes, 1480 },
				       .payload_len = 1480 };
	assert_int_equal(pp_ipfrag_add(ipfrag, &fragment, 0, &protocol, &body), PP_MORE);
	fragment.frag_offset = 1480;
	fragment.frag_more = false;
	assert_int_equal(pp_ipfrag_add(ipfrag, &fragment, 0, &protocol, &body), PP_OK);
	assert_int_equal(body.len, 2960);
	pp_ipfrag_free(ipfrag);
}

/* ---- Tunnels ---- */

static void tunnels_in_tunnels(void **state)
{
	static struct pp_pkt pkt;
	struct pp_packet packet;

	(void)state;
	pp_pkt_start(&pkt, "x", 1);
	pp_pkt_tcp(&pkt, &(struct pp_pkt_tcp){ .sport = 1, .dport = 2, .flags = PP_TCP_SYN });
	for (int i = 0; i < 3000; i++)
		pp_pkt_ip(&pkt,
			  &(struct pp_pkt_ip){ .src = "10.0.0.4", .dst = "10.0.0.5", .protocol = i == 0 ? 6 : 4 });
	pp_pkt_ethernet(&pkt, 0x0800);
	pp_decode(1, pp_pkt_bytes(&pkt), pp_pkt_len(&pkt), pp_pkt_len(&pkt), &packet);
	assert_int_equal(packet.kind, PP_PACKET_OTHER);
	assert_non_null(packet.unknown);
	assert_true(packet.tunnels <= PP_LAYERS_MAX);
}

static void tags_on_tags(void **state)
{
	static struct pp_pkt pkt;
	struct pp_packet packet;

	(void)state;
	pp_pkt_start(&pkt, "x", 1);
	for (int i = 0; i < 15000; i++)
		pp_pkt_vlan(&pkt, 1, 0x8100);
	pp_pkt_ethernet(&pkt, 0x8100);
	pp_decode(1, pp_pkt_bytes(&pkt), pp_pkt_len(&pkt), pp_pkt_len(&pkt), &packet);
	assert_int_equal(packet.kind, PP_PACKET_OTHER);
	assert_non_null(packet.unknown);
}

/* ---- TLS ---- */

struct hello {
	uint8_t bytes[70000];
	size_t len;
};

static void hello_put(struct hello *hello, uint64_t value, size_t n)
{
	pp_pkt_put(hello->bytes + hello->len, value, n);
	hello->len += n;
}

/* Everything up to the extensions, in one handshake message of 2^16 bytes, to be cut into records. */
static void hello_begin(struct hello *hello, uint32_t extensions_len)
{
	hello->len = 0;
	hello_put(hello, 1, 1);
	hello_put(hello, 2 + 32 + 1 + 2 + 2 + 2 + 2 + extensions_len, 3);
	hello_put(hello, 0x0303, 2);
	memset(hello->bytes + hello->len, 7, 32);
	hello->len += 32;
	hello_put(hello, 0, 1);
	hello_put(hello, 2, 2);
	hello_put(hello, 0x1301, 2);
	hello_put(hello, 0x0100, 2);
	hello_put(hello, extensions_len, 2);
}

static void hello_push(const struct hello *hello, struct pp_tls *tls)
{
	struct pp_cur cur = pp_cur(hello->bytes, hello->len, PP_MORE);
	struct pp_mark mark = { .packet = 1 };

	while (pp_cur_left(&cur) > 0) {
		size_t len = pp_cur_left(&cur) < 16384 ? pp_cur_left(&cur) : 16384;
		uint8_t head[5] = { 22, 3, 1 };

		pp_pkt_put(head + 3, len, 2);
		pp_tls_data(tls, PP_CLIENT, (struct pp_span){ head, sizeof(head) }, &mark);
		pp_tls_data(tls, PP_CLIENT, pp_cur_take(&cur, len), &mark);
	}
	pp_tls_finish(tls);
}

static void with_hello(const struct hello *hello, void (*check)(const struct pp_tls_facts *facts))
{
	struct pp_certificates *certificates = pp_certificates_new(4, key);
	struct pp_arena arena;
	struct pp_pool pool;
	struct pp_tls *tls;

	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	tls = pp_tls_new(&arena, certificates, NULL);
	assert_non_null(tls);
	hello_push(hello, tls);
	check(pp_tls_facts(tls));
	assert_true(pool.bytes <= 16 << 10);
	pp_tls_free(tls);
	pp_arena_reset(&arena);
	pp_pool_done(&pool);
	pp_certificates_free(certificates);
}

static void check_many_extensions(const struct pp_tls_facts *facts)
{
	assert_int_equal(facts->client_hello_count, 1);
	assert_string_equal(facts->ja4, "");
	assert_int_equal(facts->alpn_count, 0);
}

static void check_many_names(const struct pp_tls_facts *facts)
{
	assert_int_equal(facts->client_hello_count, 1);
	assert_int_equal(facts->alpn_count, PP_TLS_ALPN_MAX);
	assert_true(facts->clipped);
}

static void extensions_of_64_kib(void **state)
{
	static struct hello hello;

	(void)state;
	hello_begin(&hello, 16383 * 4);
	for (uint32_t i = 0; i < 16383; i++) {
		hello_put(&hello, i, 2);
		hello_put(&hello, 0, 2);
	}
	with_hello(&hello, check_many_extensions);
	hello_begin(&hello, 65006);
	hello_put(&hello, 16, 2);
	hello_put(&hello, 65002, 2);
	hello_put(&hello, 65000, 2);
	for (unsigned i = 0; i < 32500; i++)
		hello_put(&hello, 0x0161, 2);
	with_hello(&hello, check_many_names);
}

/* ---- Certificates ---- */

/* Far more distinct certificates than any capture has, each as large as one that is shared may be. */
static void certificate_bomb(void **state)
{
	enum { CERTIFICATES = 20000, DER = 8192 };
	static uint8_t der[DER] = { 0x30, 0x82, 0x1f, 0xfc };
	struct pp_certificates *certificates = pp_certificates_new(16384, key);
	size_t before = pp_test_heap(), most = 0;
	struct pp_arena arena;
	struct pp_pool pool;

	(void)state;
	pp_pool_init(&pool, 0);
	pp_arena_init(&arena, &pool);
	for (uint32_t i = 0; i < CERTIFICATES; i++) {
		const struct pp_tls_certificate *certificate;

		pp_pkt_put(der + DER - 4, i, 4);
		certificate = pp_certificates_get(certificates, (struct pp_span){ der, DER }, &arena);
		assert_non_null(certificate);
		assert_true(certificate->unparsed);
		pp_arena_reset(&arena);
		most = pp_test_heap() - before > most ? pp_test_heap() - before : most;
	}
	assert_true(most <= 48 << 20);
	pp_pool_done(&pool);
	pp_certificates_free(certificates);
}

/* ---- DNS ---- */

struct message {
	uint8_t bytes[65535];
	size_t len;
};

static void message_put(struct message *message, uint64_t value, size_t n)
{
	assert_true(n <= sizeof(message->bytes) - message->len);
	pp_pkt_put(message->bytes + message->len, value, n);
	message->len += n;
}

/* A reply to "a", with room for `answers`. */
static void message_begin(struct message *message, unsigned answers)
{
	message->len = 0;
	message_put(message, 1, 2);
	message_put(message, 0x8180, 2);
	message_put(message, 1, 2);
	message_put(message, answers, 2);
	message_put(message, 0, 4);
	message_put(message, 0x016100, 3);
	message_put(message, PP_DNS_A, 2);
	message_put(message, 1, 2);
}

static void message_record(struct message *message, uint16_t name, uint16_t type, size_t len)
{
	message_put(message, 0xc000 | name, 2);
	message_put(message, type, 2);
	message_put(message, 1, 2);
	message_put(message, 60, 4);
	message_put(message, len, 2);
}

static enum pp_err message_parse(const struct message *message, struct pp_dns_message *ret_message)
{
	return pp_dns_parse((struct pp_span){ message->bytes, message->len }, PP_MALFORMED, ret_message);
}

/* A name that is `jumps` pointers away from its only label. */
static enum pp_err parse_chain(unsigned jumps)
{
	static struct message message;
	struct pp_dns_message parsed;
	size_t first;

	message_begin(&message, 2);
	message_record(&message, 12, PP_DNS_TXT, (size_t)2 * jumps);
	first = message.len;
	for (unsigned i = 0; i < jumps; i++)
		message_put(&message, 0xc000 | (i == 0 ? 12 : first + 2 * (i - 1)), 2);
	message_record(&message, (uint16_t)(first + 2 * (jumps - 1)), PP_DNS_A, 4);
	message_put(&message, 0x01020304, 4);
	return message_parse(&message, &parsed);
}

static void compression_chains(void **state)
{
	(void)state;
	assert_int_equal(parse_chain(1), PP_OK);
	assert_int_equal(parse_chain(8), PP_OK);
	assert_int_equal(parse_chain(200), PP_MALFORMED);
	assert_int_equal(parse_chain(8000), PP_MALFORMED);
}

static void compression_loops(void **state)
{
	static struct message message;
	struct pp_dns_message parsed;

	(void)state;
	for (uint16_t target = 19; target < 40; target++) { /* itself and forwards */
		message_begin(&message, 1);
		assert_int_equal(message.len, 19);
		message_record(&message, target, PP_DNS_A, 4);
		message_put(&message, 0xc013c013, 4);
		message_put(&message, 0, 8);
		assert_int_equal(message_parse(&message, &parsed), PP_MALFORMED);
	}
}

/* A chain of aliases told backwards, behind thousands of addresses: each alias wants another walk over all of them. */
static void aliases_backwards(void **state)
{
	enum { ADDRESSES = 3000, ALIASES = 8 };
	static struct message message;
	struct pp_dns_message parsed;
	size_t names;

	(void)state;
	message_begin(&message, 1 + ADDRESSES + ALIASES);
	message_record(&message, 12, PP_DNS_TXT, (size_t)3 * ALIASES);
	names = message.len; /* "b", "c", … */
	for (unsigned i = 0; i < ALIASES; i++)
		message_put(&message, 0x016200 + i * 256, 3);
	for (unsigned i = 0; i < ADDRESSES; i++) {
		message_record(&message, (uint16_t)(names + 3 * (ALIASES - 1)), PP_DNS_A, 4);
		message_put(&message, i, 4);
	}
	for (unsigned i = ALIASES; i > 0; i--) {
		message_record(&message, (uint16_t)(i == 1 ? 12 : names + 3 * (i - 2)), PP_DNS_CNAME, 2);
		message_put(&message, 0xc000 | (names + 3 * (i - 1)), 2);
	}
	assert_int_equal(message_parse(&message, &parsed), PP_OK);
	assert_true(parsed.clipped);
	assert_in_range(parsed.alias_count, 1, ALIASES - 1); /* it stopped walking */
}

/* ---- HTTP ---- */

struct web {
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_http *http;
	uint32_t packet;
};

static void web_begin(struct web *web)
{
	*web = (struct web){ .packet = 0 };
	pp_pool_init(&web->pool, 0);
	pp_arena_init(&web->arena, &web->pool);
	web->http = pp_http_new(&web->arena);
	assert_non_null(web->http);
}

static void web_say(struct web *web, enum pp_side side, const char *text)
{
	struct pp_span bytes = { (const uint8_t *)text, strlen(text) };

	(void)pp_http_data(web->http, side, bytes, (struct pp_mark){ .packet = ++web->packet });
}

static const struct pp_http_facts *web_facts(const struct web *web) { return pp_http_facts(web->http); }

static void web_end(struct web *web)
{
	pp_http_free(web->http);
	pp_arena_reset(&web->arena);
	pp_pool_done(&web->pool);
}

static void endless_connect_attempts(void **state)
{
	struct web web;
	size_t after_first = 0;
	char line[100];

	(void)state;
	web_begin(&web);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(line, sizeof(line), "CONNECT host-%u.example:443 HTTP/1.1\r\nUser-Agent: x%u\r\n\r\n", i, i);
		web_say(&web, PP_CLIENT, line);
		web_say(&web, PP_SERVER, "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n");
		if (i == 1000)
			after_first = web.pool.bytes;
	}
	assert_int_equal(web_facts(&web)->connect_count, PP_CONNECTS_MAX);
	assert_true(web_facts(&web)->clipped);
	assert_true(after_first <= 64 << 10);
	assert_int_equal(web.pool.bytes, after_first);
	web_end(&web);
}

static void endless_requests(void **state)
{
	struct web web;
	size_t after_first = 0;
	char line[200];

	(void)state;
	web_begin(&web);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(line, sizeof(line), "METHOD%u /%u HTTP/1.1\r\nHost: h%u\r\nUser-Agent: %0100u\r\n\r\n", i, i,
			 i, i);
		web_say(&web, PP_CLIENT, line);
		if (i % 2)
			web_say(&web, PP_SERVER, "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 0\r\n\r\n");
		if (i == 1000)
			after_first = web.pool.bytes;
	}
	assert_int_equal(web_facts(&web)->exchange_count, PP_EXCHANGES_MAX);
	assert_int_equal(web_facts(&web)->request_total, 100000);
	assert_true(after_first <= 64 << 10);
	assert_int_equal(web.pool.bytes, after_first);
	web_end(&web);
}

/* Header fields without end, a byte at a time: held up to the cap, and the reply still finds its request. */
static void header_flood(void **state)
{
	struct web web;
	size_t before = pp_test_heap(), most = 0;

	(void)state;
	web_begin(&web);
	web_say(&web, PP_CLIENT, "GET / HTTP/1.1\r\nHost: a.example\r\n");
	for (unsigned i = 0; i < 1000000; i++) {
		web_say(&web, PP_CLIENT, i % 10 == 9 ? "\n" : i % 10 == 3 ? ":" : "x");
		most = pp_test_heap() > most ? pp_test_heap() : most;
	}
	web_say(&web, PP_CLIENT, "\r\n\r\n");
	web_say(&web, PP_SERVER, "HTTP/1.1 200 OK\r\n\r\n");
	assert_true(most - before <= 4 * PP_HTTP_HEAD_MAX);
	assert_int_equal(web_facts(&web)->exchange_count, 1);
	assert_string_equal(web_facts(&web)->exchanges[0].host, "a.example");
	assert_int_equal(web_facts(&web)->exchanges[0].reply.status, 200);
	assert_true(web_facts(&web)->clipped);
	web_end(&web);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash_flooding_by_sums), cmocka_unit_test(hash_flooding_needs_the_key),
		cmocka_unit_test(every_second_byte),     cmocka_unit_test(every_second_byte_backwards),
		cmocka_unit_test(a_million_overlaps),    cmocka_unit_test(fragments_that_never_complete),
		cmocka_unit_test(tunnels_in_tunnels),    cmocka_unit_test(tags_on_tags),
		cmocka_unit_test(extensions_of_64_kib),  cmocka_unit_test(certificate_bomb),
		cmocka_unit_test(compression_chains),    cmocka_unit_test(compression_loops),
		cmocka_unit_test(aliases_backwards),     cmocka_unit_test(endless_connect_attempts),
		cmocka_unit_test(endless_requests),      cmocka_unit_test(header_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
