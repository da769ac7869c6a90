#include "dissect/lookup_pack.h"

#include "base/number.h"

#include <string.h>

/* What is there of a lookup, in two bytes; … */
enum {
	OVER_TCP = 1,
	REPLIES_ONLY = 2,
	CLIPPED = 4,
	EXTENDED_ERROR = 8,
	ICMP = 16,
	ADDRESSES = 32,
	ALIASES = 64,
	FILES = 128, /* marks in more files than one */
};
/* … and of a question. */
enum {
	QUERIED = 1,
	QUERIED_AGAIN = 2,
	REPLIED = 4,
	ANSWERED = 8,
	TRUNCATED = 16,
	TIMED = 32,
	FIRST_OF_ALL = 64, /* the first query is the lookup's first mark */
	LAST_OF_ALL = 128, /* the reply is its last one */
};

/* Each number as long as it may be, addresses and text as they are. */
enum {
	MARK_MOST = sizeof(struct pp_mark),
	PLACE_MOST = PP_PUT_ADDR_MOST + PP_NUMBER_MOST,
	HEAD_MOST = 2 + 2 * PLACE_MOST + 3 * MARK_MOST + 3 * PP_NUMBER_MOST + PP_PUT_ADDR_MOST + 2,
	QUESTION_MOST = 2 + 4 * PP_NUMBER_MOST + 3 * MARK_MOST,
	QUERY_MOST = 1 + 3 * PP_NUMBER_MOST + MARK_MOST,
	ALIAS_MOST = 256,
};
_Static_assert(HEAD_MOST + PP_DNS_TYPES_MAX * QUESTION_MOST + 1 + PP_DNS_ADDRESSES_MAX * PP_PUT_ADDR_MOST + 1 +
		       PP_DNS_ALIASES_MAX * ALIAS_MOST + 2 + PP_QUERIES_KEPT * QUERY_MOST <=
		   PP_LOOKUP_PACKED_MOST,
	       "room for the longest");

/* Not as numbers of few bytes: those take longer to read than the rest of a lookup. */
static uint8_t *put_mark(uint8_t *at, const struct pp_mark *mark, bool files)
{
	at = pp_put_bytes(at, &mark->ts, sizeof(mark->ts));
	at = pp_put_bytes(at, &mark->packet, sizeof(mark->packet));
	return files ? pp_put_bytes(at, &mark->file, sizeof(mark->file)) : at;
}

/* `file`: that of all marks if it does not stand there. */
static struct pp_mark take_mark(const uint8_t **at, bool files, uint16_t file)
{
	struct pp_mark mark = { .file = file };

	pp_take_bytes(at, &mark.ts, sizeof(mark.ts));
	pp_take_bytes(at, &mark.packet, sizeof(mark.packet));
	if (files)
		pp_take_bytes(at, &mark.file, sizeof(mark.file));
	return mark;
}

/* ------------------------------------------------------------------ writing */

static bool waits(const struct pp_dns_query *query) { return pp_seen(query->mark) && !query->answered; }

/* Whether any mark is of another file than the first one. */
static bool has_files(const struct pp_open_lookup *open)
{
	const struct pp_lookup *lookup = &open->lookup;
	unsigned file = lookup->first.file, unlike = lookup->last.file ^ file;

	if (pp_seen(lookup->icmp))
		unlike |= lookup->icmp.file ^ file;
	for (unsigned i = 0; i < lookup->question_count; i++) {
		const struct pp_dns_question *question = &lookup->questions[i];

		if (pp_seen(question->first_query))
			unlike |= (question->first_query.file ^ file) | (question->last_query.file ^ file);
		if (pp_seen(question->reply))
			unlike |= question->reply.file ^ file;
	}
	for (unsigned i = 0; i < PP_QUERIES_KEPT; i++)
		if (waits(&open->queries[i]))
			unlike |= open->queries[i].mark.file ^ file;
	return unlike;
}

