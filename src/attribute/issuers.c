#include "attribute/catalogue_files.h"

#include <string.h>

enum { ISSUER_COLUMNS = 6 };

static enum pp_err read_issuer(struct pp_table *table, char **field, struct pp_issuer_row *ret_row)
{
	struct pp_issuer_row row = {
		.field = field[1], .pattern = field[2], .product = field[3], .source = field[4], .date = field[5]
	};
	enum pp_err err = pp_table_word(table, "kind", field[0], "azure public inspector");

	if (err == PP_OK)
		err = pp_table_word(table, "field", row.field, "CN O");
	if (err == PP_OK && !row.pattern[strspn(row.pattern, "*")])
		err = pp_table_fail(table, "bad pattern '%.40s': only wildcards", row.pattern);
	if (err == PP_OK)
		err = pp_table_date(table, row.date);
	if (err != PP_OK)
		return err;
	row.kind = field[0][0] == 'a' ? PP_ISSUER_AZURE : field[0][0] == 'p' ? PP_ISSUER_PUBLIC : PP_ISSUER_INSPECTOR;
	if ((strcmp(row.product, "-") == 0) == (row.kind == PP_ISSUER_INSPECTOR))
		return pp_table_fail(table, "an inspector needs a product, and only an inspector has one");
	*ret_row = row;
	return PP_OK;
}

static enum pp_err read_issuers(struct pp_table *table, struct pp_issuer_file *into)
{
	char *field[ISSUER_COLUMNS];
	enum pp_err err;

	into->rows = pp_arena_alloc(&into->arena, table->rows * sizeof(*into->rows));
	if (!into->rows)
		return pp_table_fail_with(table, PP_NOMEM);
	while ((err = pp_table_next(table, field, ISSUER_COLUMNS)) == PP_OK) {
		err = read_issuer(table, field, &into->rows[into->count]);
		if (err != PP_OK)
			return err;
		into->count++;
	}
	return err == PP_END ? PP_OK : err;
}

enum pp_err pp_catalogue_add_issuers(struct pp_catalogue *catalogue, const char *file, struct pp_span text,
				     struct pp_data_error *ret_error)
{
	struct pp_issuer_file *into = &catalogue->issuers[catalogue->issuer_files];
	struct pp_table table;
	enum pp_err err = pp_catalogue_check_files(catalogue->issuer_files, file, ret_error);

	if (err != PP_OK)
		return err;
	*into = (struct pp_issuer_file){ 0 };
	pp_arena_init(&into->arena, &catalogue->pool);
	err = pp_table_open(&table, &into->arena, file, text, ret_error);
	if (err == PP_OK)
		err = read_issuers(&table, into);
	if (err == PP_OK) {
		catalogue->issuer_files++;
		return PP_OK;
	}
	ret_error->file = file; /* the copy ends here */
	pp_arena_reset(&into->arena);
	return err;
}

static bool fits(const struct pp_issuer_row *row, const char *cn, const char *o)
{
	const char *text = row->field[0] == 'C' ? cn : o;

	return text && pp_glob(row->pattern, text);
}

/* An inspector beats everything, Azure's own CAs beat other public ones; then later files and earlier rows win. */
const struct pp_issuer_row *pp_catalogue_issuer(const struct pp_catalogue *catalogue, const char *cn, const char *o)
{
	static const uint8_t rank[] = { [PP_ISSUER_PUBLIC] = 1, [PP_ISSUER_AZURE] = 2, [PP_ISSUER_INSPECTOR] = 3 };
	const struct pp_issuer_row *best = NULL;

	for (unsigned i = catalogue->issuer_files; i-- > 0;)
		for (uint32_t k = 0; k < catalogue->issuers[i].count; k++) {
			const struct pp_issuer_row *row = &catalogue->issuers[i].rows[k];

			if ((!best || rank[row->kind] > rank[best->kind]) && fits(row, cn, o))
				best = row;
		}
	return best;
}
