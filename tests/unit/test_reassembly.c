/* Reassembly: orders, overlaps, holes, limits; and a slow, simple model over random segment orders. */
#include "support/cmocka_all.h"

#include "stream/reassembly.h"

#include <stdlib.h>
#include <string.h>

enum { STREAM = 4096 };

struct heard {
	char bytes[STREAM * 2];
	size_t len;
	uint64_t missing;
	uint32_t last_packet;
};

static void hear(void *context, struct pp_span bytes, struct pp_mark mark)
{
	struct heard *heard = context;

	assert_true(bytes.len <= sizeof(heard->bytes) - heard->len);
	memcpy(heard->bytes + heard->len, bytes.p, bytes.len);
	heard->len += bytes.len;
	heard->last_packet = mark.packet;
}

static void miss(void *context, uint64_t count)
{
	struct heard *heard = context;

	heard->missing += count;
	memset(heard->bytes + heard->len, '?', count);
	heard->len += count;
}

struct fixture {
	struct pp_slab pool;
	struct pp_reassembly side;
	struct heard heard;
	struct pp_stream_sink sink;
	uint32_t packet;
};

static void begin(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	pp_segment_pool_init(&f->pool, 1 << 20);
	f->sink = (struct pp_stream_sink){ &f->heard, hear, miss };
}

static void end(struct fixture *f)
{
	pp_reassembly_drop(&f->side, &f->pool);
	pp_slab_done(&f->pool);
}

static void push(struct fixture *f, int64_t offset, const char *text)
{
	struct pp_span bytes = { (const uint8_t *)text, strlen(text) };

	assert_int_equal(pp_reassembly_push(&f->side, &f->pool, offset, bytes, (uint32_t)bytes.len,
					    (struct pp_mark){ 0, ++f->packet, 0 }, &f->sink),
			 PP_OK);
}

static void expect(struct fixture *f, const char *text)
{
	assert_int_equal(f->heard.len, strlen(text));
	assert_memory_equal(f->heard.bytes, text, f->heard.len);
}

static void in_order_and_out_of_order(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	push(&f, 0, "ab");
	push(&f, 4, "ef");
	push(&f, 6, "gh");
	expect(&f, "ab");
	assert_true(pp_reassembly_waits(&f.side));
	assert_int_equal(pp_reassembly_hole_end(&f.side), 4);
	push(&f, 2, "cd");
	expect(&f, "abcdefgh");
	assert_int_equal(f.heard.last_packet, 3);
	assert_int_equal(f.side.waiting_bytes, 0);
	end(&f);
}

/* The copy that came first stays, whether it was handed on or waits. */
static void first_copy_wins(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	push(&f, 0, "abc");
	push(&f, 1, "XXX");
	expect(&f, "abcX");
	push(&f, 6, "gh");
	push(&f, 4, "YYYYY");
	expect(&f, "abcXYYghY");
	end(&f);
}

static void retransmissions_are_known(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	push(&f, 0, "abcd");
	push(&f, 6, "gh");
	assert_true(pp_reassembly_has(&f.side, 0, 4));
	assert_true(pp_reassembly_has(&f.side, 6, 2));
	assert_false(pp_reassembly_has(&f.side, 3, 2));
	assert_false(pp_reassembly_has(&f.side, 3, 5));
	assert_false(pp_reassembly_has(&f.side, 6, 3));
	end(&f);
}

static void holes_are_given_up(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	push(&f, 2, "cd");
	push(&f, 6, "gh");
	push(&f, 10, "k");
	pp_reassembly_give_up(&f.side, &f.pool, &f.sink, false);
	expect(&f, "\?\?cd");
	push(&f, 0, "ab");
	expect(&f, "\?\?cd");
	pp_reassembly_give_up(&f.side, &f.pool, &f.sink, true);
	expect(&f, "\?\?cd\?\?gh\?\?k");
	assert_int_equal(f.heard.missing, 6);
	end(&f);
}

/* A segment cut by the snap length: the stream goes on behind what was cut off. */
static void cut_segments_leave_a_hole(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(pp_reassembly_push(&f.side, &f.pool, 0, (struct pp_span){ (const uint8_t *)"ab", 2 }, 5,
					    (struct pp_mark){ 0, 1, 0 }, &f.sink),
			 PP_OK);
	push(&f, 5, "f");
	expect(&f, "ab\?\?\?f");
	assert_int_equal(f.heard.missing, 3);
	end(&f);
}

static void waiting_is_bounded(void **state)
{
	static uint8_t big[65536];
	struct fixture f;
	enum pp_err err = PP_OK;
	int64_t offset = 1;

	(void)state;
	begin(&f);
	for (int i = 0; i < 100 && err == PP_OK; i++, offset += sizeof(big))
		err = pp_reassembly_push(&f.side, &f.pool, offset, (struct pp_span){ big, sizeof(big) }, sizeof(big),
					 (struct pp_mark){ 0, 1, 0 }, &f.sink);
	assert_int_equal(err, PP_LIMIT);
	assert_true(f.side.waiting_bytes <= PP_REASSEMBLY_SIDE_MAX);
	assert_int_equal(f.heard.len, 0);
	end(&f);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* The model: one array of bytes, the first writer of each byte wins. */
static void agrees_with_a_simple_model(void **state)
{
	(void)state;
	for (uint32_t round = 1; round <= 2000; round++) {
		char model[STREAM];
		bool known[STREAM] = { false };
		struct fixture f;
		uint32_t seed = round;
		size_t in_order = 0;

		begin(&f);
		for (int n = 0; n < 60; n++) {
			int64_t offset = next_random(&seed) % 500;
			size_t len = next_random(&seed) % 90;
			char text[91];

			memset(text, 'a' + n % 26, len);
			text[len] = '\0';
			for (size_t i = 0; i < len; i++) {
				size_t at = (size_t)offset + i;

				if (!known[at])
					model[at] = text[i];
				known[at] = true;
			}
			push(&f, offset, text);
		}
		while (known[in_order])
			in_order++;
		assert_int_equal(f.heard.len, in_order);
		assert_memory_equal(f.heard.bytes, model, in_order);
		assert_int_equal(f.heard.missing, 0);
		end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_and_out_of_order),  cmocka_unit_test(first_copy_wins),
		cmocka_unit_test(retransmissions_are_known),  cmocka_unit_test(holes_are_given_up),
		cmocka_unit_test(cut_segments_leave_a_hole),  cmocka_unit_test(waiting_is_bounded),
		cmocka_unit_test(agrees_with_a_simple_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
