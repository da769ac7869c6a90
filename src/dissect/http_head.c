#include "dissect/http_head.h"

#include "dissect/http.h"
#include "dissect/http_text.h"

#include <stddef.h>

/* IANA "HTTP Method Registry", and what Microsoft's agents and clients use besides it (WebDAV for Exchange, RPC over
 * HTTP, BITS, Configuration Manager, SSTP). */
static const char *const methods[] = {
	"GET",
	"POST",
	"CONNECT",
	"HEAD",
	"PUT",
	"OPTIONS",
	"DELETE",
	"PATCH",
	"TRACE",
	"ACL",
	"BASELINE-CONTROL",
	"BIND",
	"CHECKIN",
	"CHECKOUT",
	"COPY",
	"LABEL",
	"LINK",
	"LOCK",
	"MERGE",
	"MKACTIVITY",
	"MKCALENDAR",
	"MKCOL",
	"MKREDIRECTREF",
	"MKWORKSPACE",
	"MOVE",
	"ORDERPATCH",
	"PROPFIND",
	"PROPPATCH",
	"QUERY",
	"REBIND",
	"REPORT",
	"SEARCH",
	"UNBIND",
	"UNCHECKOUT",
	"UNLINK",
	"UNLOCK",
	"UPDATE",
	"UPDATEREDIRECTREF",
	"VERSION-CONTROL",
	"BCOPY",
	"BDELETE",
	"BMOVE",
	"BPROPFIND",
	"BPROPPATCH",
	"NOTIFY",
	"POLL",
	"SUBSCRIBE",
	"UNSUBSCRIBE",
	"X-MS-ENUMATTS",
	"RPC_CONNECT",
	"RPC_IN_DATA",
	"RPC_OUT_DATA",
	"RPC_ECHO_DATA",
	"BITS_POST",
	"CCM_POST",
	"SSTP_DUPLEX_POST",
	"PURGE",
};

enum { METHODS = sizeof(methods) / sizeof(methods[0]) };
enum { VERSION_LEN = 7 }; /* "HTTP/1." */

static const char *registered(struct pp_span token)
{
	for (size_t i = 0; i < METHODS; i++) {
		if (pp_span_equal(token, methods[i], strlen(methods[i])))
			return methods[i];
	}
	return NULL;
}

static bool begins_a_method(struct pp_span token)
{
	for (size_t i = 0; i < METHODS; i++) {
		if (token.len <= strlen(methods[i]) && pp_span_equal(token, methods[i], token.len))
			return true;
	}
	return false;
}

static enum pp_http_look look_of_request(struct pp_span head)
{
	struct pp_span token = pp_text_first(head, pp_text_token(head)), rest = pp_text_after(head, token.len);

	if (rest.len == 0)
		return begins_a_method(token) ? PP_HTTP_MORE : PP_HTTP_NO;
	if (pp_text_at(rest, 0) != ' ' || !registered(token))
		return PP_HTTP_NO;
	if (rest.len == 1)
		return PP_HTTP_MORE;
	return pp_text_at(rest, 1) > ' ' && pp_text_at(rest, 1) < 0x7f ? PP_HTTP_REQUEST : PP_HTTP_NO;
}

enum pp_http_look pp_http_look(struct pp_span head)
{
	size_t line = pp_text_find(head, '\n');
	enum pp_http_look look;

	if (head.len >= VERSION_LEN && pp_span_equal(pp_text_first(head, VERSION_LEN), "HTTP/1.", VERSION_LEN))
		look = PP_HTTP_REPLY;
	else if (pp_span_equal(head, "HTTP/1.", head.len < VERSION_LEN ? head.len : VERSION_LEN))
		look = PP_HTTP_MORE;
	else
		look = look_of_request(head);
	/* SIP, RTSP and Redis have the same words; a whole line tells. */
	if (look != PP_HTTP_NO && line < head.len &&
	    !pp_http_is_start_line(pp_text_first(head, line), look == PP_HTTP_REPLY ? PP_SERVER : PP_CLIENT))
		return PP_HTTP_NO;
	return look;
}

static bool is_version(struct pp_span text)
{
	uint64_t minor;

	return pp_span_equal(pp_text_first(text, VERSION_LEN), "HTTP/1.", VERSION_LEN) &&
	       pp_text_number(pp_text_after(text, VERSION_LEN), 9, &minor); /* RFC 9112 section 2.3: case counts */
}

