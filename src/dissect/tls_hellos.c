#include "dissect/tls_hellos.h"

#include "dissect/ja4.h"

#include <stdlib.h>

enum { BEGIN = 35, /* version, random and the session id's length */ AT_VERSION = 0, AT_SESSION_ID_LEN = 34 };
enum { EXT_SERVER_NAME = 0, EXT_PADDING = 21, EXT_SESSION_TICKET = 35, EXT_PRE_SHARED_KEY = 41, EXT_KEY_SHARE = 51 };
enum { ENTRY_BITS = 8, PARTS_MAX = 8, FIXED_MAX = 400 };

/* A hello that was met.  Behind its session id it is a row of parts, of bytes that are compared and bytes that are free:
 * of the free ones nothing but their number has a say in what is read. */
struct entry {
	size_t len; /* of the whole body; 0: none yet */
	unsigned part_count;
	struct part {
		uint16_t fixed, free;
	} parts[PARTS_MAX];
	uint16_t ciphers, extensions, sni, signature_algorithms, alpn[PP_TLS_ALPN_MAX]; /* where they begin */
	char ja4[PP_JA4_TEXT];
	struct pp_tls_client_hello hello; /* its spans have only their length */
	uint8_t fixed[FIXED_MAX];         /* what is compared, all parts in a row */
};

struct pp_tls_hellos {
	struct pp_ja4_cache *ja4;
	struct entry entries[1 << ENTRY_BITS]; /* by a hash; the last one stays */
};

struct pp_tls_hellos *pp_tls_hellos_new(void)
{
	struct pp_tls_hellos *hellos = calloc(1, sizeof(*hellos));

	if (hellos)
		hellos->ja4 = pp_ja4_cache_new();
	return hellos;
}

void pp_tls_hellos_free(struct pp_tls_hellos *hellos)
{
	if (!hellos)
		return;
	pp_ja4_cache_free(hellos->ja4);
	free(hellos);
}

void pp_tls_hellos_ja4(struct pp_tls_hellos *hellos, const struct pp_tls_client_hello *hello, char ret_ja4[PP_JA4_TEXT])
{
	pp_ja4(hellos ? hellos->ja4 : NULL, hello, ret_ja4);
}

/* Any place will do, since all of an entry is compared.  NULL: too short to be worth one. */
static struct entry *entry_of(struct pp_tls_hellos *hellos, struct pp_cur cur)
{
	uint64_t len = pp_cur_left(&cur), ciphers_len, word;
	const uint8_t *begin = pp_cur_fixed(&cur, BEGIN), *extensions;

	if (!begin)
		return NULL;
	pp_cur_skip(&cur, begin[AT_SESSION_ID_LEN]);
	ciphers_len = pp_cur_u16(&cur);
	pp_cur_skip(&cur, ciphers_len);
	pp_cur_skip(&cur, pp_cur_u8(&cur));
	/* Their length, and the first one's: the server name's, which padding may hide in that of the whole. */
	extensions = pp_cur_fixed(&cur, sizeof(word));
	if (!extensions)
		return NULL;
	memcpy(&word, extensions, sizeof(word));
	return &hellos->entries[((word ^ len << 16 ^ ciphers_len) * 0x9e3779b97f4a7c15U) >> (64 - ENTRY_BITS)];
}

/* ---- One met before ---- */

static bool entry_equals(const struct entry *entry, struct pp_cur cur)
{
	const uint8_t *fixed = entry->fixed, *begin;

	if (entry->len != pp_cur_left(&cur) || !(begin = pp_cur_fixed(&cur, BEGIN)))
		return false;
	if (pp_be16(begin + AT_VERSION) != entry->hello.legacy_version ||
	    begin[AT_SESSION_ID_LEN] != entry->hello.session_id.len)
		return false;
	pp_cur_skip(&cur, entry->hello.session_id.len);
	for (unsigned i = 0; i < entry->part_count; i++) {
		const struct part *part = &entry->parts[i];
		struct pp_span bytes = pp_cur_take(&cur, part->fixed);

		if (bytes.len != part->fixed || (bytes.len && memcmp(bytes.p, fixed, bytes.len) != 0))
			return false;
		fixed += part->fixed;
		pp_cur_skip(&cur, part->free);
	}
	return pp_cur_ok(&cur) && pp_cur_left(&cur) == 0;
}

static struct pp_span at(struct pp_cur cur, size_t offset, size_t len)
{
	pp_cur_skip(&cur, offset);
	return pp_cur_take(&cur, len);
}

static void recall(const struct entry *entry, struct pp_cur cur, struct pp_tls_client_hello *hello)
{
	*hello = entry->hello;
	hello->session_id = at(cur, BEGIN, hello->session_id.len);
	hello->ciphers = at(cur, entry->ciphers, hello->ciphers.len);
	hello->extensions = at(cur, entry->extensions, hello->extensions.len);
	hello->sni = at(cur, entry->sni, hello->sni.len);
	hello->signature_algorithms = at(cur, entry->signature_algorithms, hello->signature_algorithms.len);
	for (unsigned i = 0; i < hello->alpn_count; i++)
		hello->alpn[i] = at(cur, entry->alpn[i], hello->alpn[i].len);
}

