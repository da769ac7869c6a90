/* Trust: why a client refused the server's certificate.
 *
 * The client's alert says what its library thought, and libraries differ: Go always says bad_certificate, Schannel and
 * Node say nothing and leave (diagnosis facts 1.5).  So the certificate itself decides where it can be read: an
 * inspector's issuer, dates, names, a missing intermediate; what remains is the client's own word.
 */
#include "diagnose/case.h"

enum {
	BAD_CERTIFICATE = 42,
	UNSUPPORTED_CERTIFICATE = 43,
	CERTIFICATE_REVOKED = 44,
	CERTIFICATE_EXPIRED = 45,
	CERTIFICATE_UNKNOWN = 46,
	UNKNOWN_CA = 48,
};
#define REVOCATION_WAIT_NS (4500 * PP_MS) /* TRUST-05: fetching a list takes 5 to 60 s to fail */

bool pp_speaks_of_certificate(uint8_t code)
{
	return (code >= BAD_CERTIFICATE && code <= CERTIFICATE_UNKNOWN) || code == UNKNOWN_CA;
}

const struct pp_tls_alert *pp_trust_alert(const struct pp_case *c)
{
	const struct pp_tls_alert *alert = pp_alert_from(c, PP_CLIENT);

	return alert && pp_speaks_of_certificate(alert->code) ? alert : NULL;
}

/* ------------------------------------------------------------------ names */

static char lower(char ch) { return ch >= 'A' && ch <= 'Z' ? (char)(ch + 'a' - 'A') : ch; }

static bool same_text(const char *a, const char *b)
{
	for (; *a && lower(*a) == lower(*b); a++)
		b++;
	return lower(*a) == lower(*b);
}

/* RFC 6125 section 6.4.3: a '*' stands for the whole left-most label. */
static bool name_covers(const char *name, const char *host)
{
	const char *rest;

	if (name[0] != '*' || name[1] != '.')
		return same_text(name, host);
	rest = strchr(host, '.');
	return rest && rest != host && same_text(name + 1, rest);
}

bool pp_certificate_covers(const struct pp_tls_certificate *leaf, const char *host)
{
	for (unsigned i = 0; i < leaf->name_count; i++)
		if (name_covers(leaf->names[i], host))
			return true;
	return leaf->name_count == 0 && leaf->subject_cn && name_covers(leaf->subject_cn, host);
}

/* ------------------------------------------------------------------ causes */

static bool valid_at(const struct pp_tls_certificate *certificate, int64_t ts)
{
	return certificate->unparsed || (certificate->not_before <= ts && ts <= certificate->not_after);
}

static bool all_valid(const struct pp_case *c)
{
	for (unsigned i = 0; i < c->shape.tls->certificate_count; i++)
		if (!valid_at(c->shape.tls->certificates[i], c->shape.tls->certificate.ts))
			return false;
	return true;
}

bool pp_is_anothers(const struct pp_case *c)
{
	const struct pp_tls_certificate *leaf = c->shape.leaf;

	return leaf && c->shape.tls->sni && !leaf->clipped && !pp_certificate_covers(leaf, c->shape.tls->sni);
}

/* An intermediate issued the leaf and was not sent.  That it is one is known of listed issuers and guessed from the
 * name. */
static bool lacks_intermediate(const struct pp_case *c)
{
	const struct pp_tls_certificate *leaf = c->shape.leaf;
	const char *cn = leaf ? leaf->issuer_cn : NULL;

	return leaf && c->shape.tls->certificate_count == 1 && !leaf->self_issued && !c->shape.tls->certificates_cut &&
	       (c->issuer || (cn && (strstr(cn, "ntermediate") || strstr(cn, "ssuing"))));
}

static bool revocation_failed_meanwhile(const struct pp_case *c)
{
	const struct pp_overview *seen = pp_overview_of(c);
	int64_t flight = c->shape.tls->server_hello.ts, refused;
	const struct pp_tls_alert *alert = pp_trust_alert(c);

	refused = alert ? alert->mark.ts : c->shape.end.ts;
	return pp_seen(seen->revocation_failed) && refused - flight >= REVOCATION_WAIT_NS &&
	       seen->last_revocation_failed >= flight - PP_SECOND && seen->revocation_failed.ts <= refused;
}

/* Leaving late counts only where a revocation list was tried in between. */
static bool left_after_revocation(const struct pp_case *c)
{
	return (pp_stage_is(c, PP_STAGE_FLIGHT) || pp_stage_is(c, PP_STAGE_SECURE)) && pp_closed_by_client(c) &&
	       c->shape.tls->app_bytes[PP_CLIENT] == 0 && !pp_sent_unseen(c->tcp, PP_CLIENT) &&
	       !pp_alert_from(c, PP_CLIENT) && revocation_failed_meanwhile(c);
}

/* In TLS 1.3 the certificate is hidden.  Services the catalogue knows show good ones, so when one is refused behind a
 * TCP end that is nearer than whoever answers, the device there is who showed another. */