/* The target may hold spaces where a client does not escape them, so the version is what follows the last one. */
static bool take_request_line(struct pp_http_head *head, struct pp_span line)
{
	size_t version = pp_text_find_last(line, ' ');

	head->method_view = pp_text_first(line, pp_text_token(line));
	if (head->method_view.len == 0 || version == line.len || version <= head->method_view.len)
		return false;
	head->target_view = pp_text_after(pp_text_first(line, version), head->method_view.len);
	if (pp_text_at(head->target_view, 0) != ' ')
		return false;
	head->target_view = pp_text_trim(head->target_view);
	head->method = registered(head->method_view);
	return head->target_view.len > 0 && is_version(pp_text_after(line, version + 1));
}

static bool take_status_line(struct pp_http_head *head, struct pp_span line)
{
	size_t version = pp_text_find(line, ' ');
	struct pp_span rest = pp_text_trim(pp_text_after(line, version));
	uint64_t status;

	if (!is_version(pp_text_first(line, version)) || (rest.len > 3 && pp_text_at(rest, 3) != ' '))
		return false;
	if (!pp_text_number(pp_text_first(rest, 3), 999, &status) || status < 100) /* three digits */
		return false;
	head->status = (uint16_t)status;
	head->reason_view = pp_text_trim(pp_text_after(rest, 3));
	return true;
}

static bool take_start_line(struct pp_http_head *head, struct pp_span line, enum pp_side side)
{
	line = pp_text_trim(line);
	return side == PP_CLIENT ? take_request_line(head, line) : take_status_line(head, line);
}

bool pp_http_is_start_line(struct pp_span line, enum pp_side side)
{
	struct pp_http_head head = { 0 };

	return take_start_line(&head, line, side);
}

/* The version says nothing more, but what follows the target shows where that ends. */
static bool take_cut_request_line(struct pp_http_head *head, struct pp_span line)
{
	struct pp_span rest;

	head->method_view = pp_text_first(line, pp_text_token(line));
	if (head->method_view.len == 0 || pp_text_at(line, head->method_view.len) != ' ')
		return false;
	rest = pp_text_after(line, head->method_view.len + 1);
	head->target_view = pp_text_first(rest, pp_text_find(rest, ' '));
	head->method = registered(head->method_view);
	return head->target_view.len > 0 && head->target_view.len < rest.len;
}

static struct pp_span take_line(struct pp_cur *cur)
{
	struct pp_cur ahead = *cur;
	struct pp_span rest = pp_cur_rest(&ahead);
	size_t end = pp_text_find(rest, '\n');

	return pp_cur_take(cur, end < rest.len ? end + 1 : end);
}

/* A line and those folded under it. */
static struct pp_span take_folded_line(struct pp_cur *cur)
{
	struct pp_cur start = *cur;
	size_t len = take_line(cur).len;

	while (pp_cur_peek(cur, 0) == ' ' || pp_cur_peek(cur, 0) == '\t')
		len += take_line(cur).len;
	return pp_cur_take(&start, len);
}

/* The next element of a comma-separated list; commas within quotes do not count. */
static struct pp_span take_element(struct pp_cur *list)
{
	struct pp_cur start = *list;
	bool quoted = false;
	size_t len = 0;

	while (pp_cur_left(list) > 0) {
		uint8_t c = pp_cur_u8(list);

		if (c == ',' && !quoted)
			break;
		if (c == '"')
			quoted = !quoted;
		len++;
		if (c == '\\' && quoted && pp_cur_left(list) > 0) {
			pp_cur_skip(list, 1);
			len++;
		}
	}
	return pp_text_trim(pp_cur_take(&start, len));
}

static void take_length(struct pp_http_head *head, struct pp_span value)
{
	struct pp_cur list = pp_cur_span(value, PP_MORE);

	/* RFC 9112 section 6.3: a repeated value is one value when all are equal. */
	while (pp_cur_left(&list) > 0) {
		uint64_t length;

		if (!pp_text_number(take_element(&list), UINT64_MAX / 2, &length) ||
		    (head->has_length && length != head->length)) {
			head->bad_length = true;
			continue;
		}
		head->has_length = true;
		head->length = length;
	}
}

