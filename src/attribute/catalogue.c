#include "attribute/builtin.h"
#include "attribute/catalogue_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENDPOINT_COLUMNS = 11 };

enum pp_err pp_catalogue_new_empty(struct pp_catalogue **ret_catalogue)
{
	struct pp_catalogue *catalogue = calloc(1, sizeof(*catalogue));

	if (!catalogue)
		return PP_NOMEM;
	pp_pool_init(&catalogue->pool, 0);
	*ret_catalogue = catalogue;
	return PP_OK;
}

enum pp_err pp_catalogue_new(struct pp_catalogue **ret_catalogue, struct pp_data_error *ret_error)
{
	struct pp_catalogue *catalogue;
	enum pp_err err = pp_catalogue_new_empty(&catalogue);

	if (err != PP_OK) {
		*ret_error = (struct pp_data_error){ .file = "filters/endpoints.tsv" };
		snprintf(ret_error->what, sizeof(ret_error->what), "%s", pp_err_text(err));
		return err;
	}
	err = pp_catalogue_add_endpoints(catalogue, "filters/endpoints.tsv",
					 (struct pp_span){ pp_builtin_endpoints, pp_builtin_endpoints_len }, ret_error);
	if (err == PP_OK)
		err = pp_catalogue_add_agents(catalogue, "filters/agents.tsv",
					      (struct pp_span){ pp_builtin_agents, pp_builtin_agents_len }, ret_error);
	if (err == PP_OK)
		err =
		    pp_catalogue_add_issuers(catalogue, "filters/issuers.tsv",
					     (struct pp_span){ pp_builtin_issuers, pp_builtin_issuers_len }, ret_error);
	if (err != PP_OK) {
		pp_catalogue_free(catalogue);
		return err;
	}
	*ret_catalogue = catalogue;
	return PP_OK;
}

void pp_catalogue_free(struct pp_catalogue *catalogue)
{
	if (!catalogue)
		return;
	for (unsigned i = 0; i < catalogue->endpoint_files; i++)
		pp_arena_reset(&catalogue->endpoints[i].arena);
	for (unsigned i = 0; i < catalogue->agent_files; i++)
		pp_arena_reset(&catalogue->agents[i].arena);
	for (unsigned i = 0; i < catalogue->issuer_files; i++)
		pp_arena_reset(&catalogue->issuers[i].arena);
	pp_pool_done(&catalogue->pool);
	free(catalogue);
}

enum pp_err pp_catalogue_check_files(unsigned files, const char *file, struct pp_data_error *ret_error)
{
	if (files < PP_CATALOGUE_FILES_MAX)
		return PP_OK;
	*ret_error = (struct pp_data_error){ .file = file };
	snprintf(ret_error->what, sizeof(ret_error->what), "more than %d files of this kind", PP_CATALOGUE_FILES_MAX);
	return PP_LIMIT;
}

enum pp_err pp_catalogue_check_category(struct pp_table *table, const char *value)
{
	static const char *const known[] = {
		"entra-id",
		"app-proxy",
		"service-bus",
		"arc",
		"guest-config",
		"monitor-control",
		"monitor-ingest",
		"backup",
		"storage",
		"site-recovery",
		"key-vault",
		"automation",
		"arm",
		"certificate-validation",
		"windows-update",
		"platform",
		"wpad",
		"download",
		"telemetry",
		"portal",
		"os-connectivity",
		"azure-broad",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(value, known[i]) == 0)
			return PP_OK;
	return pp_table_fail(table, "unknown category '%.40s' (the list is at the top of filters/endpoints.tsv)",
			     value);
}

static bool read_port(const char **text, unsigned long *ret_port)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	*ret_port = strtoul(*text, &end, 10);
	if (end - *text > 5)
		return false;
	*text = end;
	return *ret_port >= 1 && *ret_port <= 65535;
}

/* "443,5671,9350-9354,53/udp" */
static bool ports_good(const char *text)
{
	if (strcmp(text, "-") == 0 || strcmp(text, "unsourced") == 0)
		return true;
	for (;; text++) {
		unsigned long first, last;

		if (!read_port(&text, &first))
			return false;
		if (*text == '-') {
			text++;
			if (!read_port(&text, &last) || last <= first)
				return false;
		}
		if (strncmp(text, "/udp", 4) == 0)
			text += 4;
		if (*text != ',')
			return *text == '\0';
	}
}

