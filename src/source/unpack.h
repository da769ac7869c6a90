/* unpack: a compressed file or compressed bytes, inflated a chunk at a time.
 *
 * Shape   chunks end where the input alone says so, so that the same input gives the same chunks, whoever asks for them
 *         and whenever.  One thread at a time.
 * Errors  PP_NOMEM.  Damage is none: it ends the chunks and is told beside the last.
 * Owns    the file, its buffer and the codec's state, until pp_unpack_done().
 * Limits  it ends where it expands more than PP_UNPACK_RATIO_MAX-fold: whoever means it can unpack it and pipe it in.
 */
#ifndef PP_SOURCE_UNPACK_H
#define PP_SOURCE_UNPACK_H

#include "platform/file.h"
#include "source/input_codec.h"

enum {
	PP_UNPACK_CHUNK = 256 << 10,
	PP_UNPACK_RATIO_MAX = 128,        /* no capture of that much expands so far … */
	PP_UNPACK_RATIO_FREE = 512 << 20, /* … beyond this many bytes */
};

/* How things stand behind a chunk. */
struct pp_unpack_state {
	uint64_t packed_bytes; /* read so far */
	bool ended;            /* no chunk follows */
	const char *damage;    /* static English text: why it ended early, or NULL */
	int io_errno;          /* the read error behind `damage`, or 0 */
};

struct pp_unpack {
	struct pp_unpack_state state;
	const struct pp_codec *codec; /* NULL: nothing to unpack */

	/* Private. */
	void *codec_state;
	bool between; /* the codec stands after a whole member: a fine place for a file to end */
	uint64_t made;
	struct pp_file file; /* closed for bytes in memory */
	struct pp_buf store;
	struct pp_cur packed; /* compressed bytes at hand */
	bool packed_ended;
};

void pp_unpack_init(struct pp_unpack *unpack);
/* `packed` is the input's beginning, as it lies in `store` or in the caller's memory, and `file` what follows; both are
 * taken over, also on failure.  `ended`: nothing follows. */
enum pp_err PP_MUST_CHECK pp_unpack_open(struct pp_unpack *unpack, const struct pp_codec *codec, struct pp_cur packed,
					 struct pp_buf store, struct pp_file file, bool ended);
/* Appends a chunk, which may be empty, and says in `state` how things stand now. */
enum pp_err PP_MUST_CHECK pp_unpack_some(struct pp_unpack *unpack, struct pp_buf *out);
void pp_unpack_done(struct pp_unpack *unpack);

#endif
