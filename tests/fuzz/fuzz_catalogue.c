/* A file people edit: the first byte chooses its kind, the rest is the text.  Bad files leave nothing behind, and what
 * was read is found again. */
#include "attribute/catalogue.h"
#include "fuzz/fuzz.h"

static void check_error(const struct pp_data_error *error)
{
	FUZZ_CHECK(memchr(error->what, '\0', sizeof(error->what)) && error->what[0] != '\0');
	FUZZ_CHECK(strcmp(error->file, "fuzz.tsv") == 0);
}

static void ask(const struct pp_catalogue *catalogue)
{
	for (size_t i = 0; i < pp_catalogue_count(catalogue) && i < 64; i++) {
		const struct pp_endpoint_row *row = pp_catalogue_at(catalogue, i);
		struct pp_addr addr;

		fuzz_read_text(row->purpose);
		if (!strchr(row->pattern, '*') && !strchr(row->pattern, '/') &&
		    pp_addr_parse(row->pattern, &addr) != PP_OK)
			FUZZ_CHECK(pp_catalogue_host(catalogue, row->pattern) != NULL);
		(void)pp_catalogue_host(catalogue, row->source);
		if (pp_addr_parse(row->pattern, &addr) == PP_OK)
			(void)pp_catalogue_addr(catalogue, &addr);
	}
	for (size_t i = 0; i < pp_catalogue_agent_count(catalogue); i++) {
		const struct pp_agent_row *row = pp_catalogue_agent_at(catalogue, i);

		FUZZ_CHECK(pp_catalogue_agent(catalogue, row->name) != NULL);
		(void)pp_catalogue_issuer(catalogue, row->title, row->source);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pp_cur cur = pp_cur(data, size, PP_MALFORMED);
	unsigned kind = pp_cur_u8(&cur) % 3;
	struct pp_span text = pp_cur_rest(&cur);
	struct pp_data_error error = { NULL, 0, "" };
	struct pp_catalogue *catalogue;
	enum pp_err err;

	if (pp_catalogue_new_empty(&catalogue) != PP_OK)
		return 0;
	if (kind == 0)
		err = pp_catalogue_add_endpoints(catalogue, "fuzz.tsv", text, &error);
	else if (kind == 1)
		err = pp_catalogue_add_agents(catalogue, "fuzz.tsv", text, &error);
	else
		err = pp_catalogue_add_issuers(catalogue, "fuzz.tsv", text, &error);
	if (err != PP_OK) {
		check_error(&error);
		FUZZ_CHECK(pp_catalogue_count(catalogue) == 0 && pp_catalogue_agent_count(catalogue) == 0);
	}
	ask(catalogue);
	(void)pp_catalogue_issuer(catalogue, "Microsoft Azure RSA TLS Issuing CA 03", "Microsoft Corporation");
	pp_catalogue_free(catalogue);
	return 0;
}