static uint8_t *put_head(uint8_t *at, const struct pp_lookup *lookup, bool files)
{
	unsigned head = (files ? FILES : 0) | (lookup->over_tcp ? OVER_TCP : 0) |
			(lookup->replies_only ? REPLIES_ONLY : 0) | (lookup->clipped ? CLIPPED : 0) |
			(lookup->has_extended_error ? EXTENDED_ERROR : 0) | (pp_seen(lookup->icmp) ? ICMP : 0) |
			(lookup->address_count ? ADDRESSES : 0) | (lookup->alias_count ? ALIASES : 0);

	at = pp_put_socket(pp_put_socket(at, &lookup->client), &lookup->resolver);
	*at++ = (uint8_t)head;
	*at++ = (uint8_t)lookup->question_count;
	at = put_mark(at, &lookup->first, true);
	at = put_mark(at, &lookup->last, files);
	if (head & EXTENDED_ERROR)
		at = pp_put_number(at, lookup->extended_error);
	if (head & ICMP) {
		at = put_mark(at, &lookup->icmp, files);
		at = pp_put_addr(at, &lookup->icmp_from);
		*at++ = lookup->icmp_type;
		*at++ = lookup->icmp_code;
	}
	return at;
}

static unsigned head_of(const struct pp_dns_question *question, const struct pp_lookup *lookup)
{
	bool queried = pp_seen(question->first_query), replied = pp_seen(question->reply);
	unsigned head = (queried ? QUERIED : 0) | (replied ? REPLIED : 0) | (question->answered ? ANSWERED : 0) |
			(question->truncated ? TRUNCATED : 0) | (question->rtt_ns != -1 ? TIMED : 0);

	if (queried && !pp_mark_same(&question->last_query, &question->first_query))
		head |= QUERIED_AGAIN;
	if (queried && pp_mark_same(&question->first_query, &lookup->first))
		head |= FIRST_OF_ALL;
	if (replied && pp_mark_same(&question->reply, &lookup->last))
		head |= LAST_OF_ALL;
	return head;
}

static uint8_t *put_question(uint8_t *at, const struct pp_dns_question *question, const struct pp_lookup *lookup,
			     bool files)
{
	unsigned head = head_of(question, lookup);

	*at++ = (uint8_t)head;
	*at++ = question->rcode;
	at = pp_put_number(at, question->type);
	at = pp_put_number(at, question->queries);
	at = pp_put_number(at, question->address_count);
	if ((head & (QUERIED | FIRST_OF_ALL)) == QUERIED)
		at = put_mark(at, &question->first_query, files);
	if (head & QUERIED_AGAIN)
		at = put_mark(at, &question->last_query, files);
	if ((head & (REPLIED | LAST_OF_ALL)) == REPLIED)
		at = put_mark(at, &question->reply, files);
	return head & TIMED ? pp_put_signed(at, question->rtt_ns) : at;
}

static uint8_t *put_answers(uint8_t *at, const struct pp_lookup *lookup)
{
	if (lookup->address_count) {
		*at++ = (uint8_t)lookup->address_count;
		at = pp_put_number(at, lookup->min_ttl);
	}
	for (unsigned i = 0; i < lookup->address_count; i++)
		at = pp_put_addr(at, &lookup->addresses[i]);
	if (lookup->alias_count)
		*at++ = (uint8_t)lookup->alias_count;
	for (unsigned i = 0; i < lookup->alias_count; i++)
		at = pp_put_text(at, lookup->aliases[i]);
	return at;
}

/* The bits say which places of the ring are taken. */
static uint8_t *put_queries(uint8_t *at, const struct pp_open_lookup *open, bool files)
{
	uint8_t *bits = at++;

	_Static_assert(PP_QUERIES_KEPT == 8, "as many as a byte has bits");
	*bits = 0;
	*at++ = (uint8_t)(open->next % PP_QUERIES_KEPT);
	for (unsigned i = 0; i < PP_QUERIES_KEPT; i++) {
		const struct pp_dns_query *query = &open->queries[i];

		if (!waits(query))
			continue;
		*bits |= (uint8_t)(1u << i);
		at = pp_put_number(at, query->id);
		at = pp_put_number(at, query->type);
		at = pp_put_number(at, query->port);
		at = put_mark(at, &query->mark, files);
	}
	return at;
}

