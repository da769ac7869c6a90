#include "attribute/service_tags.h"
#include "base/buf.h"
#include "cli/command.h"
#include "cli/message.h"
#include "report/intl.h"
#include "report/line.h"

#include <errno.h>
#include <string.h>

/* The weekly service tags file has 4 MB; ten times that is no such file. */
enum { DATA_FILE_MAX = 64 << 20, READ_BYTES = 1 << 16 };

static enum pp_err read_all(const struct pp_file *file, struct pp_buf *buf)
{
	enum pp_err err;
	size_t len;

	do {
		err = pp_buf_reserve(buf, READ_BYTES);
		if (err == PP_OK)
			err = pp_file_read(file, buf->p + buf->len, READ_BYTES, &len);
		if (err == PP_OK)
			buf->len += len;
	} while (err == PP_OK && len);
	return err;
}

/* The whole of a file people made; false after a message. */
static bool load(struct pp_given *given, struct pp_buf *buf)
{
	const char *path = given->path;
	enum pp_err err = PP_IO;

	pp_buf_init(buf, DATA_FILE_MAX);
	errno = given->why;
	if (!given->why)
		err = read_all(&given->file, buf);
	if (err == PP_IO)
		pp_message(_("cannot read '%s': %s"), path, strerror(errno));
	else if (err == PP_LIMIT)
		pp_message(_("cannot read '%s': it is too large"), path);
	else if (err != PP_OK)
		pp_message(_("cannot read '%s': %s"), path, pp_err_text(err));
	pp_given_close(given);
	return err == PP_OK;
}

static void bad_data(enum pp_err err, const char *path, const struct pp_data_error *error)
{
	if (err != PP_MALFORMED)
		pp_message("%s: %s", path, error->what[0] ? error->what : pp_err_text(err));
	else if (error->line)
		pp_message("%s:%u: %s", path, error->line, error->what);
	else
		pp_message("%s: %s", path, error->what);
}

static bool add_endpoints(struct pp_catalogue *catalogue, struct pp_given *given)
{
	struct pp_data_error error = { .line = 0 };
	struct pp_buf buf;
	bool done = load(given, &buf);

	if (done) {
		enum pp_err err = pp_catalogue_add_endpoints(catalogue, given->path, pp_buf_span(&buf), &error);

		done = err == PP_OK;
		if (!done)
			bad_data(err, given->path, &error);
	}
	pp_buf_done(&buf);
	return done;
}

bool pp_load_catalogue(struct pp_catalogue **ret_catalogue, struct pp_given *files, size_t count)
{
	struct pp_data_error error = { .line = 0 };
	struct pp_catalogue *catalogue;
	enum pp_err err = pp_catalogue_new(&catalogue, &error);

	if (err != PP_OK) {
		bad_data(err, error.file ? error.file : _("the built-in catalogue"), &error);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!add_endpoints(catalogue, &files[i])) {
			pp_catalogue_free(catalogue);
			return false;
		}
	}
	*ret_catalogue = catalogue;
	return true;
}

bool pp_load_service_tags(struct pp_service_tags **ret_tags, struct pp_given *given)
{
	struct pp_data_error error = { .line = 0 };
	struct pp_buf buf;
	bool done = load(given, &buf);

	if (done) {
		enum pp_err err = pp_service_tags_read(ret_tags, given->path, pp_buf_span(&buf), &error);

		done = err == PP_OK;
		if (!done)
			bad_data(err, given->path, &error);
	}
	pp_buf_done(&buf);
	return done;
}

const struct pp_agent_row *pp_load_agent(const struct pp_catalogue *catalogue, const char *name)
{
	const struct pp_agent_row *agent = pp_catalogue_agent(catalogue, name);
	struct pp_line known;

	if (agent)
		return agent;
	pp_line_start(&known);
	for (size_t i = 0; i < pp_catalogue_agent_count(catalogue); i++) {
		pp_line_add(&known, i ? ", " : "");
		pp_line_add(&known, pp_catalogue_agent_at(catalogue, i)->name);
	}
	pp_message(_("unknown agent '%s'; known are: %s"), name, known.text);
	return NULL;
}
