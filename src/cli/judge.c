#include "cli/judge.h"

#include "attribute/service_tags.h"
#include "cli/message.h"
#include "cli/value.h"
#include "engine/analysis.h"
#include "platform/memory.h"
#include "platform/random.h"
#include "platform/sandbox.h"
#include "platform/spill.h"
#include "platform/thread.h"
#include "report/findings.h"
#include "report/host.h"
#include "report/intl.h"
#include "report/jsonl.h"
#include "report/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Heap that even a small capture makes use of: before it is read, beside large tables of which little is used; and while
 * it is read, where what grows is moved and freed again. */
enum { LOADED_HEAP = 448 << 10, LOADED_LARGE = 128 << 10, READ_HEAP = 640 << 10, READ_LARGE = 640 << 10 };

/* ---- Options ---- */

static bool add_proxy(struct pp_judge_options *options, const char *value)
{
	struct pp_host_port proxy;

	if (!pp_value_host_port(value, &proxy)) {
		pp_message(_("--proxy is HOST:PORT, not '%s'"), value);
		return false;
	}
	if (options->proxy_count == PP_JUDGE_LIST_MAX || options->proxy_name_count == PP_JUDGE_LIST_MAX) {
		pp_message(_("--proxy may be given %d times"), PP_JUDGE_LIST_MAX);
		return false;
	}
	if (proxy.is_name) {
		struct pp_proxy_name *name = &options->proxy_names[options->proxy_name_count++];

		for (size_t i = 0; i < sizeof(name->host); i++)
			name->host[i] =
			    (char)(proxy.host[i] >= 'A' && proxy.host[i] <= 'Z' ? proxy.host[i] | 0x20 : proxy.host[i]);
		name->port = proxy.addr.port;
	} else {
		options->proxies[options->proxy_count++] = proxy.addr;
	}
	return true;
}

static bool add_endpoints(struct pp_judge_options *options, const char *value)
{
	if (options->endpoint_count == PP_JUDGE_LIST_MAX) {
		pp_message(_("--endpoints may be given %d times"), PP_JUDGE_LIST_MAX);
		return false;
	}
	options->endpoints[options->endpoint_count++] = value;
	return true;
}

static bool set_jobs(struct pp_judge_options *options, const char *value)
{
	uint64_t jobs;

	if (!pp_value_number(value, 1, 1024, &jobs)) {
		pp_message(_("--jobs is a number from 1 to 1024, not '%s'"), value);
		return false;
	}
	options->jobs = (unsigned)jobs;
	return true;
}

static bool set_max_memory(struct pp_judge_options *options, const char *value)
{
	uint64_t bytes;

	if (!pp_value_size(value, &bytes)) {
		pp_message(_("--max-memory is a size like 512M or 2G, not '%s'"), value);
		return false;
	}
	options->max_memory = (size_t)bytes;
	return true;
}

bool pp_judge_option(struct pp_judge_options *options, enum pp_option_id id, const char *value)
{
	if (id == PP_OPTION_JSON)
		options->json = value;
	else if (id == PP_OPTION_AGENT)
		options->agent = value;
	else if (id == PP_OPTION_SERVICE_TAGS)
		options->service_tags = value;
	else if (id == PP_OPTION_FILTER)
		options->filter = value;
	else if (id == PP_OPTION_QUIET)
		options->quiet = true;
	else if (id == PP_OPTION_VERBOSE)
		options->verbose = true;
	else if (id == PP_OPTION_NO_SANDBOX)
		options->no_sandbox = true;
	else if (id == PP_OPTION_PROXY)
		return add_proxy(options, value);
	else if (id == PP_OPTION_ENDPOINTS)
		return add_endpoints(options, value);
	else if (id == PP_OPTION_JOBS)
		return set_jobs(options, value);
	else if (id == PP_OPTION_MAX_MEMORY)
		return set_max_memory(options, value);
	return true;
}

/* ---- Preparation ---- */

