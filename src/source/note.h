/* note: what a live capture knows beside the packets, kept in the capture file as pcapng blocks of our own.
 *
 * Shape   pp_note_encode() makes one block; the pcapng reader hands the body of every such block to pp_notes_add(),
 *         which keeps it for whoever judges and reports.  So a capture that is analysed again later tells the same.
 * Format  block type PP_NOTE_BLOCK, in the range for local use: tshark 4.0.17 passes over it and gives it no frame
 *         number, which it does give to custom blocks.  Body: the 8 bytes PP_NOTE_MAGIC, then in the byte order of
 *         the section u16 kind, u16 flags, u32 number, u64 time in ns, then twice 16 bytes of address (IPv4 mapped)
 *         and u16 port (client, server), then texts as pcapng options whose code is the place of the text from 1 on;
 *         code PP_NOTE_UNTIL is no text but a u64, the end of what lasted.
 * Errors  a block that is not of this form is skipped as any unknown block.
 * Owns    pp_notes owns all text.
 * Limits  PP_NOTES_MAX notes, PP_NOTE_TEXT_MAX bytes a text; what is beyond is counted in `refused`.
 */
#ifndef PP_SOURCE_NOTE_H
#define PP_SOURCE_NOTE_H

#include "base/addr.h"
#include "base/arena.h"
#include "base/buf.h"

#define PP_NOTE_BLOCK 0x80504650u /* local use, "PFP" */
#define PP_NOTE_MAGIC "pathprf1"

enum {
	PP_NOTE_TEXTS = 4,
	PP_NOTE_UNTIL = 5,
	PP_NOTE_TEXT_MAX = 4096,
	PP_NOTES_MAX = 1 << 16,
	PP_NOTES_BYTES = 16 << 20,
};

enum pp_note_kind {
	/* Whose socket a connection is: number = process id, texts = executable, unit. */
	PP_NOTE_PROCESS = 1,
	/* A service around the capture: number = its exit status, texts = unit, state, last log lines, what systemd
	 * said when it was to start. */
	PP_NOTE_UNIT = 2,
	/* A proxy setting as the service sees it, secrets blanked: texts = where, name, value. */
	PP_NOTE_SETTING = 3,
	/* The command that ran: number = exit status, texts = its name. */
	PP_NOTE_COMMAND = 4,
	/* Something that could not be known: number = how often, texts = what. */
	PP_NOTE_MISSED = 5,
	/* The capturer lost packets between ts and until: number = how many, texts = interface. */
	PP_NOTE_LOST = 6,
};

enum pp_note_flag {
	/* PROCESS: of the service or command this capture is about; SETTING: such a service reads it. */
	PP_NOTE_OURS = 0x1,
	PP_NOTE_FAILED = 0x2,    /* UNIT: it has failed; COMMAND: ended by a signal, which is the number */
	PP_NOTE_AIMED = 0x4,     /* PROCESS: the capture knew whom to look for, so OURS has a meaning */
	PP_NOTE_MEANT = 0x8,     /* UNIT: it was to run while this was captured */
	PP_NOTE_SIGNAL = 0x10,   /* UNIT: the number is the signal that ended it */
	PP_NOTE_RESTARTS = 0x20, /* UNIT: it runs; the number is how often systemd has had to start it again */
};

struct pp_note {
	enum pp_note_kind kind;
	unsigned flags;
	uint32_t number;
	int64_t ts, until; /* until 0: it did not last */
	struct pp_endpoint_addr client, server;
	const char *text[PP_NOTE_TEXTS]; /* NULL: none */
};

struct pp_notes {
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_note **list;
	size_t count, room;
	uint64_t refused;
};

/* Appends the block in this machine's byte order. */
enum pp_err PP_MUST_CHECK pp_note_encode(struct pp_buf *buf, const struct pp_note *note);

void pp_notes_init(struct pp_notes *notes);
void pp_notes_done(struct pp_notes *notes);
/* `body` is a block's without head and tail; `swap` tells that its byte order is not ours.  False: no note of ours. */
bool pp_notes_add(struct pp_notes *notes, struct pp_cur body, bool swap);

#endif
