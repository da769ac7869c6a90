#include "source/input.h"

#include "source/ahead.h"

#include <errno.h>
#include <string.h>

enum { MAGIC_LEN = 4 };

static void end_input(struct pp_input *input, const char *damage)
{
	input->ended = true;
	input->damage = damage;
}

static enum pp_err refill_plain(struct pp_input *input)
{
	struct pp_buf *store = &input->store;
	enum pp_err err = pp_buf_reserve(store, store->room == 0 ? PP_INPUT_ROOM : 1);
	size_t len = 0;

	if (err != PP_OK)
		return err;
	if (pp_file_read(&input->file, store->p + store->len, store->room - store->len, &len) != PP_OK)
		input->io_errno = errno;
	store->len += len;
	if (len == 0)
		end_input(input, input->io_errno ? "the file cannot be read any further" : NULL);
	return PP_OK;
}

static void start_ahead(struct pp_input *input)
{
	if (!input->jobs || input->jobs->free == 0)
		return;
	if (pp_ahead_start(&input->ahead, &input->unpack) == PP_OK)
		input->jobs->free--;
	else
		input->jobs = NULL; /* then without one */
}

static void stop_ahead(struct pp_input *input)
{
	if (!input->ahead)
		return;
	pp_ahead_stop(input->ahead);
	input->ahead = NULL;
	input->jobs->free++;
}

/* The next chunk of a compressed file. */
static enum pp_err refill_unpacked(struct pp_input *input)
{
	struct pp_unpack_state state;
	enum pp_err err;

	if (!input->ahead)
		start_ahead(input);
	if (input->ahead) {
		err = pp_ahead_take(input->ahead, &input->store, &state);
	} else {
		err = pp_unpack_some(&input->unpack, &input->store);
		state = input->unpack.state;
	}
	if (err != PP_OK)
		return err;
	input->packed_bytes = state.packed_bytes;
	input->io_errno = state.io_errno;
	if (state.ended) {
		end_input(input, state.damage);
		stop_ahead(input); /* another file may need it */
	}
	return PP_OK;
}

/* Moves the window to the front of the store, where reads append to it. */
static void compact(struct pp_input *input)
{
	size_t len = pp_input_left(input);

	if (len > 0 && input->window.p != input->store.p)
		memmove(input->store.p, input->window.p, len);
	input->store.len = len;
}

enum pp_err pp_input_fill(struct pp_input *input, size_t n)
{
	enum pp_err err = PP_OK;
	size_t before;

	if (n <= pp_input_left(input))
		return PP_OK;
	if (n > PP_INPUT_MOST)
		return PP_LIMIT;
	if (input->ended)
		return PP_OK;
	compact(input);
	before = input->store.len;
	while (err == PP_OK && input->store.len < n && !input->ended) {
		err = input->unpack.codec ? refill_unpacked(input) : refill_plain(input);
	}
	input->window = pp_cur_span(pp_buf_span(&input->store), PP_MORE);
	input->window_end += input->store.len - before;
	return err;
}

enum pp_err pp_input_drop(struct pp_input *input, uint64_t n)
{
	enum pp_err err = PP_OK;

	for (;;) {
		size_t here = pp_input_left(input);

		if (n <= here) {
			pp_input_take(input, (size_t)n);
			return PP_OK;
		}
		pp_input_take(input, here);
		n -= here;
		err = pp_input_fill(input, 1);
		if (err != PP_OK || pp_input_left(input) == 0)
			return err;
	}
}

/* What has been read turns out to be compressed: it becomes the codec's input, and the window starts afresh. */
static enum pp_err start_codec(struct pp_input *input, const struct pp_codec *codec)
{
	enum pp_err err = pp_unpack_open(&input->unpack, codec, input->window, input->store, input->file, input->ended);

	input->file.fd = -1;
	pp_buf_init(&input->store, PP_INPUT_MOST + PP_UNPACK_CHUNK);
	input->packed_bytes = input->unpack.state.packed_bytes;
	input->window = pp_cur(NULL, 0, PP_MORE);
	input->window_end = 0;
	input->ended = false;
	return err;
}

static struct pp_input input_init(void)
{
	struct pp_input input = { .file.fd = -1, .window = pp_cur(NULL, 0, PP_MORE) };

	pp_buf_init(&input.store, PP_INPUT_MOST);
	pp_unpack_init(&input.unpack);
	return input;
}

static enum pp_err detect_codec(struct pp_input *input)
{
	const struct pp_codec *codec = pp_codec_find(input->window);

	return codec ? start_codec(input, codec) : PP_OK;
}

enum pp_err pp_input_open(struct pp_input *input, const char *path)
{
	struct pp_file file;
	enum pp_err err;

	*input = input_init();
	err = pp_file_open(path, &file);
	return err == PP_OK ? pp_input_open_file(input, file) : err;
}

enum pp_err pp_input_open_file(struct pp_input *input, struct pp_file file)
{
	enum pp_err err;

	*input = input_init();
	input->file = file;
	input->size = pp_file_size(&file);
	err = pp_input_fill(input, MAGIC_LEN);
	if (err != PP_OK)
		return err;
	if (input->io_errno) {
		errno = input->io_errno;
		return PP_IO;
	}
	return detect_codec(input);
}

enum pp_err pp_input_open_bytes(struct pp_input *input, const void *bytes, size_t len)
{
	*input = input_init();
	input->window = pp_cur(bytes, len, PP_MORE);
	input->window_end = len;
	input->ended = true;
	return detect_codec(input);
}

void pp_input_read_ahead(struct pp_input *input, struct pp_jobs *jobs)
{
	if (input->unpack.codec && input->size > 0)
		input->jobs = jobs;
}

void pp_input_close(struct pp_input *input)
{
	int saved = errno;

	stop_ahead(input);
	pp_unpack_done(&input->unpack);
	pp_buf_done(&input->store);
	pp_file_close(&input->file);
	errno = saved; /* of the failure that led here */
}
