#include "dissect/tls_record.h"

/* A byte that is not there (-1) fits. */
static bool within(int byte, int low, int high) { return byte < 0 || (byte >= low && byte <= high); }

bool pp_tls_header_fits(struct pp_span head)
{
	struct pp_cur cur = pp_cur_span(head, PP_MORE);
	int high = pp_cur_peek(&cur, 3), low = pp_cur_peek(&cur, 4);
	int least = pp_cur_peek(&cur, 0) == PP_TLS_APPLICATION_DATA ? 0 : 1;

	if (!within(pp_cur_peek(&cur, 0), PP_TLS_CHANGE_CIPHER_SPEC, PP_TLS_HEARTBEAT) ||
	    !within(pp_cur_peek(&cur, 1), 3, 3) || !within(pp_cur_peek(&cur, 2), 0, 4) ||
	    !within(high, 0, PP_TLS_BODY_MAX >> 8))
		return false;
	/* Only application data may be empty (RFC 5246 section 6.2.1). */
	return low < 0 || within(high << 8 | low, least, PP_TLS_BODY_MAX);
}

/* It offers SSL 2.0 itself or a version of the record protocol. */
bool pp_tls_v2_client_hello_fits(struct pp_span head)
{
	struct pp_cur cur = pp_cur_span(head, PP_MORE);
	int major = pp_cur_peek(&cur, 3), minor = pp_cur_peek(&cur, 4);

	return within(pp_cur_peek(&cur, 0), 0x80, 0xff) && within(pp_cur_peek(&cur, 2), 1, 1) &&
	       (major == 0 ? within(minor, 2, 2) : within(major, 3, 3) && within(minor, 0, 4));
}

/* SERVER-HELLO: session id hit 0 or 1, certificate type 0 (with a hit) or 1. */
static bool v2_server_hello_fits(struct pp_span head)
{
	struct pp_cur cur = pp_cur_span(head, PP_MORE);

	return within(pp_cur_peek(&cur, 0), 0x80, 0xff) && within(pp_cur_peek(&cur, 2), 4, 4) &&
	       within(pp_cur_peek(&cur, 3), 0, 1) && within(pp_cur_peek(&cur, 4), 0, 1);
}

static bool fits(const struct pp_tls_framer *framer)
{
	struct pp_span head = { framer->head, framer->have };

	if (pp_tls_header_fits(head))
		return true;
	return framer->framing == PP_TLS_FRESH && (pp_tls_v2_client_hello_fits(head) || v2_server_hello_fits(head));
}

static struct pp_tls_header read_fields(struct pp_cur *cur)
{
	struct pp_tls_header record;

	record.type = pp_cur_u8(cur);
	record.version = pp_cur_u16(cur);
	record.len = pp_cur_u16(cur);
	return record;
}

/* The length of a message in SSLv2 format counts from behind its own two bytes, so three of them are in the header. */
static bool read_v2_fields(struct pp_cur *cur, struct pp_tls_header *ret_record)
{
	uint16_t len = pp_cur_u16(cur) & 0x7fff;
	bool client = pp_cur_u8(cur) == 1;

	if (len <= 3)
		return false;
	ret_record->type = client ? PP_TLS_V2_CLIENT_HELLO : PP_TLS_V2_SERVER_HELLO;
	ret_record->version = client ? pp_cur_u16(cur) : 0x0002;
	ret_record->len = (uint16_t)(len - 3);
	return true;
}

/* The header is whole and fits. */
static bool open_record(struct pp_tls_framer *framer)
{
	struct pp_cur cur = pp_cur(framer->head, framer->have, PP_MALFORMED);

	if (framer->head[0] < 0x80)
		framer->record = read_fields(&cur);
	else if (!read_v2_fields(&cur, &framer->record))
		return false;
	pp_tls_framer_begin(framer);
	return true;
}

enum pp_tls_found pp_tls_framer_header(struct pp_tls_framer *framer, struct pp_span bytes)
{
	struct pp_cur cur = pp_cur_span(bytes, PP_MORE);

	while (framer->have < PP_TLS_HEADER_LEN) {
		if (pp_cur_left(&cur) == 0)
			return PP_TLS_NOTHING;
		framer->head[framer->have++] = pp_cur_u8(&cur);
		if (!fits(framer)) {
			framer->framing = PP_TLS_LOST;
			return PP_TLS_NO_RECORD;
		}
	}
	if (open_record(framer))
		return PP_TLS_PIECE;
	framer->framing = PP_TLS_LOST;
	return PP_TLS_NO_RECORD;
}

bool pp_tls_framer_gap(struct pp_tls_framer *framer, uint64_t missing, struct pp_tls_piece *ret_piece)
{
	*ret_piece = (struct pp_tls_piece){ 0 };
	if (framer->framing == PP_TLS_GIVEN_UP)
		return false;
	if (!framer->in_body || missing > framer->left) {
		framer->framing = PP_TLS_LOST;
		framer->in_body = false;
		return false;
	}
	framer->torn = true;
	pp_tls_framer_use(framer, (uint16_t)missing, ret_piece);
	return true;
}

bool pp_tls_framer_again(struct pp_tls_framer *framer, struct pp_span chunk)
{
	struct pp_cur cur = pp_cur_span(chunk, PP_MORE);
	struct pp_tls_header record;

	if (framer->framing == PP_TLS_GIVEN_UP)
		return false;
	/* One header may be chance; as far as the chunk reaches, the next one must fit as well. */
	if (pp_cur_left(&cur) < PP_TLS_HEADER_LEN || !pp_tls_header_fits(chunk))
		return false;
	record = read_fields(&cur);
	if (record.len < pp_cur_left(&cur)) {
		pp_cur_skip(&cur, record.len);
		if (!pp_tls_header_fits(pp_cur_rest(&cur)))
			return false;
	}
	framer->framing = PP_TLS_KEPT;
	framer->have = 0;
	return true;
}
