#include "dissect/dns_tcp.h"

#include "base/buf.h"

enum { PREFIX = 2, MESSAGE_MAX = PREFIX + UINT16_MAX };

struct half {
	struct pp_buf held; /* prefix and message, as far as they have come */
	bool given;         /* what is held was handed out and may go */
	bool lost;
};

struct pp_dns_tcp {
	struct half half[2];
};

struct pp_dns_tcp *pp_dns_tcp_new(struct pp_arena *arena)
{
	struct pp_dns_tcp *tcp = pp_arena_alloc(arena, sizeof(*tcp));

	if (!tcp)
		return NULL;
	pp_buf_init(&tcp->half[PP_CLIENT].held, MESSAGE_MAX);
	pp_buf_init(&tcp->half[PP_SERVER].held, MESSAGE_MAX);
	return tcp;
}

void pp_dns_tcp_free(struct pp_dns_tcp *tcp)
{
	if (!tcp)
		return;
	pp_buf_done(&tcp->half[PP_CLIENT].held);
	pp_buf_done(&tcp->half[PP_SERVER].held);
}

/* The message that the cursor stands at; false when it is not whole. */
static bool take_message(struct pp_cur *cur, struct pp_span *ret_message)
{
	struct pp_cur ahead = *cur;
	size_t len = pp_cur_u16(&ahead);
	struct pp_span message = pp_cur_take(&ahead, len);

	if (!pp_cur_ok(&ahead))
		return false;
	*cur = ahead;
	*ret_message = message;
	return true;
}

/* How many bytes what is held still needs: of its prefix first, then of the message. */
static size_t missing(const struct half *half)
{
	struct pp_cur cur = pp_cur_span(pp_buf_span(&half->held), PP_MORE);
	size_t len = pp_cur_u16(&cur);

	return pp_cur_ok(&cur) ? len - pp_cur_left(&cur) : PREFIX - half->held.len;
}

/* Moves bytes to what is held until that is whole or they are used up. */
static bool complete_held(struct half *half, struct pp_cur *cur, struct pp_span *ret_message)
{
	struct pp_cur held;

	for (;;) {
		size_t need = missing(half), n = need < pp_cur_left(cur) ? need : pp_cur_left(cur);
		struct pp_span run = pp_cur_take(cur, n);

		if (pp_buf_add(&half->held, run.p, run.len) != PP_OK) {
			half->lost = true;
			return false;
		}
		held = pp_cur_span(pp_buf_span(&half->held), PP_MORE);
		half->given = take_message(&held, ret_message);
		if (half->given || pp_cur_left(cur) == 0)
			return half->given;
	}
}

bool pp_dns_tcp_next(struct pp_dns_tcp *tcp, enum pp_side side, struct pp_span *bytes, struct pp_span *ret_message)
{
	struct half *half = &tcp->half[side];
	struct pp_cur cur = pp_cur_span(*bytes, PP_MORE);
	bool found = false;

	if (half->given)
		pp_buf_clear(&half->held);
	half->given = false;
	if (half->lost)
		(void)pp_cur_rest(&cur);
	else if (half->held.len > 0)
		found = complete_held(half, &cur, ret_message);
	else if (pp_cur_left(&cur) > 0)
		found = take_message(&cur, ret_message) || complete_held(half, &cur, ret_message);
	*bytes = pp_cur_rest(&cur);
	return found;
}

void pp_dns_tcp_gap(struct pp_dns_tcp *tcp, enum pp_side side)
{
	struct half *half = &tcp->half[side];

	half->lost = true;
	pp_buf_done(&half->held);
}
