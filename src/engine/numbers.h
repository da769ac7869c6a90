/* numbers: Wireshark's tcp.stream where frames were put in the order of their times; private to engine/.
 *
 * Connections are found in the order of times, but Wireshark numbers them in the order of the file.  So those found since a
 * file's frames are put in order take their numbers anew in the end, by the lowest number of their frames.
 *
 * A connection that Wireshark cuts in two, because its SYN stands behind other packets of it, is one here: those behind it in
 * such a file have another number there.
 *
 * Errors  PP_NOMEM.
 * Limits  eight bytes for each connection of such a file.
 */
#ifndef PP_ENGINE_NUMBERS_H
#define PP_ENGINE_NUMBERS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pp_numbered {
	uint32_t frame; /* the lowest of the connection */
	uint32_t stream;
};

struct pp_numbers_file {
	bool begun;
	uint32_t first; /* the number that the next connection had then */
	struct pp_numbered *list;
	size_t count, room;
};

struct pp_numbers {
	struct pp_numbers_file *files; /* NULL: all is as it is in the file */
	size_t count;
};

/* From now on in a file, whose next connection takes that number; once. */
enum pp_err PP_MUST_CHECK pp_numbers_begin(struct pp_numbers *numbers, uint16_t file, size_t files, uint32_t first);
static inline bool pp_numbers_begun(const struct pp_numbers *numbers, uint16_t file)
{
	return file < numbers->count && numbers->files[file].begun;
}
/* A connection that is over. */
enum pp_err PP_MUST_CHECK pp_numbers_add(struct pp_numbers *numbers, uint16_t file, uint32_t stream, uint32_t frame);
/* All are there. */
void pp_numbers_settle(struct pp_numbers *numbers);
/* Behind pp_numbers_settle(). */
uint32_t pp_numbers_of(const struct pp_numbers *numbers, uint16_t file, uint32_t stream);
void pp_numbers_done(struct pp_numbers *numbers);

#endif
