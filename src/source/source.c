#include "source/source.h"

#include "source/input.h"
#include "source/pcapfile.h"
#include "source/pcapng.h"
#include "source/tally.h"

#include <errno.h>
#include <stdlib.h>

struct pp_source {
	struct pp_source_info info;
	struct pp_input input;
	bool is_pcapng;
	struct pp_pcapfile pcapfile;
	struct pp_pcapng pcapng;
	struct pp_tally tally;
	uint16_t file;
};

static enum pp_err open_format(struct pp_source *source)
{
	enum pp_err err = pp_pcapfile_open(&source->pcapfile, &source->input, &source->info, source->file);

	if (err == PP_NOTCAPTURE) {
		err = pp_pcapng_open(&source->pcapng, &source->input, &source->info);
		source->is_pcapng = err == PP_OK;
	}
	return err;
}

static struct pp_source *source_new(const char *path, uint16_t file)
{
	struct pp_source *source = calloc(1, sizeof(*source));

	if (source) {
		source->file = file;
		source->info.path = path;
		source->info.first = source->info.last = PP_TIME_NONE;
		source->tally = pp_tally_init();
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

enum pp_err pp_source_read(struct pp_source *source, struct pp_frame *frames, size_t max, size_t *ret_count)
{
	size_t count = 0;
	enum pp_err err;

	pp_tally_order(&source->tally);
	if (source->is_pcapng)
		err = pp_pcapng_read(&source->pcapng, frames, max, &count);
	else
		err = pp_pcapfile_read(&source->pcapfile, frames, max, &source->tally, &count);
	if (err != PP_OK)
		return err;
	if (source->is_pcapng)
		account(source, frames, count);
	tell_tally(&source->info, &source->tally);
	check_density(source);
	source->info.io_errno = source->input.io_errno;
	source->info.used = pp_input_used(&source->input);
	*ret_count = count;
	return PP_OK;
}

struct pp_tally pp_source_tally(const struct pp_source *source) { return source->tally; }

const struct pp_source_info *pp_source_info(const struct pp_source *source) { return &source->info; }

void pp_source_close(struct pp_source *source)
{
	int saved = errno;

	if (!source)
		return;
	if (source->is_pcapng)
		pp_pcapng_close(&source->pcapng);
	pp_input_close(&source->input);
	free(source);
	errno = saved; /* of the failure that led here */
}
