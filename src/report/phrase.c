#include "report/phrase.h"

#include "base/time.h"
#include "report/names.h"

#include <assert.h>
#include <string.h>

/* Placeholders are looked up for every sentence, and mostly differ in the first letter. */
static bool is(const char *name, const char *other) { return name[0] == other[0] && strcmp(name, other) == 0; }

/* Words of ours. */
static char *put(char *at, const char *text)
{
	size_t len = strlen(text);

	len = len < PP_PHRASE_PUT / 2 ? len : PP_PHRASE_PUT / 2; /* twice that fits, whatever a translator wrote */
	memcpy(at, text, len);
	return at + len;
}

/* Adds a value either of whose forms there is. */
static void add_value(struct pp_line *line, const char *text, char *value, char *end)
{
	*end = '\0';
	if (text)
		pp_line_value(line, text);
	else
		pp_line_add(line, value);
}

/* ---- Rule texts ---- */

struct verdict_context {
	const struct pp_verdict *verdict;
	enum pp_language language;
};

enum verdict_value {
	VALUE_HOST = PP_PHRASE_HOST,
	VALUE_SERVICE = PP_PHRASE_SERVICE,
	VALUE_DETAIL = PP_PHRASE_DETAIL,
	VALUE_SERVER = PP_PHRASE_SERVER,
	VALUE_NUMBER = PP_PHRASE_NUMBER,
	VALUE_PROXY,
	VALUE_DEVICE,
	VALUE_ADDRESS,
	VALUES
};

int pp_phrase_verdict_value(const char *name)
{
	static const char *const names[VALUES] = {
		[VALUE_HOST] = "host",   [VALUE_SERVICE] = "service", [VALUE_SERVER] = "server",
		[VALUE_PROXY] = "proxy", [VALUE_DEVICE] = "device",   [VALUE_DETAIL] = "detail",
		[VALUE_NUMBER] = "n",    [VALUE_ADDRESS] = "address",
	};

	for (int i = 0; i < VALUES; i++)
		if (is(name, names[i]))
			return i;
	return -1;
}

static char *put_address(char *at, enum pp_language language, const struct pp_addr *ip)
{
	return pp_addr_is_set(ip) ? pp_addr_format(ip, at) : put(at, pp_say(language, N_("an unknown address")));
}

static char *put_endpoint(char *at, enum pp_language language, const struct pp_endpoint_addr *endpoint)
{
	return pp_addr_is_set(&endpoint->ip) && endpoint->port ? pp_put_endpoint(at, endpoint)
							       : put_address(at, language, &endpoint->ip);
}

char *pp_phrase_put_verdict(char *at, enum pp_language language, const struct pp_verdict *verdict, int value)
{
	switch ((enum verdict_value)value) {
	case VALUE_HOST:
	case VALUE_SERVER:
		return put_endpoint(at, language, &verdict->server);
	case VALUE_SERVICE:
		return put(at, pp_say(language, PP_PHRASE_UNNAMED));
	case VALUE_PROXY:
		return put_endpoint(at, language,
				    pp_addr_is_set(&verdict->proxy.ip) ? &verdict->proxy : &verdict->server);
	case VALUE_DEVICE:
		if (pp_addr_is_set(&verdict->device))
			return pp_addr_format(&verdict->device, at);
		return put(at, pp_say(language, N_("a device on the path")));
	case VALUE_ADDRESS:
		return put_address(at, language, &verdict->server.ip);
	case VALUE_NUMBER:
		return pp_phrase_put_number(at, verdict->number);
	case VALUE_DETAIL:
	case VALUES:
		break;
	}
	return at;
}

static bool resolve_verdict(const void *context, const char *name, struct pp_line *line)
{
	const struct verdict_context *c = context;
	int value = pp_phrase_verdict_value(name);
	char text[PP_PHRASE_PUT + 1];

	if (value < 0)
		return false;
	add_value(line, pp_phrase_verdict_text(c->verdict, value), text,
		  pp_phrase_put_verdict(text, c->language, c->verdict, value));
	return true;
}

