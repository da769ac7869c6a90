/* Capture files of every kind, compressed or not: frames keep their promises, and the batch size changes nothing. */
#include "fuzz/fuzz.h"
#include "source/source.h"

enum { FRAMES_MAX = 20000 };

struct seen {
	uint64_t frames, sum;
	struct pp_source_info info;
};

static void see(struct seen *seen, const struct pp_frame *frame)
{
	uint64_t sum = seen->sum;

	FUZZ_CHECK(frame->caplen <= PP_FRAME_MAX && frame->caplen <= frame->len);
	FUZZ_CHECK(frame->number > 0);
	for (uint32_t i = 0; i < frame->caplen; i++)
		sum = sum * 31 + frame->data_view[i];
	sum = sum * 31 + (uint64_t)frame->ts;
	sum = sum * 31 +
	      (frame->number ^ frame->len ^ (uint64_t)frame->link_type << 32 ^ (uint64_t)frame->interface << 48);
	seen->sum = sum;
	seen->frames++;
}

static bool read_all(const uint8_t *data, size_t size, size_t batch, struct seen *ret_seen)
{
	struct pp_frame frames[PP_SOURCE_BATCH];
	struct pp_source *source;
	size_t count = 1;

	*ret_seen = (struct seen){ 0 };
	if (pp_source_open_bytes(&source, data, size, 0) != PP_OK)
		return false;
	while (count > 0 && ret_seen->frames < FRAMES_MAX && pp_source_read(source, frames, batch, &count) == PP_OK) {
		FUZZ_CHECK(count <= batch);
		for (size_t i = 0; i < count; i++)
			see(ret_seen, &frames[i]);
	}
	ret_seen->info = *pp_source_info(source);
	pp_source_close(source);
	return ret_seen->frames < FRAMES_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen large, single;

	if (!read_all(data, size, PP_SOURCE_BATCH, &large) || !read_all(data, size, 1, &single))
		return 0;
	FUZZ_CHECK(large.frames == single.frames && large.sum == single.sum);
	FUZZ_CHECK(large.info.packets == single.info.packets && large.info.bytes == single.info.bytes);
	FUZZ_CHECK(large.info.damage_offset == single.info.damage_offset && large.info.damaged == single.info.damaged);
	FUZZ_CHECK(large.info.first == single.info.first && large.info.last == single.info.last);
	FUZZ_CHECK(large.info.interfaces <= PP_INTERFACES_MAX && large.info.link_type_count <= PP_LINK_TYPES_MAX);
	FUZZ_CHECK(!large.info.damaged || large.info.damage);
	return 0;
}
