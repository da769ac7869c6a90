/* catalogue: the endpoint catalogue, agent profiles and certificate issuers that people edit (filters/), read and
 * matched.
 *
 * Shape   tab-separated text with a header comment, one row a line; the shipped files are built into the program,
 * further ones come from --endpoints.  Rows are kept in file order; matching is longest first (see
 * pp_catalogue_host()). Errors  PP_MALFORMED with the file, line and what is wrong with it; nothing of a bad file is
 * taken. Owns    all rows and text, until pp_catalogue_free(). Limits  PP_CATALOGUE_ROWS_MAX rows,
 * PP_CATALOGUE_LINE_MAX bytes a line.
 */
#ifndef PP_ATTRIBUTE_CATALOGUE_H
#define PP_ATTRIBUTE_CATALOGUE_H

#include "base/addr.h"
#include "base/arena.h"

enum { PP_CATALOGUE_ROWS_MAX = 100000, PP_CATALOGUE_LINE_MAX = 4096, PP_DATA_ERROR_TEXT = 160 };

/* What is wrong with a file people edit; `what` is English and ready to print behind file and line. */
struct pp_data_error {
	const char *file;
	unsigned line;
	char what[PP_DATA_ERROR_TEXT];
};

struct pp_endpoint_row {
	const char *category, *agents, *pattern, *ports, *purpose, *cloud, *tls_inspection, *private_link, *required;
	const char *source, *date;
	const char *file;
	unsigned line;
};

enum pp_issuer_kind { PP_ISSUER_AZURE, PP_ISSUER_PUBLIC, PP_ISSUER_INSPECTOR };

struct pp_issuer_row {
	enum pp_issuer_kind kind;
	const char *field;   /* "CN" or "O" */
	const char *pattern; /* '*' matches any run of characters; case-insensitive */
	const char *product; /* inspectors: what to call it */
	const char *source, *date;
};

enum { PP_AGENT_LIST_MAX = 24 };

struct pp_agent_row {
	const char *name;    /* as in --agent: "arc" */
	const char *title;   /* "Azure Arc connected machine agent" */
	const char *aliases; /* other names, comma separated, or "" */
	const char *services[PP_AGENT_LIST_MAX], *processes[PP_AGENT_LIST_MAX];
	unsigned service_count, process_count;
	const char *required[PP_AGENT_LIST_MAX],
	    *optional[PP_AGENT_LIST_MAX]; /* endpoint categories, in documented order */
	unsigned required_count, optional_count;
	bool client_certificate;     /* talks mutual TLS to its service */
	const char *mtls_categories; /* comma separated */
	const char *proxy; /* authentication to a proxy: "none", "basic", "yes" (no scheme documented), "unknown" */
	const char *inspection; /* "forbidden", "allowed", "unknown" */
	const char *source, *date;
};

struct pp_catalogue;

/* With the files built into the program. */
enum pp_err PP_MUST_CHECK pp_catalogue_new(struct pp_catalogue **ret_catalogue, struct pp_data_error *ret_error);
/* Without any, for tests. */
enum pp_err PP_MUST_CHECK pp_catalogue_new_empty(struct pp_catalogue **ret_catalogue);
void pp_catalogue_free(struct pp_catalogue *catalogue);
enum pp_err PP_MUST_CHECK pp_catalogue_add_endpoints(struct pp_catalogue *catalogue, const char *file,
						     struct pp_span text, struct pp_data_error *ret_error);
enum pp_err PP_MUST_CHECK pp_catalogue_add_agents(struct pp_catalogue *catalogue, const char *file, struct pp_span text,
						  struct pp_data_error *ret_error);
enum pp_err PP_MUST_CHECK pp_catalogue_add_issuers(struct pp_catalogue *catalogue, const char *file,
						   struct pp_span text, struct pp_data_error *ret_error);

/* The row whose pattern fits best: exact name, then most literal labels counted from the right, then most literal
 * characters, then file order (later files win).  NULL: none. */
const struct pp_endpoint_row *pp_catalogue_host(const struct pp_catalogue *catalogue, const char *host);
const struct pp_endpoint_row *pp_catalogue_addr(const struct pp_catalogue *catalogue, const struct pp_addr *addr);
size_t pp_catalogue_count(const struct pp_catalogue *catalogue);
const struct pp_endpoint_row *pp_catalogue_at(const struct pp_catalogue *catalogue, size_t i);

size_t pp_catalogue_agent_count(const struct pp_catalogue *catalogue);
const struct pp_agent_row *pp_catalogue_agent_at(const struct pp_catalogue *catalogue, size_t i);
const struct pp_agent_row *pp_catalogue_agent(const struct pp_catalogue *catalogue, const char *name_or_alias);

/* What kind of issuer a certificate names; inspectors win over public ones.  NULL: not listed. */
const struct pp_issuer_row *pp_catalogue_issuer(const struct pp_catalogue *catalogue, const char *cn, const char *o);

#endif
