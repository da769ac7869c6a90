/* Text of a capture, written for a terminal and into a JSON string: nothing unsafe is left, and JSON reads it back. */
#include "fuzz/fuzz.h"
#include "report/escape.h"

#include <jansson.h>

enum { TEXT_MAX = 4096, ROOM = TEXT_MAX * PP_RUNE_TEXT + 3 };

struct written {
	char text[ROOM];
	size_t len;
};

static enum pp_err write_to(void *context, const void *bytes, size_t len)
{
	struct written *written = context;

	FUZZ_CHECK(len < ROOM - written->len);
	memcpy(written->text + written->len, bytes, len);
	written->len += len;
	written->text[written->len] = '\0';
	return PP_OK;
}

static void check_safe(const char *text)
{
	while (*text) {
		struct pp_rune rune = pp_rune(text);

		FUZZ_CHECK(rune.valid && !pp_rune_unsafe(rune.code));
		text += rune.len;
	}
}

static void write_all(struct written *written, const char *text, bool json)
{
	static struct pp_out out;

	written->len = 0;
	written->text[0] = '\0';
	pp_out_init(&out, (struct pp_sink){ write_to, written });
	if (json)
		pp_out_char(&out, '"');
	(json ? pp_escape_json : pp_escape_show)(&out, text);
	if (json)
		pp_out_char(&out, '"');
	FUZZ_CHECK(pp_out_flush(&out) == PP_OK);
	check_safe(written->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct written written;
	char text[TEXT_MAX + 1];
	json_t *value;

	size = size < TEXT_MAX ? size : TEXT_MAX;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	write_all(&written, text, false);
	FUZZ_CHECK(pp_text_columns(written.text) == pp_text_columns(text));
	write_all(&written, text, true);
	value = json_loads(written.text, JSON_DECODE_ANY, NULL);
	FUZZ_CHECK(json_is_string(value));
	json_decref(value);
	return 0;
}
