#include "diagnose/case.h"

static const struct pp_baseline no_baseline;
static const struct pp_service no_service;
static const struct pp_host no_host;

/* INSP-02: the proxy says 200 before anybody else can have been asked.  Ratio and floor are higher than the facts' 0.3
 * and 5 ms, because a proxy near a busy server looks the same. */
#define EARLY_200_NS (5 * PP_MS)
#define LATE_HELLO_NS (20 * PP_MS)
enum { LATE_HELLO_TIMES = 10 };

static const void *or_empty(const void *record, const void *empty) { return record ? record : empty; }

bool pp_is_azure(const struct pp_case *c)
{
	static const char *const not_a_service[] = { "other", "platform", "wpad" };

	for (size_t i = 0; i < sizeof(not_a_service) / sizeof(not_a_service[0]); i++)
		if (strcmp(c->who->category, not_a_service[i]) == 0)
			return false;
	return true;
}

bool pp_is_revocation_host(const struct pp_attribution *who)
{
	return strcmp(who->category, "certificate-validation") == 0 || strcmp(who->category, "windows-update") == 0;
}

bool pp_is_script(const char *target)
{
	size_t len = target ? strlen(target) : 0;

	return target && (strstr(target, "wpad.dat") || (len > 4 && strcmp(target + len - 4, ".pac") == 0));
}

/* True when `name` is one of the comma-separated words of `list`. */
static bool lists(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; at && (at = strstr(at, name)); at += len) {
		char before = at == list ? ',' : at[-1], after = at[len];

		if ((before == ',' || before == ' ') && (after == '\0' || after == ',' || after == ' '))
			return true;
	}
	return false;
}

bool pp_profile_wants_mtls(const struct pp_case *c)
{
	const struct pp_agent_row *agent = c->diagnosis->options.agent;

	return agent && agent->client_certificate && lists(agent->mtls_categories, c->who->category);
}

bool pp_is_mtls(const struct pp_case *c)
{
	return pp_profile_wants_mtls(c) || pp_seen(pp_host_rest(c->host)->asked_certificate);
}

const struct pp_http_reply *pp_proxy_reply(const struct pp_case *c)
{
	if (pp_stage_is(c, PP_STAGE_DENIED))
		return &c->shape.connect->reply;
	if (pp_stage_is(c, PP_STAGE_ANSWERED) && pp_reply_is_proxys(c->shape.exchange))
		return &c->shape.exchange->reply;
	return NULL;
}

const struct pp_icmp_error *pp_icmp_of(const struct pp_case *c, bool (*wanted)(const struct pp_icmp_error *error))
{
	for (unsigned i = 0; i < c->tcp->icmp_count; i++) {
		const struct pp_icmp_error *error = &c->tcp->icmp[i];

		if (error->authentic && error->about == PP_CLIENT && wanted(error))
			return error;
	}
	return NULL;
}

/* close_notify, no_certificate, user_canceled, no_renegotiation and a warning about the name end nothing; of the others
 * the level does not matter (RFC 8446 section 6). */
static bool ends_session(const struct pp_tls_alert *alert)
{
	switch (alert->code) {
	case 0:
	case 41:
	case 90:
	case 100:
		return false;
	case 112:
		return alert->level == 2;
	default:
		return true;
	}
}

/* Nothing was captured or lost of the server behind the ClientHello. */
static bool shown_nothing(const struct pp_case *c)
{
	const struct pp_tls_facts *tls = c->shape.tls;

	return pp_seen(tls->client_hello) && !pp_seen(tls->server_hello) && !c->server->missing &&
	       (!pp_seen(c->server->last_data) || c->server->last_data.ts < tls->client_hello.ts);
}

/* A server that goes away makes libraries send an alert of their own choice (OpenSSL decode_error, GnuTLS
 * unexpected_message, Java handshake_failure): it says nothing of what the server sent.  One that speaks of a certificate
 * does, whether that was captured or not. */
PP_APART static bool answers_an_end(const struct pp_case *c, const struct pp_tls_alert *alert)
{
	if (alert->from == PP_SERVER || pp_speaks_of_certificate(alert->code))
		return false;
	return shown_nothing(c) || (c->shape.ending == PP_SERVER_FIN && c->shape.end.ts < alert->mark.ts);
}