void pp_judge_open_data(struct pp_judge *run)
{
	const struct pp_judge_options *options = &run->options;

	for (size_t i = 0; i < options->endpoint_count; i++)
		pp_given_open(&run->endpoint_files[i], options->endpoints[i]);
	if (options->service_tags)
		pp_given_open(&run->tag_file, options->service_tags);
}

bool pp_judge_open_filter(struct pp_judge *run)
{
	char error[PP_FILTER_ERROR_TEXT] = "";
	enum pp_err err;

	if (!run->options.filter)
		return true;
	err = pp_filter_new(&run->filter, run->options.filter, error);
	if (err != PP_OK)
		pp_message("--filter: %s", err == PP_USAGE ? error : pp_err_text(err));
	return err == PP_OK;
}

bool pp_judge_load(struct pp_judge *run)
{
	const struct pp_judge_options *options = &run->options;

	pp_memory_expect(LOADED_HEAP, LOADED_LARGE);
	if (!pp_load_catalogue(&run->catalogue, run->endpoint_files, options->endpoint_count))
		return false;
	if (options->service_tags && !pp_load_service_tags(&run->tags, &run->tag_file))
		return false;
	if (options->agent) {
		run->agent = pp_load_agent(run->catalogue, options->agent);
		return run->agent != NULL;
	}
	return true;
}

/* Every file that is read, so that no output can replace one of them. */
bool pp_judge_open_outputs(struct pp_judge *run, const char *const *files, size_t file_count)
{
	const struct pp_judge_options *options = &run->options;
	size_t count = file_count + options->endpoint_count + (options->service_tags != NULL), n = 0;
	const char **inputs = calloc(count ? count : 1, sizeof(*inputs));
	bool done, to_stdout;

	if (!inputs) {
		pp_message("%s", pp_err_text(PP_NOMEM));
		return false;
	}
	for (size_t i = 0; i < file_count; i++)
		inputs[n++] = files[i];
	for (size_t i = 0; i < options->endpoint_count; i++)
		inputs[n++] = options->endpoints[i];
	if (options->service_tags)
		inputs[n++] = options->service_tags;
	/* /dev/stdout and its like, too: two writers would mix their lines. */
	to_stdout = options->json && pp_outfile_is_stdout(options->json);
	done = !options->json || pp_output_open(&run->json, to_stdout ? "-" : options->json, inputs, count);
	if (done && !to_stdout)
		done = pp_output_open(&run->text, "-", inputs, count);
	free(inputs);
	return done;
}

static void cannot_open(const char *path, enum pp_err err, int why)
{
	switch (err) {
	case PP_NOTCAPTURE:
		pp_message(_("'%s' is no capture file; pcap and pcapng are read"), path);
		break;
	case PP_EMPTY:
		pp_message(_("'%s' is empty: nothing was captured into it"), path);
		break;
	case PP_CUT:
		pp_message(_("'%s' ends within its first header: copy it again, or capture again"), path);
		break;
	case PP_PACKED:
		pp_message(_("'%s' is packed in a way that is not read: unpack it and name the capture in it"), path);
		break;
	case PP_TRACE:
		pp_message(_("'%s' is a Windows event trace (ETL): make a pcapng of it on Windows, with 'pktmon "
			     "etl2pcap' if pktmon wrote it, with etl2pcapng if netsh did"),
			   path);
		break;
	case PP_FOREIGN:
		pp_message(_("'%s' is a capture in another format: make a pcapng of it with Wireshark or its editcap"),
			   path);
		break;
	default:
		pp_message(_("cannot read '%s': %s"), path, err == PP_IO && why ? strerror(why) : pp_err_text(err));
	}
}

bool pp_judge_open_captures(struct pp_judge *run, char *const *files, size_t count)
{
	run->files = calloc(count, sizeof(*run->files));
	run->sources = calloc(count, sizeof(*run->sources));
	run->paths = calloc(count, sizeof(*run->paths));
	if (!run->files || !run->sources || !run->paths) {
		pp_message("%s", pp_err_text(PP_NOMEM));
		return false;
	}
	pp_file_many(count);
	for (; run->file_count < count; run->file_count++)
		pp_given_open(&run->files[run->file_count], files[run->file_count]);
	return true;
}

