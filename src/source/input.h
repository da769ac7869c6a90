/* input: the bytes of a file, decompressed where need be, through one window that moves forward.
 *
 * Shape   the reader of a format looks at the window, takes what it understands, and asks for more bytes when the next
 *         thing is not wholly inside.  A file's window is one recycled buffer filled by large reads; the window over
 *         plain bytes in memory is those bytes, and nothing is copied.
 * Units   offsets count bytes of the decompressed file.
 * Errors  PP_IO with errno set from pp_input_open() alone.  Later failures (reading, decompressing) end the input:
 *         `damage` says what happened, and everything before it has been handed out.
 * Owns    its buffers and the file.  The window's bytes stay where they are until pp_input_fill() or pp_input_drop().
 * Limits  the window is at most PP_INPUT_MOST bytes, a chunk more where it is unpacked, and it grows only as fast as
 *         bytes arrive.
 */
#ifndef PP_SOURCE_INPUT_H
#define PP_SOURCE_INPUT_H

#include "platform/file.h"
#include "source/source.h"
#include "source/unpack.h"

enum {
	PP_INPUT_ROOM = 128 << 10,
	PP_INPUT_MOST = PP_FRAME_MAX + PP_INPUT_ROOM, /* the largest frame, its headers and generous options */
};

struct pp_input {
	struct pp_cur window; /* bytes at hand that nobody has taken yet */
	const char *damage;   /* static English text: why the input ended early, or NULL */
	int io_errno;         /* the read error behind `damage`, or 0 */

	/* Private. */
	uint64_t window_end; /* file offset of the window's end */
	bool ended;          /* nothing follows the window */
	struct pp_file file; /* closed for bytes in memory, and once `unpack` has it */
	struct pp_buf store;
	struct pp_unpack unpack; /* without a codec for a file that is not compressed */
	uint64_t packed_bytes;   /* compressed bytes read for what is in the window */
	uint64_t size;           /* of the file as it lies there, 0: unknown */
	struct pp_jobs *jobs;    /* NULL: unpacked when asked for */
	struct pp_ahead *ahead;  /* has `unpack` then */
};

/* Either way pp_input_close() is due afterwards, also after a failure. */
enum pp_err PP_MUST_CHECK pp_input_open(struct pp_input *input, const char *path);
enum pp_err PP_MUST_CHECK pp_input_open_file(struct pp_input *input, struct pp_file file); /* takes it over */
enum pp_err PP_MUST_CHECK pp_input_open_bytes(struct pp_input *input, const void *bytes, size_t len);
void pp_input_close(struct pp_input *input);

/* From now on a compressed file may be unpacked by a thread of its own, which gives the same bytes.  Pipes never are:
 * waiting for the next byte of one cannot be called off.  The input stays where it is from here on. */
void pp_input_read_ahead(struct pp_input *input, struct pp_jobs *jobs);

/* Makes the window at least n bytes long, or as long as the input lasts: PP_OK with a shorter window is the end.
 * PP_LIMIT when n is beyond PP_INPUT_MOST, PP_NOMEM. */
enum pp_err PP_MUST_CHECK pp_input_fill(struct pp_input *input, size_t n);

/* Passes over n bytes, which need not fit the window.  PP_OK with an empty window may be the end. */
enum pp_err PP_MUST_CHECK pp_input_drop(struct pp_input *input, uint64_t n);

/* Takes n bytes of the window, which are there. */
static inline void pp_input_take(struct pp_input *input, size_t n) { pp_cur_skip(&input->window, n); }

static inline size_t pp_input_left(const struct pp_input *input) { return pp_cur_left(&input->window); }

/* Of `size`, how much has been used. */
static inline uint64_t pp_input_used(const struct pp_input *input)
{
	return input->unpack.codec ? input->packed_bytes : input->window_end - pp_input_left(input);
}

/* Where the window begins. */
static inline uint64_t pp_input_offset(const struct pp_input *input)
{
	return input->window_end - pp_input_left(input);
}

#endif
