/* source: captures in, frames out.
 *
 * Shape   a source reads one file (or standard input) forwards, once, in large reads into one recycled buffer, and
 *         hands out frames in batches: pcap and pcapng of every kind, also inside gzip, Zstandard or LZ4.  Where frames
 *         are late again and again, they are put in the order of their times (source/order.h).
 * Units   times in ns since the epoch; numbers count from 1 as Wireshark's frame.number.
 * Errors  pp_source_open(): PP_IO (cannot be read; errno says why), PP_NOTCAPTURE (no known format), PP_EMPTY (not a
 *         byte), PP_CUT (ends in its first header), PP_PACKED, PP_TRACE, PP_FOREIGN (source/foreign.h).
 *         Damage in the middle is not an error: reading ends there and the info says offset and what.
 * Owns    the buffer; a frame's bytes are views that live until the next pp_source_read() of that source.
 * Limits  a record is at most PP_FRAME_MAX bytes, a file has at most PP_INTERFACES_MAX interfaces; beyond, it is damage.
 * Source  draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng; libpcap savefile.c for the modified ("kuznetzov") header.
 */
#ifndef PP_SOURCE_SOURCE_H
#define PP_SOURCE_SOURCE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/mark.h"
#include "base/time.h"
#include "platform/file.h"
#include "source/note.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	PP_FRAME_MAX = 1 << 20,
	PP_INTERFACES_MAX = 4096,
	PP_LINK_TYPES_MAX = 16,
	PP_SOURCE_BATCH = 128,
};

struct pp_frame {
	union {
		struct {
			int64_t ts;
			uint32_t number; /* frame.number in its file */
			uint16_t file;   /* index of the input file */
			uint16_t spare;  /* 0 */
		};
		struct pp_mark mark; /* the same as one */
	};
	const uint8_t *data_view;
	uint32_t caplen, len; /* captured bytes; bytes on the wire (never less than caplen) */
	uint16_t link_type;   /* LINKTYPE_ value */
	bool has_ts;          /* false: a simple packet block, which carries no time; ts repeats the last known one */
	uint32_t interface;   /* interface within the file, counted over all sections */
};

struct pp_source_info {
	const char *path;        /* the caller's string */
	const char *format;      /* "pcap", "pcapng" */
	const char *compression; /* "gzip", "zstd", "lz4" or NULL */
	uint64_t packets, bytes; /* the last frame.number given out; captured bytes */
	uint64_t other_records;  /* of `packets`, what Wireshark numbers though it is none: custom blocks */
	int64_t first, last;     /* earliest and latest frame time, PP_TIME_NONE when there is none */
	uint16_t link_types[PP_LINK_TYPES_MAX];
	unsigned link_type_count;
	unsigned interfaces, sections, comments;
	uint64_t snapped;        /* frames cut by the snap length */
	uint64_t skipped_blocks; /* pcapng blocks of unknown or custom type, skipped */
	bool dropped_known;
	uint64_t dropped; /* by the capturer, as recorded (if_drop + os_drop of the last statistics per interface) */
	bool damaged;
	uint64_t damage_offset;       /* in the (decompressed) file */
	const char *damage;           /* static English text: what is wrong there */
	bool ordered;                 /* its frames did not stand in the order of their times, and were put in it … */
	uint64_t order_pushed;        /* … but for so many, for want of room */
	bool interfaces_over;         /* PP_INTERFACES_MAX reached */
	bool ended;                   /* all frames were handed out */
	int io_errno;                 /* the read error that is the damage, or 0 */
	uint64_t size, used;          /* bytes of the file as it lies there, 0 when unknown; how many have been used */
	const struct pp_notes *notes; /* what a live capture wrote down beside its packets; NULL: nothing */
};

struct pp_source;

/* What several sources share: how many threads they may have together. */
struct pp_jobs {
	unsigned free;
};

/* `path` "-" is standard input.  `file` is the index every frame will carry. */
enum pp_err PP_MUST_CHECK pp_source_open(struct pp_source **ret_source, const char *path, uint16_t file);
/* The same from a file that is open already, which is taken over, also on failure; `label` is what to call it. */
enum pp_err PP_MUST_CHECK pp_source_open_file(struct pp_source **ret_source, struct pp_file opened, const char *label,
					      uint16_t file);
/* A source over bytes in memory, for tests and fuzzing; `bytes` must outlive it. */
enum pp_err PP_MUST_CHECK pp_source_open_bytes(struct pp_source **ret_source, const void *bytes, size_t len,
					       uint16_t file);
/* From now on a compressed file is unpacked ahead by a thread of its own while there is a free one; `jobs` outlives the
 * source and belongs to the thread that reads.  The frames are the same either way. */
void pp_source_read_ahead(struct pp_source *source, struct pp_jobs *jobs);
/* Up to `max` frames; *ret_count 0 with PP_OK at the end of the input. */
enum pp_err PP_MUST_CHECK pp_source_read(struct pp_source *source, struct pp_frame *frames, size_t max,
					 size_t *ret_count);
const struct pp_source_info *pp_source_info(const struct pp_source *source);
void pp_source_close(struct pp_source *source); /* NULL is fine */

/* "EN10MB" for 1 and so on; "LINKTYPE_n" is the caller's to make where this gives NULL. */
const char *pp_link_type_name(uint16_t link_type);

#endif
