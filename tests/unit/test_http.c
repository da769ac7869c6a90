/* HTTP/1: conversations whole, cut everywhere, byte by byte, and every prefix of them against the guard page. */
#include "support/cmocka_all.h"
#include "support/guard.h"

#include "dissect/http.h"
#include "dissect/http_head.h"
#include "dissect/http_page.h"
#include "dissect/http_text.h"

#include <stdio.h>

enum { TEXT = 1 << 16 };

/* What one side says in one packet; the packet number is the turn's, from 1. */
struct turn {
	enum pp_side side;
	const char *text;
};

#define C PP_CLIENT
#define S PP_SERVER
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct play {
	struct pp_pool pool;
	struct pp_arena arena;
	struct pp_http *http;
	bool left[2]; /* this side belongs to the tunnel */
	char inside[2][1024];
};

static void begin(struct play *play)
{
	memset(play, 0, sizeof(*play));
	pp_pool_init(&play->pool, 0);
	pp_arena_init(&play->arena, &play->pool);
	play->http = pp_http_new(&play->arena);
	assert_non_null(play->http);
}

static void end(struct play *play)
{
	pp_http_free(play->http);
	pp_arena_reset(&play->arena);
	pp_pool_done(&play->pool);
}

static void push(struct play *play, enum pp_side side, const void *bytes, size_t len, uint32_t packet)
{
	struct pp_mark mark = { .packet = packet, .ts = packet };
	struct pp_span span = { bytes, len };
	size_t taken = play->left[side] ? 0 : pp_http_data(play->http, side, span, mark);

	assert_true(taken <= len);
	if (taken == len)
		return;
	assert_true(pp_http_tunnel(play->http));
	play->left[side] = true;
	span = pp_text_after(span, taken);
	strncat(play->inside[side], (const char *)span.p, span.len);
}

static void say(struct play *play, enum pp_side side, uint32_t packet, const char *text)
{
	push(play, side, text, strlen(text), packet);
}

/* ------------------------------------------------------------------ facts as text */

struct text {
	char p[TEXT];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	text->len += (size_t)vsnprintf(text->p + text->len, sizeof(text->p) - text->len, format, list);
	va_end(list);
	assert_true(text->len < sizeof(text->p));
}

static void put_field(struct text *text, const char *name, const char *value)
{
	if (value)
		put(text, " %s=%s", name, value);
}

static void put_reply(struct text *text, const struct pp_http_reply *reply)
{
	static const char *const pages[] = { "", " azure-firewall", " squid", " block" };

	if (!pp_seen(reply->mark)) {
		put(text, " -> none\n");
		return;
	}
	put(text, " -> %u @%u-%u", reply->status, reply->begin.packet, reply->mark.packet);
	put_field(text, "reason", reply->reason);
	for (unsigned i = 0; i < reply->scheme_count; i++)
		put_field(text, "scheme", reply->schemes[i]);
	put(text, "%s", reply->challenge ? " challenge" : "");
	put_field(text, "server", reply->server);
	put_field(text, "via", reply->via);
	put_field(text, "squid", reply->x_squid_error);
	put_field(text, "agent", reply->proxy_agent);
	put_field(text, "location", reply->location);
	put_field(text, "date", reply->date);
	put_field(text, "type", reply->content_type);
	put(text, " body=%llu%s%s\n", (unsigned long long)reply->body_bytes, pages[reply->page],
	    reply->complete ? " complete" : "");
}

static void put_facts(struct text *text, const struct play *play)
{
	const struct pp_http_facts *facts = pp_http_facts(play->http);

	for (unsigned i = 0; i < facts->connect_count; i++) {
		const struct pp_connect *connect = &facts->connects[i];

		put(text, "CONNECT %s:%u @%u-%u", connect->host ? connect->host : "-", connect->port,
		    connect->begin.packet, connect->mark.packet);
		put(text, " credentials=%d%s", (int)connect->credentials, connect->tunnel ? " tunnel" : "");
		put_field(text, "ua", connect->user_agent);
		put_reply(text, &connect->reply);
	}
	for (unsigned i = 0; i < facts->exchange_count; i++) {
		const struct pp_http_exchange *exchange = &facts->exchanges[i];

		put(text, "%s %s:%u %s%s%s @%u-%u", exchange->method, exchange->host ? exchange->host : "-",
		    exchange->port, exchange->target, exchange->absolute_form ? " absolute" : "",
		    exchange->query_removed ? " no-query" : "", exchange->begin.packet, exchange->mark.packet);
		put(text, " credentials=%d", (int)exchange->credentials);
		put_field(text, "ua", exchange->user_agent);
		put_reply(text, &exchange->reply);
	}
	put(text, "%u requests, %u replies", facts->request_total, facts->reply_total);
	put(text, "%s%s%s%s", pp_seen(facts->reply_without_request) ? ", orphan" : "",
	    facts->in_tunnel ? ", in tunnel" : "", facts->malformed[C] ? ", client malformed" : "",
	    facts->malformed[S] ? ", server malformed" : "");
	put(text, "%s%s\n", facts->clipped ? ", clipped" : "", pp_http_tunnel(play->http) ? ", tunnel" : "");
	if (play->left[C] || play->left[S])
		put(text, "inside: %s | %s\n", play->inside[C], play->inside[S]);
}

/* ------------------------------------------------------------------ three ways */

