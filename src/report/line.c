#include "report/line.h"

#include "base/digits.h"
#include "base/time.h"

#include <assert.h>
#include <string.h>

static const char ellipsis[] = "...";

/* The most bytes of `text` up to `room` that do not end inside a UTF-8 character. */
static size_t whole_characters(const char *text, size_t len, size_t room)
{
	size_t at = room;

	if (len <= room)
		return len;
	for (int back = 0; back < 3 && at > 0 && ((uint8_t)text[at] & 0xc0) == 0x80; back++)
		at--;
	return at;
}

static void add_cut(struct pp_line *line, const char *text, size_t len, size_t room)
{
	size_t n;

	if (line->cut)
		return;
	n = whole_characters(text, len, room);
	memcpy(line->text + line->len, text, n);
	line->len += n;
	if (n < len) {
		line->cut = true;
		memcpy(line->text + line->len, ellipsis, sizeof(ellipsis) - 1);
		line->len += sizeof(ellipsis) - 1;
	}
	line->text[line->len] = '\0';
}

static inline void add(struct pp_line *line, const char *text, size_t len)
{
	size_t room = PP_LINE_BYTES - line->len - sizeof(ellipsis);

	if (line->cut || len > room) {
		add_cut(line, text, len, room);
		return;
	}
	memcpy(line->text + line->len, text, len);
	line->len += len;
	line->text[line->len] = '\0';
}

void pp_line_start_at(struct pp_line *line, char text[PP_LINE_BYTES])
{
	line->text = text;
	line->len = 0;
	line->cut = false;
	text[0] = '\0';
}

void pp_line_add(struct pp_line *line, const char *text) { add(line, text, strlen(text)); }
void pp_line_add_bytes(struct pp_line *line, const char *text, size_t len) { add(line, text, len); }

void pp_line_value(struct pp_line *line, const char *text)
{
	size_t len = text ? strlen(text) : 0, n = text ? whole_characters(text, len, PP_LINE_VALUE) : 0;

	add(line, text ? text : "", n);
	if (n < len)
		pp_line_add(line, ellipsis);
}

void pp_line_i64(struct pp_line *line, int64_t value)
{
	char text[1 + PP_DIGITS_MOST] = { '-' };
	char *end = pp_digits(text + (value < 0), pp_digits_magnitude(value));

	add(line, text, (size_t)(end - text));
}

void pp_line_addr(struct pp_line *line, const struct pp_addr *addr)
{
	char text[PP_ADDR_TEXT];

	add(line, text, (size_t)(pp_addr_format(addr, text) - text));
}

char *pp_put_endpoint(char *at, const struct pp_endpoint_addr *endpoint)
{
	bool bracket = !pp_addr_is_v4(&endpoint->ip);

	*at = '[';
	at = pp_addr_format(&endpoint->ip, at + bracket);
	*at = ']';
	at[bracket] = ':';
	return pp_digits(at + bracket + 1, endpoint->port);
}

void pp_line_endpoint(struct pp_line *line, const struct pp_endpoint_addr *endpoint)
{
	char text[PP_LINE_PUT];

	add(line, text, (size_t)(pp_put_endpoint(text, endpoint) - text));
}

void pp_line_time(struct pp_line *line, int64_t ns)
{
	enum { TO_MILLISECONDS = 23 };
	char text[PP_TIME_TEXT];

	pp_time_format(ns, text);
	if (ns == PP_TIME_NONE || strlen(text) <= TO_MILLISECONDS)
		return;
	memcpy(text + TO_MILLISECONDS, "Z", 2);
	pp_line_add(line, text);
}

static inline char *put(char *at, const char *literal)
{
	size_t len = strlen(literal);

	memcpy(at, literal, len);
	return at + len;
}

/* Cut and not rounded, in whole numbers: the same bytes everywhere, whatever the FPU. */
char *pp_put_duration(char *at, int64_t ns)
{
	enum { HUNDREDTH_MS = PP_MS / 100, TENTH_S = PP_SECOND / 10 };
	uint64_t n = pp_digits_magnitude(ns), seconds = n / PP_SECOND;

	*at = '-';
	at += ns < 0;
	if (n == 0)
		return put(at, "0 ms");
	if (n < 10 * PP_MS) {
		uint32_t hundredths = (uint32_t)(n / HUNDREDTH_MS);

		at = put(pp_digits_small(at, hundredths / 100), ".");
		return put(pp_digits_pair(at, hundredths % 100), " ms");
	}
	if (n < PP_SECOND)
		return put(pp_digits(at, n / PP_MS), " ms");
	if (n < 60 * PP_SECOND) {
		uint32_t tenths = (uint32_t)(n / TENTH_S);

		at = put(pp_digits_small(at, tenths / 10), ".");
		return put(pp_digits_small(at, tenths % 10), " s");
	}
	if (seconds < 3600) {
		at = put(pp_digits(at, seconds / 60), " min ");
		return put(pp_digits(at, seconds % 60), " s");
	}
	at = put(pp_digits(at, seconds / 3600), " h ");
	return put(pp_digits(at, seconds % 3600 / 60), " min");
}

void pp_line_duration(struct pp_line *line, int64_t ns)
{
	char text[PP_LINE_PUT];

	add(line, text, (size_t)(pp_put_duration(text, ns) - text));
}

bool pp_message_cut(const char **message, size_t *ret_len, char name[PP_PLACEHOLDER_BYTES])
{
	const char *begin = *message;

	for (const char *brace = begin; (brace = strchr(brace, '{')) != NULL; brace++) {
		size_t len = 0;

		while (len < PP_PLACEHOLDER_BYTES - 1 && brace[1 + len] && brace[1 + len] != '{' &&
		       brace[1 + len] != '}')
			len++;
		if (len == 0 || brace[1 + len] != '}')
			continue;
		memcpy(name, brace + 1, len);
		name[len] = '\0';
		*ret_len = (size_t)(brace - begin);
		*message = brace + len + 2;
		return true;
	}
	*ret_len = strlen(begin);
	*message = begin + *ret_len;
	return false;
}

/* Takes the space back that stood before a value which turned out empty. */
static void drop_space(struct pp_line *line)
{
	if (line->len && !line->cut && line->text[line->len - 1] == ' ')
		line->text[--line->len] = '\0';
}

void pp_line_expand(struct pp_line *line, const char *message, pp_resolve resolve, const void *context)
{
	char name[PP_PLACEHOLDER_BYTES];
	const char *text = message;
	size_t len, before;

	for (; pp_message_cut(&message, &len, name); text = message) {
		add(line, text, len);
		before = line->len;
		if (!resolve(context, name, line))
			add(line, text + len, (size_t)(message - text) - len);
		else if (line->len == before)
			drop_space(line);
	}
	add(line, text, len);
}
