#include "report/json_facts.h"

#include "dissect/tls.h"
#include "report/names.h"

static char *put_reset(struct pp_json *json, char *at, const struct pp_tcp_facts *tcp)
{
	const struct pp_tcp_reset *rst = &tcp->rst;
	const char *after = pp_phase_name(rst->after);

	at =
	    pp_json_put(at, rst->from == PP_CLIENT ? ",\"rst\":{\"from\":\"client\"" : ",\"rst\":{\"from\":\"server\"");
	if (after)
		at = pp_json_put_constant(json, pp_json_put_key(at, "after"), after);
	at = pp_json_put_u64(at, "packet", rst->mark.packet);
	at = pp_json_put_u64(at, "ttl", rst->ttl);
	if (pp_seen(tcp->syn_ack))
		at = pp_json_put_u64(at, "syn_ack_ttl", tcp->side[PP_SERVER].profile.ttl_syn);
	*at = '}';
	return at + 1;
}

/* What stands before an element of a list. */
static char *put_comma(char *at, unsigned index)
{
	*at = ',';
	return at + (index > 0);
}

/* A connection joined midway says nothing about a handshake nobody saw. */
char *pp_json_put_tcp(struct pp_json *json, char *at, const struct pp_tcp_facts *tcp)
{
	const struct pp_tcp_side *client = &tcp->side[PP_CLIENT], *server = &tcp->side[PP_SERVER];
	bool start_unseen = tcp->midstream;

	at = pp_json_put(pp_out_more(json->out, at, 12 * PP_JSON_MEMBER), ",\"tcp\":{\"syn\":");
	at = pp_digits(at, tcp->syn_count);
	at = pp_json_put_u64(at, "syn_retransmits", tcp->syn_retransmits);
	if (pp_seen(tcp->syn_ack) || !start_unseen)
		at = pp_json_put_bool(at, "syn_ack", pp_seen(tcp->syn_ack));
	if (pp_seen(tcp->established) || !start_unseen)
		at = pp_json_put_bool(at, "established", pp_seen(tcp->established));
	at = pp_json_put_ms(at, "handshake_rtt_ms", tcp->handshake_rtt_ns);
	at = pp_json_put_sides(at, "retransmits", client->retransmits, server->retransmits);
	if (pp_seen(tcp->rst.mark))
		at = put_reset(json, at, tcp);
	if (pp_seen(client->fin) || pp_seen(server->fin))
		at = pp_json_put(at, tcp->fin_from == PP_CLIENT ? ",\"fin\":\"client\"" : ",\"fin\":\"server\"");
	return pp_json_put(at, "}");
}

/* ["…","…"] */
static char *put_texts(struct pp_json *json, char *at, const char *const *texts, unsigned count)
{
	*at++ = '[';
	for (unsigned i = 0; i < count; i++)
		at = pp_json_put_string(json, put_comma(at, i), texts[i]);
	return pp_json_put(at, "]");
}

static char *put_connect(struct pp_json *json, char *at, const struct pp_connect *connect)
{
	const struct pp_http_reply *reply = &connect->reply;

	at = pp_json_put(pp_out_more(json->out, at, PP_OUT_PIECE), "{");
	if (connect->host)
		at = pp_json_put(pp_json_put_string(json, pp_json_put(at, "\"host\":"), connect->host), ",");
	at = pp_digits(pp_json_put(at, "\"port\":"), connect->port);
	if (reply->status) {
		at = pp_json_put_u64(at, "status", reply->status);
		at = pp_json_put_text(json, at, "reason", reply->reason);
	}
	if (reply->scheme_count)
		at = put_texts(json, pp_json_put_key(at, "authenticate"), reply->schemes, reply->scheme_count);
	if (connect->credentials != PP_CREDENTIALS_UNSEEN)
		at = pp_json_put_bool(at, "credentials_sent", connect->credentials != PP_CREDENTIALS_NONE);
	if (pp_seen(connect->mark))
		at = pp_json_put_u64(at, "request_packet", connect->mark.packet);
	if (pp_seen(reply->mark))
		at = pp_json_put_u64(at, "reply_packet", reply->mark.packet);
	return pp_json_put(at, "}");
}

