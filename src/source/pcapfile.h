/* pcapfile: the records of a classic pcap file → frames.
 *
 * Shape   pp_pcapfile_open() reads the file header, pp_pcapfile_read() walks records inside the input's window; the
 *         window moves only before the first record of a batch, so all frames of a batch are views into one window.
 * Units   times in ns; microsecond fields of a million and more are added as they are, as libpcap and Wireshark do.
 * Errors  PP_NOTCAPTURE: no pcap header, or a major version below 2; PP_CUT: not the whole of one.  What is wrong
 *         with a record becomes the info's damage; the bytes of a cut last record are no frame (Wireshark does not show
 *         it either).
 * Owns    nothing; input and info are the source's.
 * Limits  PP_FRAME_MAX bytes a record.
 * Source  draft-ietf-opsawg-pcap; libpcap sf-pcap.c for byte orders, the modified header, and swapped lengths.
 */
#ifndef PP_SOURCE_PCAPFILE_H
#define PP_SOURCE_PCAPFILE_H

#include "source/input.h"
#include "source/tally.h"

/* Version 2.3 put the captured length first; some writers had not noticed (libpcap sf-pcap.c). */
enum pp_pcapfile_lengths {
	PP_LENGTHS_CAPTURED_FIRST,
	PP_LENGTHS_ORIGINAL_FIRST,
	PP_LENGTHS_SMALLER_IS_CAPTURED,
};

struct pp_pcapfile {
	struct pp_input *input;
	struct pp_source_info *info;
	bool swap;        /* the file's byte order is not ours */
	uint32_t unit_ns; /* of the fraction field */
	size_t head_len;  /* of a record */
	enum pp_pcapfile_lengths lengths;
	uint16_t link_type, file;
};

enum pp_err PP_MUST_CHECK pp_pcapfile_open(struct pp_pcapfile *pcap, struct pp_input *input,
					   struct pp_source_info *info, uint16_t file);
/* As pp_source_read(); adds the frames to the tally. */
enum pp_err PP_MUST_CHECK pp_pcapfile_read(struct pp_pcapfile *pcap, struct pp_frame *frames, size_t max,
					   struct pp_tally *tally, size_t *ret_count);

#endif