void pp_phrase_rule(struct pp_line *line, enum pp_language language, const char *message,
		    const struct pp_verdict *verdict)
{
	const struct verdict_context context = { verdict, language };

	pp_line_expand(line, pp_say(language, message), resolve_verdict, &context);
}

void pp_phrase_summary(struct pp_line *line, enum pp_language language, const struct pp_verdict *verdict)
{
	if (verdict->rule)
		pp_phrase_rule(line, language, verdict->rule->summary, verdict);
}

void pp_phrase_next_test(struct pp_line *line, enum pp_language language, const struct pp_verdict *verdict)
{
	const char *of_rule = verdict->rule ? verdict->rule->next_test : NULL;

	pp_phrase_rule(line, language, verdict->next_test ? verdict->next_test : of_rule, verdict);
}

/* ---- Evidence ---- */

/* What tells which of a row's messages fits, and from where to where it means the first; the second one is the ordinary
 * case. */
enum pick_by { PICK_BY_A, PICK_BY_B, PICK_BY_LETTER };
#define PICK_ONLY PICK_BY_A, INT64_MIN, INT64_MAX /* one message */
#define PICK_PLURAL PICK_BY_A, 1, 1               /* singular and plural by `a`, in English */
#define PICK_A_ZERO PICK_BY_A, 0, 0               /* first when a is 0 */
#define PICK_B_ABSENT PICK_BY_B, INT64_MIN, 0     /* first when b is not positive */
#define PICK_B_NEGATIVE PICK_BY_B, INT64_MIN, -1  /* first when b is negative */
#define PICK_B_ONCE PICK_BY_B, INT64_MIN, 1       /* first when b is 1 or less */
#define PICK_PROXY PICK_BY_LETTER, 'p', 'p'       /* first when the text is "proxy"; else it is "direct" */
#define PICK_NO_TEXT PICK_BY_LETTER, '\0', '\0'   /* first when there is no text */

struct evidence_row {
	enum pick_by by;
	int64_t from, to;
	const char *first, *second;
};

