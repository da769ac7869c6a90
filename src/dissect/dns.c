#include "dissect/dns.h"

#include <assert.h>
#include <string.h>

enum { WIRE_NAME_MAX = 255, LABEL_KIND = 0xc0, LABEL_POINTER = 0xc0, QUESTION_AT = 12 };
enum { TYPE_OPT = 41, OPTION_EXTENDED_ERROR = 15 };
enum { FLAG_RESPONSE = 0x8000, FLAG_TRUNCATED = 0x0200 };
enum { HOPS_MAX = 2 * PP_DNS_ALIASES_MAX }; /* of a chain, so that one in a circle ends */
/* What keeps the work in proportion to the bytes: pointers within a name (compressors need a few), and walks over the
 * answers (a chain in order needs one), of which there is only one where there are many answers. */
enum { POINTERS_MAX = 16, WALKS_MAX = 4, MANY_ANSWERS = 512 };

struct message {
	struct pp_span bytes;
	enum pp_err on_short;
	const char *question; /* the first one's name; NULL: none was read */
};

struct record {
	const char *owner;
	char own[PP_DNS_NAME_MAX];
	uint16_t type;
	uint32_t ttl;
	size_t at; /* of the data in the message */
	struct pp_cur data;
};

static size_t place(const struct message *message, const struct pp_cur *cur)
{
	return message->bytes.len - pp_cur_left(cur);
}

