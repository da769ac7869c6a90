/* judge: what analyze and capture do alike: take the options of an analysis, read captures, write every output.
 *
 * Errors  everything prints what went wrong and returns false, or the exit status.
 * Owns    what it opened, until pp_judge_done().
 */
#ifndef PP_CLI_JUDGE_H
#define PP_CLI_JUDGE_H

#include "cli/command.h"
#include "cli/progress.h"
#include "engine/analysis.h"

enum { PP_JUDGE_LIST_MAX = 64 };

struct pp_judge_options {
	const char *json, *agent, *service_tags, *filter;
	const char *endpoints[PP_JUDGE_LIST_MAX];
	size_t endpoint_count;
	struct pp_endpoint_addr proxies[PP_JUDGE_LIST_MAX];
	struct pp_proxy_name proxy_names[PP_JUDGE_LIST_MAX];
	unsigned proxy_count, proxy_name_count;
	size_t max_memory;
	unsigned jobs; /* 0: as many as there are processors */
	bool quiet, verbose, no_sandbox;
	enum pp_color color;
};

/* Everything one run holds. */
struct pp_judge {
	struct pp_judge_options options;
	struct pp_catalogue *catalogue;
	struct pp_service_tags *tags;
	struct pp_given endpoint_files[PP_JUDGE_LIST_MAX], tag_file;
	struct pp_given *files; /* the captures */
	size_t file_count;
	struct pp_filter *filter; /* NULL: none is wanted */
	struct pp_spill *spill;
	const struct pp_agent_row *agent;
	struct pp_source **sources; /* the files that could be opened, */
	const char **paths;         /* and their names, by the index their packets carry */
	size_t source_count;
	struct pp_jobs jobs;
	struct pp_analysis *analysis;
	struct pp_output json, text;
	struct pp_progress progress;
	int exit_status; /* of the conclusion */
};

/* Takes the option if it is one of an analysis; false when its value was wrong. */
bool pp_judge_option(struct pp_judge_options *options, enum pp_option_id id, const char *value);
/* Catalogue and service tags that the options name, opened and not read yet. */
void pp_judge_open_data(struct pp_judge *run);
bool pp_judge_open_filter(struct pp_judge *run); /* loads libpcap, where there is a filter */
bool pp_judge_load(struct pp_judge *run);        /* catalogue, service tags, agent */
/* `files` are what will be read, which no output may replace. */
bool pp_judge_open_outputs(struct pp_judge *run, const char *const *files, size_t file_count);
/* Opens the captures and reads nothing; what cannot be opened is told by pp_judge_read(). */
bool pp_judge_open_captures(struct pp_judge *run, char *const *files, size_t count);
/* From here on this process can only read and write what is open. */
void pp_judge_confine(struct pp_judge *run);
/* Begins reading.  `labels` are what to call the files, NULL: their paths.  One that is no capture is reported and left
 * out. */
bool pp_judge_read(struct pp_judge *run, const char *const *labels);
/* How an analysis of this run is set up. */
bool pp_judge_analysis_options(struct pp_judge *run, struct pp_analysis_options *ret_options);
int pp_judge_run(struct pp_judge *run);
void pp_judge_done(struct pp_judge *run);

#endif