const struct pp_tls_alert *pp_alert_from(const struct pp_case *c, enum pp_side side)
{
	const struct pp_tls_facts *tls = c->shape.tls;

	if (!tls || c->shape.worked)
		return NULL;
	for (unsigned i = 0; i < tls->alert_count; i++) {
		const struct pp_tls_alert *alert = &tls->alerts[i];

		if (alert->from == side && !alert->encrypted && ends_session(alert) && !answers_an_end(c, alert))
			return alert;
	}
	return NULL;
}

bool pp_is_pending(const struct pp_case *c)
{
	return pp_seen(c->client->last_data) && c->client->last_data.ts > c->server->last_data.ts;
}

/* ------------------------------------------------------------------ inspection */

static const struct pp_issuer_row *known_issuer(struct pp_diagnosis *diagnosis, const char *cn, const char *o)
{
	struct pp_map_key key = pp_key_of_text(diagnosis, cn), of_o = pp_key_of_text(diagnosis, o);
	struct pp_known_issuer *known;
	uint32_t before = diagnosis->issuers.count;

	for (unsigned i = 0; i < 2; i++)
		key.word[i] ^= of_o.word[i] << 1 | of_o.word[i] >> 63;
	known = pp_map_add(&diagnosis->issuers, &key);
	if (!known)
		return pp_catalogue_issuer(diagnosis->options.catalogue, cn, o);
	if (diagnosis->issuers.count != before)
		known->row = pp_catalogue_issuer(diagnosis->options.catalogue, cn, o);
	return known->row;
}

static const struct pp_issuer_row *recent_issuer(struct pp_diagnosis *diagnosis,
						 const struct pp_tls_certificate *certificate)
{
	const char *cn = certificate->issuer_cn ? certificate->issuer_cn : "";
	const char *o = certificate->issuer_o ? certificate->issuer_o : "";
	size_t cn_size = strlen(cn) + 1, o_size = strlen(o) + 1;
	struct pp_recent_issuer *recent;

	if (cn_size + o_size > sizeof(recent->text))
		return known_issuer(diagnosis, cn, o);
	recent = &diagnosis->recent_issuers[(pp_mix_ends(cn, cn_size) ^ pp_mix_ends(o, o_size)) % PP_RECENT_ISSUERS];
	if (recent->used == cn_size + o_size && memcmp(recent->text, cn, cn_size) == 0 &&
	    memcmp(recent->text + cn_size, o, o_size) == 0)
		return recent->row;
	recent->row = known_issuer(diagnosis, cn, o);
	recent->used = (uint8_t)(cn_size + o_size);
	memcpy(recent->text, cn, cn_size);
	memcpy(recent->text + cn_size, o, o_size);
	return recent->row;
}

static const struct pp_issuer_row *issuer_of(struct pp_diagnosis *diagnosis,
					     const struct pp_tls_certificate *certificate)
{
	uint64_t hash = (uint64_t)(uintptr_t)certificate * UINT64_C(0x9e3779b97f4a7c15) >> 32;
	struct pp_recent_certificate *recent = &diagnosis->recent_certificates[hash % PP_RECENT_CERTIFICATES];

	if (!certificate->shared)
		return recent_issuer(diagnosis, certificate);
	if (recent->certificate != certificate)
		*recent = (struct pp_recent_certificate){ certificate, recent_issuer(diagnosis, certificate) };
	return recent->row;
}

bool pp_granted_early(const struct pp_shape *shape)
{
	int64_t grant;

	if (!shape->tunnel || !shape->connect || shape->hello_ns < LATE_HELLO_NS)
		return false;
	grant = shape->connect->reply.mark.ts - shape->connect->mark.ts;
	return grant >= 0 && grant < EARLY_200_NS && shape->hello_ns >= LATE_HELLO_TIMES * grant;
}

const struct pp_issuer_row *pp_listed_issuer(struct pp_diagnosis *diagnosis, const struct pp_shape *shape)
{
	const struct pp_tls_facts *tls = shape->tls;
	const struct pp_issuer_row *row;

	if (!shape->leaf || !diagnosis->options.catalogue)
		return NULL;
	row = issuer_of(diagnosis, shape->leaf);
	for (unsigned i = 1; i < tls->certificate_count && !row; i++)
		row = tls->certificates[i]->unparsed ? NULL : issuer_of(diagnosis, tls->certificates[i]);
	return row;
}

/* An inspector makes its certificate out to the name that was asked for.  A hidden one is judged by time and by what the
 * same proxy showed elsewhere; some leave some names alone. */
