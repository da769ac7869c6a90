/* capture_options: what the user wants of a capture. */
#ifndef PP_CLI_CAPTURE_OPTIONS_H
#define PP_CLI_CAPTURE_OPTIONS_H

#include "cli/judge.h"

enum { PP_CAPTURE_SERVICES = 32, PP_CAPTURE_INTERFACES = 32 };

/* Any of these ends the capture; 0 or false: not asked for. */
struct pp_until {
	bool verdict;
	uint32_t quiet_s, most_s;
};

struct pp_capture_options {
	const char *services[PP_CAPTURE_SERVICES];
	unsigned service_count;
	const char *interfaces[PP_CAPTURE_INTERFACES];
	unsigned interface_count;
	bool no_restart, dry_run, force;
	const char *write;
	unsigned ring_files;
	uint64_t ring_bytes;
	struct pp_until until;
	bool until_given;
	char **command;     /* NULL: none; ends with NULL */
	const char *filter; /* what the user adds to the profile's */
};

/* False when `common->status` is what to return. */
bool pp_capture_options(struct pp_capture_options *options, struct pp_judge_options *judge, struct pp_common *common,
			int argc, char **argv);

#endif