/* RFC 4343 section 2.1: lower case, and \DDD for what is not printable or would be taken for a separator. */
static size_t put_label(char *text, size_t len, struct pp_cur label)
{
	if (len > 0)
		text[len++] = '.';
	while (pp_cur_left(&label) > 0) {
		uint8_t c = pp_cur_u8(&label);

		if (c > ' ' && c < 0x7f && c != '.' && c != '\\') {
			text[len++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
			continue;
		}
		text[len++] = '\\';
		text[len++] = (char)('0' + c / 100);
		text[len++] = (char)('0' + c / 10 % 10);
		text[len++] = (char)('0' + c % 10);
	}
	return len;
}

/* The name at the cursor, which is `at` bytes into the message.  A pointer must lead before the place where the labels
 * being read began, so every jump goes further back and the last one ends. */
static void take_name(const struct message *message, struct pp_cur *cur, size_t at, char text[PP_DNS_NAME_MAX])
{
	struct pp_cur here = *cur;
	size_t begin = at, wire = 1, len = 0;
	unsigned pointers = 0;
	uint8_t label;

	while ((label = pp_cur_u8(&here)) != 0) {
		if ((label & LABEL_KIND) == LABEL_POINTER) {
			size_t target = (size_t)(label & ~LABEL_KIND) << 8 | pp_cur_u8(&here);

			if (pointers++ == 0)
				*cur = here;
			if (pp_cur_ok(&here) && (target >= begin || pointers > POINTERS_MAX))
				pp_cur_fail(&here, PP_MALFORMED);
			if (!pp_cur_ok(&here))
				break;
			here = pp_cur_span(message->bytes, message->on_short);
			pp_cur_skip(&here, target);
			begin = target;
			continue;
		}
		wire += 1u + label;
		if ((label & LABEL_KIND) != 0 || wire > WIRE_NAME_MAX) {
			pp_cur_fail(&here, PP_MALFORMED);
			break;
		}
		assert(len + 4u * label + 2 < PP_DNS_NAME_MAX);
		len = put_label(text, len, pp_cur_sub(&here, label));
	}
	text[len] = '\0';
	if (len == 0)
		memcpy(text, ".", 2);
	if (pointers == 0)
		*cur = here;
	if (!pp_cur_ok(&here))
		pp_cur_fail(cur, here.err);
}

/* Nearly every answer's owner is a pointer to the question's name. */
static void take_owner(const struct message *message, struct pp_cur *cur, struct record *record)
{
	if (message->question && pp_cur_peek(cur, 0) == LABEL_POINTER && pp_cur_peek(cur, 1) == QUESTION_AT) {
		pp_cur_skip(cur, 2);
		record->owner = message->question;
	} else {
		take_name(message, cur, place(message, cur), record->own);
		record->owner = record->own;
	}
}

static bool take_record(const struct message *message, struct pp_cur *cur, struct record *record)
{
	uint16_t len;

	take_owner(message, cur, record);
	record->type = pp_cur_u16(cur);
	pp_cur_skip(cur, 2); /* class; the UDP size in OPT */
	record->ttl = pp_cur_u32(cur);
	len = pp_cur_u16(cur);
	record->at = place(message, cur);
	record->data = pp_cur_sub(cur, len);
	return pp_cur_ok(cur);
}

static void take_questions(const struct message *message, struct pp_cur *cur, unsigned count,
			   struct pp_dns_message *ret)
{
	char other[PP_DNS_NAME_MAX];

	for (unsigned i = 0; i < count && pp_cur_ok(cur); i++) {
		char *name = i == 0 ? ret->name : other;
		uint16_t type;

		take_name(message, cur, place(message, cur), name);
		type = pp_cur_u16(cur);
		pp_cur_skip(cur, 2); /* class */
		if (i > 0)
			continue;
		ret->type = type;
		ret->has_question = pp_cur_ok(cur);
	}
	if (!ret->has_question)
		ret->name[0] = '\0';
}

static void add_address(struct pp_dns_message *ret, struct record *record)
{
	size_t len = record->type == PP_DNS_A ? 4 : 16;
	struct pp_span bytes = pp_cur_take(&record->data, len);

	if (pp_cur_finish(&record->data) != PP_OK)
		return;
	if (ret->address_count == PP_DNS_ADDRESSES_MAX) {
		ret->clipped = true;
		return;
	}
	if (ret->address_count == 0 || record->ttl < ret->min_ttl)
		ret->min_ttl = record->ttl;
	ret->addresses[ret->address_count++] = len == 4 ? pp_addr_v4(bytes.p) : pp_addr_v6(bytes.p);
}

static void add_alias(struct pp_dns_message *ret, const char *name)
{
	size_t len = strlen(name), max = sizeof(ret->aliases[0]) - 1;
	char *alias;

	if (ret->alias_count == PP_DNS_ALIASES_MAX) {
		ret->clipped = true;
		return;
	}
	if (len > max) {
		ret->clipped = true;
		len = max;
	}
	alias = ret->aliases[ret->alias_count++];
	memcpy(alias, name, len);
	alias[len] = '\0';
}

/* One walk over the answers, from `name` on; false once another one would find nothing new. */
static bool walk_answers(const struct message *message, struct pp_cur *cur, unsigned count, char *name, unsigned *hops,
			 struct pp_dns_message *ret)
{
	bool passed_over = false, moved = false;
	struct record record;

	ret->address_count = 0;
	for (unsigned i = 0; i < count && take_record(message, cur, &record); i++) {
		if (record.type != PP_DNS_A && record.type != PP_DNS_AAAA && record.type != PP_DNS_CNAME)
			continue;
		if (strcmp(record.owner, name) != 0) {
			passed_over = true;
		} else if (record.type != PP_DNS_CNAME) {
			add_address(ret, &record);
		} else if (*hops < HOPS_MAX) {
			take_name(message, &record.data, record.at, name);
			if (pp_cur_ok(&record.data))
				add_alias(ret, name);
			moved = true;
			++*hops;
		}
	}
	return passed_over && moved;
}

/* Aliases and addresses that the question leads to.  Most servers write the chain in order, but none has to
 * (RFC 1034 section 3.7), so it is walked until nothing new is found. */
static void take_answers(const struct message *message, struct pp_cur *cur, unsigned count, struct pp_dns_message *ret)
{
	struct pp_cur begin = *cur;
	char name[PP_DNS_NAME_MAX];
	unsigned hops = 0, walks = count > MANY_ANSWERS ? 1 : WALKS_MAX;
	bool more;

	memcpy(name, ret->name, strlen(ret->name) + 1);
	do {
		*cur = begin;
		more = walk_answers(message, cur, count, name, &hops, ret);
	} while (more && pp_cur_ok(cur) && --walks > 0);
	ret->clipped |= more;
}

/* RFC 6891 section 6.1: the OPT record's TTL field holds the upper bits of the response code. */
static void take_options(struct pp_dns_message *ret, struct record *record)
{
	unsigned rcode = record->ttl >> 24 << 4 | ret->rcode;

	ret->rcode = (uint8_t)(rcode < UINT8_MAX ? rcode : UINT8_MAX);
	while (pp_cur_left(&record->data) > 0) {
		uint16_t code = pp_cur_u16(&record->data);
		struct pp_cur option = pp_cur_sub16(&record->data);
		uint16_t info = pp_cur_u16(&option);

		if (code != OPTION_EXTENDED_ERROR || !pp_cur_ok(&option) || ret->has_extended_error)
			continue;
		ret->has_extended_error = true;
		ret->extended_error = info;
	}
}

static void take_additional(const struct message *message, struct pp_cur *cur, unsigned authority, unsigned additional,
			    struct pp_dns_message *ret)
{
	struct record record;

	for (unsigned i = 0; i < authority + additional && take_record(message, cur, &record); i++) {
		if (i >= authority && record.type == TYPE_OPT)
			take_options(ret, &record);
	}
}

enum pp_err pp_dns_parse(struct pp_span bytes, enum pp_err on_short, struct pp_dns_message *ret_message)
{
	struct message message = { bytes, on_short, NULL };
	struct pp_cur cur = pp_cur_span(bytes, on_short);
	unsigned questions, answers, authority, additional;
	uint16_t flags;

	memset(ret_message, 0, offsetof(struct pp_dns_message, name)); /* three kilobytes are seldom used */
	ret_message->id = pp_cur_u16(&cur);
	flags = pp_cur_u16(&cur);
	questions = pp_cur_u16(&cur);
	answers = pp_cur_u16(&cur);
	authority = pp_cur_u16(&cur);
	additional = pp_cur_u16(&cur);
	ret_message->response = (flags & FLAG_RESPONSE) != 0;
	ret_message->truncated = (flags & FLAG_TRUNCATED) != 0;
	ret_message->opcode = flags >> 11 & 0xf;
	ret_message->rcode = flags & 0xf;
	take_questions(&message, &cur, questions, ret_message);
	ret_message->answers_cut = answers > 0 && !pp_cur_ok(&cur);
	if (!pp_cur_ok(&cur) || ret_message->opcode != 0)
		return cur.err;
	message.question = ret_message->has_question ? ret_message->name : NULL;
	take_answers(&message, &cur, answers, ret_message);
	ret_message->answers_cut = !pp_cur_ok(&cur);
	take_additional(&message, &cur, authority, additional, ret_message);
	/* RFC 2181 section 9: a reply with TC may end anywhere. */
	return ret_message->truncated && ret_message->has_question ? PP_OK : cur.err;
}
