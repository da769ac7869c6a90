/* Segments in any order against a model that keeps a flag per byte.
 *
 * A step is eight bytes: what, offset, length, bytes cut off, seed.  Offsets stay within 16 KiB, so no cap is met. */
#include "fuzz/fuzz.h"
#include "stream/reassembly.h"

enum { STREAM = 1 << 15, STEPS_MAX = 256 };

/* What was delivered and what is known of the rest; `next` is where delivery stands. */
struct model {
	uint8_t bytes[STREAM], have[STREAM];
	int64_t next, highest;
};

struct pair {
	struct model model;
	uint8_t out[STREAM];
	uint8_t given[STREAM]; /* 1: delivered, 2: said to be missing */
	int64_t at;
};

static void sink_bytes(void *context, struct pp_span bytes, struct pp_mark mark)
{
	struct pair *pair = context;

	(void)mark;
	FUZZ_CHECK(bytes.len > 0 && bytes.len <= (size_t)(STREAM - pair->at));
	memcpy(pair->out + pair->at, bytes.p, bytes.len);
	memset(pair->given + pair->at, 1, bytes.len);
	pair->at += (int64_t)bytes.len;
}

static void sink_missing(void *context, uint64_t count)
{
	struct pair *pair = context;

	FUZZ_CHECK(count > 0 && count <= (uint64_t)(STREAM - pair->at));
	memset(pair->given + pair->at, 2, count);
	pair->at += (int64_t)count;
}

static bool waits(const struct model *model)
{
	return memchr(model->have + model->next, 1, (size_t)(model->highest - model->next)) != NULL;
}

static void deliver(struct model *model)
{
	const uint8_t *hole = memchr(model->have + model->next, 0, (size_t)(model->highest - model->next));

	model->next = hole ? hole - model->have : model->highest;
}

static void skip_hole(struct model *model)
{
	const uint8_t *piece = memchr(model->have + model->next, 1, (size_t)(model->highest - model->next));

	if (!piece)
		return;
	model->next = piece - model->have;
	deliver(model);
}

static FUZZ_MODEL void model_push(struct model *model, int64_t offset, struct pp_span bytes, int64_t end)
{
	int64_t captured_end = offset + (int64_t)bytes.len;

	for (int64_t i = 0; i < (int64_t)bytes.len; i++) {
		if (offset + i < model->next || model->have[offset + i])
			continue;
		model->have[offset + i] = 1;
		model->bytes[offset + i] = bytes.p[i];
	}
	if (captured_end > model->highest)
		model->highest = captured_end;
	deliver(model);
	if (model->next >= captured_end && model->next < end && !waits(model))
		model->next = end;
	if (model->next > model->highest)
		model->highest = model->next;
}

static FUZZ_MODEL void fill(uint8_t *bytes, uint32_t len, uint16_t seed)
{
	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(seed + i * 3);
}

static FUZZ_MODEL bool same_bytes(const struct pair *pair)
{
	for (int64_t i = 0; i < pair->at; i++)
		if (pair->given[i] != 2 && pair->out[i] != pair->model.bytes[i])
			return false;
	return true;
}

static void compare(const struct pair *pair, const struct pp_reassembly *side)
{
	const struct model *model = &pair->model;

	FUZZ_CHECK(side->next == model->next && pair->at == model->next);
	FUZZ_CHECK(pp_reassembly_waits(side) == waits(model));
}

static void step(struct pair *pair, struct pp_reassembly *side, struct pp_slab *pool, struct pp_cur *cur)
{
	static uint8_t bytes[1 << 16];
	const struct pp_stream_sink sink = { pair, sink_bytes, sink_missing };
	uint8_t what = pp_cur_u8(cur), cut = pp_cur_u8(cur);
	int64_t offset = pp_cur_u16(cur) % (STREAM / 2);
	uint32_t len = pp_cur_u16(cur) % 4096;
	uint16_t seed = pp_cur_u16(cur);
	struct pp_span span = { bytes, len };

	if (what >= 0xf0) {
		pp_reassembly_give_up(side, pool, &sink, what & 1);
		do
			skip_hole(&pair->model);
		while ((what & 1) && waits(&pair->model));
	} else {
		/* Relative to what comes next as often as not. */
		if (what & 1)
			offset = side->next + offset / 16 - 512;
		if (offset < 0 || offset > STREAM / 2)
			return;
		fill(bytes, len, seed);
		if (what & 2)
			span.len -= cut < span.len ? cut : span.len;
		FUZZ_CHECK(pp_reassembly_push(side, pool, offset, span, len, (struct pp_mark){ .packet = 1 }, &sink) ==
			   PP_OK);
		model_push(&pair->model, offset, span, offset + len);
		if (span.len > 0)
			FUZZ_CHECK(pp_reassembly_has(side, offset, (uint32_t)span.len));
	}
	compare(pair, side);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pair pair;
	struct pp_cur cur = pp_cur(data, size, PP_MALFORMED);
	struct pp_reassembly side = { 0 };
	struct pp_slab pool;

	memset(&pair, 0, sizeof(pair));
	pp_segment_pool_init(&pool, 0);
	for (int i = 0; i < STEPS_MAX && pp_cur_left(&cur) >= 8; i++)
		step(&pair, &side, &pool, &cur);
	FUZZ_CHECK(same_bytes(&pair));
	pp_reassembly_drop(&side, &pool);
	FUZZ_CHECK(pool.used == 0);
	pp_slab_done(&pool);
	return 0;
}