static bool behind_terminator(const struct pp_case *c)
{
	return !c->shape.leaf && pp_is_azure(c) && c->path == PP_DIRECT && pp_is_near(c) &&
	       c->shape.hello_ns >= c->shape.near_ns + PP_WAN_GAP_NS && c->shape.hello_ns >= 5 * c->shape.near_ns;
}

/* Its word is readable, and what it answers was cut off: only a certificate is refused like this. */
static bool refused_what_was_cut(const struct pp_case *c)
{
	return c->gates & PP_CAP(3) && pp_seen(c->shape.tls->client_hello) && c->server->bytes && pp_trust_alert(c);
}

/* What is expired or revoked is the server's own. */
static bool hidden_by_inspector(const struct pp_case *c, uint8_t code)
{
	if (c->shape.leaf)
		return c->inspected == PP_LIKELY_INSPECTED;
	return code != CERTIFICATE_EXPIRED && code != CERTIFICATE_REVOKED &&
	       (c->inspected == PP_LIKELY_INSPECTED || c->doubted || behind_terminator(c));
}

static enum pp_trust cause_of_refusal(const struct pp_case *c, const struct pp_tls_alert *alert)
{
	uint8_t code = alert ? alert->code : 0;

	if (!pp_seen(c->shape.tls->server_hello))
		return PP_TRUST_OTHER;
	if (c->inspected == PP_SURELY_INSPECTED)
		return PP_TRUST_INSPECTION;
	if (code != UNKNOWN_CA && code != CERTIFICATE_REVOKED && c->shape.leaf && !all_valid(c))
		return PP_TRUST_TIME;
	if ((code != UNKNOWN_CA || !c->issuer) && code != CERTIFICATE_REVOKED && code != CERTIFICATE_EXPIRED &&
	    pp_is_anothers(c))
		return PP_TRUST_NAME;
	if (hidden_by_inspector(c, code))
		return PP_TRUST_INSPECTION;
	if (code == CERTIFICATE_EXPIRED && c->shape.leaf)
		return PP_TRUST_CLOCK;
	if (revocation_failed_meanwhile(c))
		return PP_TRUST_REVOCATION;
	if (code != CERTIFICATE_EXPIRED && code != CERTIFICATE_REVOKED && lacks_intermediate(c))
		return PP_TRUST_CHAIN;
	return PP_TRUST_OTHER;
}

enum pp_trust pp_trust_of(const struct pp_case *c)
{
	const struct pp_tls_alert *alert;
	struct pp_mark when;

	if (!c->shape.tls || c->shape.worked || (!pp_seen(c->shape.tls->server_hello) && !refused_what_was_cut(c)))
		return PP_TRUST_FINE;
	alert = pp_trust_alert(c);
	if (!alert && !pp_left_silently(c->conn, &c->shape, &when) && !left_after_revocation(c))
		return PP_TRUST_FINE;
	return cause_of_refusal(c, alert);
}

bool pp_may_only_look(const struct pp_case *c)
{
	return pp_stage_is(c, PP_STAGE_SECURE) && !pp_trust_alert(c) && c->shape.tls->app_bytes[PP_SERVER];
}

/* A date or a revocation is the server's affair.  The server showed something that nobody lists: its owner has to look.
 * A listed issuer that the client does not know is the client's affair, and so is what cannot be read of a service
 * whose certificates are known to be in order. */
enum pp_owner pp_trust_owner(const struct pp_case *c)
{
	const struct pp_tls_alert *alert = pp_trust_alert(c);

	if (alert && (alert->code == CERTIFICATE_EXPIRED || alert->code == CERTIFICATE_REVOKED))
		return PP_OWNER_SERVER;
	if (c->shape.leaf)
		return c->issuer ? PP_OWNER_LOCAL : PP_OWNER_SERVER;
	return pp_is_azure(c) ? PP_OWNER_LOCAL : PP_OWNER_SERVER;
}

void pp_cite_refusal(const struct pp_case *c, struct pp_verdict *verdict)
{
	const struct pp_tls_alert *alert = pp_trust_alert(c);
	struct pp_mark flight = c->shape.tls->server_hello;

	pp_cite_server_hello(c, verdict);
	pp_cite_certificate(c, verdict);
	if (alert) {
		pp_cite_alert(verdict, alert);
		return;
	}
	for (unsigned i = 0; i < c->shape.tls->alert_count; i++)
		if (c->shape.tls->alerts[i].from == PP_CLIENT)
			pp_cite_alert(verdict, &c->shape.tls->alerts[i]);
	if (pp_closed_by_client(c))
		pp_cite(verdict, (struct pp_evidence){ .kind = PP_EV_CLIENT_LEFT,
						       .mark = c->shape.end,
						       .a = (c->shape.end.ts - flight.ts) / PP_MS,
						       .text = c->shape.ending == PP_CLIENT_FIN ? "FIN" : "RST" });
}
