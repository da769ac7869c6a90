#include "source/input.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { MAGIC_LEN = 4 };

static void end_input(struct pp_input *input, const char *damage)
{
	input->ended = true;
	input->damage = damage;
}

/* Appends one read to `store`.  *ret_ended is set at the end of the file or where it cannot be read further. */
static void read_file(struct pp_input *input, struct pp_buf *store, bool *ret_ended)
{
	size_t len = 0;

	if (pp_file_read(&input->file, store->p + store->len, store->room - store->len, &len) != PP_OK)
		input->io_errno = errno;
	store->len += len;
	*ret_ended = len == 0;
}

static void refill_plain(struct pp_input *input)
{
	bool ended;

	read_file(input, &input->store, &ended);
	if (ended)
		end_input(input, input->io_errno ? "the file cannot be read any further" : NULL);
}

static void refill_packed(struct pp_input *input)
{
	if (pp_cur_left(&input->packed) > 0 || input->packed_ended)
		return;
	pp_buf_clear(&input->packed_store);
	read_file(input, &input->packed_store, &input->packed_ended);
	input->packed = pp_cur_span(pp_buf_span(&input->packed_store), PP_MORE);
	input->packed_bytes += input->packed_store.len;
}

static const char *packed_damage(const struct pp_input *input)
{
	if (input->io_errno)
		return "the file cannot be read any further";
	return input->codec_between ? NULL : "compressed data ends early";
}

/* One step of the codec, which makes bytes, uses up bytes, or ends the input. */
static enum pp_err refill_unpacked(struct pp_input *input)
{
	size_t before = input->store.len;
	enum pp_err err;

	refill_packed(input);
	if (input->codec_between && pp_cur_left(&input->packed) == 0) {
		end_input(input, packed_damage(input));
		return PP_OK;
	}
	err = input->codec->step(input->codec_state, &input->packed, &input->store);
	input->codec_between = err == PP_END;
	if (err == PP_NOMEM)
		return err;
	if (err == PP_MALFORMED)
		end_input(input, "compressed data is damaged");
	else if (input->window_end > PP_INPUT_RATIO_FREE &&
		 input->window_end / PP_INPUT_RATIO_MAX > input->packed_bytes)
		end_input(input, "compressed data expands like no capture does");
	else if (input->store.len == before && pp_cur_left(&input->packed) == 0 && input->packed_ended)
		end_input(input, packed_damage(input));
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
		err = pp_buf_reserve(&input->store, input->store.room == 0 ? PP_INPUT_ROOM : 1);
		if (err == PP_OK && input->codec)
			err = refill_unpacked(input);
		else if (err == PP_OK)
			refill_plain(input);
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
	input->codec_state = codec->open();
	if (!input->codec_state)
		return PP_NOMEM;
	input->codec = codec;
	input->packed = input->window;
	input->packed_bytes = pp_input_left(input);
	input->packed_ended = input->ended;
	input->packed_store = input->store;
	pp_buf_init(&input->store, PP_INPUT_MOST);
	input->window = pp_cur(NULL, 0, PP_MORE);
	input->window_end = 0;
	input->ended = false;
	return PP_OK;
}

static struct pp_input input_init(void)
{
	struct pp_input input = { .file.fd = -1, .window = pp_cur(NULL, 0, PP_MORE) };

	pp_buf_init(&input.store, PP_INPUT_MOST);
	pp_buf_init(&input.packed_store, PP_INPUT_ROOM);
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

void pp_input_close(struct pp_input *input)
{
	int saved = errno;

	if (input->codec)
		input->codec->close(input->codec_state);
	pp_buf_done(&input->store);
	pp_buf_done(&input->packed_store);
	pp_file_close(&input->file);
	errno = saved; /* of the failure that led here */
}