/* The C library's own messages are read at their first use, which is too late afterwards. */
static void read_language(void) { (void)strerror(EIO); }

void pp_judge_confine(struct pp_judge *run)
{
	const struct pp_judge_options *options = &run->options;
	struct pp_sandbox_wish wish = { .kind = PP_SANDBOX_ANALYSIS, .port_names = run->filter != NULL };
	unsigned missing;

	if (options->no_sandbox)
		return;
	read_language();
	if (pp_spill_open(&run->spill) != PP_OK)
		run->spill = NULL; /* then no room is a failure when it is needed, not before */
	wish.folder = run->json.file ? pp_outfile_folder(run->json.file, &wish.makes_file) : -1;
	missing = pp_sandbox_enter(&wish);
	if (!options->verbose || !missing)
		return;
	if (missing & PP_SANDBOX_BUILD)
		pp_message(_("no sandbox: this program is built with a sanitizer"));
	if (missing & PP_SANDBOX_CALLS)
		pp_message(_("no sandbox for system calls: this kernel has no seccomp filter"));
	if (missing & PP_SANDBOX_FILES)
		pp_message(_("no sandbox for files: this kernel has no Landlock"));
}

bool pp_judge_read(struct pp_judge *run, const char *const *labels)
{
	run->jobs.free = (run->options.jobs ? run->options.jobs : pp_cores()) - 1; /* this thread is one */
	for (size_t i = 0; i < run->file_count; i++) {
		struct pp_given *given = &run->files[i];
		const char *label = labels ? labels[i] : given->path;
		struct pp_source **source = &run->sources[run->source_count];
		enum pp_err err = PP_IO;

		errno = given->why;
		if (!given->why)
			err = pp_source_open_file(source, given->file, label, (uint16_t)run->source_count);
		given->file.fd = -1;
		if (err != PP_OK) {
			cannot_open(label, err, errno);
			continue;
		}
		pp_source_read_ahead(*source, &run->jobs);
		run->paths[run->source_count++] = label;
	}
	return run->source_count > 0;
}

/* ---- The analysis ---- */

bool pp_judge_analysis_options(struct pp_judge *run, struct pp_analysis_options *ret_options)
{
	const struct pp_judge_options *options = &run->options;
	enum pp_err err;

	*ret_options = (struct pp_analysis_options){
		.catalogue = run->catalogue,
		.tags = run->tags,
		.agent = run->agent,
		.proxies = options->proxies,
		.proxy_count = options->proxy_count,
		.proxy_names = options->proxy_names,
		.proxy_name_count = options->proxy_name_count,
		.filter = run->filter,
		.max_memory = options->max_memory,
		.spill = run->spill,
		.progress = pp_progress_update,
		.progress_context = &run->progress,
	};
	err = pp_random(&ret_options->key, sizeof(ret_options->key));
	if (err != PP_OK)
		pp_message(_("cannot start the analysis: %s"), pp_err_text(err));
	return err == PP_OK;
}

static bool new_analysis(struct pp_judge *run)
{
	struct pp_analysis_options options;
	enum pp_err err;

	if (!pp_judge_analysis_options(run, &options))
		return false;
	err = pp_analysis_new(&run->analysis, &options);
	pp_memory_expect(READ_HEAP, READ_LARGE);
	if (err != PP_OK)
		pp_message(_("cannot start the analysis: %s"), pp_err_text(err));
	return err == PP_OK;
}

static bool read_sources(struct pp_judge *run)
{
	enum pp_err err;

	pp_progress_init(&run->progress, run->sources, run->source_count);
	errno = 0;
	err = pp_analysis_run(run->analysis, run->sources, run->source_count);
	run->source_count = 0; /* the analysis has them */
	pp_progress_clear(&run->progress);
	if (err == PP_NOMEM)
		pp_message(_("out of memory; --max-memory can lower what is used"));
	else if (err == PP_IO && errno)
		pp_message(_("the analysis failed: %s"), strerror(errno));
	else if (err != PP_OK)
		pp_message(_("the analysis failed: %s"), pp_err_text(err));
	return err == PP_OK;
}

