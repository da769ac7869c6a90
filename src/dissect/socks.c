#include "dissect/socks.h"

#include <string.h>

enum {
	VERSION_4 = 4,
	VERSION_5 = 5,
	LOGIN_VERSION = 1, /* RFC 1929 section 2 */
	METHOD_OPEN = 0,
	METHOD_PASSWORD = 2,
	METHOD_LAST = 9,      /* the highest that IANA has assigned */
	METHOD_PRIVATE = 128, /* and up to 254 */
	NO_METHOD = 255,
	GRANTED_4 = 90,
	LAST_REPLY_4 = 93,
	LEAST_REQUEST_4 = 9, /* version, command, port, address, the end of an empty user name */
};

static bool is_method(int method)
{
	return method >= 0 && (method <= METHOD_LAST || (method >= METHOD_PRIVATE && method < NO_METHOD));
}

/* The client's greeting, with nothing but methods that exist; the cursor stands behind it. */
static bool is_greeting(struct pp_cur *cur)
{
	uint8_t count;

	pp_cur_skip(cur, 1); /* the version */
	count = pp_cur_u8(cur);
	for (unsigned i = 0; i < count && pp_cur_ok(cur); i++)
		if (!is_method(pp_cur_u8(cur)))
			return false;
	return count > 0 && pp_cur_ok(cur);
}

/* A web server's error, or a TLS port's alert. */
static bool is_other(struct pp_span head)
{
	return (head.len >= 5 && memcmp(head.p, "HTTP/", 5) == 0) ||
	       (head.len >= 2 && head.p[0] == 21 && head.p[1] == 3);
}

static struct pp_socks said(enum pp_socks_word word, uint8_t version, uint8_t reply)
{
	return (struct pp_socks){ .word = word, .version = version, .reply = reply };
}

static struct pp_socks answer_5(struct pp_cur *cur)
{
	uint8_t version = pp_cur_u8(cur), method = pp_cur_u8(cur), reply;

	if (!pp_cur_ok(cur))
		return said(PP_SOCKS_ASKED, VERSION_5, 0);
	if (version != VERSION_5 || (method != NO_METHOD && !is_method(method)))
		return said(PP_SOCKS_NONE, 0, 0);
	if (method == NO_METHOD)
		return said(PP_SOCKS_NO_METHOD, VERSION_5, method);
	if (method != METHOD_OPEN && method != METHOD_PASSWORD)
		return said(PP_SOCKS_GRANTED, VERSION_5, 0);
	if (method == METHOD_PASSWORD) {
		bool is_login = pp_cur_u8(cur) == LOGIN_VERSION;
		uint8_t status = pp_cur_u8(cur);

		if (!pp_cur_ok(cur))
			return said(PP_SOCKS_ASKED, VERSION_5, 0);
		if (status || !is_login)
			return said(PP_SOCKS_LOGIN, VERSION_5, status);
	}
	version = pp_cur_u8(cur);
	reply = pp_cur_u8(cur);
	if (!pp_cur_ok(cur))
		return said(PP_SOCKS_ASKED, VERSION_5, 0);
	if (version != VERSION_5)
		return said(PP_SOCKS_NONE, 0, 0);
	return said(reply ? PP_SOCKS_REFUSED : PP_SOCKS_GRANTED, VERSION_5, reply);
}

static struct pp_socks look_4(struct pp_span client, struct pp_span server)
{
	uint8_t command = client.len > 1 ? client.p[1] : 0;

	if (client.len < LEAST_REQUEST_4 || command < 1 || command > 2)
		return said(PP_SOCKS_NONE, 0, 0);
	if (server.len == 0)
		return said(client.p[client.len - 1] ? PP_SOCKS_NONE : PP_SOCKS_ASKED, VERSION_4, 0);
	if (pp_socks_declines(server) || is_other(server))
		return said(PP_SOCKS_NOT_SPOKEN, VERSION_4, 0);
	if (server.len < 2 || server.p[0] != 0 || server.p[1] < GRANTED_4 || server.p[1] > LAST_REPLY_4)
		return said(PP_SOCKS_NONE, 0, 0);
	return said(server.p[1] == GRANTED_4 ? PP_SOCKS_GRANTED : PP_SOCKS_REFUSED, VERSION_4, server.p[1]);
}

struct pp_socks pp_socks_look(struct pp_span client, struct pp_span server)
{
	struct pp_cur asked = pp_cur_span(client, PP_MORE), answered = pp_cur_span(server, PP_MORE);
	int version = pp_cur_peek(&asked, 0);
	bool no_more;

	if (version == VERSION_4)
		return look_4(client, server);
	if (version != VERSION_5 || !is_greeting(&asked))
		return said(PP_SOCKS_NONE, 0, 0);
	no_more = pp_cur_left(&asked) == 0; /* who was not answered says no more */
	if (server.len == 0)
		return said(no_more ? PP_SOCKS_ASKED : PP_SOCKS_NONE, no_more ? VERSION_5 : 0, 0);
	if (is_other(server))
		return said(no_more ? PP_SOCKS_NOT_SPOKEN : PP_SOCKS_NONE, no_more ? VERSION_5 : 0, 0);
	return answer_5(&answered);
}

bool pp_socks_declines(struct pp_span server)
{
	return server.len == 2 && server.p[0] == VERSION_5 && server.p[1] == NO_METHOD;
}