/* Digits, dots and stars only, or an address of any other form: what no host pattern looks like. */
static bool is_addr_pattern(const char *text)
{
	return strchr(text, ':') || strchr(text, '/') ||
	       (text[0] >= '0' && text[0] <= '9' && !text[strspn(text, "0123456789.*")]);
}

static enum pp_err check_endpoint(struct pp_table *table, const struct pp_endpoint_row *row)
{
	enum pp_err err = pp_catalogue_check_category(table, row->category);

	if (err == PP_OK && !ports_good(row->ports))
		err =
		    pp_table_fail(table, "bad ports '%.40s': write 443, 443,5671, 9350-9354, 53/udp or -", row->ports);
	if (err == PP_OK)
		err = pp_table_word(table, "cloud", row->cloud, "public usgov china");
	if (err == PP_OK)
		err = pp_table_word(table, "tls_inspection", row->tls_inspection, "allowed forbidden unknown");
	if (err == PP_OK)
		err = pp_table_word(table, "required", row->required, "yes scenario optional");
	if (err == PP_OK)
		err = pp_table_date(table, row->date);
	return err;
}

static enum pp_err add_pattern(struct pp_table *table, struct pp_endpoint_file *into, uint32_t number)
{
	const char *text = into->rows[number].pattern, *why;
	enum pp_err err;

	if (is_addr_pattern(text)) {
		err = pp_prefix_parse(text, &into->prefixes[into->prefix_count], &why);
		if (err == PP_OK)
			into->prefixes[into->prefix_count++].value = number;
	} else {
		err = pp_pattern_parse(&into->arena, text, &into->patterns[into->pattern_count], &why);
		if (err == PP_OK)
			into->pattern_rows[into->pattern_count++] = number;
	}
	if (err == PP_MALFORMED)
		return pp_table_fail(table, "bad pattern '%.60s': %s", text, why);
	return err == PP_OK ? PP_OK : pp_table_fail_with(table, err);
}

static enum pp_err read_endpoints(struct pp_table *table, struct pp_endpoint_file *into)
{
	char *field[ENDPOINT_COLUMNS];
	enum pp_err err;

	while ((err = pp_table_next(table, field, ENDPOINT_COLUMNS)) == PP_OK) {
		struct pp_endpoint_row *row = &into->rows[into->count];

		*row = (struct pp_endpoint_row){
			.category = field[0],
			.agents = field[1],
			.pattern = field[2],
			.ports = field[3],
			.purpose = field[4],
			.cloud = field[5],
			.tls_inspection = field[6],
			.private_link = field[7],
			.required = field[8],
			.source = field[9],
			.date = field[10],
			.file = table->file,
			.line = table->line,
		};
		err = check_endpoint(table, row);
		if (err == PP_OK)
			err = add_pattern(table, into, into->count++);
		if (err != PP_OK)
			return err;
	}
	return err == PP_END ? PP_OK : err;
}

/* Two rows of one pattern must agree on its category. */
static enum pp_err check_pair(struct pp_table *table, const struct pp_endpoint_row *first,
			      const struct pp_endpoint_row *second)
{
	if (strcmp(first->category, second->category) == 0)
		return PP_OK;
	table->line = second->line;
	return pp_table_fail(table, "pattern '%.60s' is '%s' in line %u and cannot be '%s'", second->pattern,
			     first->category, first->line, second->category);
}

/* A host pattern and its row, to bring equal patterns together. */
struct named {
	const char *text;
	const struct pp_endpoint_row *row;
};

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int text = strcmp(x->text, y->text);

	return text ? text : (x->row->line > y->row->line) - (x->row->line < y->row->line);
}

static enum pp_err check_categories(struct pp_table *table, struct pp_endpoint_file *file)
{
	struct named *list = pp_arena_alloc(&file->arena, file->pattern_count * sizeof(*list));
	enum pp_err err = list ? PP_OK : pp_table_fail_with(table, PP_NOMEM);

	if (!list)
		return err;
	for (uint32_t i = 0; i < file->pattern_count; i++)
		list[i] = (struct named){ file->patterns[i].text, &file->rows[file->pattern_rows[i]] };
	if (file->pattern_count)
		qsort(list, file->pattern_count, sizeof(*list), compare_named);
	for (uint32_t i = 1; i < file->pattern_count && err == PP_OK; i++)
		if (strcmp(list[i - 1].text, list[i].text) == 0)
			err = check_pair(table, list[i - 1].row, list[i].row);
	for (uint32_t i = 1; i < file->prefix_count && err == PP_OK; i++) {
		const struct pp_prefix *a = &file->prefixes[i - 1], *b = &file->prefixes[i];

		if (a->bits == b->bits && pp_addr_equal(&a->net, &b->net))
			err = check_pair(table, &file->rows[b->value], &file->rows[a->value]);
	}
	return err;
}