char *pp_json_put_connects(struct pp_json *json, char *at, const struct pp_http_facts *http)
{
	if (!http->connect_count)
		return at;
	at = pp_json_put(pp_out_more(json->out, at, PP_JSON_MEMBER), ",\"connect\":[");
	for (unsigned i = 0; i < http->connect_count; i++)
		at = put_connect(json, put_comma(at, i), &http->connects[i]);
	return pp_json_put(at, "]");
}

char *pp_json_put_http(struct pp_json *json, char *at, const struct pp_http_facts *http)
{
	const struct pp_http_exchange *exchange;

	if (!http->exchange_count)
		return at;
	exchange = &http->exchanges[0];
	pp_out_until(json->out, at);
	json->comma = true;
	pp_json_object(json, "http");
	pp_json_text(json, "method", exchange->method);
	pp_json_text(json, "host", exchange->host);
	pp_json_text(json, "target", exchange->target);
	if (exchange->reply.status)
		pp_json_u64(json, "status", exchange->reply.status);
	pp_json_object_end(json);
	return pp_out_room(json->out, PP_OUT_PIECE);
}

static void hex(char *text, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * len] = '\0';
}

static void certificate_object(struct pp_json *json, const struct pp_tls_certificate *certificate)
{
	char sha256[2 * sizeof(certificate->sha256) + 1];

	hex(sha256, certificate->sha256, sizeof(certificate->sha256));
	pp_json_object(json, NULL);
	if (!certificate->unparsed) {
		pp_json_text(json, "subject", certificate->subject);
		pp_json_text(json, "issuer", certificate->issuer);
		pp_json_time(json, "not_before", certificate->not_before);
		pp_json_time(json, "not_after", certificate->not_after);
	}
	pp_json_text(json, "sha256", sha256);
	if (!certificate->unparsed) {
		pp_json_list(json, "names");
		for (unsigned i = 0; i < certificate->name_count; i++)
			pp_json_text(json, NULL, certificate->names[i]);
		pp_json_list_end(json);
	}
	pp_json_object_end(json);
}

/* One that many connections share is written once and copied from then on. */
static void certificate(struct pp_json *json, struct pp_templates *templates,
			const struct pp_tls_certificate *certificate)
{
	const struct pp_template_key key = { 1, { (uintptr_t)certificate } };
	const struct pp_template *template = NULL;

	if (certificate->shared) {
		template = pp_template_find(templates, &key);
		if (!template) {
			certificate_object(pp_template_new(templates, &key), certificate);
			template = pp_template_keep(templates);
		}
	}
	if (template) {
		pp_json_key(json, NULL);
		pp_out_bytes(json->out, template->text, template->len);
	} else {
		certificate_object(json, certificate);
	}
}

static char *put_certificates(struct pp_json *json, struct pp_templates *templates, char *at,
			      const struct pp_tls_facts *tls)
{
	pp_out_until(json->out, at);
	json->comma = false;
	pp_json_list(json, "certificates");
	for (unsigned i = 0; i < tls->certificate_count; i++)
		certificate(json, templates, tls->certificates[i]);
	pp_json_list_end(json);
	return pp_out_room(json->out, PP_OUT_PIECE);
}

/* A number by its name, which is a constant; without one as the number itself. */
static char *put_named(struct pp_json *json, char *at, const char *name, uint16_t number)
{
	struct pp_line line;

	if (name)
		return pp_json_put_constant(json, at, name);
	pp_line_start(&line);
	pp_name_hex(&line, number);
	return pp_json_put_string(json, at, line.text);
}

/* Of letters, digits and underscores (dissect/ja4.h). */
static char *put_ja4(char *at, const char ja4[PP_JA4_TEXT])
{
	if (!ja4[0])
		return at;
	at = pp_json_put(pp_json_put_key(at, "ja4"), "\"");
	memcpy(at, ja4, PP_JA4_TEXT);
	return pp_json_put(at + strnlen(ja4, PP_JA4_TEXT), "\"");
}