static void play_cut(struct text *text, const struct turn *turns, size_t count, size_t cut_turn, size_t cut)
{
	struct play play;

	begin(&play);
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(turns[i].text), first = i == cut_turn ? cut : len;

		push(&play, turns[i].side, turns[i].text, first, (uint32_t)i + 1);
		push(&play, turns[i].side, turns[i].text + first, len - first, (uint32_t)i + 1);
	}
	pp_http_finish(play.http);
	text->len = 0;
	put_facts(text, &play);
	end(&play);
}

static void play_bytes(struct text *text, const struct turn *turns, size_t count)
{
	struct play play;

	begin(&play);
	for (size_t i = 0; i < count; i++) {
		for (const char *p = turns[i].text; *p; p++)
			push(&play, turns[i].side, p, 1, (uint32_t)i + 1);
	}
	pp_http_finish(play.http);
	text->len = 0;
	put_facts(text, &play);
	end(&play);
}

/* Every prefix ends at the inaccessible page; what can be known of it is only that it is no error. */
static void play_prefixes(const struct turn *turns, size_t count, bool malformed)
{
	struct pp_guard guard = pp_guard_open(TEXT);

	for (size_t last = 0; last < count; last++) {
		for (size_t len = 0; len <= strlen(turns[last].text); len++) {
			struct play play;

			begin(&play);
			for (size_t i = 0; i <= last; i++) {
				size_t n = i < last ? strlen(turns[i].text) : len;

				push(&play, turns[i].side, pp_guard_bytes(&guard, turns[i].text, n), n, 1);
			}
			pp_http_finish(play.http);
			assert_false(pp_http_facts(play.http)->malformed[C] && !malformed);
			assert_false(pp_http_facts(play.http)->malformed[S] && !malformed);
			end(&play);
		}
	}
	pp_guard_close(&guard);
}

static struct text whole, other;

static void check_all_ways(const struct turn *turns, size_t count, const char *expected)
{
	play_cut(&whole, turns, count, 0, 0);
	assert_string_equal(whole.p, expected);
	for (size_t i = 0; i < count; i++) {
		for (size_t cut = 1; cut < strlen(turns[i].text); cut++) {
			play_cut(&other, turns, count, i, cut);
			assert_string_equal(other.p, whole.p);
		}
	}
	play_bytes(&other, turns, count);
	assert_string_equal(other.p, whole.p);
	play_prefixes(turns, count, strstr(expected, "malformed") != NULL);
}

#define CHECK(turns, expected) check_all_ways(turns, COUNT(turns), expected)

/* ------------------------------------------------------------------ CONNECT */

static void test_connect(void **state)
{
	static const struct turn turns[] = {
		{ C, "CONNECT Login.MicrosoftOnline.com:443 HTTP/1.1\r\nHost: login.microsoftonline.com:443\r\n"
		     "User-Agent: himds/1.0\r\nProxy-Connection: keep-alive\r\n\r\n" },
		{ S, "HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy (squid/5.7)\r\n\r\n" },
		{ C, "\x16\x03\x01hello" },
		{ S, "\x16\x03\x03server hello" },
	};

	(void)state;
	CHECK(turns, "CONNECT login.microsoftonline.com:443 @1-1 credentials=0 tunnel ua=himds/1.0"
		     " -> 200 @2-2 reason=Connection established via=1.1 proxy (squid/5.7) body=0 complete\n"
		     "0 requests, 0 replies, tunnel\n"
		     "inside: \x16\x03\x01hello | \x16\x03\x03server hello\n");
}