static void take_coding(struct pp_http_head *head, struct pp_span value)
{
	struct pp_cur list = pp_cur_span(value, PP_MORE);

	while (pp_cur_left(&list) > 0) {
		struct pp_span coding = take_element(&list);

		if (coding.len == 0 || pp_text_is(coding, "identity")) /* the latter: RFC 2616 */
			continue;
		head->has_coding = true;
		head->chunked = pp_text_is(coding, "chunked");
	}
}

static void take_encoding(struct pp_http_head *head, struct pp_span value)
{
	head->encoded = value.len > 0 && !pp_text_is(value, "identity");
}

static void take_expect(struct pp_http_head *head, struct pp_span value)
{
	head->expect_continue = pp_text_is(value, "100-continue");
}

static void add_scheme(struct pp_http_head *head, struct pp_span name)
{
	for (unsigned i = 0; i < head->scheme_count; i++) {
		if (pp_text_same(head->schemes_view[i], name))
			return;
	}
	if (head->scheme_count == PP_SCHEMES_MAX)
		head->clipped = true;
	else
		head->schemes_view[head->scheme_count++] = name;
}

/* RFC 9110 section 11.6.1: schemes and their parameters share one list, so an element is a parameter when its first
 * word is followed by "=". */
static void take_challenges(struct pp_http_head *head, struct pp_span value)
{
	struct pp_cur list = pp_cur_span(value, PP_MORE);

	while (pp_cur_left(&list) > 0) {
		struct pp_span element = take_element(&list);
		struct pp_span name = pp_text_first(element, pp_text_token(element));
		struct pp_span rest = pp_text_trim(pp_text_after(element, name.len));

		if (name.len == 0 || pp_text_at(rest, 0) == '=')
			continue;
		add_scheme(head, name);
		if (rest.len > 0 && (pp_text_is(name, "ntlm") || pp_text_is(name, "negotiate")))
			head->challenge = head->status == 401 || head->status == 407;
	}
}

static int base64_digit(int c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Bytes written; stops at the first character that is none of the alphabet. */
static size_t base64_decode(struct pp_span text, uint8_t *bytes, size_t room)
{
	uint32_t bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < text.len && n < room; i++) {
		int digit = base64_digit(pp_text_at(text, i));

		if (digit < 0)
			break;
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 != 0)
			bytes[n++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	return n;
}

/* The NTLM message type in a token, which may be wrapped in SPNEGO; 0 when there is none. */
static uint32_t ntlm_type(struct pp_span token)
{
	uint8_t bytes[256]; /* SPNEGO puts less than 100 bytes before it */
	size_t len = base64_decode(token, bytes, sizeof(bytes));
	struct pp_cur cur = pp_cur(bytes, len, PP_MORE);
	uint32_t type = 0;

	for (; pp_cur_left(&cur) > 0; pp_cur_skip(&cur, 1)) {
		struct pp_cur message = cur;

		if (pp_span_equal(pp_cur_take(&message, 8), "NTLMSSP", 8)) {
			type = pp_cur_u32le(&message);
			break;
		}
	}
	pp_text_wipe(bytes, sizeof(bytes));
	return type;
}

static void take_credentials(struct pp_http_head *head, struct pp_span value)
{
	struct pp_span scheme = pp_text_first(value, pp_text_token(value));
	struct pp_span token = pp_text_trim(pp_text_after(value, scheme.len));
	bool negotiate = pp_text_is(scheme, "negotiate");
	uint32_t type = negotiate || pp_text_is(scheme, "ntlm") ? ntlm_type(token) : 0;

	if (pp_text_is(scheme, "basic"))
		head->credentials = PP_CREDENTIALS_BASIC;
	else if (type == 1)
		head->credentials = PP_CREDENTIALS_NTLM_FIRST;
	else if (type == 3)
		head->credentials = PP_CREDENTIALS_NTLM_FINAL;
	else if (negotiate && type == 0 && token.len > 0)
		head->credentials = PP_CREDENTIALS_NEGOTIATE;
	else
		head->credentials = PP_CREDENTIALS_OTHER;
}

#define NAME(text) text, sizeof(text) - 1

/* Fields kept as text … */
static const struct {
	const char *name;
	size_t len, at;
} texts[] = {
	{ NAME("host"), offsetof(struct pp_http_head, host_view) },
	{ NAME("user-agent"), offsetof(struct pp_http_head, user_agent_view) },
	{ NAME("server"), offsetof(struct pp_http_head, server_view) },
	{ NAME("via"), offsetof(struct pp_http_head, via_view) },
	{ NAME("x-squid-error"), offsetof(struct pp_http_head, x_squid_error_view) },
	{ NAME("proxy-agent"), offsetof(struct pp_http_head, proxy_agent_view) },
	{ NAME("location"), offsetof(struct pp_http_head, location_view) },
	{ NAME("date"), offsetof(struct pp_http_head, date_view) },
	{ NAME("content-type"), offsetof(struct pp_http_head, content_type_view) },
};

/* … and those that are understood. */
static const struct {
	const char *name;
	size_t len;
	void (*take)(struct pp_http_head *head, struct pp_span value);
} meanings[] = {
	{ NAME("content-length"), take_length },           { NAME("transfer-encoding"), take_coding },
	{ NAME("content-encoding"), take_encoding },       { NAME("expect"), take_expect },
	{ NAME("proxy-authenticate"), take_challenges },   { NAME("www-authenticate"), take_challenges },
	{ NAME("proxy-authorization"), take_credentials },
};

#undef NAME

static void take_field(struct pp_http_head *head, struct pp_span name, struct pp_span value)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct pp_span *text = (void *)((char *)head + texts[i].at);

		if (name.len == texts[i].len && text->len == 0 && pp_text_begins(name, texts[i].name))
			*text = value;
	}
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (name.len == meanings[i].len && pp_text_begins(name, meanings[i].name))
			meanings[i].take(head, value);
	}
}

