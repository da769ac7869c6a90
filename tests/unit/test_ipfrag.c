/* Fragments in every order, overlapping, lying, too late, too many. */
#include "support/cmocka_all.h"

#include "base/time.h"
#include "decode/ipfrag.h"
#include "support/pkt.h"

enum { SLOTS = 4 };

static const struct pp_hash_key key = { { 1, 2 } };

/* The datagram every test cuts up: byte i is i * 7. */
static uint8_t body[65536];

static int setup(void **state)
{
	struct pp_ipfrag *ipfrag;

	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * 7);
	if (pp_ipfrag_new(&ipfrag, SLOTS, key) != PP_OK)
		return -1;
	*state = ipfrag;
	return 0;
}

static int teardown(void **state)
{
	pp_ipfrag_free(*state);
	return 0;
}

static struct pp_packet fragment_of(const uint8_t *bytes, uint32_t id, uint32_t offset, uint32_t len, bool more)
{
	return (struct pp_packet){
		.kind = PP_PACKET_FRAGMENT,
		.ip_version = 4,
		.protocol = 17,
		.frag_protocol = 17,
		.src = pp_pkt_addr("10.0.0.1"),
		.dst = pp_pkt_addr("10.0.0.2"),
		.frag_id = id,
		.frag_offset = offset,
		.frag_more = more,
		.payload_view = { bytes + offset, len },
		.payload_len = len,
	};
}

static enum pp_err add(void **state, uint32_t id, uint32_t offset, uint32_t len, bool more, int64_t ts)
{
	struct pp_packet fragment = fragment_of(body, id, offset, len, more);
	struct pp_span whole = { 0 };
	uint8_t protocol = 0;
	enum pp_err err = pp_ipfrag_add(*state, &fragment, ts, &protocol, &whole);

	if (err == PP_OK) {
		assert_int_equal(protocol, 17);
		assert_memory_equal(whole.p, body, whole.len);
	} else {
		assert_int_equal(whole.len, 0);
	}
	return err;
}

/* All orders of four fragments, the last one odd; a repeated fragment changes nothing. */
static void any_order(void **state)
{
	static const uint32_t offsets[] = { 0, 1480, 2960, 4440, 5001 };

	for (unsigned order = 0; order < 256; order++) {
		unsigned picks[4] = { order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 }, seen = 0;

		for (unsigned i = 0; i < 4; i++) {
			uint32_t at = offsets[picks[i]], end = offsets[picks[i] + 1];

			seen |= 1u << picks[i];
			assert_int_equal(add(state, order, at, end - at, picks[i] != 3, 0),
					 seen == 15 ? PP_OK : PP_MORE);
		}
	}
	assert_int_equal(pp_ipfrag_conflicts(*state), 0);
}

static void biggest_datagram_in_smallest_fragments(void **state)
{
	for (uint32_t at = 65528; at > 0; at -= 8)
		assert_int_equal(add(state, 1, at, at == 65528 ? 7 : 8, at != 65528, 0), PP_MORE);
	assert_int_equal(add(state, 1, 0, 8, true, 0), PP_OK);
}

static void over_64_kib(void **state)
{
	assert_int_equal(add(state, 1, 0, 1480, true, 0), PP_MORE);
	assert_int_equal(add(state, 1, 65528, 8, false, 0), PP_LIMIT);
	/* Given up: the next fragment begins anew. */
	assert_int_equal(add(state, 1, 1480, 8, false, 0), PP_MORE);
	assert_int_equal(add(state, 1, 0, 1480, true, 0), PP_OK);
}

/* Ends that contradict each other (RFC 791 has one last fragment). */
static void lying_ends(void **state)
{
	assert_int_equal(add(state, 1, 16, 8, false, 0), PP_MORE);
	assert_int_equal(add(state, 1, 24, 8, false, 0), PP_LIMIT);
	assert_int_equal(add(state, 2, 16, 8, true, 0), PP_MORE);
	assert_int_equal(add(state, 2, 8, 8, false, 0), PP_LIMIT);
	assert_int_equal(add(state, 3, 8, 8, false, 0), PP_MORE);
	assert_int_equal(add(state, 3, 16, 8, true, 0), PP_LIMIT);
}