static const struct evidence_row evidence_rows[] = {
	[PP_EV_SYN] = { PICK_PLURAL, NP_("one SYN from the client", "{a} SYNs from the client within {b:ms}") },
	[PP_EV_SYN_ACK] = { PICK_B_NEGATIVE, N_("SYN-ACK with TTL {a}"), N_("SYN-ACK with TTL {a} after {b:us}") },
	[PP_EV_NO_ANSWER] = { PICK_ONLY, N_("no answer for {a:ms}"), NULL },
	[PP_EV_RST] = { PICK_B_ABSENT, N_("{text} with TTL {a}"),
			N_("{text} with TTL {a}; other packets of that address have TTL {b}") },
	[PP_EV_RST_EARLY] = { PICK_B_ABSENT, N_("it came {a:us} after what it answers"),
			      N_("it came {a:us} after what it answers; that address needs at least {b:us}") },
	[PP_EV_RST_FOREIGN] = { PICK_ONLY, N_("its header is unlike that socket's: {text}"), NULL },
	[PP_EV_PEER_AFTER_RST] = { PICK_ONLY, N_("the real peer went on after the reset"), NULL },
	[PP_EV_FIN] = { PICK_B_NEGATIVE, N_("FIN from the {a:side}"),
			N_("FIN from the {a:side} {b:ms} after the request") },
	[PP_EV_ICMP] = { PICK_ONLY, N_("{icmp} from {addr}"), NULL },
	[PP_EV_CONNECT] = { PICK_ONLY, N_("CONNECT {text}:{a}"), NULL },
	[PP_EV_HTTP_STATUS] = { PICK_B_ABSENT, N_("HTTP {a} {text}"), N_("HTTP {a} {text} from the proxy") },
	[PP_EV_HTTP_REQUEST] = { PICK_ONLY, N_("request {text}"), NULL },
	[PP_EV_AUTHENTICATE] = { PICK_ONLY, N_("authentication it offers: {text}"), NULL },
	[PP_EV_CREDENTIALS] = { PICK_A_ZERO, N_("no credentials in the request"),
				N_("{a:credentials} in the request") },
	[PP_EV_PRODUCT] = { PICK_ONLY, N_("it calls itself {text}"), NULL },
	[PP_EV_UPSTREAM_ERROR] = { PICK_ONLY, N_("the error it reports: {text}"), NULL },
	[PP_EV_CLIENT_HELLO] = { PICK_NO_TEXT, N_("ClientHello without a server name, {a} bytes"),
				 N_("ClientHello for {text}, {a} bytes") },
	[PP_EV_HELLO_CUT] = { PICK_ONLY, N_("ClientHello of {a} bytes whose server name cannot be read"), NULL },
	[PP_EV_HELLO_ACKED] = { PICK_B_ABSENT, N_("the ClientHello was acknowledged after {a:ms}"),
				N_("the request was acknowledged after {a:ms}") },
	[PP_EV_HELLO_NOT_ACKED] = { PICK_PLURAL,
				    NP_("the ClientHello was sent again once and never acknowledged",
					"the ClientHello was sent again {a} times and never acknowledged") },
	[PP_EV_SERVER_HELLO] = { PICK_B_NEGATIVE, N_("ServerHello, TLS {a:tls}"),
				 N_("ServerHello, TLS {a:tls}, {b:ms} after the ClientHello") },
	[PP_EV_NOT_TLS] = { PICK_ONLY, N_("the answer is no TLS; it begins with \"{text}\""), NULL },
	[PP_EV_NOT_HTTP] = { PICK_ONLY, N_("the answer is no HTTP; it begins like {text}"), NULL },
	[PP_EV_SOCKS] = { PICK_NO_TEXT, N_("SOCKS {a} request"), N_("SOCKS {a} answer: {text}") },
	[PP_EV_ALERT] = { PICK_ONLY, N_("TLS alert {a:alert} ({b:level}) from the {side}"), NULL },
	[PP_EV_ALERT_HIDDEN] = { PICK_ONLY, N_("encrypted record of {a} bytes from the {side}, the size of an alert"),
				 NULL },
	[PP_EV_CERTIFICATE] = { PICK_ONLY, N_("certificate issued by {text}"), NULL },
	[PP_EV_CERTIFICATE_TIME] = { PICK_ONLY, N_("certificate valid from {a:date} to {b:date}"), NULL },
	[PP_EV_CERTIFICATE_NAME] = { PICK_ONLY, N_("certificate made out to {text}"), NULL },
	[PP_EV_CERTIFICATE_REQUEST] = { PICK_ONLY, N_("the server asks for a client certificate"), NULL },
	[PP_EV_CLIENT_CERTIFICATE] = { PICK_A_ZERO, N_("the client answers with an empty certificate list"),
				       N_("the client sends its certificate, {a} bytes") },
	[PP_EV_CERTIFICATE_SENT] = { PICK_ONLY, N_("the client sends its certificate, encrypted"), NULL },
	[PP_EV_CLIENT_LEFT] = { PICK_ONLY, N_("the client left with {text} {a:ms} after the server's messages"), NULL },
	[PP_EV_GAP] = { PICK_PLURAL, NP_("one byte before this packet never arrived",
					 "{a} bytes before this packet never arrived") },
	[PP_EV_RETRANSMIT] = { PICK_PLURAL, NP_("a segment of {b} bytes was sent again once",
						"a segment of {b} bytes was sent again {a} times") },
	[PP_EV_ZERO_WINDOW] = { PICK_ONLY, N_("the receive window stayed at 0 for {a:ms}"), NULL },
	[PP_EV_IDLE] = { PICK_ONLY, N_("{a:s} of silence before it"), NULL },
	[PP_EV_DNS_QUERY] = { PICK_B_ONCE, N_("DNS query for {text} {a:dns}"),
			      N_("DNS query for {text} {a:dns}, sent {b} times") },
	[PP_EV_DNS_REPLY] = { PICK_ONLY, N_("DNS reply {a:rcode} for {text}"), NULL },
	[PP_EV_DNS_ADDRESS] = { PICK_ONLY, N_("the answer is {addr}"), NULL },
	[PP_EV_DNS_EXTENDED] = { PICK_ONLY, N_("the resolver's reason: {a:ede}"), NULL },
	[PP_EV_NEIGHBOUR] = { PICK_PLURAL, NP_("one ARP or ND request for {addr}, no reply",
					       "{a} ARP or ND requests for {addr}, no reply") },
	[PP_EV_COMPLETE] = { PICK_ONLY, N_("TLS handshake complete"), NULL },
	[PP_EV_DATA] = { PICK_ONLY, N_("{a} bytes to the client, {b} bytes to the server"), NULL },
	[PP_EV_TERMINATOR] = { PICK_ONLY, N_("TCP handshake in {a:us}, but the ServerHello took {b:ms}"), NULL },
	[PP_EV_CONTRAST_SNI] = { PICK_ONLY, N_("the name {text} works at the same address"), NULL },
	[PP_EV_CONTRAST_PORT] = { PICK_ONLY, N_("port {a} of the same address answers"), NULL },
	[PP_EV_CONTRAST_PATH] = { PICK_PROXY, N_("the same name works through the proxy"),
				  N_("the same name works without a proxy") },
	[PP_EV_CONTRAST_OTHER] = { PICK_ONLY, N_("{text} works through the same gateway"), NULL },
	[PP_EV_CAPTURE] = { PICK_ONLY, N_("about the capture: {text}"), NULL },
	[PP_EV_SETTING] = { PICK_ONLY, N_("set on this machine: {text}"), NULL },
	[PP_EV_UNIT_STATE] = { PICK_ONLY, N_("systemd calls it {text}"), NULL },
	[PP_EV_UNIT_EXIT] = { PICK_B_ABSENT, N_("its program ended with exit status {a}"),
			      N_("its program was ended by signal {a}") },
	[PP_EV_UNIT_RESTARTS] = { PICK_PLURAL, NP_("systemd had to start it again once",
						   "systemd had to start it again {a} times") },
	[PP_EV_UNIT_SAID] = { PICK_ONLY, N_("systemd says: {text}"), NULL },
	[PP_EV_UNIT_LOG] = { PICK_ONLY, N_("its log says: {text}"), NULL },
};
static_assert(sizeof(evidence_rows) / sizeof(evidence_rows[0]) == PP_EV_KINDS, "a row for every kind of evidence");

