#include "dissect/tls.h"
#include "dissect/tls_record.h"

enum {
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	HELLO_MIN = 2 + 32 + 1, /* version, random, and at least one field more */
	CHALLENGE_MAX = 32,
	START = 6,
};

/* The first bytes of the handshake stream: type, length, version.  A hello may be spread over records of any size. */
struct start {
	uint8_t bytes[START];
	size_t n;
};

/* All of it in the first record, whose header fits. */
static bool take_start(struct pp_cur cur, struct start *start)
{
	const uint8_t *p = pp_cur_fixed(&cur, PP_TLS_HEADER_LEN + sizeof(start->bytes));

	if (!p || pp_be16(p + 3) < sizeof(start->bytes))
		return false;
	memcpy(start->bytes, p + PP_TLS_HEADER_LEN, sizeof(start->bytes));
	start->n = sizeof(start->bytes);
	return true;
}

/* PP_OK with `start` filled, PP_MORE, or PP_MALFORMED for what is no sequence of handshake records. */
static enum pp_err gather(struct pp_cur *cur, struct start *start)
{
	while (start->n < sizeof(start->bytes)) {
		struct pp_cur copy = *cur;
		int type = pp_cur_peek(cur, 0);
		uint16_t len;

		if ((type >= 0 && type != PP_TLS_HANDSHAKE) || !pp_tls_header_fits(pp_cur_rest(&copy)))
			return PP_MALFORMED;
		pp_cur_skip(cur, 3);
		len = pp_cur_u16(cur);
		if (!pp_cur_ok(cur))
			return PP_MORE;
		for (; len > 0 && start->n < sizeof(start->bytes) && pp_cur_left(cur) > 0; len--)
			start->bytes[start->n++] = pp_cur_u8(cur);
	}
	return start->n == sizeof(start->bytes) ? PP_OK : PP_MORE;
}

static enum pp_tls_look look_at_handshake(struct pp_cur cur)
{
	struct start start = { .n = 0 };
	enum pp_err err = take_start(cur, &start) ? PP_OK : gather(&cur, &start);
	struct pp_cur in = pp_cur(start.bytes, start.n, PP_MORE);
	uint8_t type = pp_cur_u8(&in);
	uint32_t len = pp_cur_u24(&in);
	uint8_t major = pp_cur_u8(&in), minor = pp_cur_u8(&in);
	bool fits;

	/* Whatever else, it may be an encrypted message of a session under way. */
	if (start.n > 0 && type != CLIENT_HELLO && type != SERVER_HELLO)
		return PP_TLS_OTHER_RECORD;
	if (err == PP_MALFORMED)
		return PP_TLS_NO;
	if (err != PP_OK)
		return PP_TLS_MORE;
	fits = len >= HELLO_MIN && len <= PP_TLS_MESSAGE_MAX;
	if (type == CLIENT_HELLO)
		return fits && major == 3 && minor <= 4 ? PP_TLS_CLIENT_HELLO : PP_TLS_NO;
	return fits && (major == 3 || major >= 0x7e) ? PP_TLS_SERVER_HELLO : PP_TLS_OTHER_RECORD;
}

/* A ChangeCipherSpec is one byte 1, an alert two bytes or encrypted and then longer than any tag. */
static bool body_fits(struct pp_cur *cur, uint8_t type, uint16_t len)
{
	int first = pp_cur_peek(cur, 0);

	if (type == PP_TLS_CHANGE_CIPHER_SPEC)
		return len == 1 && (first < 0 || first == 1);
	if (type == PP_TLS_ALERT)
		return len == 2 ? first < 0 || first == 1 || first == 2 : len > 8 && len < 512;
	return type == PP_TLS_APPLICATION_DATA && len > 8;
}

static enum pp_tls_look look_at_record(struct pp_cur cur)
{
	uint8_t type = pp_cur_u8(&cur);
	uint16_t len;

	pp_cur_skip(&cur, 2);
	len = pp_cur_u16(&cur);
	if (!pp_cur_ok(&cur))
		return PP_TLS_MORE;
	if (!body_fits(&cur, type, len))
		return PP_TLS_NO;
	if (len < pp_cur_left(&cur)) {
		pp_cur_skip(&cur, len);
		if (!pp_tls_header_fits(pp_cur_rest(&cur)))
			return PP_TLS_NO;
	}
	return PP_TLS_OTHER_RECORD;
}

static enum pp_tls_look look_at_v2(struct pp_cur cur)
{
	uint16_t len = pp_cur_u16(&cur) & 0x7fff, ciphers, session_id, challenge;

	pp_cur_skip(&cur, 3);
	ciphers = pp_cur_u16(&cur);
	session_id = pp_cur_u16(&cur);
	challenge = pp_cur_u16(&cur);
	if (!pp_cur_ok(&cur))
		return PP_TLS_MORE;
	if (ciphers == 0 || ciphers % 3 != 0 || (session_id != 0 && session_id != 16) || challenge < 16 ||
	    challenge > CHALLENGE_MAX)
		return PP_TLS_NO;
	return len == 9 + ciphers + session_id + challenge ? PP_TLS_CLIENT_HELLO : PP_TLS_NO;
}

/* What look_at_handshake() makes of nearly every beginning, in fewer steps; false leaves it to that. */
static bool is_plain_client_hello(struct pp_cur cur)
{
	const uint8_t *p = pp_cur_fixed(&cur, PP_TLS_HEADER_LEN + START);
	uint32_t record_len, len;

	if (!p || p[0] != PP_TLS_HANDSHAKE || p[1] != 3 || p[2] > 4 || p[5] != CLIENT_HELLO || p[9] != 3 || p[10] > 4)
		return false;
	record_len = pp_be16(p + 3);
	len = pp_be32(p + 5) & 0xffffff;
	return record_len >= START && record_len <= PP_TLS_BODY_MAX && len >= HELLO_MIN && len <= PP_TLS_MESSAGE_MAX;
}

enum pp_tls_look pp_tls_look(struct pp_span head)
{
	struct pp_cur cur = pp_cur_span(head, PP_MORE);
	int first = pp_cur_peek(&cur, 0);

	if (is_plain_client_hello(cur))
		return PP_TLS_CLIENT_HELLO;
	if (first < 0)
		return PP_TLS_MORE;
	if (first >= 0x80)
		return pp_tls_v2_client_hello_fits(head) ? look_at_v2(cur) : PP_TLS_NO;
	if (!pp_tls_header_fits(head))
		return PP_TLS_NO;
	return first == PP_TLS_HANDSHAKE ? look_at_handshake(cur) : look_at_record(cur);
}
