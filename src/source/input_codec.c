#include "source/input_codec.h"

#define ZLIB_CONST
#include <lz4frame.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum { STEP_MOST = 1 << 20 }; /* zlib counts in unsigned int */

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

struct gzip {
	z_stream z;
	bool between; /* a member is complete, the next one has not begun */
};

static void *gzip_open(void)
{
	struct gzip *gzip = calloc(1, sizeof(*gzip));

	if (gzip && inflateInit2(&gzip->z, 16 + MAX_WBITS) != Z_OK) {
		free(gzip);
		gzip = NULL;
	}
	return gzip;
}

static void gzip_close(void *state)
{
	struct gzip *gzip = state;

	(void)inflateEnd(&gzip->z);
	free(gzip);
}

static enum pp_err gzip_step(void *state, struct pp_cur *packed, struct pp_buf *out)
{
	struct gzip *gzip = state;
	size_t have, room = least(out->room - out->len, STEP_MOST);
	int result;

	/* Zero bytes after the last member are tape padding, as gzip(1) takes them. */
	while (gzip->between && pp_cur_peek(packed, 0) == 0)
		pp_cur_skip(packed, 1);
	have = least(pp_cur_left(packed), STEP_MOST);
	if (gzip->between && have == 0)
		return PP_END;
	if (gzip->between && inflateReset(&gzip->z) != Z_OK)
		return PP_MALFORMED;
	gzip->z.next_in = packed->p;
	gzip->z.avail_in = (uInt)have;
	gzip->z.next_out = out->p + out->len;
	gzip->z.avail_out = (uInt)room;
	result = inflate(&gzip->z, Z_NO_FLUSH);
	pp_cur_skip(packed, have - gzip->z.avail_in);
	out->len += room - gzip->z.avail_out;
	gzip->between = result == Z_STREAM_END;
	if (result == Z_MEM_ERROR)
		return PP_NOMEM;
	if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
		return PP_MALFORMED;
	return gzip->between ? PP_END : PP_OK;
}

static void *zstd_open(void) { return ZSTD_createDStream(); }

static void zstd_close(void *state) { (void)ZSTD_freeDStream(state); }

static enum pp_err zstd_step(void *state, struct pp_cur *packed, struct pp_buf *out)
{
	ZSTD_inBuffer from = { packed->p, pp_cur_left(packed), 0 };
	ZSTD_outBuffer to = { out->p, out->room, out->len };
	size_t result = ZSTD_decompressStream(state, &to, &from);

	pp_cur_skip(packed, from.pos);
	out->len = to.pos;
	if (ZSTD_isError(result))
		return PP_MALFORMED;
	return result == 0 ? PP_END : PP_OK;
}

static void *lz4_open(void)
{
	LZ4F_dctx *state = NULL;

	return LZ4F_isError(LZ4F_createDecompressionContext(&state, LZ4F_VERSION)) ? NULL : state;
}

static void lz4_close(void *state) { (void)LZ4F_freeDecompressionContext(state); }

static enum pp_err lz4_step(void *state, struct pp_cur *packed, struct pp_buf *out)
{
	size_t taken = pp_cur_left(packed), made = out->room - out->len;
	size_t result = LZ4F_decompress(state, out->p + out->len, &made, packed->p, &taken, NULL);

	if (LZ4F_isError(result))
		return PP_MALFORMED; /* `taken` and `made` mean nothing then */
	pp_cur_skip(packed, taken);
	out->len += made;
	return result == 0 ? PP_END : PP_OK;
}

const struct pp_codec *pp_codec_find(struct pp_cur start)
{
	static const struct pp_codec codecs[] = {
		{ "gzip", 0x1f8b0800, 0xffffff00, gzip_open, gzip_step, gzip_close },
		{ "zstd", 0x28b52ffd, 0xffffffff, zstd_open, zstd_step, zstd_close },
		/* A skippable frame may come first: pzstd writes one. */
		{ "zstd", 0x502a4d18, 0xf0ffffff, zstd_open, zstd_step, zstd_close },
		{ "lz4", 0x04224d18, 0xffffffff, lz4_open, lz4_step, lz4_close },
	};
	uint32_t magic = pp_cur_u32(&start);

	if (!pp_cur_ok(&start))
		return NULL;
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		if ((magic & codecs[i].mask) == codecs[i].magic)
			return &codecs[i];
	}
	return NULL;
}