/* Overlaps: the same bytes are no conflict; different ones are, and the first copy stays. */
static void overlaps(void **state)
{
	static uint8_t other[64];
	struct pp_packet fragment = fragment_of(other, 2, 8, 16, true);
	struct pp_span whole;
	uint8_t protocol;

	assert_int_equal(add(state, 1, 0, 24, true, 0), PP_MORE);
	assert_int_equal(add(state, 1, 8, 24, false, 0), PP_OK);
	assert_int_equal(pp_ipfrag_conflicts(*state), 0);

	assert_int_equal(add(state, 2, 0, 24, true, 0), PP_MORE);
	assert_int_equal(pp_ipfrag_add(*state, &fragment, 0, &protocol, &whole), PP_MORE);
	assert_int_equal(add(state, 2, 24, 8, false, 0), PP_OK); /* compares with the first copy */
	assert_int_equal(pp_ipfrag_conflicts(*state), 1);
}

/* A tail that is not a multiple of eight can only be the last; cut and empty fragments are no help. */
static void odd_fragments(void **state)
{
	struct pp_packet cut = fragment_of(body, 1, 0, 16, true);
	struct pp_span whole;
	uint8_t protocol;

	assert_int_equal(add(state, 1, 0, 21, true, 0), PP_MORE); /* 16 of them count */
	assert_int_equal(add(state, 1, 16, 5, false, 0), PP_OK);
	assert_int_equal(add(state, 2, 0, 7, true, 0), PP_MORE);
	assert_int_equal(add(state, 2, 0, 0, false, 0), PP_MORE);
	cut.payload_len = 24;
	assert_int_equal(pp_ipfrag_add(*state, &cut, 0, &protocol, &whole), PP_MORE);
	assert_int_equal(pp_ipfrag_evicted(*state), 0);
}

static void thirty_seconds(void **state)
{
	assert_int_equal(add(state, 1, 0, 8, true, 0), PP_MORE);
	assert_int_equal(add(state, 1, 8, 8, false, 30 * PP_SECOND), PP_OK);
	assert_int_equal(add(state, 1, 0, 8, true, 0), PP_MORE);
	assert_int_equal(add(state, 1, 8, 8, false, 30 * PP_SECOND + 1), PP_MORE);
	assert_int_equal(add(state, 1, 0, 8, true, 31 * PP_SECOND), PP_OK);
	/* Time may run backwards in a file; that alone ends nothing. */
	assert_int_equal(add(state, 1, 0, 8, true, 0), PP_MORE);
	assert_int_equal(add(state, 1, 8, 8, false, -100 * PP_SECOND), PP_OK);
	assert_int_equal(pp_ipfrag_evicted(*state), 0);
	/* Nor need the times be near each other. */
	assert_int_equal(add(state, 1, 0, 8, true, INT64_MIN), PP_MORE);
	assert_int_equal(add(state, 1, 8, 8, false, INT64_MAX), PP_MORE);
}

/* The least recently used datagram goes first; an expired one goes without being counted. */
static void eviction(void **state)
{
	for (uint32_t id = 0; id < SLOTS; id++)
		assert_int_equal(add(state, id, 0, 8, true, 0), PP_MORE);
	assert_int_equal(add(state, 0, 8, 8, true, 0), PP_MORE); /* now 1 is the oldest */
	assert_int_equal(add(state, 99, 0, 8, true, 0), PP_MORE);
	assert_int_equal(pp_ipfrag_evicted(*state), 1);
	assert_int_equal(add(state, 0, 16, 8, false, 0), PP_OK);
	assert_int_equal(add(state, 1, 8, 8, false, 0), PP_MORE);
	assert_int_equal(pp_ipfrag_evicted(*state), 1); /* took the slot that 0 left */
	assert_int_equal(add(state, 100, 0, 8, true, 40 * PP_SECOND), PP_MORE);
	assert_int_equal(pp_ipfrag_evicted(*state), 1);
}