struct evidence_context {
	const struct pp_evidence *evidence;
	enum pp_language language;
};

static char *put_credentials(char *at, enum pp_language language, int64_t credentials)
{
	static const char *const words[] = {
		[PP_CREDENTIALS_NONE] = N_("no credentials"),
		[PP_CREDENTIALS_BASIC] = N_("Basic credentials"),
		[PP_CREDENTIALS_NEGOTIATE] = N_("a Negotiate token"),
		[PP_CREDENTIALS_NTLM_FIRST] = N_("the first NTLM message"),
		[PP_CREDENTIALS_NTLM_FINAL] = N_("the final NTLM message"),
		[PP_CREDENTIALS_OTHER] = N_("credentials of another scheme"),
	};

	if (credentials < 0 || credentials >= (int64_t)(sizeof(words) / sizeof(words[0])))
		return at;
	return put(at, pp_say(language, words[credentials]));
}

static char *put_side(char *at, enum pp_language language, enum pp_side side)
{
	return put(at, side == PP_CLIENT ? pp_say(language, N_("client")) : pp_say(language, N_("server")));
}

static char *put_level(char *at, enum pp_language language, int64_t level)
{
	return put(at, level == 1 ? pp_say(language, N_("warning")) : pp_say(language, N_("fatal")));
}

static char *put_date(char *at, int64_t ns)
{
	static_assert(PP_TIME_TEXT <= PP_PHRASE_PUT, "all of it has room");
	pp_time_format(ns, at);
	return at[0] ? at + strlen("2026-11-23") : put(at, "?"); /* the day is enough */
}

static char *put_duration(char *at, int64_t value, int64_t unit_ns)
{
	int64_t most = INT64_MAX / unit_ns;

	return pp_put_duration(at, (value > most ? most : value < -most ? -most : value) * unit_ns);
}