static bool take_first_line(struct pp_http_head *head, struct pp_span line, enum pp_side side, bool cut)
{
	if (!cut || pp_text_find(line, '\n') < line.len)
		return take_start_line(head, line, side);
	return side == PP_CLIENT && take_cut_request_line(head, line);
}

enum pp_err pp_http_head_parse(struct pp_span block, enum pp_side side, bool cut, struct pp_http_head *ret_head)
{
	struct pp_cur cur = pp_cur_span(block, PP_MORE);
	struct pp_http_head head = { 0 };

	if (!take_first_line(&head, take_line(&cur), side, cut))
		return PP_MALFORMED;
	while (pp_cur_left(&cur) > 0) {
		struct pp_span line = take_folded_line(&cur);
		size_t colon = pp_text_find(line, ':');
		struct pp_span name = pp_text_trim(pp_text_first(line, colon));

		if (colon < line.len && name.len > 0 && pp_text_token(name) == name.len)
			take_field(&head, name, pp_text_trim(pp_text_after(line, colon + 1)));
	}
	if (cut && head.credentials == PP_CREDENTIALS_NONE)
		head.credentials = PP_CREDENTIALS_UNSEEN;
	*ret_head = head;
	return PP_OK;
}

struct pp_span pp_http_authority(struct pp_span authority, uint16_t *ret_port)
{
	size_t userinfo = pp_text_find_last(authority, '@'), colon, bracket;
	struct pp_span host, port;
	uint64_t number;

	*ret_port = 0;
	if (userinfo < authority.len)
		authority = pp_text_after(authority, userinfo + 1);
	bracket = pp_text_find(authority, ']');
	if (pp_text_at(authority, 0) == '[' && bracket < authority.len) {
		host = pp_text_after(pp_text_first(authority, bracket), 1);
		port = pp_text_after(authority, bracket + 2);
	} else {
		colon = pp_text_find_last(authority, ':');
		host = pp_text_first(authority, colon);
		port = pp_text_after(authority, colon + 1);
	}
	if (pp_text_number(port, UINT16_MAX, &number))
		*ret_port = (uint16_t)number;
	return host;
}

struct pp_http_target pp_http_target(struct pp_span text)
{
	struct pp_http_target target = { .path_view = text };
	size_t scheme = pp_text_token(text), query, fragment;

	if (scheme > 0 && pp_text_begins(pp_text_after(text, scheme), "://")) {
		struct pp_span rest = pp_text_after(text, scheme + 3);
		size_t end = 0;

		while (end < rest.len && !strchr("/?#", pp_text_at(rest, end)))
			end++;
		target.absolute = true;
		target.authority_view = pp_text_first(rest, end);
		target.path_view = pp_text_after(rest, end);
	}
	query = pp_text_find(target.path_view, '?');
	fragment = pp_text_find(target.path_view, '#');
	target.query = query < target.path_view.len || fragment < target.path_view.len;
	target.path_view = pp_text_first(target.path_view, query < fragment ? query : fragment);
	return target;
}