static enum pp_err load_endpoints(struct pp_endpoint_file *file, struct pp_table *table)
{
	enum pp_err err;

	file->rows = pp_arena_alloc(&file->arena, table->rows * sizeof(*file->rows));
	file->patterns = pp_arena_alloc(&file->arena, table->rows * sizeof(*file->patterns));
	file->pattern_rows = pp_arena_alloc(&file->arena, table->rows * sizeof(*file->pattern_rows));
	file->prefixes = pp_arena_alloc(&file->arena, table->rows * sizeof(*file->prefixes));
	if (!file->rows || !file->patterns || !file->pattern_rows || !file->prefixes)
		return pp_table_fail_with(table, PP_NOMEM);
	err = read_endpoints(table, file);
	if (err != PP_OK)
		return err;
	pp_prefix_sort(file->prefixes, file->prefix_count);
	err = pp_pattern_index_new(&file->arena, file->patterns, file->pattern_count, &file->index);
	return err == PP_OK ? check_categories(table, file) : pp_table_fail_with(table, err);
}

enum pp_err pp_catalogue_add_endpoints(struct pp_catalogue *catalogue, const char *file, struct pp_span text,
				       struct pp_data_error *ret_error)
{
	struct pp_endpoint_file *into = &catalogue->endpoints[catalogue->endpoint_files];
	struct pp_table table;
	enum pp_err err = pp_catalogue_check_files(catalogue->endpoint_files, file, ret_error);

	if (err != PP_OK)
		return err;
	*into = (struct pp_endpoint_file){ 0 };
	pp_arena_init(&into->arena, &catalogue->pool);
	err = pp_table_open(&table, &into->arena, file, text, ret_error);
	if (err == PP_OK)
		err = load_endpoints(into, &table);
	if (err == PP_OK) {
		pp_prefix_filter_add(&catalogue->filter, into->prefixes, into->prefix_count);
		catalogue->endpoint_files++;
		return PP_OK;
	}
	ret_error->file = file; /* the copy ends here */
	pp_arena_reset(&into->arena);
	return err;
}

const struct pp_endpoint_row *pp_catalogue_host(const struct pp_catalogue *catalogue, const char *host)
{
	const struct pp_endpoint_row *row = NULL;
	const struct pp_pattern *best = NULL;
	struct pp_host key;

	if (!pp_host_set(&key, host))
		return NULL;
	for (unsigned i = catalogue->endpoint_files; i-- > 0;) {
		const struct pp_endpoint_file *file = &catalogue->endpoints[i];
		uint32_t number = pp_pattern_index_find(file->index, &key);

		if (number == PP_PATTERN_NONE || (best && pp_pattern_compare(best, &file->patterns[number]) <= 0))
			continue;
		best = &file->patterns[number];
		row = &file->rows[file->pattern_rows[number]];
	}
	return row;
}

const struct pp_endpoint_row *pp_catalogue_addr(const struct pp_catalogue *catalogue, const struct pp_addr *addr)
{
	const struct pp_endpoint_row *row = NULL;
	unsigned bits = 0;

	if (!pp_prefix_filter_passes(&catalogue->filter, addr))
		return NULL;
	for (unsigned i = catalogue->endpoint_files; i-- > 0;) {
		const struct pp_endpoint_file *file = &catalogue->endpoints[i];
		uint32_t at = pp_prefix_find(file->prefixes, file->prefix_count, addr);

		if (at == PP_PREFIX_NONE || (row && file->prefixes[at].bits <= bits))
			continue;
		bits = file->prefixes[at].bits;
		row = &file->rows[file->prefixes[at].value];
	}
	return row;
}

size_t pp_catalogue_count(const struct pp_catalogue *catalogue)
{
	size_t count = 0;

	for (unsigned i = 0; i < catalogue->endpoint_files; i++)
		count += catalogue->endpoints[i].count;
	return count;
}

const struct pp_endpoint_row *pp_catalogue_at(const struct pp_catalogue *catalogue, size_t i)
{
	for (unsigned f = 0; f < catalogue->endpoint_files; f++) {
		if (i < catalogue->endpoints[f].count)
			return &catalogue->endpoints[f].rows[i];
		i -= catalogue->endpoints[f].count;
	}
	return NULL;
}