/* Whole milliseconds are all that is known, so none is no duration and no decimals are made up. */
static char *put_milliseconds(char *at, enum pp_language language, int64_t ms)
{
	if (ms == 0)
		return put(at, pp_say(language, N_("less than 1 ms")));
	if (ms < 0 || ms >= 1000)
		return put_duration(at, ms, PP_MS);
	at = pp_digits(at, (uint64_t)ms);
	memcpy(at, " ms", 3);
	return at + 3;
}

/* Where an evidence's value comes from, and for numbers the form that stands behind the placeholder's colon. */
enum source { SOURCE_TEXT, SOURCE_A, SOURCE_B, SOURCE_ADDR, SOURCE_SIDE, SOURCE_ICMP, SOURCES };
enum form {
	FORM_NUMBER,
	FORM_MS,
	FORM_US,
	FORM_S,
	FORM_DATE,
	FORM_SIDE,
	FORM_CREDENTIALS,
	FORM_TLS,
	FORM_ALERT,
	FORM_LEVEL,
	FORM_DNS,
	FORM_RCODE,
	FORM_EDE,
	FORMS,
};

static const char *const source_names[SOURCES] = { "text", "a", "b", "addr", "side", "icmp" };
/* A placeholder's number: its source, and its form times PER_FORM. */
enum { PER_FORM = 8 };
static_assert((int)FORMS * (int)PER_FORM <= (int)PP_PHRASE_VALUES, "numbers are as small as said");
static_assert((int)SOURCES <= (int)PER_FORM && (int)SOURCE_TEXT == (int)PP_PHRASE_TEXT, "texts have no form");
static_assert((int)SOURCE_A == (int)PP_PHRASE_A && (int)SOURCE_B == (int)PP_PHRASE_B && FORM_NUMBER == 0,
	      "nor have plain numbers");

static const char *const form_names[FORMS] = {
	[FORM_NUMBER] = "", [FORM_MS] = "ms",       [FORM_US] = "us",
	[FORM_S] = "s",     [FORM_DATE] = "date",   [FORM_SIDE] = "side",
	[FORM_TLS] = "tls", [FORM_ALERT] = "alert", [FORM_CREDENTIALS] = "credentials",
	[FORM_DNS] = "dns", [FORM_LEVEL] = "level", [FORM_RCODE] = "rcode",
	[FORM_EDE] = "ede",
};

int pp_phrase_evidence_value(const char *name)
{
	const char *form = name[0] && name[1] == ':' ? name + 2 : "";
	size_t len = *form ? 1 : strlen(name);

	for (int source = 0; source < SOURCES; source++) {
		if (strlen(source_names[source]) != len || memcmp(source_names[source], name, len) != 0)
			continue;
		for (int i = FORM_NUMBER; i < FORMS; i++)
			if (is(form, form_names[i]))
				return source + i * PER_FORM;
	}
	return -1;
}

/* What names.h has a word for. */
static char *put_name(char *at, const struct pp_evidence *evidence, int64_t value, enum form form)
{
	struct pp_line line;

	pp_line_start(&line);
	if (form == FORM_TLS) {
		pp_name_tls_version(&line, value);
	} else if (form == FORM_DNS) {
		pp_name_dns_type(&line, value);
	} else if (form == FORM_RCODE) {
		pp_name_rcode(&line, value);
	} else if (form == FORM_EDE) {
		pp_name_extended_error(&line, value);
	} else if (form == FORM_ALERT) {
		pp_name_alert(&line, value);
		pp_line_add(&line, "(");
		pp_line_i64(&line, value);
		pp_line_add(&line, ")");
	} else {
		pp_name_icmp(&line, !pp_addr_is_v4(&evidence->addr), evidence->a, evidence->b);
	}
	return put(at, line.text);
}

