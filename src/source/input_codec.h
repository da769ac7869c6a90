/* input_codec: gzip, Zstandard and LZ4 as one kind of step: packed bytes in, plain bytes out.
 *
 * Shape   a compressed file is a row of members (gzip) or frames (zstd, lz4) that follow each other without a gap; the
 *         step function crosses from one to the next by itself.
 * Errors  of a step: PP_OK inside a member, PP_END after a whole one, PP_MALFORMED, PP_NOMEM.  A step may have produced
 *         bytes before it failed; after a failure there is no further step.
 * Limits  the libraries' own: 32 KiB of history for gzip, 128 MiB for zstd (its command line's default), 4 MiB for lz4.
 * Source  RFC 1952; RFC 8878; lz4_Frame_format.md of the lz4 project.
 */
#ifndef PP_SOURCE_INPUT_CODEC_H
#define PP_SOURCE_INPUT_CODEC_H

#include "base/buf.h"

struct pp_codec {
	const char *name;
	uint32_t magic, mask; /* the file's first four bytes, as a big-endian number */
	void *(*open)(void);  /* NULL without memory */
	/* Takes from `packed`, appends to `out` within its room (which is never 0 on call). */
	enum pp_err (*step)(void *state, struct pp_cur *packed, struct pp_buf *out);
	void (*close)(void *state);
};

/* The codec whose magic the bytes begin with, or NULL. */
const struct pp_codec *pp_codec_find(struct pp_cur start);

#endif