static void test_connect_hands_over_the_rest(void **state)
{
	static const struct turn turns[] = {
		{ C, "CONNECT [2001:db8::1]:8443 HTTP/1.0\n\n" },
		{ S, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.0 299 Fine\n\nSSH-2.0-banner" },
		{ C, "SSH-2.0-client" },
	};

	(void)state;
	CHECK(turns, "CONNECT 2001:db8::1:8443 @1-1 credentials=0 tunnel -> 299 @2-2 reason=Fine body=0 complete\n"
		     "0 requests, 0 replies, tunnel\n"
		     "inside: SSH-2.0-client | SSH-2.0-banner\n");
}

/* Two legs of NTLM and a final 200, all on one connection; bodies by length and by chunks lie between. */
static void test_connect_attempts(void **state)
{
	static const struct turn turns[] = {
		{ C, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n" },
		{ S, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate, NTLM\r\n"
		     "Proxy-Authenticate: Basic realm=\"a, b=\\\"c\", charset=\"UTF-8\"\r\n"
		     "X-Squid-Error: ERR_CACHE_ACCESS_DENIED 0\r\nContent-Length: 21\r\n\r\nHTTP/1.1 200 not this" },
		{ C, "CONNECT a.example:443 HTTP/1.1\r\n"
		     "Proxy-Authorization: NTLM TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==\r\n\r\n" },
		{ S, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM TlRMTVNTUAACAAAA\r\n"
		     "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n" },
		{ C, "CONNECT a.example:443 HTTP/1.1\r\n"
		     "Proxy-Authorization:\r\n NTLM\r\n\t  TlRMTVNTUAADAAAAGAAYAAAA\r\n\r\n" },
		{ S, "HTTP/1.1 200 OK\r\n\r\n" },
	};

	(void)state;
	CHECK(turns,
	      "CONNECT a.example:443 @1-1 credentials=0 -> 407 @2-2 reason=Proxy Authentication Required"
	      " scheme=Negotiate scheme=NTLM scheme=Basic squid=ERR_CACHE_ACCESS_DENIED 0 body=21 complete\n"
	      "CONNECT a.example:443 @3-3 credentials=3 -> 407 @4-4 reason=Proxy Authentication Required scheme=NTLM"
	      " challenge body=15 complete\n"
	      "CONNECT a.example:443 @5-5 credentials=4 tunnel -> 200 @6-6 reason=OK body=0 complete\n"
	      "0 requests, 0 replies, tunnel\n");
}

static void test_connect_refused_until_close(void **state)
{
	static const struct turn turns[] = {
		{ C, "CONNECT user:secret@b.example HTTP/1.1\r\nProxy-Authorization: Basic dTpw\r\n\r\n" },
		{ S, "HTTP/1.0 403 Forbidden\r\nServer: squid/5.7\r\nContent-Type: text/html\r\n\r\n"
		     "<html><body id=ERR_ACCESS_DENIED>HTTP/1.1 200 OK\r\n\r\n" },
	};

	(void)state;
	CHECK(turns, "CONNECT b.example:0 @1-1 credentials=1 -> 403 @2-2 reason=Forbidden server=squid/5.7"
		     " type=text/html body=52 squid complete\n0 requests, 0 replies\n");
}

/* The reply was not captured, yet the client goes on with TLS. */
static void test_connect_without_reply(void **state)
{
	static const struct turn turns[] = {
		{ C, "CONNECT c.example:443 HTTP/1.1\r\n\r\n" },
		{ C, "\x16\x03\x01hello" },
	};
	static const struct turn late[] = {
		{ C, "CONNECT c.example:443 HTTP/1.1\r\n\r\n\x16\x03\x01hello" },
		{ S, "HTTP/1.1 200 OK\r\n\r\n\x16\x03\x03server" },
	};
	static const struct turn refused[] = {
		{ C, "CONNECT c.example:443 HTTP/1.1\r\n\r\n\x16\x03\x01hello" },
		{ S, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno\n" },
	};
	static const struct turn swallowed[] = {
		{ C, "CONNECT c.example:443 HTTP/1.1\r\n\r\n\x16\x03\x01hello" },
		{ S, "\x16\x03\x03server" },
	};

	(void)state;
	CHECK(turns, "CONNECT c.example:443 @1-1 credentials=0 -> none\n0 requests, 0 replies, tunnel\n"
		     "inside: \x16\x03\x01hello | \n");
	CHECK(late, "CONNECT c.example:443 @1-1 credentials=0 tunnel -> 200 @2-2 reason=OK body=0 complete\n"
		    "0 requests, 0 replies, tunnel\ninside: \x16\x03\x01hello | \x16\x03\x03server\n");
	CHECK(refused, "CONNECT c.example:443 @1-1 credentials=0 -> 502 @2-2 reason=Bad Gateway body=3 complete\n"
		       "0 requests, 0 replies, tunnel\ninside: \x16\x03\x01hello | \n");
	CHECK(swallowed, "CONNECT c.example:443 @1-1 credentials=0 -> none\n0 requests, 0 replies, tunnel\n"
			 "inside: \x16\x03\x01hello | \x16\x03\x03server\n");
}

static void test_tls_after_a_refusal_is_no_tunnel(void **state)
{
	struct play play;

	(void)state;
	begin(&play);
	say(&play, C, 1, "CONNECT c.example:443 HTTP/1.1\r\n\r\n");
	say(&play, S, 2, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
	say(&play, C, 3, "\x16\x03\x01hello");
	assert_false(pp_http_tunnel(play.http));
	assert_true(pp_http_facts(play.http)->malformed[C]);
	end(&play);
}

static void test_replies_alone(void **state)
{
	static const struct turn established[] = {
		{ S, "HTTP/1.0 200 Connection Established\r\nProxy-agent: x\r\n\r\n\x16\x03\x03server" },
	};
	static const struct turn bare[] = { { S, "HTTP/1.1 200 OK\r\n\r\n\x16\x03\x03server" } };
	static const struct turn plain[] = {
		{ S, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 404 Not Found\r\n\r\ngone" },
	};

	(void)state;
	CHECK(established, "0 requests, 1 replies, orphan, tunnel\ninside:  | \x16\x03\x03server\n");
	CHECK(bare, "0 requests, 1 replies, orphan, tunnel\ninside:  | \x16\x03\x03server\n");
	CHECK(plain, "0 requests, 2 replies, orphan\n");
}

static void test_plain_http_inside_a_tunnel(void **state)
{
	struct play play;

	(void)state;
	begin(&play);
	say(&play, C, 1, "CONNECT a.example:80 HTTP/1.1\r\n\r\n");
	say(&play, S, 2, "HTTP/1.1 200 OK\r\n\r\n");
	assert_true(pp_http_tunnel(play.http));
	say(&play, C, 3, "GET /inside HTTP/1.1\r\nHost: a.example\r\n\r\n");
	assert_false(pp_http_tunnel(play.http));
	say(&play, S, 4, "HTTP/1.1 204 No Content\r\n\r\n");
	put_facts((whole.len = 0, &whole), &play);
	assert_string_equal(whole.p,
			    "CONNECT a.example:80 @1-1 credentials=0 tunnel -> 200 @2-2 reason=OK body=0 complete\n"
			    "GET a.example:0 /inside @3-3 credentials=0 -> 204 @4-4 reason=No Content body=0 complete\n"
			    "1 requests, 1 replies, in tunnel\n");
	end(&play);
}

static void test_many_connects(void **state)
{
	const struct pp_http_facts *facts;
	struct play play;

	(void)state;
	begin(&play);
	facts = pp_http_facts(play.http);
	for (uint32_t i = 0; i < PP_CONNECTS_MAX + 4; i++) {
		say(&play, C, 2 * i + 1, "CONNECT a.example:443 HTTP/1.1\r\n\r\n");
		say(&play, S, 2 * i + 2, "HTTP/1.1 407 No\r\nContent-Length: 1\r\n\r\n-");
	}
	assert_int_equal(facts->connect_count, PP_CONNECTS_MAX);
	assert_true(facts->clipped);
	for (unsigned i = 0; i < PP_CONNECTS_MAX; i++)
		assert_int_equal(facts->connects[i].reply.mark.packet, 2 * i + 2);
	say(&play, C, 90, "CONNECT a.example:443 HTTP/1.1\r\n\r\n");
	say(&play, S, 91, "HTTP/1.1 200 Yes\r\n\r\n");
	assert_true(pp_http_tunnel(play.http));
	end(&play);
}

/* ------------------------------------------------------------------ other exchanges */

static void test_requests(void **state)
{
	static const struct turn turns[] = {
		{ C, "\r\nGET http://user:pw@CRL.example:8080/x.crl?token=secret HTTP/1.1\r\nHost: other\r\n"
		     "User-Agent: Microsoft-CryptoAPI/10.0\r\nCookie: a=b\r\n\r\n" },
		{ S, "HTTP/1.1 302 Found\r\nLocation: https://u:p@login.example/start?session=1#f\r\n"
		     "Date: Mon, 23 Nov 2026 07:00:00 GMT\r\nContent-Length: 0\r\n\r\n" },
		{ C, "POST /upload?x HTTP/1.1\r\nHost: b.example\r\nContent-Length: 20\r\n\r\n"
		     "GET / HTTP/1.1\r\n\r\n.." },
		{ S, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n" },
		{ C, "HEAD /h HTTP/1.1\r\nHost : [::1]:81\r\n\r\n" },
		{ S, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" },
		{ C, "PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" },
		{ S, "HTTP/1.1 500 No\r\nContent-Length: 4, 4\r\n\r\noops" },
		{ C, "OPTIONS * HTTP/1.1\r\n\r\n" },
		{ S, "HTTP/1.0 200\r\n\r\nuntil the end" },
	};

	(void)state;
	CHECK(turns,
	      "GET crl.example:8080 /x.crl? absolute no-query @1-1 credentials=0 ua=Microsoft-CryptoAPI/10.0"
	      " -> 302 @2-2 reason=Found location=https://login.example/start date=Mon, 23 Nov 2026 07:00:00 GMT"
	      " body=0 complete\n"
	      "POST b.example:0 /upload? no-query @3-3 credentials=0 -> 304 @4-4 reason=Not Modified body=0 complete\n"
	      "HEAD ::1:81 /h @5-5 credentials=0 -> 200 @6-6 reason=OK body=0 complete\n"
	      "PUT -:0 / @7-7 credentials=0 -> 500 @8-8 reason=No body=4 complete\n"
	      "OPTIONS -:0 * @9-9 credentials=0 -> 200 @10-10 body=13 complete\n"
	      "5 requests, 5 replies\n");
}

static void test_pipelining(void **state)
{
	static const struct turn turns[] = {
		{ C, "GET /1 HTTP/1.1\r\n\r\nHEAD /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n" },
		{ S, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
		     "HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
	};

	(void)state;
	CHECK(turns, "GET -:0 /1 @1-1 credentials=0 -> 200 @2-2 reason=OK body=3 complete\n"
		     "HEAD -:0 /2 @1-1 credentials=0 -> 200 @2-2 reason=OK body=0 complete\n"
		     "GET -:0 /3 @1-1 credentials=0 -> 404 @2-2 reason=No body=0 complete\n"
		     "3 requests, 3 replies\n");
}

static void test_expect_continue(void **state)
{
	static const struct turn given[] = {
		{ C, "POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 15\r\n\r\n" },
		{ S, "HTTP/1.1 100 Continue\r\n\r\n" },
		{ C, "GET /b HTTP/1.1" },
		{ S, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n" },
		{ C, "GET /c HTTP/1.1\r\n\r\n" },
	};
	static const struct turn left_out[] = {
		{ C, "POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n" },
		{ S, "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n" },
		{ C, "POST /b HTTP/1.1\r\n\r\n" },
		{ S, "HTTP/1.1 204 Yes\r\n\r\n" },
	};
	static const struct turn sent_all_the_same[] = {
		{ C, "POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n" },
		{ S, "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n" },
		{ C, "GETGET /b HTTP/1.1\r\n\r\n" },
	};

	(void)state;
	CHECK(given, "POST -:0 /a @1-1 credentials=0 -> 201 @4-4 reason=Created body=0 complete\n"
		     "GET -:0 /c @5-5 credentials=0 -> none\n2 requests, 1 replies\n");
	CHECK(left_out, "POST -:0 /a @1-1 credentials=0 -> 407 @2-2 reason=No body=0 complete\n"
			"POST -:0 /b @3-3 credentials=0 -> 204 @4-4 reason=Yes body=0 complete\n"
			"2 requests, 2 replies\n");
	CHECK(sent_all_the_same, "POST -:0 /a @1-1 credentials=0 -> 407 @2-2 reason=No body=0 complete\n"
				 "GET -:0 /b @3-3 credentials=0 -> none\n2 requests, 1 replies\n");
}

static void test_upgrade(void **state)
{
	static const struct turn turns[] = {
		{ C, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" },
		{ S, "HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 500 not HTTP any more\r\n\r\n" },
		{ C, "GET / HTTP/1.1\r\n\r\n" },
	};

	(void)state;
	CHECK(turns, "GET -:0 /ws @1-1 credentials=0 -> 101 @2-2 reason=Switching Protocols body=0 complete\n"
		     "1 requests, 1 replies\n");
}

static void test_first_and_latest_exchanges(void **state)
{
	const struct pp_http_facts *facts;
	struct play play;
	char text[128];

	(void)state;
	begin(&play);
	facts = pp_http_facts(play.http);
	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "GET /%u HTTP/1.1\r\nHost: h%u.example\r\n\r\n", i, i);
		say(&play, C, 2 * i + 1, text);
		snprintf(text, sizeof(text), "HTTP/1.1 %u OK\r\nServer: s%u\r\nContent-Length: 0\r\n\r\n",
			 200 + i % 100, i);
		say(&play, S, 2 * i + 2, text);
	}
	assert_int_equal(facts->exchange_count, PP_EXCHANGES_MAX);
	assert_int_equal(facts->request_total, 1000);
	assert_int_equal(facts->reply_total, 1000);
	assert_string_equal(facts->exchanges[6].target, "/6");
	assert_string_equal(facts->exchanges[7].target, "/999");
	assert_string_equal(facts->exchanges[7].host, "h999.example");
	assert_string_equal(facts->exchanges[7].reply.server, "s999");
	assert_int_equal(facts->exchanges[7].reply.status, 299);
	assert_false(facts->clipped);
	assert_true(play.pool.bytes < 32768); /* not a function of how much was said */
	end(&play);
}

/* A slot's late reply must not reach the exchange that has taken the slot over. */
static void test_reply_to_an_overwritten_exchange(void **state)
{
	const struct pp_http_facts *facts;
	struct play play;

	(void)state;
	begin(&play);
	facts = pp_http_facts(play.http);
	for (uint32_t i = 0; i < 10; i++)
		say(&play, C, i + 1, "GET / HTTP/1.1\r\n\r\n");
	for (uint32_t i = 0; i < 9; i++)
		say(&play, S, 20 + i, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.");
	assert_false(pp_seen(facts->exchanges[7].reply.mark));
	say(&play, S, 40, "HTTP/1.1 204 OK\r\n\r\n");
	assert_int_equal(facts->exchanges[7].reply.status, 204);
	assert_int_equal(facts->exchanges[7].begin.packet, 10);
	end(&play);
}

static void test_more_pipelined_than_queued(void **state)
{
	const struct pp_http_facts *facts;
	struct play play;

	(void)state;
	begin(&play);
	facts = pp_http_facts(play.http);
	for (uint32_t i = 0; i < 40; i++)
		say(&play, C, 1, "GET / HTTP/1.1\r\n\r\n");
	for (uint32_t i = 0; i < 40; i++)
		say(&play, S, 2, "HTTP/1.1 204 OK\r\n\r\n");
	assert_true(facts->clipped);
	assert_int_equal(facts->reply_total, 40);
	assert_false(pp_seen(facts->reply_without_request));
	say(&play, C, 50, "GET / HTTP/1.1\r\n\r\n");
	say(&play, S, 51, "HTTP/1.1 201 OK\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(facts->exchanges[7].reply.status, 201);
	end(&play);
}

static void test_take_request(void **state)
{
	struct play play;

	(void)state;
	begin(&play);
	say(&play, C, 1, "GET / HTTP/1.1\r\n");
	assert_false(pp_http_take_request(play.http));
	say(&play, C, 2, "\r\n");
	assert_true(pp_http_take_request(play.http));
	assert_false(pp_http_take_request(play.http));
	assert_int_equal(pp_http_facts(play.http)->exchanges[0].begin.packet, 1);
	assert_int_equal(pp_http_facts(play.http)->exchanges[0].mark.packet, 2);
	end(&play);
}

/* ------------------------------------------------------------------ gaps, damage, limits */

static void test_gap_in_a_body(void **state)
{
	const struct pp_http_facts *facts;
	struct play play;

	(void)state;
	begin(&play);
	facts = pp_http_facts(play.http);
	say(&play, C, 1, "PUT /a HTTP/1.1\r\nContent-Length: 1000\r\n\r\nab");
	pp_http_gap(play.http, C, 998);
	say(&play, C, 2, "GET /b HTTP/1.1\r\n\r\n");
	assert_int_equal(facts->exchange_count, 2);
	say(&play, S, 3, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab");
	pp_http_gap(play.http, S, 90);
	say(&play, S, 4, "01234567HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\nab");
	pp_http_gap(play.http, S, 18);
	say(&play, S, 5, "\r\n0\r\n\r\n");
	assert_int_equal(facts->exchanges[0].reply.body_bytes, 10);
	assert_false(facts->exchanges[0].reply.complete);
	assert_int_equal(facts->exchanges[1].reply.status, 201);
	assert_int_equal(facts->exchanges[1].reply.body_bytes, 2);
	assert_false(facts->malformed[C] || facts->malformed[S]);
	end(&play);
}

static void test_gap_in_a_head(void **state)
{
	const struct pp_http_facts *facts;
	struct play play;

	(void)state;
	begin(&play);
	facts = pp_http_facts(play.http);
	say(&play, C, 1, "GET /a HTTP/1.1\r\nHo");
	pp_http_gap(play.http, C, 10);
	say(&play, C, 2, "ple\r\n\r\n");
	say(&play, C, 3, "GET /b HTTP/1.1\r\n\r\n");
	assert_true(facts->malformed[C]);
	assert_int_equal(facts->exchange_count, 2);
	assert_string_equal(facts->exchanges[0].target, "/a");
	assert_null(facts->exchanges[0].host);
	assert_string_equal(facts->exchanges[1].target, "/b");
	end(&play);
}

/* A snap length cuts every header block. */
static void test_cut_heads(void **state)
{
	struct play play;

	(void)state;
	begin(&play);
	say(&play, C, 1, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.exa");
	pp_http_gap(play.http, C, 80);
	say(&play, S, 2, "HTTP/1.1 407 Proxy Authentication Required\r\nVia: 1.1 p\r\nProxy-Au");
	pp_http_gap(play.http, S, 600);
	say(&play, C, 3, "CONNECT a.example:443 HTTP/1.1\r\n");
	pp_http_gap(play.http, C, 80);
	say(&play, S, 4, "HTTP/1.1 200 OK\r\nVia");
	pp_http_gap(play.http, S, 10);
	say(&play, C, 5, "\x16\x03\x01");
	say(&play, S, 6, "\x16\x03\x03");
	put_facts((whole.len = 0, &whole), &play);
	assert_string_equal(whole.p,
			    "CONNECT a.example:443 @1-1 credentials=6 -> 407 @2-2 reason=Proxy Authentication Required"
			    " via=1.1 p body=0\n"
			    "CONNECT a.example:443 @3-3 credentials=6 tunnel -> 200 @4-4 reason=OK body=0 complete\n"
			    "0 requests, 0 replies, client malformed, server malformed, tunnel\n"
			    "inside: \x16\x03\x01 | \x16\x03\x03\n");
	end(&play);
}

/* A first line that is cut tells whom it was for where that is whole. */
static void test_cut_request_lines(void **state)
{
	static const struct {
		const char *line, *host;
	} rows[] = {
		{ "CONNECT a.example:443 HTTP/1.", "a.example" },
		{ "CONNECT a.example:443 ", "a.example" },
		{ "CONNECT a.example:443", NULL },
		{ "CONNECT a.exam", NULL },
		{ "CONNECT ", NULL },
		{ "CONNECT", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pp_http_facts *facts;
		struct play play;

		begin(&play);
		facts = pp_http_facts(play.http);
		say(&play, C, 1, rows[i].line);
		pp_http_gap(play.http, C, 80);
		assert_int_equal(facts->connect_count, rows[i].host != NULL);
		if (rows[i].host) {
			assert_string_equal(facts->connects[0].host, rows[i].host);
			assert_int_equal(facts->connects[0].port, 443);
			assert_int_equal(facts->connects[0].credentials, PP_CREDENTIALS_UNSEEN);
		}
		end(&play);
	}
}

/* Nothing is said of a block that is cut, but what is whole of it; a status line that is cut might have had another
 * number. */
static void test_head_that_is_cut(void **state)
{
	static const struct {
		enum pp_side side;
		const char *block, *target; /* or reason */
	} rows[] = {
		{ C, "GET /a HTTP/1.1\r\nHost: a.example\r\n", "/a" },
		{ C, "GET /a b HTTP/1.1\r\n", "/a b" },
		{ C, "GET /a\r\n", NULL },
		{ C, "GET /a", NULL },
		{ C, "GET /a ", "/a" },
		{ C, "GET  ", NULL },
		{ C, "GET\t/a ", NULL },
		{ C, " /a ", NULL },
		{ S, "HTTP/1.1 200 OK\r\n", "OK" },
		{ S, "HTTP/1.1 200 OK", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pp_http_head head;
		struct pp_span found;

		if (pp_http_head_parse(pp_text(rows[i].block), rows[i].side, true, &head) != PP_OK) {
			assert_null(rows[i].target);
			continue;
		}
		found = rows[i].side == C ? head.target_view : head.reason_view;
		assert_non_null(rows[i].target);
		assert_true(pp_span_equal(found, rows[i].target, strlen(rows[i].target)));
		assert_int_equal(head.credentials, PP_CREDENTIALS_UNSEEN);
	}
}

/* The reply to /a went with the gap: the next one answers /b, which was sent after it. */
static void test_gap_over_a_reply(void **state)
{
	const struct pp_http_facts *facts;
	struct play play;

	(void)state;
	begin(&play);
	facts = pp_http_facts(play.http);
	say(&play, C, 1, "GET /a HTTP/1.1\r\n\r\n");
	pp_http_gap(play.http, S, 300);
	say(&play, C, 2, "GET /b HTTP/1.1\r\n\r\n");
	say(&play, S, 3, "HTTP/1.1 204 OK\r\n\r\n");
	assert_false(pp_seen(facts->exchanges[0].reply.mark));
	assert_int_equal(facts->exchanges[1].reply.status, 204);
	end(&play);
}

static void test_gap_over_a_granted_connect(void **state)
{
	struct play play;

	(void)state;
	begin(&play);
	say(&play, C, 1, "CONNECT a.example:443 HTTP/1.1\r\n\r\n");
	pp_http_gap(play.http, S, 39);
	say(&play, S, 2, "\x16\x03\x03server");
	assert_true(pp_http_tunnel(play.http));
	assert_string_equal(play.inside[S], "\x16\x03\x03server");
	say(&play, C, 3, "\x17\x03\x03");
	assert_string_equal(play.inside[C], "\x17\x03\x03");
	end(&play);
}

static void test_garbage(void **state)
{
	static const struct turn no_http[] = { { C, "GET sip:x SIP/2.0\r\n" }, { S, "\x15\x03\x01\x00\x02\x02\x46" } };
	static const struct turn bad_length[] = {
		{ C, "GET / HTTP/1.1\r\n\r\n" },
		{ S, "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nall that comes" },
	};
	static const struct turn bad_chunk[] = {
		{ C, "GET / HTTP/1.1\r\n\r\n" },
		{ S, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello oh" },
	};

	(void)state;
	CHECK(no_http, "0 requests, 0 replies, client malformed, server malformed\n");
	CHECK(bad_length, "GET -:0 / @1-1 credentials=0 -> 200 @2-2 reason=OK body=14 complete\n"
			  "1 requests, 1 replies, server malformed\n");
	CHECK(bad_chunk, "GET -:0 / @1-1 credentials=0 -> 200 @2-2 reason=OK body=5\n"
			 "1 requests, 1 replies, server malformed\n");
}

static void test_overlong_head(void **state)
{
	const struct pp_http_facts *facts;
	struct play play;
	char line[1024];

	(void)state;
	begin(&play);
	facts = pp_http_facts(play.http);
	memset(line, 'x', sizeof(line));
	memcpy(line, "Cookie: ", 8);
	line[sizeof(line) - 1] = '\n';
	say(&play, C, 1, "GET /long HTTP/1.1\r\nHost: a.example\r\n");
	for (int i = 0; i < 100; i++)
		push(&play, C, line, sizeof(line), 2);
	say(&play, C, 3, "\r\nGET /next HTTP/1.1\r\n\r\n");
	assert_true(facts->clipped);
	assert_int_equal(facts->exchange_count, 2);
	assert_string_equal(facts->exchanges[0].host, "a.example");
	assert_string_equal(facts->exchanges[1].target, "/next");
	end(&play);
}

/* ------------------------------------------------------------------ pieces */

static void test_look(void **state)
{
	static const struct {
		const char *head;
		enum pp_http_look look;
	} cases[] = {
		{ "", PP_HTTP_MORE },
		{ "G", PP_HTTP_MORE },
		{ "GET", PP_HTTP_MORE },
		{ "GET ", PP_HTTP_MORE },
		{ "GET /", PP_HTTP_REQUEST },
		{ "GET  /", PP_HTTP_NO },
		{ "GETS /", PP_HTTP_NO },
		{ "get /", PP_HTTP_NO },
		{ "connect a", PP_HTTP_NO },
		{ "CONNECT a", PP_HTTP_REQUEST },
		{ "H", PP_HTTP_MORE },
		{ "HTTP/1", PP_HTTP_MORE },
		{ "HTTP/1.", PP_HTTP_REPLY },
		{ "HTTP/2 200", PP_HTTP_NO },
		{ "HEAD /", PP_HTTP_REQUEST },
		{ "RPC_IN_DATA /rpc", PP_HTTP_REQUEST },
		{ "\x16\x03\x01", PP_HTTP_NO },
		{ "SSH-2.0-", PP_HTTP_NO },
		{ "PROPFIND /x HTTP/1.1\r\n", PP_HTTP_REQUEST },
		{ "OPTIONS sip:a SIP/2.0\r\n", PP_HTTP_NO },
		{ "GET key\r\n", PP_HTTP_NO },
		{ "HTTP/1.1 200 OK\r\n", PP_HTTP_REPLY },
		{ "HTTP/1.1 x\r\n", PP_HTTP_NO },
		{ "GET \x01", PP_HTTP_NO },
	};
	struct pp_guard guard = pp_guard_open(64);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len = strlen(cases[i].head);

		assert_int_equal(pp_http_look((struct pp_span){ pp_guard_bytes(&guard, cases[i].head, len), len }),
				 cases[i].look);
	}
	pp_guard_close(&guard);
}

static enum pp_credentials credentials_of(const char *value)
{
	char block[1024];
	struct pp_http_head head;

	snprintf(block, sizeof(block), "GET / HTTP/1.1\r\nproxy-authorization: %s\r\n\r\n", value);
	assert_int_equal(pp_http_head_parse(pp_text(block), PP_CLIENT, false, &head), PP_OK);
	return head.credentials;
}

static void test_credentials(void **state)
{
	(void)state;
	assert_int_equal(credentials_of("Basic dXNlcjpwYXNz"), PP_CREDENTIALS_BASIC);
	assert_int_equal(credentials_of("ntlm TlRMTVNTUAABAAAAB4IIogAAAAA="), PP_CREDENTIALS_NTLM_FIRST);
	assert_int_equal(credentials_of("NTLM TlRMTVNTUAADAAAAGAAYAIQAAAA="), PP_CREDENTIALS_NTLM_FINAL);
	assert_int_equal(credentials_of("NTLM garbage"), PP_CREDENTIALS_OTHER);
	assert_int_equal(credentials_of("Negotiate TlRMTVNTUAABAAAAB4IIogAAAAA="), PP_CREDENTIALS_NTLM_FIRST);
	assert_int_equal(credentials_of("Negotiate TlRMTVNTUAADAAAAGAAYAIQAAAA="), PP_CREDENTIALS_NTLM_FINAL);
	/* SPNEGO around NTLM type 1, and around Kerberos (RFC 4178). */
	assert_int_equal(credentials_of("Negotiate YEgGBisGAQUFAqA+MDygDjAMBgorBgEEAYI3AgIKoioEKE5UTE1TU1AAAQAAAJeCCOIA"
					"AAAAAAAAAAAAAAAAAAAACgBhSgAAAA8="),
			 PP_CREDENTIALS_NTLM_FIRST);
	assert_int_equal(credentials_of("Negotiate YIIHDgYGKwYBBQUCoIIHAjCCBv6gJDAiBgkqhkiC9xIBAgI="),
			 PP_CREDENTIALS_NEGOTIATE);
	assert_int_equal(credentials_of("Negotiate"), PP_CREDENTIALS_OTHER);
	assert_int_equal(credentials_of("Digest username=\"u\""), PP_CREDENTIALS_OTHER);
	assert_int_equal(credentials_of("Bearer x"), PP_CREDENTIALS_OTHER);
}

static void test_challenges(void **state)
{
	static const char block[] =
	    "HTTP/1.1 401 Unauthorized\r\n"
	    "WWW-Authenticate: Digest realm=\"x, NTLM y\", qop=\"auth\", nonce = \"n\", Negotiate oRQw==, basic\r\n"
	    "WWW-Authenticate: BASIC realm=\"a\", One, Two, Three, Four\r\n\r\n";
	struct pp_http_head head;

	(void)state;
	assert_int_equal(pp_http_head_parse(pp_text(block), PP_SERVER, false, &head), PP_OK);
	assert_int_equal(head.scheme_count, PP_SCHEMES_MAX);
	assert_true(pp_text_is(head.schemes_view[0], "digest"));
	assert_true(pp_text_is(head.schemes_view[1], "negotiate"));
	assert_true(pp_text_is(head.schemes_view[2], "basic"));
	assert_true(pp_text_is(head.schemes_view[5], "three"));
	assert_true(head.challenge);
	assert_true(head.clipped);
}

static void test_pages(void **state)
{
	static const struct {
		const char *body;
		enum pp_page page;
	} cases[] = {
		{ "HTTP  request from 10.0.0.4:50000 to a.example:80. Url: a.example. Action: Deny. No rule matched. "
		  "Proceeding with default action",
		  PP_PAGE_AZURE_FIREWALL },
		{ "Action: Deny", PP_PAGE_NONE },
		{ "<title>ERROR: The requested URL could not be retrieved</title>", PP_PAGE_SQUID },
		{ "<h1>Web Page Blocked!</h1>", PP_PAGE_BLOCK },
		{ "<b>Internet Security by Zscaler</b>", PP_PAGE_BLOCK },
		{ "The request was BLOCKED by Sophos", PP_PAGE_BLOCK },
		{ "Access Denied (content_filter_denied)", PP_PAGE_BLOCK },
		{ "<html>It works!</html>", PP_PAGE_NONE },
		{ "web page blocke", PP_PAGE_NONE },
		{ "", PP_PAGE_NONE },
	};
	struct pp_guard guard = pp_guard_open(4096);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len = strlen(cases[i].body);

		assert_int_equal(pp_http_page((struct pp_span){ pp_guard_bytes(&guard, cases[i].body, len), len }),
				 cases[i].page);
	}
	pp_guard_close(&guard);
}

static void test_page_of_an_answer(void **state)
{
	static const struct turn turns[] = {
		{ C, "GET /x.crl HTTP/1.1\r\nHost: crl.example\r\n\r\n" },
		{ S, "HTTP/1.1 470 status code 470\r\nContent-Type: text/plain; charset=utf-8\r\n"
		     "Content-Length: 62\r\n\r\n"
		     "HTTP  request from 10.0.0.4:1 to a:80. Url: a. Action: Deny.  " },
	};
	static const struct turn compressed[] = {
		{ C, "GET / HTTP/1.1\r\n\r\n" },
		{ S, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 16\r\n\r\nweb page blocked" },
	};

	(void)state;
	CHECK(turns, "GET crl.example:0 /x.crl @1-1 credentials=0 -> 470 @2-2 reason=status code 470"
		     " type=text/plain; charset=utf-8 body=62 azure-firewall complete\n1 requests, 1 replies\n");
	CHECK(compressed, "GET -:0 / @1-1 credentials=0 -> 200 @2-2 reason=OK body=16 complete\n"
			  "1 requests, 1 replies\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_connect_hands_over_the_rest),
		cmocka_unit_test(test_connect_attempts),
		cmocka_unit_test(test_connect_refused_until_close),
		cmocka_unit_test(test_connect_without_reply),
		cmocka_unit_test(test_tls_after_a_refusal_is_no_tunnel),
		cmocka_unit_test(test_replies_alone),
		cmocka_unit_test(test_plain_http_inside_a_tunnel),
		cmocka_unit_test(test_many_connects),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_pipelining),
		cmocka_unit_test(test_expect_continue),
		cmocka_unit_test(test_upgrade),
		cmocka_unit_test(test_first_and_latest_exchanges),
		cmocka_unit_test(test_reply_to_an_overwritten_exchange),
		cmocka_unit_test(test_more_pipelined_than_queued),
		cmocka_unit_test(test_take_request),
		cmocka_unit_test(test_gap_in_a_body),
		cmocka_unit_test(test_gap_in_a_head),
		cmocka_unit_test(test_cut_heads),
		cmocka_unit_test(test_cut_request_lines),
		cmocka_unit_test(test_head_that_is_cut),
		cmocka_unit_test(test_gap_over_a_reply),
		cmocka_unit_test(test_gap_over_a_granted_connect),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_overlong_head),
		cmocka_unit_test(test_look),
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_challenges),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_page_of_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