static char *put_client_hello(struct pp_json *json, char *at, const struct pp_tls_facts *tls)
{
	at = pp_digits(pp_json_put(at, "\"client_hello_packet\":"), tls->client_hello.packet);
	at = pp_json_put_text(json, at, "sni", tls->sni);
	at = pp_json_put(at, ",\"offered\":[");
	for (unsigned i = 0; i < tls->offered_count; i++)
		at = put_named(json, put_comma(at, i), pp_tls_version_name(tls->offered[i]), tls->offered[i]);
	at = put_texts(json, pp_json_put(at, "],\"alpn\":"), tls->alpn, tls->alpn_count);
	return put_ja4(at, tls->ja4);
}

static char *put_server_hello(struct pp_json *json, char *at, const struct pp_tls_facts *tls)
{
	if (!pp_seen(tls->server_hello))
		return pp_json_put(at, "\"server_hello\":false");
	at = pp_json_put(at, "\"server_hello\":true,\"server_hello_packet\":");
	at = pp_json_put_key(pp_digits(at, tls->server_hello.packet), "version");
	at = pp_json_put_key(put_named(json, at, pp_tls_version_name(tls->version), tls->version), "cipher");
	at = put_named(json, at, pp_tls_cipher_name(tls->cipher), tls->cipher);
	return pp_json_put_bool(at, "resumed", tls->resumed);
}

/* Up to TLS 1.2 the request stands in clear between the certificate and ServerHelloDone, so its absence can be told. */
static char *put_client_certificate(char *at, const struct pp_tls_facts *tls)
{
	bool sent = pp_seen(tls->client_certificate) && tls->client_certificate_len > 0;

	at = pp_json_put(at, "\"client_certificate\":{\"requested\":");
	at = pp_seen(tls->certificate_request) ? pp_json_put(at, "true") : pp_json_put(at, "false");
	return pp_json_put(pp_json_put_bool(at, "sent", sent), "}");
}

static char *put_alert(struct pp_json *json, char *at, const struct pp_tls_alert *alert)
{
	struct pp_line name;

	at = pp_json_put_constant(json, pp_json_put(at, "{\"from\":"), pp_side_name(alert->from));
	if (alert->encrypted) {
		at = pp_json_put(at, ",\"encrypted\":true");
	} else {
		if (alert->level == 1 || alert->level == 2)
			at = pp_json_put_constant(json, pp_json_put_key(at, "level"),
						  alert->level == 1 ? "warning" : "fatal");
		at = pp_json_put_u64(at, "code", alert->code);
		pp_line_start(&name);
		pp_name_alert(&name, alert->code);
		at = pp_json_put_text(json, at, "name", name.text);
	}
	return pp_json_put(pp_json_put_u64(at, "packet", alert->mark.packet), "}");
}

/* All that may be missing stands before what is always there. */
char *pp_json_put_tls(struct pp_json *json, struct pp_templates *templates, char *at, const struct pp_tls_facts *tls)
{
	at = pp_json_put(pp_out_more(json->out, at, PP_OUT_PIECE), ",\"tls\":{");
	if (pp_seen(tls->client_hello))
		at = pp_json_put(put_client_hello(json, at, tls), ",");
	if (pp_seen(tls->server_hello) || !tls->server_first_unseen)
		at = pp_json_put(put_server_hello(json, at, tls), ",");
	if (tls->complete)
		at = pp_json_put(at, "\"complete\":true,");
	else if (pp_seen(tls->client_hello))
		at = pp_json_put(at, "\"complete\":false,");
	if (tls->certificate_count)
		at = pp_json_put(put_certificates(json, templates, at, tls), ",");
	if (pp_seen(tls->certificate_request) || pp_seen(tls->server_hello_done))
		at = pp_json_put(put_client_certificate(at, tls), ",");
	at = pp_json_put(pp_out_more(json->out, at, PP_OUT_PIECE), "\"alerts\":[");
	for (unsigned i = 0; i < tls->alert_count; i++)
		at = put_alert(json, put_comma(at, i), &tls->alerts[i]);
	return pp_json_put(at, "]}");
}
