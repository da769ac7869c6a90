#include "dissect/tls_hello.h"

enum { RANDOM_LEN = 32, V2_CIPHER_LEN = 3 };

enum {
	EXT_SERVER_NAME = 0,
	EXT_SIGNATURE_ALGORITHMS = 13,
	EXT_ALPN = 16,
	EXT_SESSION_TICKET = 35,
	EXT_PRE_SHARED_KEY = 41,
	EXT_EARLY_DATA = 42,
	EXT_SUPPORTED_VERSIONS = 43,
	EXT_KEY_SHARE = 51,
};

bool pp_tls_is_13(uint16_t version)
{
	uint8_t high = (uint8_t)(version >> 8);

	return version == PP_TLS_1_3 || high == 0x7f || high == 0x7e || high == 0xfb;
}

static void read_server_name(struct pp_tls_client_hello *hello, struct pp_cur *cur)
{
	struct pp_cur list = pp_cur_sub_clip(cur, pp_cur_u16(cur));

	hello->has_sni = true;
	while (pp_cur_left(&list) > 0) {
		uint8_t type = pp_cur_u8(&list);
		struct pp_span name = pp_cur_take(&list, pp_cur_u16(&list));

		if (!pp_cur_ok(&list))
			break;
		if (type == 0) {
			hello->sni = name;
			return;
		}
	}
	/* Half a name is none: the hello was cut inside it. */
	hello->has_sni = pp_cur_ok(&list) && pp_cur_ok(cur);
}

static void read_alpn(struct pp_tls_client_hello *hello, struct pp_cur *cur)
{
	struct pp_cur list = pp_cur_sub_clip(cur, pp_cur_u16(cur));

	while (pp_cur_left(&list) > 0) {
		struct pp_span name = pp_cur_take(&list, pp_cur_u8(&list));

		if (!pp_cur_ok(&list))
			break;
		if (hello->alpn_count < PP_TLS_ALPN_MAX)
			hello->alpn[hello->alpn_count++] = name;
		else
			hello->clipped = true;
	}
}

static void read_versions(struct pp_tls_client_hello *hello, struct pp_cur *cur)
{
	struct pp_cur list = pp_cur_sub_clip(cur, pp_cur_u8(cur));

	hello->has_versions = true;
	while (pp_cur_left(&list) >= 2) {
		uint16_t version = pp_cur_u16(&list);

		if (pp_tls_is_grease(version))
			continue;
		if (hello->version_count < PP_TLS_VERSIONS_MAX)
			hello->versions[hello->version_count++] = version;
		else
			hello->clipped = true;
	}
}

/* ML-KEM alone and with a curve, and the Kyber drafts browsers sent before (IANA TLS Supported Groups). */
static bool is_post_quantum(uint16_t group)
{
	return (group >= 0x0200 && group <= 0x0202) || (group >= 0x11eb && group <= 0x11ee) || group == 0x6399 ||
	       group == 0x639a;
}

static void read_key_share(struct pp_tls_client_hello *hello, struct pp_cur *cur)
{
	struct pp_cur list = pp_cur_sub_clip(cur, pp_cur_u16(cur));

	while (pp_cur_left(&list) > 0) {
		hello->post_quantum |= is_post_quantum(pp_cur_u16(&list));
		pp_cur_skip(&list, pp_cur_u16(&list));
	}
}

static void read_client_extension(struct pp_tls_client_hello *hello, uint16_t type, struct pp_cur *body)
{
	switch (type) {
	case EXT_SERVER_NAME:
		read_server_name(hello, body);
		break;
	case EXT_SIGNATURE_ALGORITHMS:
		hello->signature_algorithms = pp_cur_take(body, pp_cur_u16(body));
		break;
	case EXT_ALPN:
		read_alpn(hello, body);
		break;
	case EXT_SESSION_TICKET:
		hello->ticket = pp_cur_left(body) > 0;
		break;
	case EXT_PRE_SHARED_KEY:
		hello->psk = true;
		break;
	case EXT_EARLY_DATA:
		hello->early_data = true;
		break;
	case EXT_SUPPORTED_VERSIONS:
		read_versions(hello, body);
		break;
	case EXT_KEY_SHARE:
		read_key_share(hello, body);
		break;
	}
}

static void read_client_extensions(struct pp_tls_client_hello *hello, struct pp_cur *cur)
{
	struct pp_cur list = pp_cur_sub_clip(cur, pp_cur_u16(cur));
	struct pp_cur copy = list;
	const uint8_t *head;

	hello->extensions = pp_cur_rest(&copy);
	while (pp_cur_left(&list) > 0 && (head = pp_cur_fixed(&list, 4)) != NULL) {
		uint16_t type = pp_be16(head);
		struct pp_cur body = pp_cur_sub_clip(&list, pp_be16(head + 2));

		if (hello->extension_count < PP_TLS_TYPES_KEPT)
			hello->extension_types[hello->extension_count] = type;
		hello->extension_count++;
		if (pp_cur_ok(&body))
			read_client_extension(hello, type, &body);
	}
	if (!pp_cur_ok(&list))
		pp_cur_fail(cur, list.err);
}

static uint16_t count_ciphers(struct pp_span ciphers)
{
	struct pp_cur cur = pp_cur_span(ciphers, PP_MALFORMED);
	size_t all = ciphers.len / 2;
	const uint8_t *p = pp_cur_fixed(&cur, 2 * all);
	uint16_t n = 0;

	for (size_t i = 0; p && i < all; i++)
		n = (uint16_t)(n + !pp_tls_is_grease(pp_be16(p + 2 * i)));
	return n;
}

