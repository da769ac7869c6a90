#include "source/source.h"

#include "source/foreign.h"
#include "source/input.h"
#include "source/order.h"
#include "source/pcapfile.h"
#include "source/pcapng.h"
#include "source/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pp_source {
	struct pp_source_info info;
	struct pp_input input;
	bool is_pcapng;
	struct pp_pcapfile pcapfile;
	struct pp_pcapng pcapng;
	struct pp_tally tally;
	struct pp_order_watch watch;
	struct pp_order *order; /* NULL: frames go as they come */
	bool ended;             /* there is no frame that `order` has not */
	size_t held_at, held_count;
	struct pp_frame held[PP_SOURCE_BATCH]; /* of the last batch, from `held_at` on, where fewer were asked for */
	uint16_t file;
};

static enum pp_err open_format(struct pp_source *source)
{
	enum pp_err err = pp_pcapfile_open(&source->pcapfile, &source->input, &source->info, source->file);

	if (err == PP_NOTCAPTURE) {
		err = pp_pcapng_open(&source->pcapng, &source->input, &source->info);
		source->is_pcapng = err == PP_OK;
	}
	return err == PP_NOTCAPTURE ? pp_foreign_err(&source->input) : err;
}

static struct pp_source *source_new(const char *path, uint16_t file)
{
	struct pp_source *source = calloc(1, sizeof(*source));

	if (source) {
		source->file = file;
		source->info.path = path;
		source->info.first = source->info.last = PP_TIME_NONE;
		source->tally = pp_tally_init();
		source->watch = pp_order_watch_init();
	}
	return source;
}

/* The common end of both ways to open: `err` tells how the input fared. */
static enum pp_err open_input(struct pp_source *source, enum pp_err err, struct pp_source **ret_source)
{
	if (err == PP_OK)
		err = open_format(source);
	if (err != PP_OK) {
		pp_source_close(source);
		return err;
	}
	source->info.compression = source->input.unpack.codec ? source->input.unpack.codec->name : NULL;
	source->info.size = source->input.size;
	*ret_source = source;
	return PP_OK;
}

enum pp_err pp_source_open(struct pp_source **ret_source, const char *path, uint16_t file)
{
	struct pp_source *source = source_new(path, file);

	return source ? open_input(source, pp_input_open(&source->input, path), ret_source) : PP_NOMEM;
}

enum pp_err pp_source_open_file(struct pp_source **ret_source, struct pp_file opened, const char *label, uint16_t file)
{
	struct pp_source *source = source_new(label, file);

	if (source)
		return open_input(source, pp_input_open_file(&source->input, opened), ret_source);
	pp_file_close(&opened);
	return PP_NOMEM;
}

enum pp_err pp_source_open_bytes(struct pp_source **ret_source, const void *bytes, size_t len, uint16_t file)
{
	struct pp_source *source = source_new("", file);

	return source ? open_input(source, pp_input_open_bytes(&source->input, bytes, len), ret_source) : PP_NOMEM;
}

void pp_source_read_ahead(struct pp_source *source, struct pp_jobs *jobs) { pp_input_read_ahead(&source->input, jobs); }

/* Time stamps, checksums and ports alone make more than this many bytes of a packet, however well they are packed. */
enum { PACKED_BYTES_LEAST = 8, PACKED_FREE = 1 << 18 };

static void check_density(struct pp_source *source)
{
	struct pp_source_info *info = &source->info;

	if (!source->input.unpack.codec || info->damaged || info->packets <= PACKED_FREE ||
	    info->packets - PACKED_FREE <= source->input.packed_bytes / PACKED_BYTES_LEAST)
		return;
	info->damaged = true;
	info->damage_offset = pp_input_offset(&source->input);
	info->damage = "compressed data holds more packets than its bytes can tell apart";
}

/* Frames whose reader adds nothing up. */
static void account(struct pp_source *source, struct pp_frame *frames, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		frames[i].file = source->file;
		pp_tally_add(&source->tally, &frames[i]);
	}
}

static void tell_tally(struct pp_source_info *info, const struct pp_tally *tally)
{
	info->bytes = tally->bytes;
	info->snapped = tally->snapped;
	if (tally->first <= tally->last) {
		info->first = tally->first;
		info->last = tally->last;
	}
}

