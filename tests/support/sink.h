/* sink: where writers under test write to: memory, or a disk that fills up. */
#ifndef PP_TESTS_SINK_H
#define PP_TESTS_SINK_H

#include "report/out.h"

#include <stdlib.h>
#include <string.h>

struct pp_test_sink {
	char *text;       /* NUL-terminated */
	size_t len, room; /* room 0: as much as comes; else bytes until writing fails */
};

static inline enum pp_err pp_test_sink_write(void *context, const void *bytes, size_t len)
{
	struct pp_test_sink *sink = context;
	char *text;

	if (sink->room && len > sink->room - sink->len)
		return PP_IO;
	text = realloc(sink->text, sink->len + len + 1);
	if (!text)
		abort();
	memcpy(text + sink->len, bytes, len);
	sink->len += len;
	text[sink->len] = '\0';
	sink->text = text;
	return PP_OK;
}

static inline struct pp_sink pp_test_sink(struct pp_test_sink *sink)
{
	return (struct pp_sink){ .write = pp_test_sink_write, .context = sink };
}

static inline void pp_test_sink_done(struct pp_test_sink *sink)
{
	free(sink->text);
	*sink = (struct pp_test_sink){ .len = 0 };
}

#endif