/* Blocks run out before slots do when datagrams are big and sparse. */
static void block_pool_is_shared(void **state)
{
	for (uint32_t id = 0; id < SLOTS; id++) {
		for (uint32_t at = 0; at < 65536 - 2048; at += 2048)
			assert_int_equal(add(state, id, at, 8, true, 0), PP_MORE);
	}
	assert_true(pp_ipfrag_evicted(*state) > 0);
	assert_int_equal(add(state, 50, 0, 4096, true, 0), PP_MORE);
	assert_int_equal(add(state, 50, 4096, 4096, false, 0), PP_OK);
}

/* One id, but another sender, protocol, tunnel or IP version: another datagram. */
static void what_makes_a_datagram(void **state)
{
	struct pp_packet variants[5];
	struct pp_span whole;
	uint8_t protocol;

	for (size_t i = 0; i < 5; i++)
		variants[i] = fragment_of(body, 1, 0, 8, true);
	variants[1].src = pp_pkt_addr("10.0.0.3");
	variants[2].protocol = 6;
	variants[3].outer_hash = 9;
	variants[4].ip_version = 6;
	for (size_t i = 1; i < 5; i++) {
		assert_int_equal(pp_ipfrag_add(*state, &variants[i], 0, &protocol, &whole), PP_MORE);
		assert_int_equal(add(state, 1, 8, 8, false, 0), PP_MORE);
	}
	/* An IPv6 fragment's own next-header field does not matter, the first fragment's does. */
	variants[4].frag_offset = 8;
	variants[4].frag_more = false;
	variants[4].protocol = variants[4].frag_protocol = 99;
	pp_ipfrag_free(*state);
	assert_int_equal(setup(state), 0);
	assert_int_equal(pp_ipfrag_add(*state, &variants[4], 0, &protocol, &whole), PP_MORE);
	variants[4].frag_offset = 0;
	variants[4].frag_more = true;
	variants[4].protocol = variants[4].frag_protocol = 17;
	assert_int_equal(pp_ipfrag_add(*state, &variants[4], 0, &protocol, &whole), PP_OK);
	assert_int_equal(protocol, 17);
	assert_int_equal(whole.len, 16);
}

/* Pseudo-random fragments of few datagrams, all of the same bytes: whatever comes out is the original. */
static void random_fragments(void **state)
{
	uint64_t seed = 88172645463325252ULL;
	unsigned whole = 0;

	for (unsigned i = 0; i < 200000; i++) {
		uint32_t id, at, len;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		id = seed >> 58 ? (uint32_t)(seed >> 60) % SLOTS : SLOTS; /* now and then one too many */
		at = (uint32_t)(seed >> 20) % 1024 * 8;
		len = (uint32_t)(seed >> 40) % 4096 + 1;
		if (at + len >= 8192)
			len = 8192 - at;
		whole += add(state, id, at, len, at + len != 8192, (int64_t)i * PP_MS) == PP_OK;
	}
	assert_true(whole > 100);
	assert_true(pp_ipfrag_evicted(*state) > 100);
	assert_int_equal(pp_ipfrag_conflicts(*state), 0);
}

static void sizes(void **state)
{
	struct pp_ipfrag *ipfrag = NULL;

	(void)state;
	assert_int_equal(pp_ipfrag_new(&ipfrag, 0, key), PP_USAGE);
	assert_int_equal(pp_ipfrag_new(&ipfrag, PP_IPFRAG_SLOTS_MAX + 1, key), PP_USAGE);
	assert_null(ipfrag);
	pp_ipfrag_free(NULL);
}

#define WITH_TABLE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TABLE(any_order),
		WITH_TABLE(biggest_datagram_in_smallest_fragments),
		WITH_TABLE(over_64_kib),
		WITH_TABLE(lying_ends),
		WITH_TABLE(overlaps),
		WITH_TABLE(odd_fragments),
		WITH_TABLE(thirty_seconds),
		WITH_TABLE(eviction),
		WITH_TABLE(block_pool_is_shared),
		WITH_TABLE(what_makes_a_datagram),
		WITH_TABLE(random_fragments),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