size_t pp_lookup_pack(const struct pp_open_lookup *open, uint8_t to[PP_LOOKUP_PACKED_MOST])
{
	const struct pp_lookup *lookup = &open->lookup;
	bool files = has_files(open);
	uint8_t *at = put_head(to, lookup, files);

	for (unsigned i = 0; i < lookup->question_count; i++)
		at = put_question(at, &lookup->questions[i], lookup, files);
	at = put_answers(at, lookup);
	return (size_t)(put_queries(at, open, files) - to);
}

/* ------------------------------------------------------------------ reading */

static void take_ends(struct pp_lookup *lookup, const uint8_t **at)
{
	lookup->client = pp_take_socket(at);
	lookup->resolver = pp_take_socket(at);
}

void pp_lookup_unpack_ends(struct pp_lookup *lookup, const uint8_t *from) { take_ends(lookup, &from); }

static unsigned take_head(struct pp_lookup *lookup, const uint8_t **at)
{
	unsigned head;

	take_ends(lookup, at);
	head = *(*at)++;
	lookup->question_count = *(*at)++;
	lookup->over_tcp = head & OVER_TCP;
	lookup->replies_only = head & REPLIES_ONLY;
	lookup->clipped = head & CLIPPED;
	lookup->has_extended_error = head & EXTENDED_ERROR;
	lookup->first = take_mark(at, true, 0);
	lookup->last = take_mark(at, head & FILES, lookup->first.file);
	if (head & EXTENDED_ERROR)
		lookup->extended_error = (uint16_t)pp_take_number(at);
	if (head & ICMP) {
		lookup->icmp = take_mark(at, head & FILES, lookup->first.file);
		lookup->icmp_from = pp_take_addr(at);
		lookup->icmp_type = *(*at)++;
		lookup->icmp_code = *(*at)++;
	}
	return head;
}

static void take_question(struct pp_dns_question *question, const struct pp_lookup *lookup, bool files,
			  const uint8_t **at)
{
	unsigned head = *(*at)++;

	question->answered = head & ANSWERED;
	question->truncated = head & TRUNCATED;
	question->rcode = *(*at)++;
	question->type = (uint16_t)pp_take_number(at);
	question->queries = (uint16_t)pp_take_number(at);
	question->address_count = (uint16_t)pp_take_number(at);
	if (head & QUERIED)
		question->first_query = head & FIRST_OF_ALL ? lookup->first : take_mark(at, files, lookup->first.file);
	question->last_query = head & QUERIED_AGAIN ? take_mark(at, files, lookup->first.file) : question->first_query;
	if (head & REPLIED)
		question->reply = head & LAST_OF_ALL ? lookup->last : take_mark(at, files, lookup->first.file);
	question->rtt_ns = head & TIMED ? pp_take_signed(at) : -1;
}

static void take_answers(struct pp_lookup *lookup, unsigned head, const uint8_t **at)
{
	if (head & ADDRESSES) {
		lookup->address_count = *(*at)++;
		lookup->min_ttl = (uint32_t)pp_take_number(at);
	}
	for (unsigned i = 0; i < lookup->address_count; i++)
		lookup->addresses[i] = pp_take_addr(at);
	if (head & ALIASES)
		lookup->alias_count = *(*at)++;
	for (unsigned i = 0; i < lookup->alias_count; i++)
		lookup->aliases[i] = pp_take_text(at);
}

static void take_queries(struct pp_open_lookup *open, bool files, const uint8_t **at)
{
	unsigned bits = *(*at)++;

	open->next = *(*at)++;
	for (unsigned i = 0; i < PP_QUERIES_KEPT; i++) {
		struct pp_dns_query *query = &open->queries[i];

		if (!(bits >> i & 1))
			continue;
		query->id = (uint16_t)pp_take_number(at);
		query->type = (uint16_t)pp_take_number(at);
		query->port = (uint16_t)pp_take_number(at);
		query->mark = take_mark(at, files, open->lookup.first.file);
	}
}

void pp_lookup_unpack(struct pp_open_lookup *open, const uint8_t *from, const char *name)
{
	unsigned head;

	memset(open, 0, sizeof(*open));
	open->lookup.name = name;
	head = take_head(&open->lookup, &from);
	for (unsigned i = 0; i < open->lookup.question_count; i++)
		take_question(&open->lookup.questions[i], &open->lookup, head & FILES, &from);
	take_answers(&open->lookup, head, &from);
	take_queries(open, head & FILES, &from);
}
