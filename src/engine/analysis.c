/* The run up to its judgement (visit.c): frames through the pipeline, finished connections into the spool. */
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

enum {
	FRAGMENT_SLOTS = 64,
	CERTIFICATES_MAX = 16384,
	LOOKUPS_MAX = 65536,
	NAMES_MAX = 65536,
};

/* How the memory of a run is shared out; the rest is fixed tables. */
static const size_t MEMORY_DEFAULT = (size_t)256 << 20;
static const size_t MEMORY_LEAST = (size_t)16 << 20;
enum { FLOW_BYTES = 2048, SPOOL_USUAL = 2 << 20, SPOOL_MOST = 8 << 20 };

/* Entries of a table that has `most` of them with the memory that is usual. */
static size_t share(size_t memory, size_t most)
{
	return memory < MEMORY_DEFAULT ? memory / (MEMORY_DEFAULT / most) : most;
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static enum pp_err start_diagnosis(struct pp_analysis *analysis, size_t memory)
{
	const struct pp_analysis_options *from = &analysis->options;
	struct pp_diagnosis_options options = { .catalogue = from->catalogue,
						.attributor = &analysis->attributor,
						.agent = from->agent,
						.proxy_name_count = from->proxy_name_count,
						.memory = memory,
						.key = from->key };

	analysis->proxy_names = calloc(from->proxy_name_count + 1, sizeof(char *));
	if (!analysis->proxy_names)
		return PP_NOMEM;
	for (unsigned i = 0; i < from->proxy_name_count; i++)
		analysis->proxy_names[i] = from->proxy_names[i].host;
	options.proxy_names = analysis->proxy_names;
	options.settings = &analysis->settings;
	analysis->diagnosis = pp_diagnosis_new(&options);
	return analysis->diagnosis ? PP_OK : PP_NOMEM;
}

enum pp_err pp_analysis_new(struct pp_analysis **ret_analysis, const struct pp_analysis_options *options)
{
	struct pp_analysis *analysis = calloc(1, sizeof(*analysis));
	size_t memory = options->max_memory ? options->max_memory : MEMORY_DEFAULT;
	enum pp_err err;

	if (!analysis)
		return PP_NOMEM;
	if (memory < MEMORY_LEAST)
		memory = MEMORY_LEAST;
	analysis->options = *options;
	analysis->first = analysis->last = PP_TIME_NONE;
	pp_pool_init(&analysis->flow_pool, memory / 4);
	pp_pool_init(&analysis->load_pool, memory / 16);
	pp_pool_init(&analysis->lookup_pool, memory / 8);
	pp_segment_pool_init(&analysis->segments, memory / 8);
	analysis->flows = pp_flows_new(memory / 4 / FLOW_BYTES, options->key);
	analysis->certificates = pp_certificates_new(share(memory, CERTIFICATES_MAX), options->key);
	analysis->hellos = pp_tls_hellos_new();
	analysis->lookups = pp_lookups_new(share(memory, LOOKUPS_MAX), options->key, &analysis->lookup_pool);
	analysis->names = pp_names_new(share(memory, NAMES_MAX), options->key);
	analysis->spool =
	    pp_spool_new(smaller(memory / 16, SPOOL_USUAL), smaller(memory / 16, SPOOL_MOST), options->spill);
	analysis->shared_memory = smaller(memory / 16, SPOOL_USUAL);
	analysis->attributor =
	    (struct pp_attributor){ options->catalogue, options->tags, analysis->names, &analysis->recent_rows };
	analysis->talk_shared =
	    (struct pp_talk_shared){ analysis->certificates, analysis->hellos, pp_engine_dns_message };
	err = pp_ipfrag_new(&analysis->ipfrag, FRAGMENT_SLOTS, options->key);
	if (err == PP_OK)
		err = start_diagnosis(analysis, memory / 2);
	if (err != PP_OK || !analysis->flows || !analysis->certificates || !analysis->lookups || !analysis->names ||
	    !analysis->spool) {
		pp_analysis_free(analysis);
		return PP_NOMEM;
	}
	*ret_analysis = analysis;
	return PP_OK;
}

static void close_sources(struct pp_analysis *analysis)
{
	if (analysis->timeline) {
		pp_timeline_close(analysis->timeline);
	} else {
		for (size_t i = 0; i < analysis->source_count; i++)
			pp_source_close(analysis->sources[i]);
	}
	free(analysis->sources);
}

/* What only reading needs: judging begins with its memory. */
static void free_reading(struct pp_analysis *analysis)
{
	analysis->protocols_refused = pp_ndpi_refused(analysis->ndpi);
	pp_ndpi_free(analysis->ndpi);
	pp_tls_hellos_free(analysis->hellos);
	pp_ipfrag_free(analysis->ipfrag);
	pp_flows_free(analysis->flows);
	pp_slab_done(&analysis->segments);
	pp_pool_done(&analysis->flow_pool);
	analysis->ndpi = NULL;
	analysis->hellos = NULL;
	analysis->ipfrag = NULL;
	analysis->flows = NULL;
}

void pp_analysis_free(struct pp_analysis *analysis)
{
	if (!analysis)
		return;
	if (analysis->flows && analysis->captures)
		pp_engine_expire(analysis, INT64_MAX);
	free_reading(analysis);
	pp_numbers_done(&analysis->numbers);
	close_sources(analysis);
	free(analysis->captures);
	pp_processes_done(&analysis->processes);
	pp_diagnosis_free(analysis->diagnosis);
	free(analysis->proxy_names);
	pp_spool_free(analysis->spool);
	pp_names_free(analysis->names);
	pp_lookups_free(analysis->lookups);
	pp_certificates_free(analysis->certificates);
	pp_pool_done(&analysis->lookup_pool);
	pp_pool_done(&analysis->load_pool);
	free(analysis);
}

const char *pp_analysis_path(const struct pp_analysis *analysis, uint16_t file)
{
	return file < analysis->source_count ? analysis->captures[file].source->path : "";
}

/* ------------------------------------------------------------------ all is read */

/* The proxies of the options, and what DNS says of those given by name. */
static enum pp_err tell_proxies(struct pp_analysis *analysis)
{
	const struct pp_analysis_options *options = &analysis->options;
	enum pp_err err = PP_OK;

	for (unsigned i = 0; i < options->proxy_count && err == PP_OK; i++)
		err = pp_diagnosis_proxy(analysis->diagnosis, &options->proxies[i]);
	for (size_t i = 0; options->proxy_name_count && i < pp_lookups_count(analysis->lookups); i++) {
		const struct pp_lookup *lookup = pp_lookups_at(analysis->lookups, i);

		for (unsigned n = 0; n < options->proxy_name_count; n++) {
			if (strcmp(lookup->name, options->proxy_names[n].host) != 0)
				continue;
			for (unsigned k = 0; k < lookup->address_count && err == PP_OK; k++) {
				struct pp_endpoint_addr proxy = { lookup->addresses[k], options->proxy_names[n].port };

				err = pp_diagnosis_proxy(analysis->diagnosis, &proxy);
			}
		}
	}
	return err;
}

/* What DNS says of a proxy that is set by name. */
static void resolve_setting(struct pp_analysis *analysis, struct pp_proxy_setting *setting)
{
	for (size_t i = 0; setting->is_name && i < pp_lookups_count(analysis->lookups); i++) {
		const struct pp_lookup *lookup = pp_lookups_at(analysis->lookups, i);

		if (strcmp(lookup->name, setting->host) != 0)
			continue;
		for (unsigned k = 0; k < lookup->address_count; k++)
			if (setting->address_count < PP_PROXY_SETTING_ADDRESSES)
				setting->addresses[setting->address_count++] = lookup->addresses[k];
	}
}

/* The proxies that the notes of a live capture name. */
static enum pp_err tell_settings(struct pp_analysis *analysis)
{
	enum pp_err err = PP_OK;

	for (size_t i = 0; i < analysis->source_count; i++)
		pp_proxy_settings_add(&analysis->settings, analysis->captures[i].source->notes);
	for (unsigned i = 0; i < analysis->settings.count; i++) {
		struct pp_proxy_setting *setting = &analysis->settings.list[i];

		resolve_setting(analysis, setting);
		for (unsigned k = 0; setting->port && k < setting->address_count && err == PP_OK; k++) {
			struct pp_endpoint_addr proxy = { setting->addresses[k], setting->port };

			err = pp_diagnosis_proxy(analysis->diagnosis, &proxy);
		}
	}
	return err;
}

/* What only the end tells. */
static enum pp_err prepare(struct pp_analysis *analysis)
{
	enum pp_err err;

	for (size_t i = 0; i < pp_lookups_count(analysis->lookups); i++) {
		const struct pp_lookup *lookup = pp_lookups_at(analysis->lookups, i);
		struct pp_attribution who = pp_engine_attribute(analysis, lookup);

		pp_diagnosis_observe_lookup(analysis->diagnosis, lookup, &who);
	}
	err = pp_processes_of(&analysis->processes, analysis->captures, analysis->source_count);
	if (err == PP_OK)
		err = tell_proxies(analysis);
	if (err == PP_OK)
		err = tell_settings(analysis);
	if (err == PP_OK)
		pp_diagnosis_holes(analysis->diagnosis, analysis->holes, analysis->hole_count);
	if (err == PP_OK)
		pp_diagnosis_prepare(analysis->diagnosis, analysis->first, analysis->last, analysis->captures,
				     (unsigned)analysis->source_count, analysis->neighbours.list,
				     analysis->neighbours.count);
	return err;
}

static enum pp_err take_sources(struct pp_analysis *analysis, struct pp_source **sources, size_t count)
{
	analysis->sources = calloc(count ? count : 1, sizeof(struct pp_source *));
	analysis->captures = calloc(count ? count : 1, sizeof(struct pp_capture));
	if (!analysis->sources || !analysis->captures) {
		for (size_t i = 0; i < count; i++)
			pp_source_close(sources[i]);
		return PP_NOMEM;
	}
	analysis->source_count = count;
	for (size_t i = 0; i < count; i++) {
		analysis->sources[i] = sources[i];
		analysis->captures[i].source = pp_source_info(sources[i]);
	}
	return pp_timeline_open(&analysis->timeline, analysis->sources, count);
}

enum pp_err pp_analysis_run(struct pp_analysis *analysis, struct pp_source **sources, size_t count)
{
	enum pp_err err = take_sources(analysis, sources, count);

	if (err == PP_OK)
		err = pp_engine_read(analysis);
	if (err != PP_OK)
		return err;
	pp_engine_expire(analysis, INT64_MAX);
	pp_numbers_settle(&analysis->numbers);
	analysis->flow_counts = pp_flows_counts(analysis->flows);
	analysis->fragments_evicted = pp_ipfrag_evicted(analysis->ipfrag);
	free_reading(analysis);
	return analysis->failed != PP_OK ? analysis->failed : prepare(analysis);
}
