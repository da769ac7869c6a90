#include "source/unpack.h"

#include <errno.h>

enum { READ_BYTES = 256 << 10 };

static const char cannot_read[] = "the file cannot be read any further";

void pp_unpack_init(struct pp_unpack *unpack)
{
	*unpack = (struct pp_unpack){ .file.fd = -1, .packed = pp_cur(NULL, 0, PP_MORE) };
	pp_buf_init(&unpack->store, READ_BYTES);
}

enum pp_err pp_unpack_open(struct pp_unpack *unpack, const struct pp_codec *codec, struct pp_cur packed,
			   struct pp_buf store, struct pp_file file, bool ended)
{
	unpack->store = store;
	unpack->file = file;
	unpack->codec_state = codec->open();
	if (!unpack->codec_state)
		return PP_NOMEM;
	unpack->codec = codec;
	unpack->packed = packed;
	unpack->packed_ended = ended;
	unpack->state.packed_bytes = pp_cur_left(&packed);
	return PP_OK;
}

static void end(struct pp_unpack *unpack, const char *damage)
{
	unpack->state.ended = true;
	unpack->state.damage = damage;
}

/* Where the packed bytes end. */
static void end_packed(struct pp_unpack *unpack)
{
	if (unpack->state.io_errno)
		end(unpack, cannot_read);
	else
		end(unpack, unpack->between ? NULL : "compressed data ends early");
}

static enum pp_err refill(struct pp_unpack *unpack)
{
	struct pp_buf *store = &unpack->store;
	enum pp_err err;

	if (pp_cur_left(&unpack->packed) > 0 || unpack->packed_ended)
		return PP_OK;
	pp_buf_clear(store);
	err = pp_buf_reserve(store, READ_BYTES);
	if (err != PP_OK)
		return err;
	if (pp_file_read(&unpack->file, store->p, store->room, &store->len) != PP_OK)
		unpack->state.io_errno = errno;
	unpack->packed_ended = store->len == 0;
	unpack->packed = pp_cur_span(pp_buf_span(store), PP_MORE);
	unpack->state.packed_bytes += store->len;
	return PP_OK;
}

/* One step of the codec up to out->room, which makes bytes, uses up bytes, or ends the input. */
static enum pp_err step(struct pp_unpack *unpack, struct pp_buf *out)
{
	size_t before = out->len;
	enum pp_err err = refill(unpack);

	if (err != PP_OK)
		return err;
	if (unpack->between && pp_cur_left(&unpack->packed) == 0) {
		end_packed(unpack);
		return PP_OK;
	}
	err = unpack->codec->step(unpack->codec_state, &unpack->packed, out);
	unpack->between = err == PP_END;
	unpack->made += out->len - before;
	if (err == PP_NOMEM)
		return err;
	if (err == PP_MALFORMED)
		end(unpack, "compressed data is damaged");
	else if (unpack->made > PP_UNPACK_RATIO_FREE && unpack->made / PP_UNPACK_RATIO_MAX > unpack->state.packed_bytes)
		end(unpack, "compressed data expands like no capture does");
	else if (out->len == before && pp_cur_left(&unpack->packed) == 0 && unpack->packed_ended)
		end_packed(unpack);
	return PP_OK;
}

enum pp_err pp_unpack_some(struct pp_unpack *unpack, struct pp_buf *out)
{
	enum pp_err err = pp_buf_reserve(out, PP_UNPACK_CHUNK);
	struct pp_buf chunk = *out; /* with the chunk's end as its room */

	if (err != PP_OK)
		return err;
	chunk.room = out->len + PP_UNPACK_CHUNK;
	do
		err = step(unpack, &chunk);
	while (err == PP_OK && !unpack->state.ended && chunk.len < chunk.room && pp_cur_left(&unpack->packed) > 0);
	out->len = chunk.len;
	return err;
}

void pp_unpack_done(struct pp_unpack *unpack)
{
	if (unpack->codec)
		unpack->codec->close(unpack->codec_state);
	pp_buf_done(&unpack->store);
	pp_file_close(&unpack->file);
	unpack->codec = NULL;
}
