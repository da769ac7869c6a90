/* catalogue_files: what a catalogue is made of; for catalogue.c, agents.c and issuers.c only.
 *
 * Shape   one entry per file read, with an arena of its own: a bad file is dropped whole.  Later files win.
 */
#ifndef PP_ATTRIBUTE_CATALOGUE_FILES_H
#define PP_ATTRIBUTE_CATALOGUE_FILES_H

#include "attribute/pattern.h"
#include "attribute/prefix.h"
#include "attribute/table.h"

enum { PP_CATALOGUE_FILES_MAX = 64 };

struct pp_endpoint_file {
	struct pp_arena arena;
	struct pp_endpoint_row *rows;
	uint32_t count;
	struct pp_pattern *patterns; /* of the rows that name hosts … */
	uint32_t *pattern_rows;      /* … and which rows those are */
	uint32_t pattern_count;
	struct pp_pattern_index *index;
	struct pp_prefix *prefixes; /* of the rows that name addresses; value: the row */
	uint32_t prefix_count;
};

struct pp_agent_file {
	struct pp_arena arena;
	struct pp_agent_row *rows;
	uint32_t count;
};

struct pp_issuer_file {
	struct pp_arena arena;
	struct pp_issuer_row *rows;
	uint32_t count;
};

struct pp_catalogue {
	struct pp_pool pool;
	struct pp_endpoint_file endpoints[PP_CATALOGUE_FILES_MAX];
	struct pp_agent_file agents[PP_CATALOGUE_FILES_MAX];
	struct pp_issuer_file issuers[PP_CATALOGUE_FILES_MAX];
	unsigned endpoint_files, agent_files, issuer_files;
	struct pp_prefix_filter filter; /* of all endpoint files */
};

/* PP_OK when `value` is an endpoint category. */
enum pp_err PP_MUST_CHECK pp_catalogue_check_category(struct pp_table *table, const char *value);
/* PP_LIMIT with the error filled in when `files` is the most that fit. */
enum pp_err PP_MUST_CHECK pp_catalogue_check_files(unsigned files, const char *file, struct pp_data_error *ret_error);

#endif
