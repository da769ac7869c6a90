#include "dissect/http_body.h"

#include "dissect/http_text.h"

enum { CHUNK_SIZE_BITS = 60 }; /* larger sizes are nonsense and would overflow */

void pp_http_body_begin(struct pp_http_body *body, enum pp_http_framing framing, uint64_t length)
{
	*body = (struct pp_http_body){ .framing = framing, .left = length };
	body->done = framing == PP_BODY_NONE || (framing == PP_BODY_LENGTH && length == 0);
}

static int hex_digit(uint8_t c)
{
	c = pp_text_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void end_of_size_line(struct pp_http_body *body)
{
	body->bad = !body->line_begun;
	body->chunk = body->left > 0 ? PP_CHUNK_DATA : PP_CHUNK_TRAILER;
	body->line_begun = false;
}

/* One byte of a chunk size line. */
static void size_byte(struct pp_http_body *body, uint8_t c)
{
	int digit = hex_digit(c);

	if (digit >= 0) {
		body->bad = body->left >> (CHUNK_SIZE_BITS - 4) != 0;
		body->left = body->left << 4 | (unsigned)digit;
		body->line_begun = true;
	} else if (c == '\n') {
		end_of_size_line(body);
	} else if (c == ';' || c == ' ' || c == '\t' || c == '\r') {
		body->chunk = PP_CHUNK_EXTENSION;
	} else {
		body->bad = true;
	}
}

/* One byte of the framing between pieces of content. */
static void framing_byte(struct pp_http_body *body, uint8_t c)
{
	switch (body->chunk) {
	case PP_CHUNK_SIZE:
		size_byte(body, c);
		break;
	case PP_CHUNK_EXTENSION:
		if (c == '\n')
			end_of_size_line(body);
		break;
	case PP_CHUNK_END:
		body->bad = c != '\r' && c != '\n';
		if (c == '\n') {
			body->chunk = PP_CHUNK_SIZE;
			body->left = 0;
		}
		break;
	case PP_CHUNK_TRAILER:
		if (c == '\n') {
			body->done = !body->line_begun;
			body->line_begun = false;
		} else if (c != '\r') {
			body->line_begun = true;
		}
		break;
	case PP_CHUNK_DATA:
		break;
	}
}

static struct pp_span take_known(struct pp_http_body *body, struct pp_cur *cur)
{
	struct pp_span run = pp_cur_take(cur, body->left < pp_cur_left(cur) ? (size_t)body->left : pp_cur_left(cur));

	body->left -= run.len;
	return run;
}

size_t pp_http_body_take(struct pp_http_body *body, struct pp_span bytes, struct pp_span *ret_content)
{
	struct pp_cur cur = pp_cur_span(bytes, PP_MORE);

	*ret_content = (struct pp_span){ NULL, 0 };
	if (body->done || body->bad)
		return 0;
	body->begun = body->begun || bytes.len > 0;
	switch (body->framing) {
	case PP_BODY_LENGTH:
		*ret_content = take_known(body, &cur);
		body->done = body->left == 0;
		break;
	case PP_BODY_CHUNKED:
		while (body->chunk != PP_CHUNK_DATA && !body->done && !body->bad && pp_cur_left(&cur) > 0)
			framing_byte(body, pp_cur_u8(&cur));
		if (body->chunk != PP_CHUNK_DATA)
			break;
		*ret_content = take_known(body, &cur);
		if (body->left == 0)
			body->chunk = PP_CHUNK_END;
		break;
	case PP_BODY_CLOSE:
		*ret_content = pp_cur_rest(&cur);
		break;
	case PP_BODY_NONE:
		break;
	}
	return bytes.len - pp_cur_left(&cur);
}

bool pp_http_body_gap(struct pp_http_body *body, uint64_t missing)
{
	body->begun = true;
	if (body->framing == PP_BODY_CLOSE)
		return true;
	if (body->framing == PP_BODY_CHUNKED && body->chunk != PP_CHUNK_DATA)
		return false;
	if (missing > body->left)
		return false;
	body->left -= missing;
	if (body->left == 0) {
		body->done = body->framing == PP_BODY_LENGTH;
		body->chunk = PP_CHUNK_END;
	}
	return true;
}
