#include "attribute/catalogue_files.h"

#include <string.h>

enum { AGENT_COLUMNS = 12 };

static enum pp_err read_categories(struct pp_table *table, const char *column, char *field, const char **ret_list,
				   unsigned *ret_count)
{
	enum pp_err err = pp_table_list(table, column, field, PP_AGENT_LIST_MAX, ret_list, ret_count);

	for (unsigned i = 0; i < *ret_count && err == PP_OK; i++)
		err = pp_catalogue_check_category(table, ret_list[i]);
	return err;
}

/* The categories of a list that stays one string. */
static enum pp_err check_mtls(struct pp_table *table, struct pp_agent_row *row, struct pp_arena *arena,
			      const char *field)
{
	const char *list[PP_AGENT_LIST_MAX];
	unsigned count;
	char *copy = pp_arena_copy(arena, field, strlen(field) + 1);

	if (!copy)
		return pp_table_fail_with(table, PP_NOMEM);
	row->client_certificate = strcmp(field, "-") != 0;
	row->mtls_categories = row->client_certificate ? field : "";
	return read_categories(table, "mtls", copy, list, &count);
}

static enum pp_err read_agent(struct pp_table *table, struct pp_arena *arena, char **field,
			      struct pp_agent_row *ret_row)
{
	struct pp_agent_row row = { .name = field[0],
				    .title = field[1],
				    .proxy = field[8],
				    .inspection = field[9],
				    .source = field[10],
				    .date = field[11] };
	enum pp_err err;

	row.aliases = strcmp(field[2], "-") == 0 ? "" : field[2];
	err = pp_table_list(table, "services", field[3], PP_AGENT_LIST_MAX, row.services, &row.service_count);
	if (err == PP_OK)
		err = pp_table_list(table, "processes", field[4], PP_AGENT_LIST_MAX, row.processes, &row.process_count);
	if (err == PP_OK)
		err = read_categories(table, "required", field[5], row.required, &row.required_count);
	if (err == PP_OK)
		err = read_categories(table, "optional", field[6], row.optional, &row.optional_count);
	if (err == PP_OK)
		err = check_mtls(table, &row, arena, field[7]);
	if (err == PP_OK)
		err = pp_table_word(table, "proxy", row.proxy, "none basic yes unknown");
	if (err == PP_OK)
		err = pp_table_word(table, "inspection", row.inspection, "forbidden allowed unknown");
	if (err == PP_OK)
		err = pp_table_date(table, row.date);
	if (err == PP_OK)
		*ret_row = row;
	return err;
}

/* The next of comma separated names; false behind the last. */
static bool next_name(const char **names, char name[PP_CATALOGUE_LINE_MAX + 1])
{
	size_t len = strcspn(*names, ",");

	if (**names == '\0')
		return false;
	memcpy(name, *names, len);
	name[len] = '\0';
	*names += len + ((*names)[len] == ',');
	return true;
}

static bool is_called(const struct pp_agent_row *row, const char *name)
{
	const char *aliases = row->aliases;
	char alias[PP_CATALOGUE_LINE_MAX + 1];

	if (pp_same_text(row->name, name))
		return true;
	while (next_name(&aliases, alias))
		if (pp_same_text(alias, name))
			return true;
	return false;
}

static const struct pp_agent_row *find_agent(const struct pp_agent_file *file, const char *name)
{
	for (uint32_t i = 0; i < file->count; i++)
		if (is_called(&file->rows[i], name))
			return &file->rows[i];
	return NULL;
}

/* --agent must mean one profile. */
static enum pp_err check_names(struct pp_table *table, const struct pp_agent_file *file, const struct pp_agent_row *row)
{
	const char *aliases = row->aliases;
	char alias[PP_CATALOGUE_LINE_MAX + 1];

	if (find_agent(file, row->name))
		return pp_table_fail(table, "agent name '%.40s' is taken", row->name);
	while (next_name(&aliases, alias))
		if (alias[0] == '\0' || find_agent(file, alias))
			return pp_table_fail(table, "agent alias '%.40s' is empty or taken", alias);
	return PP_OK;
}

static enum pp_err read_agents(struct pp_table *table, struct pp_agent_file *into)
{
	char *field[AGENT_COLUMNS];
	enum pp_err err;

	into->rows = pp_arena_alloc(&into->arena, table->rows * sizeof(*into->rows));
	if (!into->rows)
		return pp_table_fail_with(table, PP_NOMEM);
	while ((err = pp_table_next(table, field, AGENT_COLUMNS)) == PP_OK) {
		err = read_agent(table, &into->arena, field, &into->rows[into->count]);
		if (err == PP_OK)
			err = check_names(table, into, &into->rows[into->count]);
		if (err != PP_OK)
			return err;
		into->count++;
	}
	return err == PP_END ? PP_OK : err;
}

enum pp_err pp_catalogue_add_agents(struct pp_catalogue *catalogue, const char *file, struct pp_span text,
				    struct pp_data_error *ret_error)
{
	struct pp_agent_file *into = &catalogue->agents[catalogue->agent_files];
	struct pp_table table;
	enum pp_err err = pp_catalogue_check_files(catalogue->agent_files, file, ret_error);

	if (err != PP_OK)
		return err;
	*into = (struct pp_agent_file){ 0 };
	pp_arena_init(&into->arena, &catalogue->pool);
	err = pp_table_open(&table, &into->arena, file, text, ret_error);
	if (err == PP_OK)
		err = read_agents(&table, into);
	if (err == PP_OK) {
		catalogue->agent_files++;
		return PP_OK;
	}
	ret_error->file = file; /* the copy ends here */
	pp_arena_reset(&into->arena);
	return err;
}

size_t pp_catalogue_agent_count(const struct pp_catalogue *catalogue)
{
	size_t count = 0;

	for (unsigned i = 0; i < catalogue->agent_files; i++)
		count += catalogue->agents[i].count;
	return count;
}

const struct pp_agent_row *pp_catalogue_agent_at(const struct pp_catalogue *catalogue, size_t i)
{
	for (unsigned f = 0; f < catalogue->agent_files; f++) {
		if (i < catalogue->agents[f].count)
			return &catalogue->agents[f].rows[i];
		i -= catalogue->agents[f].count;
	}
	return NULL;
}

const struct pp_agent_row *pp_catalogue_agent(const struct pp_catalogue *catalogue, const char *name_or_alias)
{
	for (unsigned i = catalogue->agent_files; i-- > 0;) {
		const struct pp_agent_row *row = find_agent(&catalogue->agents[i], name_or_alias);

		if (row)
			return row;
	}
	return NULL;
}
