#include "attribute/attribute.h"
#include "cli/command.h"
#include "cli/message.h"
#include "report/intl.h"

#include <string.h>

enum { FILES_MAX = 64 };

struct options {
	struct pp_given files[FILES_MAX];
	size_t file_count;
	struct pp_given service_tags;
	struct pp_common common;
};

static void list(const struct pp_catalogue *catalogue, struct pp_layout *layout)
{
	struct pp_table table;

	pp_table_init(&table, 3, 0);
	for (size_t i = 0; i < pp_catalogue_count(catalogue); i++) {
		const struct pp_endpoint_row *row = pp_catalogue_at(catalogue, i);

		pp_table_cell(&table, row->category);
		pp_table_cell(&table, row->pattern);
		pp_table_cell(&table, row->ports);
	}
	pp_table_print(&table, layout, 0);
	pp_table_done(&table);
}

static struct pp_attribution attribute(const struct pp_attributor *attributor, const char *name)
{
	struct pp_addr addr;

	if (pp_addr_parse(name, &addr) == PP_OK)
		return pp_attribute_addr(attributor, &addr, 0);
	return pp_attribute_host(attributor, name, 0);
}

static void field(struct pp_table *table, const char *label, const char *text)
{
	if (!text || !text[0] || strcmp(text, "-") == 0)
		return;
	pp_table_cell(table, label);
	pp_table_cell(table, text);
}

/* What one name or address belongs to. */
static void show(const struct pp_attributor *attributor, const char *name, struct pp_layout *layout)
{
	const struct pp_attribution who = attribute(attributor, name);
	const struct pp_endpoint_row *row = who.row;
	struct pp_table table;

	pp_layout_text(layout, PP_BOLD, 0, name);
	pp_layout_end(layout);
	pp_table_init(&table, 2, 0);
	field(&table, _("category"), who.category);
	field(&table, _("pattern"), who.pattern ? who.pattern : _("none of the catalogue fits"));
	if (row) {
		field(&table, _("ports"), row->ports);
		field(&table, _("used by"), row->agents);
		field(&table, _("purpose"), row->purpose);
		field(&table, _("required"), row->required);
		field(&table, _("TLS inspection"), row->tls_inspection);
		field(&table, _("private link"), row->private_link);
		field(&table, _("source"), row->source);
		field(&table, _("as of"), row->date);
	}
	pp_table_print(&table, layout, 3);
	pp_table_done(&table);
}

static int print(const struct pp_attributor *attributor, const struct pp_args *args, enum pp_color color)
{
	struct pp_output output;
	struct pp_layout layout;
	int status = PP_EXIT_FAILED;

	if (!pp_output_open(&output, "-", NULL, 0))
		return status;
	pp_output_layout(&output, color, &layout);
	for (size_t i = 0; i < args->operand_count; i++)
		show(attributor, args->operands[i], &layout);
	if (!args->operand_count)
		list(attributor->catalogue, &layout);
	if (pp_output_finish(&output))
		status = PP_EXIT_DONE;
	pp_output_close(&output);
	return status;
}

static int run(const struct pp_args *args, struct options *options)
{
	struct pp_service_tags *tags = NULL;
	struct pp_catalogue *catalogue;
	int status = PP_EXIT_FAILED;

	if (!pp_load_catalogue(&catalogue, options->files, options->file_count))
		return status;
	if (!options->service_tags.path || pp_load_service_tags(&tags, &options->service_tags)) {
		const struct pp_attributor attributor = { .catalogue = catalogue, .tags = tags };

		status = print(&attributor, args, options->common.color);
	}
	pp_service_tags_free(tags);
	pp_catalogue_free(catalogue);
	return status;
}

int pp_cmd_endpoints(int argc, char **argv)
{
	struct options options = { .common.color = PP_COLOR_AUTO };
	struct pp_args args;
	const char *value = NULL;
	enum pp_option_id id;

	pp_args_init(&args, PP_CMD_ENDPOINTS, argc, argv);
	while ((id = pp_option_next(&args, &value)) != PP_OPTION_END) {
		if (pp_common_option(&options.common, PP_CMD_ENDPOINTS, id, value)) {
			if (options.common.stop)
				return options.common.status;
		} else if (id == PP_OPTION_SERVICE_TAGS) {
			pp_given_open(&options.service_tags, value);
		} else if (options.file_count < FILES_MAX) {
			pp_given_open(&options.files[options.file_count++], value);
		} else {
			pp_message(_("--endpoints may be given %d times"), FILES_MAX);
			return PP_EXIT_FAILED;
		}
	}
	return run(&args, &options);
}