char *pp_phrase_put_evidence(char *at, enum pp_language language, const struct pp_evidence *evidence, int value)
{
	enum source source = (enum source)((unsigned)value % PER_FORM);
	enum form form = (enum form)((unsigned)value / PER_FORM);
	int64_t number = source == SOURCE_B ? evidence->b : evidence->a;

	if (source == SOURCE_ADDR)
		return pp_addr_format(&evidence->addr, at);
	if (source == SOURCE_SIDE)
		return put_side(at, language, evidence->side);
	if (source == SOURCE_ICMP)
		return put_name(at, evidence, 0, FORMS);
	if (source == SOURCE_TEXT)
		return at;
	switch (form) {
	case FORM_NUMBER:
		return pp_phrase_put_number(at, number);
	case FORM_MS:
		return put_milliseconds(at, language, number);
	case FORM_US:
		return put_duration(at, number, PP_MS / 1000);
	case FORM_S:
		return put_duration(at, number, PP_SECOND);
	case FORM_DATE:
		return put_date(at, number);
	case FORM_SIDE:
		return put_side(at, language, number == PP_CLIENT ? PP_CLIENT : PP_SERVER);
	case FORM_CREDENTIALS:
		return put_credentials(at, language, number);
	case FORM_LEVEL:
		return put_level(at, language, number);
	case FORM_TLS:
	case FORM_ALERT:
	case FORM_DNS:
	case FORM_RCODE:
	case FORM_EDE:
	case FORMS:
		break;
	}
	return put_name(at, evidence, number, form);
}

static bool resolve_evidence(const void *context, const char *name, struct pp_line *line)
{
	const struct evidence_context *c = context;
	int value = pp_phrase_evidence_value(name);
	char text[PP_PHRASE_PUT + 1];

	if (value < 0)
		return false;
	add_value(line, pp_phrase_evidence_text(c->evidence, value), text,
		  pp_phrase_put_evidence(text, c->language, c->evidence, value));
	return true;
}

static bool is_plural(const struct evidence_row *row) { return row->by == PICK_BY_A && row->from == 1; }

/* Asked for every evidence that is written, so without a branch. */
static bool picks_first(const struct evidence_row *row, const struct pp_evidence *evidence)
{
	int64_t value = row->by == PICK_BY_B ? evidence->b : evidence->a;
	const char *text = evidence->text ? evidence->text : "";

	value = row->by == PICK_BY_LETTER ? *text : value;
	return (value >= row->from) & (value <= row->to);
}

const char *pp_phrase_evidence_message(enum pp_language language, const struct pp_evidence *evidence)
{
	const struct evidence_row *row = &evidence_rows[evidence->kind];

	if (language != PP_ENGLISH && is_plural(row))
		return pp_say_n(language, row->first, row->second, evidence->a < 0 ? 0 : (uint64_t)evidence->a);
	return pp_say(language, !row->second || picks_first(row, evidence) ? row->first : row->second);
}

void pp_phrase_evidence(struct pp_line *line, enum pp_language language, const struct pp_evidence *evidence)
{
	const struct evidence_context context = { evidence, language };

	pp_line_expand(line, pp_phrase_evidence_message(language, evidence), resolve_evidence, &context);
}

/* ---- Grades, owners, the conclusion ---- */

const char *pp_phrase_owner(enum pp_language language, enum pp_owner owner)
{
	static const char *const words[] = {
		[PP_OWNER_NONE] = N_("nobody"),
		[PP_OWNER_NETWORK] = N_("the network or firewall team"),
		[PP_OWNER_PROXY] = N_("the proxy team"),
		[PP_OWNER_DNS] = N_("the DNS team"),
		[PP_OWNER_SERVER] = N_("the owner of the service"),
		[PP_OWNER_LOCAL] = N_("the administrator of this machine"),
		[PP_OWNER_SECURITY] = N_("the security team (TLS inspection, filtering)"),
	};

	return (size_t)owner < sizeof(words) / sizeof(words[0]) ? pp_say(language, words[owner]) : "";
}

const char *pp_phrase_grade(enum pp_language language, enum pp_grade grade)
{
	static const char *const words[] = {
		[PP_GRADE_NONE] = "",
		[PP_CONSISTENT] = N_("possible"),
		[PP_STRONG] = N_("very probable"),
		[PP_PROVEN] = N_("proven"),
	};

	return (size_t)grade < sizeof(words) / sizeof(words[0]) ? pp_say(language, words[grade]) : "";
}