/* ---- A new one ---- */

/* Takes down what stands before `free`, which is of the body like `*rest` and not before it. */
static bool add_part(struct entry *entry, size_t *used, struct pp_cur *rest, struct pp_span free)
{
	size_t len = (size_t)(free.p - rest->p);
	struct pp_span fixed;

	if (entry->part_count == PARTS_MAX || len > FIXED_MAX - *used)
		return false;
	fixed = pp_cur_take(rest, len);
	pp_cur_skip(rest, free.len);
	if (fixed.len)
		memcpy(entry->fixed + *used, fixed.p, fixed.len);
	*used += len;
	entry->parts[entry->part_count++] = (struct part){ (uint16_t)len, (uint16_t)free.len };
	return true;
}

static bool add_key_shares(struct entry *entry, size_t *used, struct pp_cur *rest, struct pp_cur body)
{
	struct pp_cur list = pp_cur_sub_clip(&body, pp_cur_u16(&body));

	while (pp_cur_left(&list) > 0) {
		struct pp_span key;

		pp_cur_skip(&list, 2);
		key = pp_cur_take(&list, pp_cur_u16(&list));
		if (key.len > 0 && !add_part(entry, used, rest, key))
			return false;
	}
	return true;
}

static bool add_extension(struct entry *entry, size_t *used, struct pp_cur *rest, uint16_t type, struct pp_cur body,
			  struct pp_span sni)
{
	struct pp_span bytes = pp_cur_rest(&body);

	switch (type) {
	case EXT_SERVER_NAME:
		/* There may be more than one extension, and only one name. */
		if (sni.len == 0 || bytes.len == 0 || sni.p < bytes.p || sni.p >= bytes.p + bytes.len)
			return true;
		return add_part(entry, used, rest, sni);
	case EXT_PADDING:
	case EXT_SESSION_TICKET:
	case EXT_PRE_SHARED_KEY:
		return bytes.len == 0 || add_part(entry, used, rest, bytes);
	case EXT_KEY_SHARE:
		return add_key_shares(entry, used, rest, pp_cur_span(bytes, PP_MALFORMED));
	default:
		return true;
	}
}

static bool add_parts(struct entry *entry, struct pp_cur rest, const struct pp_tls_client_hello *hello)
{
	struct pp_cur extensions = pp_cur_span(hello->extensions, PP_MALFORMED);
	size_t used = 0;

	pp_cur_skip(&rest, BEGIN + hello->session_id.len);
	while (pp_cur_left(&extensions) > 0) {
		uint16_t type = pp_cur_u16(&extensions);
		struct pp_cur body = pp_cur_sub_clip(&extensions, pp_cur_u16(&extensions));

		if (!add_extension(entry, &used, &rest, type, body, hello->sni))
			return false;
	}
	return pp_cur_ok(&extensions) &&
	       (pp_cur_left(&rest) == 0 || add_part(entry, &used, &rest, (struct pp_span){ rest.end, 0 }));
}

static uint16_t place(struct pp_span span, const uint8_t *body) { return span.len ? (uint16_t)(span.p - body) : 0; }

/* GREASE is drawn anew as well, and a hello with it is never met again. */
static bool is_worth_it(const struct pp_tls_client_hello *hello, size_t len)
{
	return hello->whole && len <= UINT16_MAX && hello->ciphers.len == 2 * (size_t)hello->cipher_count;
}

static void remember(struct entry *entry, struct pp_cur cur, const struct pp_tls_client_hello *hello, const char *ja4)
{
	entry->len = 0;
	entry->part_count = 0;
	if (!is_worth_it(hello, pp_cur_left(&cur)) || !add_parts(entry, cur, hello))
		return;
	entry->len = pp_cur_left(&cur);
	entry->hello = *hello;
	entry->ciphers = place(hello->ciphers, cur.p);
	entry->extensions = place(hello->extensions, cur.p);
	entry->sni = place(hello->sni, cur.p);
	entry->signature_algorithms = place(hello->signature_algorithms, cur.p);
	for (unsigned i = 0; i < hello->alpn_count; i++)
		entry->alpn[i] = place(hello->alpn[i], cur.p);
	memcpy(entry->ja4, ja4, sizeof(entry->ja4));
}

enum pp_err pp_tls_hellos_read(struct pp_tls_hellos *hellos, struct pp_cur cur, struct pp_tls_client_hello *ret_hello,
			       char ret_ja4[PP_JA4_TEXT])
{
	/* A beginning is read otherwise than a whole message. */
	struct entry *entry = hellos && cur.on_short == PP_MALFORMED ? entry_of(hellos, cur) : NULL;
	enum pp_err err;

	if (entry && entry_equals(entry, cur)) {
		recall(entry, cur, ret_hello);
		memcpy(ret_ja4, entry->ja4, sizeof(entry->ja4));
		return PP_OK;
	}
	err = pp_tls_client_hello_read(cur, ret_hello);
	pp_tls_hellos_ja4(hellos, ret_hello, ret_ja4);
	if (entry)
		remember(entry, cur, ret_hello, ret_ja4);
	return err;
}
