/* Fragments of up to four datagrams against a model that keeps a flag per byte.
 *
 * A fragment is eight bytes: datagram, flags, offset, length, seed.  Time stands still and nothing is evicted, so the
 * model needs neither. */
#include "decode/ipfrag.h"
#include "fuzz/fuzz.h"

enum { DATAGRAM_MAX = 65535, DATAGRAMS = 4, SLOTS = 64, FRAGMENTS_MAX = 128 };

struct model {
	uint8_t bytes[DATAGRAM_MAX], have[DATAGRAM_MAX];
	uint32_t total, highest, kept;
	uint8_t protocol;
};

static void forget(struct model *model) { memset(model, 0, sizeof(*model)); }

static FUZZ_MODEL enum pp_err model_add(struct model *model, const struct pp_packet *fragment)
{
	size_t len = fragment->payload_view.len;
	uint32_t at = fragment->frag_offset, end;

	if (fragment->frag_more)
		len -= len % 8;
	if (len == 0)
		return PP_MORE;
	end = at + (uint32_t)len;
	if (end > DATAGRAM_MAX)
		return PP_LIMIT;
	if (end > model->highest)
		model->highest = end;
	if (!fragment->frag_more && model->total == 0)
		model->total = end;
	if (model->total != 0 && (model->highest > model->total || (!fragment->frag_more && end != model->total)))
		return PP_LIMIT;
	if (at == 0)
		model->protocol = fragment->frag_protocol;
	for (size_t i = 0; i < len; i++) {
		if (model->have[at + i])
			continue;
		model->have[at + i] = 1;
		model->bytes[at + i] = fragment->payload_view.p[i];
		model->kept++;
	}
	return model->total != 0 && model->kept == model->total ? PP_OK : PP_MORE;
}

static FUZZ_MODEL void fill(uint8_t *bytes, uint32_t len, uint16_t seed)
{
	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(seed * 31 + i * 7);
}

static void add_one(struct pp_ipfrag *ipfrag, struct model *models, struct pp_cur *cur)
{
	static uint8_t bytes[1 << 12];
	uint8_t which = pp_cur_u8(cur), flags = pp_cur_u8(cur);
	uint32_t offset = (uint32_t)(pp_cur_u16(cur) & 0x1fff) * 8, len = pp_cur_u16(cur) & 0xfff;
	uint16_t seed = pp_cur_u16(cur);
	struct model *model = &models[which % DATAGRAMS];
	struct pp_packet fragment = { .kind = PP_PACKET_FRAGMENT,
				      .ip_version = 4,
				      .protocol = 6,
				      .frag_id = which % DATAGRAMS,
				      .frag_offset = offset,
				      .frag_more = flags & 1,
				      .frag_protocol = flags >> 4,
				      .payload_len = len };
	enum pp_err expected, err;
	uint8_t protocol = 0;
	struct pp_span body = { NULL, 0 };

	fill(bytes, len, seed);
	fragment.payload_view = (struct pp_span){ bytes, len };
	expected = model_add(model, &fragment);
	err = pp_ipfrag_add(ipfrag, &fragment, 1000, &protocol, &body);
	FUZZ_CHECK(err == expected);
	if (err == PP_OK) {
		FUZZ_CHECK(body.len == model->total && memcmp(body.p, model->bytes, body.len) == 0);
		FUZZ_CHECK(protocol == model->protocol);
	}
	if (err != PP_MORE)
		forget(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model models[DATAGRAMS];
	struct pp_cur cur = pp_cur(data, size, PP_MALFORMED);
	struct pp_ipfrag *ipfrag;

	if (pp_ipfrag_new(&ipfrag, SLOTS, fuzz_key) != PP_OK)
		return 0;
	for (int i = 0; i < DATAGRAMS; i++) {
		if (models[i].highest > 0)
			forget(&models[i]);
	}
	for (int i = 0; i < FRAGMENTS_MAX && pp_cur_left(&cur) >= 8; i++)
		add_one(ipfrag, models, &cur);
	FUZZ_CHECK(pp_ipfrag_evicted(ipfrag) == 0);
	pp_ipfrag_free(ipfrag);
	return 0;
}