/* Reading that stopped for an error of the system is told at once; the report has it as damage, too. */
static enum pp_err note_capture(void *context, const struct pp_capture *capture, const struct pp_limits_hit *limits)
{
	(void)context;
	(void)limits;
	if (capture->source->io_errno)
		pp_message(_("reading '%s' ended early: %s"), capture->source->path,
			   strerror(capture->source->io_errno));
	return PP_OK;
}

static enum pp_err note_conclusion(void *context, const struct pp_conclusion *conclusion)
{
	struct pp_judge *run = context;

	run->exit_status = conclusion->exit_status;
	return PP_OK;
}

/* Too much for the stack, whose every page would be touched. */
struct writers {
	struct pp_findings findings;
	struct pp_host host;
	struct pp_jsonl jsonl;
};

static enum pp_err visit(struct pp_judge *run, struct writers *writers)
{
	const struct pp_visitor noting = {
		.context = run,
		.capture = note_capture,
		.conclusion = note_conclusion,
	};
	const struct pp_visitor *visitors[4] = { &noting };
	size_t count = 1;

	if (run->json.file)
		visitors[count++] = &writers->jsonl.visitor;
	if (run->text.file) {
		visitors[count++] = &writers->findings.visitor;
		visitors[count++] = &writers->host.visitor;
	}
	return pp_analysis_visit(run->analysis, visitors, count);
}

static enum pp_err write_text(struct pp_judge *run, const struct writers *writers)
{
	const struct pp_judge_options *options = &run->options;
	const struct pp_text_options text = {
		.width = pp_want_width(),
		.color = pp_want_color(options->color),
		.quiet = options->quiet,
		.verbose = options->verbose,
	};
	enum pp_err err = pp_text_write(&writers->findings, &text, &run->text.out);
	struct pp_layout layout;

	if (err == PP_OK && !options->quiet) {
		pp_layout_init(&layout, &run->text.out, text.width, text.color);
		pp_host_write(&writers->host, &layout);
	}
	return err;
}

/* True when everything was written. */
static bool report(struct pp_judge *run, unsigned path_count)
{
	struct writers *writers = malloc(sizeof(*writers));
	enum pp_err err = PP_NOMEM;
	bool done = true;

	if (writers) {
		pp_findings_init(&writers->findings, run->paths, path_count, run->options.verbose);
		pp_host_init(&writers->host, run->agent);
		pp_jsonl_init(&writers->jsonl, &run->json.out, run->paths, path_count);
		err = visit(run, writers);
		if (err == PP_OK && run->text.file)
			err = write_text(run, writers);
		pp_findings_done(&writers->findings);
		pp_jsonl_done(&writers->jsonl);
		free(writers);
	}
	if (err != PP_OK && err != PP_IO)
		pp_message(_("the analysis failed: %s"), pp_err_text(err));
	/* A failed write is kept by its output, which says so here. */
	if (run->json.file)
		done &= pp_output_finish(&run->json);
	if (run->text.file)
		done &= pp_output_finish(&run->text);
	return done && err == PP_OK;
}

int pp_judge_run(struct pp_judge *run)
{
	unsigned path_count = (unsigned)run->source_count;

	if (!new_analysis(run) || !read_sources(run) || !report(run, path_count))
		return PP_EXIT_FAILED;
	return run->exit_status;
}

void pp_judge_done(struct pp_judge *run)
{
	pp_analysis_free(run->analysis);
	for (size_t i = 0; i < run->source_count; i++)
		pp_source_close(run->sources[i]);
	free(run->sources);
	free(run->paths);
	for (size_t i = 0; i < run->file_count; i++)
		pp_given_close(&run->files[i]);
	for (size_t i = 0; i < run->options.endpoint_count; i++)
		pp_given_close(&run->endpoint_files[i]);
	pp_given_close(&run->tag_file);
	free(run->files);
	pp_filter_free(run->filter);
	pp_spill_close(run->spill);
	pp_output_close(&run->json);
	pp_output_close(&run->text);
	pp_service_tags_free(run->tags);
	pp_catalogue_free(run->catalogue);
}