static void look_for_inspection(struct pp_case *c, struct pp_diagnosis *diagnosis)
{
	bool tls_13 = c->shape.tls->version >= PP_TLS_1_3;
	bool maybe = c->shape.tunnel && (pp_granted_early(&c->shape) || (tls_13 && c->service->inspects));

	c->issuer = c->shape.leaf ? pp_listed_issuer(diagnosis, &c->shape) : NULL;
	c->doubted = maybe && !c->shape.leaf && c->service->genuine;
	c->inspected = maybe && !c->shape.leaf && !c->doubted ? PP_LIKELY_INSPECTED : PP_NOT_INSPECTED;
	if (c->issuer)
		c->inspected = c->issuer->kind == PP_ISSUER_INSPECTOR ? PP_SURELY_INSPECTED : PP_NOT_INSPECTED;
	else if (c->shape.leaf && diagnosis->options.catalogue && pp_is_azure(c) && !pp_is_anothers(c))
		c->inspected = PP_LIKELY_INSPECTED;
}

/* ------------------------------------------------------------------ gathering */

static int64_t end_of(const struct pp_diagnosis *diagnosis, uint16_t file)
{
	return file < diagnosis->file_count ? diagnosis->files[file].end : diagnosis->end;
}

/* Who has a connection open and waits goes on asking, keeps it alive or leaves: where nothing was heard of it again, it was
 * the capture that ended.  Who is not let in gives up without a word. */
static int64_t end_of_watching(const struct pp_case *c)
{
	const struct pp_diagnosis *diagnosis = c->diagnosis;
	int64_t end = end_of(diagnosis, c->conn->last.file);

	if (c->shape.stage == PP_STAGE_SYN || c->shape.ending != PP_STILL_OPEN)
		return end;
	for (unsigned i = 0; i < diagnosis->hole_count; i++)
		if (diagnosis->holes[i] >= c->conn->last.ts && diagnosis->holes[i] < end)
			return diagnosis->holes[i];
	return end;
}

static const struct pp_host *host_of(struct pp_case *c, const struct pp_host_record *record)
{
	return record ? pp_host_of(record, &c->host_room) : &no_host;
}

void pp_case_of(struct pp_case *c, const struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
		const struct pp_attribution *who, const struct pp_places *places)
{
	c->diagnosis = diagnosis;
	c->conn = conn;
	c->lookup = NULL;
	c->unit = NULL;
	c->who = who;
	pp_shape_of(conn, &c->shape);
	c->tcp = &conn->tcp;
	c->client = &conn->tcp.side[PP_CLIENT];
	c->server = &conn->tcp.side[PP_SERVER];
	c->places = *places;
	c->address = or_empty(pp_map_place(&diagnosis->addresses, places->address), &no_baseline);
	c->service = or_empty(pp_map_place(&diagnosis->services, places->service), &no_service);
	c->host = host_of(c, pp_map_place(&diagnosis->hosts, places->host));
	c->path = c->shape.asked_proxy || c->service->proxy ? PP_BY_PROXY : PP_DIRECT;
	c->end = diagnosis->hole_count ? end_of_watching(c) : end_of(diagnosis, conn->last.file);
	c->issuer = NULL;
	c->inspected = PP_NOT_INSPECTED;
	c->doubted = false;
	c->gates = pp_gates_of(c);
}

void pp_case_inspect(struct pp_case *c, struct pp_diagnosis *diagnosis)
{
	if (c->shape.tls)
		look_for_inspection(c, diagnosis);
}

void pp_case_of_lookup(struct pp_case *c, const struct pp_diagnosis *diagnosis, const struct pp_lookup *lookup,
		       const struct pp_attribution *who)
{
	struct pp_map_key host = pp_key_of_text(diagnosis, lookup->name);

	memset(c, 0, sizeof(*c));
	c->diagnosis = diagnosis;
	c->lookup = lookup;
	c->who = who;
	c->address = &no_baseline;
	c->service = &no_service;
	c->host = host_of(c, pp_map_find(&diagnosis->hosts, &host));
	c->end = end_of(diagnosis, lookup->last.file);
	c->gates = pp_gates_of_lookup(c);
}

void pp_case_of_unit(struct pp_case *c, const struct pp_diagnosis *diagnosis, const struct pp_failed_unit *unit)
{
	memset(c, 0, sizeof(*c));
	c->diagnosis = diagnosis;
	c->unit = unit;
	c->address = &no_baseline;
	c->service = &no_service;
	c->host = &no_host;
	c->end = diagnosis->end;
}