enum pp_err pp_tls_client_hello_read(struct pp_cur cur, struct pp_tls_client_hello *ret_hello)
{
	struct pp_tls_client_hello *hello = ret_hello;
	enum pp_err err;

	*hello = (struct pp_tls_client_hello){ .legacy_version = pp_cur_u16(&cur) };
	pp_cur_skip(&cur, RANDOM_LEN);
	hello->session_id = pp_cur_take(&cur, pp_cur_u8(&cur));
	hello->ciphers = pp_cur_take(&cur, pp_cur_u16(&cur));
	hello->cipher_count = count_ciphers(hello->ciphers);
	pp_cur_skip(&cur, pp_cur_u8(&cur));
	/* No extensions at all is a valid ending up to TLS 1.2. */
	if (pp_cur_left(&cur) > 0 || cur.on_short != PP_MALFORMED)
		read_client_extensions(hello, &cur);
	if (!hello->has_versions && hello->legacy_version)
		hello->versions[hello->version_count++] = hello->legacy_version;
	err = pp_cur_finish(&cur);
	hello->whole = err == PP_OK;
	return err;
}

enum pp_err pp_tls_v2_client_hello_read(struct pp_cur cur, uint16_t version, struct pp_tls_client_hello *ret_hello)
{
	struct pp_tls_client_hello *hello = ret_hello;
	uint16_t ciphers_len = pp_cur_u16(&cur), session_id_len = pp_cur_u16(&cur), challenge_len = pp_cur_u16(&cur);
	enum pp_err err;

	*hello = (struct pp_tls_client_hello){ .v2 = true, .legacy_version = version };
	hello->versions[hello->version_count++] = version;
	hello->ciphers = pp_cur_take(&cur, ciphers_len);
	hello->cipher_count = (uint16_t)(hello->ciphers.len / V2_CIPHER_LEN);
	hello->session_id = pp_cur_take(&cur, session_id_len);
	pp_cur_skip(&cur, challenge_len);
	if (ciphers_len == 0 || ciphers_len % V2_CIPHER_LEN != 0)
		pp_cur_fail(&cur, PP_MALFORMED);
	err = pp_cur_finish(&cur);
	hello->whole = err == PP_OK;
	return err;
}

/* What the random of a ServerHello says beyond being random (RFC 8446 section 4.1.3). */
static void read_server_random(struct pp_tls_server_hello *hello, struct pp_cur *cur)
{
	static const uint8_t retry[RANDOM_LEN] = {
		0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
		0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
	};
	static const uint8_t to_12[8] = { 'D', 'O', 'W', 'N', 'G', 'R', 'D', 1 };
	static const uint8_t to_11[8] = { 'D', 'O', 'W', 'N', 'G', 'R', 'D', 0 };
	const uint8_t *random = pp_cur_fixed(cur, RANDOM_LEN), *sentinel;

	if (!random)
		return;
	sentinel = random + RANDOM_LEN - sizeof(to_12);
	hello->retry = memcmp(random, retry, sizeof(retry)) == 0;
	hello->downgrade = memcmp(sentinel, to_12, sizeof(to_12)) == 0   ? 1
			   : memcmp(sentinel, to_11, sizeof(to_11)) == 0 ? 2
									 : 0;
}

static void read_server_extension(struct pp_tls_server_hello *hello, uint16_t type, struct pp_cur *body)
{
	switch (type) {
	case EXT_SUPPORTED_VERSIONS: {
		uint16_t version = pp_cur_u16(body);

		if (pp_cur_ok(body))
			hello->version = version;
		break;
	}
	case EXT_ALPN: {
		struct pp_cur list = pp_cur_sub16(body);

		hello->alpn = pp_cur_take(&list, pp_cur_u8(&list));
		break;
	}
	case EXT_PRE_SHARED_KEY:
		hello->psk = true;
		break;
	}
}

static void read_server_extensions(struct pp_tls_server_hello *hello, struct pp_cur *cur)
{
	struct pp_cur list = pp_cur_sub_clip(cur, pp_cur_u16(cur));
	const uint8_t *head;

	while (pp_cur_left(&list) > 0 && (head = pp_cur_fixed(&list, 4)) != NULL) {
		struct pp_cur body = pp_cur_sub_clip(&list, pp_be16(head + 2));

		if (pp_cur_ok(&body))
			read_server_extension(hello, pp_be16(head), &body);
	}
	if (!pp_cur_ok(&list))
		pp_cur_fail(cur, list.err);
}

enum pp_err pp_tls_server_hello_read(struct pp_cur cur, struct pp_tls_server_hello *ret_hello)
{
	struct pp_tls_server_hello *hello = ret_hello;
	bool draft_form;
	enum pp_err err;

	*hello = (struct pp_tls_server_hello){ .legacy_version = pp_cur_u16(&cur) };
	hello->version = hello->legacy_version;
	/* Drafts before 22 put their number here and had no session id and no compression method. */
	draft_form = hello->legacy_version >> 8 != 3;
	read_server_random(hello, &cur);
	if (!draft_form)
		hello->session_id = pp_cur_take(&cur, pp_cur_u8(&cur));
	hello->cipher = pp_cur_u16(&cur);
	if (!draft_form)
		pp_cur_skip(&cur, 1);
	if (pp_cur_left(&cur) > 0 || cur.on_short != PP_MALFORMED)
		read_server_extensions(hello, &cur);
	/* Cut before supported_versions: the suites of TLS 1.3 are used by nothing else. */
	if (cur.err == PP_TRUNCATED && hello->version == PP_TLS_1_2 && hello->cipher >> 8 == 0x13)
		hello->version = PP_TLS_1_3;
	err = pp_cur_finish(&cur);
	hello->whole = err == PP_OK;
	return err;
}