static enum pp_err read_file(struct pp_source *source, struct pp_frame frames[PP_SOURCE_BATCH], size_t *ret_count)
{
	enum pp_err err;

	pp_tally_order(&source->tally);
	if (source->is_pcapng)
		err = pp_pcapng_read(&source->pcapng, frames, PP_SOURCE_BATCH, ret_count);
	else
		err = pp_pcapfile_read(&source->pcapfile, frames, PP_SOURCE_BATCH, &source->tally, ret_count);
	if (err != PP_OK)
		return err;
	if (source->is_pcapng)
		account(source, frames, *ret_count);
	tell_tally(&source->info, &source->tally);
	check_density(source);
	source->info.io_errno = source->input.io_errno;
	source->info.used = pp_input_used(&source->input);
	return PP_OK;
}

/* Frames that are due; more of the file is read until there are some.  There may still be some that are earlier than the one
 * before. */
PP_SELDOM static enum pp_err read_in_order(struct pp_source *source, struct pp_frame frames[PP_SOURCE_BATCH],
					   size_t *ret_count)
{
	struct pp_frame read[PP_SOURCE_BATCH];
	size_t count = pp_order_take(source->order, source->ended, frames, PP_SOURCE_BATCH);
	enum pp_err err = PP_OK;

	while (count == 0 && !source->ended && err == PP_OK) {
		size_t read_count = 0;

		err = read_file(source, read, &read_count);
		source->ended = read_count == 0;
		if (err == PP_OK)
			err = pp_order_put(source->order, read, read_count);
		if (err == PP_OK)
			count = pp_order_take(source->order, source->ended, frames, PP_SOURCE_BATCH);
	}
	source->tally.disorder = UINT64_MAX;
	source->info.order_pushed = pp_order_pushed(source->order);
	*ret_count = count;
	return err;
}

/* From now on, the frames at hand included. */
PP_SELDOM static enum pp_err begin_order(struct pp_source *source, struct pp_frame frames[PP_SOURCE_BATCH],
					 size_t *ret_count)
{
	enum pp_err err;

	source->order = pp_order_new();
	if (!source->order)
		return PP_NOMEM;
	source->info.ordered = true;
	err = pp_order_put(source->order, frames, *ret_count);
	return err == PP_OK ? read_in_order(source, frames, ret_count) : err;
}

static enum pp_err read_batch(struct pp_source *source, struct pp_frame frames[PP_SOURCE_BATCH], size_t *ret_count)
{
	enum pp_err err;

	*ret_count = 0;
	if (source->order)
		return read_in_order(source, frames, ret_count);
	err = read_file(source, frames, ret_count);
	if (err != PP_OK || *ret_count == 0)
		return err;
	if (!(source->tally.disorder >> 63))
		pp_order_watch_last(&source->watch, frames[*ret_count - 1].ts);
	else if (pp_order_is_needed(&source->watch, frames, *ret_count))
		err = begin_order(source, frames, ret_count);
	return err;
}

/* The file is read by the same batches whatever is asked for, as the order may begin with one of them. */
enum pp_err pp_source_read(struct pp_source *source, struct pp_frame *frames, size_t max, size_t *ret_count)
{
	size_t left;
	enum pp_err err = PP_OK;

	if (max >= PP_SOURCE_BATCH && source->held_at == source->held_count) {
		err = read_batch(source, frames, ret_count);
		source->info.ended = *ret_count == 0;
		return err;
	}
	if (source->held_at == source->held_count) {
		source->held_at = 0;
		err = read_batch(source, source->held, &source->held_count);
	}
	left = source->held_count - source->held_at;
	*ret_count = left < max ? left : max;
	memcpy(frames, source->held + source->held_at, *ret_count * sizeof(*frames));
	source->held_at += *ret_count;
	source->info.ended = *ret_count == 0;
	return err;
}

struct pp_tally pp_source_tally(const struct pp_source *source) { return source->tally; }

const struct pp_source_info *pp_source_info(const struct pp_source *source) { return &source->info; }

void pp_source_close(struct pp_source *source)
{
	int saved = errno;

	if (!source)
		return;
	pp_order_free(source->order);
	if (source->is_pcapng)
		pp_pcapng_close(&source->pcapng);
	pp_input_close(&source->input);
	free(source);
	errno = saved; /* of the failure that led here */
}