const char *pp_phrase_grade_why(enum pp_language language, enum pp_grade grade)
{
	static const char *const words[] = {
		[PP_GRADE_NONE] = "",
		[PP_CONSISTENT] = N_("the pattern fits, but from here another party would look the same"),
		[PP_STRONG] = N_("independent signs agree"),
		[PP_PROVEN] = N_("only this party can have said this, or a contrast leaves no other cause"),
	};

	return (size_t)grade < sizeof(words) / sizeof(words[0]) ? pp_say(language, words[grade]) : "";
}

bool pp_phrase_count(const void *context, const char *name, struct pp_line *line)
{
	const uint32_t *n = context;

	if (strcmp(name, "n") != 0)
		return false;
	pp_line_i64(line, *n);
	return true;
}

static void add_counted(struct pp_line *line, enum pp_language language, const char *one, const char *many, uint32_t n)
{
	pp_line_expand(line, pp_say_n(language, one, many, n), pp_phrase_count, &n);
}

static void phrase_ok(struct pp_line *line, enum pp_language language, const struct pp_conclusion *conclusion)
{
	add_counted(line, language,
		    NP_("No fault found: {n} connection works.", "No fault found: {n} connections work."),
		    conclusion->flows_ok);
	if (conclusion->flows_fault) {
		pp_line_add(line, " ");
		add_counted(line, language,
			    NP_("{n} attempt failed without consequence.", "{n} attempts failed without consequence."),
			    conclusion->flows_fault);
	}
	if (conclusion->flows_inconclusive) {
		pp_line_add(line, " ");
		add_counted(line, language,
			    NP_("{n} connection could not be judged.", "{n} connections could not be judged."),
			    conclusion->flows_inconclusive);
	}
}

static void phrase_inconclusive(struct pp_line *line, enum pp_language language, const struct pp_conclusion *conclusion)
{
	static const char nothing[] = N_("Nothing could be concluded: the capture holds no connection to judge.");

	if (conclusion->verdict.rule) {
		pp_phrase_summary(line, language, &conclusion->verdict);
	} else if (conclusion->flows_inconclusive) {
		add_counted(line, language,
			    NP_("Nothing could be concluded: {n} connection could not be judged from this capture.",
				"Nothing could be concluded: {n} connections could not be judged from this capture."),
			    conclusion->flows_inconclusive);
	} else {
		pp_line_add(line, pp_say(language, nothing));
	}
}

/* Services that failed beside a broken connection. */
static void phrase_consequence(struct pp_line *line, enum pp_language language, const struct pp_conclusion *conclusion)
{
	if (!conclusion->machine_count || conclusion->machine[0].rule == conclusion->verdict.rule)
		return;
	pp_line_add(line, " ");
	pp_phrase_rule(line, language, N_("{host} failed as well, which may be the consequence."),
		       &conclusion->machine[0]);
}

void pp_phrase_conclusion(struct pp_line *line, enum pp_language language, const struct pp_conclusion *conclusion)
{
	switch (conclusion->outcome) {
	case PP_OUTCOME_OK:
		phrase_ok(line, language, conclusion);
		return;
	case PP_OUTCOME_INCONCLUSIVE:
		phrase_inconclusive(line, language, conclusion);
		return;
	case PP_OUTCOME_FAULT:
		pp_phrase_summary(line, language, &conclusion->verdict);
		if (conclusion->fault_count > 1) {
			pp_line_add(line, " ");
			add_counted(line, language, NP_("{n} endpoint is affected.", "{n} endpoints are affected."),
				    conclusion->fault_count);
		}
		phrase_consequence(line, language, conclusion);
		return;
	}
}

/* ---- Wireshark ---- */

void pp_filter_stream(struct pp_line *line, uint32_t stream)
{
	pp_line_add(line, "tcp.stream eq ");
	pp_line_i64(line, stream);
}

void pp_filter_lookup(struct pp_line *line, const char *name)
{
	pp_line_add(line, "dns.qry.name == \"");
	while (*name) {
		size_t plain = strcspn(name, "\"\\");

		pp_line_add_bytes(line, name, plain);
		name += plain;
		if (*name) {
			const char escaped[3] = { '\\', *name++, '\0' };

			pp_line_add(line, escaped);
		}
	}
	pp_line_add(line, "\"");
}
