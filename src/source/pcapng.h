/* pcapng: the blocks of a pcapng file → frames.
 *
 * Shape   pp_pcapng_read() walks blocks inside the input's window; the window moves only while the batch is empty, so
 *         all frames of a batch are views into one window.  Blocks that nobody needs pass by without being buffered.
 * Units   times in ns; interfaces are counted over all sections.
 * Errors  PP_NOTCAPTURE: no section header; PP_CUT: not the whole of one.  A block that contradicts itself becomes the
 *         info's damage, at the block's offset; a broken option costs only the options after it.
 * Owns    the interface table and the notes until pp_pcapng_close(); input and info are the source's.
 * Limits  PP_FRAME_MAX bytes a packet, PP_INPUT_MOST a block that is looked into, PP_INTERFACES_MAX interfaces.
 * Source  draft-ietf-opsawg-pcapng; frame numbers as tshark 4.0.17 gives them, which counts some blocks that are no
 *         packets: custom, systemd journal, and Sysdig event blocks.
 */
#ifndef PP_SOURCE_PCAPNG_H
#define PP_SOURCE_PCAPNG_H

#include "source/input.h"
#include "source/note.h"

struct pp_pcapng {
	struct pp_input *input;
	struct pp_source_info *info;
	bool swap;                  /* this section's byte order is not ours */
	unsigned section_interface; /* index of this section's first interface */
	struct pp_buf interfaces;   /* struct interface each, of all sections */
	int64_t last_ts;            /* for packets without a time */
	uint64_t block_offset;
	struct pp_notes notes;
};

enum pp_err PP_MUST_CHECK pp_pcapng_open(struct pp_pcapng *ng, struct pp_input *input, struct pp_source_info *info);
/* As pp_source_read(), without `file` and the sums of the info, which the source fills in for all formats. */
enum pp_err PP_MUST_CHECK pp_pcapng_read(struct pp_pcapng *ng, struct pp_frame *frames, size_t max, size_t *ret_count);
void pp_pcapng_close(struct pp_pcapng *ng);

#endif
