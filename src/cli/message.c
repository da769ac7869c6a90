#include "cli/message.h"

#include "report/escape.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_BYTES = 4096 };

/* When this fails there is nobody left to tell. */
static enum pp_err to_stderr(void *context, const void *bytes, size_t len)
{
	(void)context;
	(void)fwrite(bytes, 1, len, stderr);
	return PP_OK;
}

void pp_message(const char *format, ...)
{
	char text[MESSAGE_BYTES];
	struct pp_out out;
	enum pp_err err;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	pp_out_init(&out, (struct pp_sink){ .write = to_stderr });
	pp_out_text(&out, "pathproof: ");
	pp_escape_show(&out, text);
	pp_out_char(&out, '\n');
	err = pp_out_flush(&out);
	assert(err == PP_OK);
	(void)err;
}
