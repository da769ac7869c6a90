#include "report/json_facts.h"

#include "dissect/tls.h"
#include "report/names.h"

static char *put_reset(char *at, const struct pp_tcp_facts *tcp)
{
	const struct pp_tcp_reset *rst = &tcp->rst;
	const char *after = pp_phase_name(rst->after);

	at =
	    pp_json_put(at, rst->from == PP_CLIENT ? ",\"rst\":{\"from\":\"client\"" : ",\"rst\":{\"from\":\"server\"");
	if (after) {
		at = pp_json_put(pp_json_put(at, ",\"after\":\""), after);
		*at++ = '"';
	}
	at = pp_json_put_u64(at, "packet", rst->mark.packet);
	at = pp_json_put_u64(at, "ttl", rst->ttl);
	if (pp_seen(tcp->syn_ack))
		at = pp_json_put_u64(at, "syn_ack_ttl", tcp->side[PP_SERVER].profile.ttl_syn);
	*at = '}';
	return at + 1;
}

/* A connection joined midway says nothing about a handshake nobody saw. */
void pp_json_tcp(struct pp_json *json, const struct pp_tcp_facts *tcp)
{
	const struct pp_tcp_side *client = &tcp->side[PP_CLIENT], *server = &tcp->side[PP_SERVER];
	bool start_unseen = tcp->midstream;
	char *at = pp_out_room(json->out, 12 * PP_JSON_MEMBER);

	at = pp_json_put(at, ",\"tcp\":{\"syn\":");
	at = pp_digits(at, tcp->syn_count);
	at = pp_json_put_u64(at, "syn_retransmits", tcp->syn_retransmits);
	if (pp_seen(tcp->syn_ack) || !start_unseen)
		at = pp_json_put_bool(at, "syn_ack", pp_seen(tcp->syn_ack));
	if (pp_seen(tcp->established) || !start_unseen)
		at = pp_json_put_bool(at, "established", pp_seen(tcp->established));
	at = pp_json_put_ms(at, "handshake_rtt_ms", tcp->handshake_rtt_ns);
	at = pp_json_put_sides(at, "retransmits", client->retransmits, server->retransmits);
	if (pp_seen(tcp->rst.mark))
		at = put_reset(at, tcp);
	if (pp_seen(client->fin) || pp_seen(server->fin))
		at = pp_json_put(at, tcp->fin_from == PP_CLIENT ? ",\"fin\":\"client\"" : ",\"fin\":\"server\"");
	*at = '}';
	pp_out_until(json->out, at + 1);
}

static void connect_request(struct pp_json *json, const struct pp_connect *connect)
{
	const struct pp_http_reply *reply = &connect->reply;

	pp_json_object(json, NULL);
	pp_json_text(json, "host", connect->host);
	pp_json_u64(json, "port", connect->port);
	if (reply->status) {
		pp_json_u64(json, "status", reply->status);
		pp_json_text(json, "reason", reply->reason);
	}
	if (reply->scheme_count) {
		pp_json_list(json, "authenticate");
		for (unsigned i = 0; i < reply->scheme_count; i++)
			pp_json_text(json, NULL, reply->schemes[i]);
		pp_json_list_end(json);
	}
	pp_json_bool(json, "credentials_sent", connect->credentials != PP_CREDENTIALS_NONE);
	if (pp_seen(connect->mark))
		pp_json_u64(json, "request_packet", connect->mark.packet);
	if (pp_seen(reply->mark))
		pp_json_u64(json, "reply_packet", reply->mark.packet);
	pp_json_object_end(json);
}

void pp_json_connects(struct pp_json *json, const struct pp_http_facts *http)
{
	if (!http || !http->connect_count)
		return;
	pp_json_list(json, "connect");
	for (unsigned i = 0; i < http->connect_count; i++)
		connect_request(json, &http->connects[i]);
	pp_json_list_end(json);
}

void pp_json_http(struct pp_json *json, const struct pp_http_facts *http)
{
	const struct pp_http_exchange *exchange;

	if (!http || !http->exchange_count)
		return;
	exchange = &http->exchanges[0];
	pp_json_object(json, "http");
	pp_json_text(json, "method", exchange->method);
	pp_json_text(json, "host", exchange->host);
	pp_json_text(json, "target", exchange->target);
	if (exchange->reply.status)
		pp_json_u64(json, "status", exchange->reply.status);
	pp_json_object_end(json);
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
	const struct pp_template_key key = { { (uintptr_t)certificate } };
	const struct pp_template *template;

	if (!certificate->shared) {
		certificate_object(json, certificate);
		return;
	}
	template = pp_template_find(templates, &key);
	if (!template) {
		certificate_object(pp_template_new(templates, &key), certificate);
		template = pp_template_keep(templates);
	}
	pp_json_key(json, NULL);
	pp_out_bytes(json->out, template->text, template->len);
}

static void certificates(struct pp_json *json, struct pp_templates *templates, const struct pp_tls_facts *tls)
{
	if (!tls->certificate_count)
		return;
	pp_json_list(json, "certificates");
	for (unsigned i = 0; i < tls->certificate_count; i++)
		certificate(json, templates, tls->certificates[i]);
	pp_json_list_end(json);
}

/* Up to TLS 1.2 the request stands in clear between the certificate and ServerHelloDone, so its absence can be told. */
static void client_certificate(struct pp_json *json, const struct pp_tls_facts *tls)
{
	bool requested = pp_seen(tls->certificate_request);

	if (!requested && !pp_seen(tls->server_hello_done))
		return;
	pp_json_object(json, "client_certificate");
	pp_json_bool(json, "requested", requested);
	pp_json_bool(json, "sent", pp_seen(tls->client_certificate) && tls->client_certificate_len > 0);
	pp_json_object_end(json);
}

static void alert(struct pp_json *json, const struct pp_tls_alert *alert)
{
	struct pp_line name;

	pp_json_object(json, NULL);
	pp_json_constant(json, "from", pp_side_name(alert->from));
	if (alert->encrypted) {
		pp_json_bool(json, "encrypted", true);
	} else {
		pp_line_start(&name);
		pp_name_alert(&name, alert->code);
		pp_json_constant(json, "level", alert->level == 1 ? "warning" : alert->level == 2 ? "fatal" : NULL);
		pp_json_u64(json, "code", alert->code);
		pp_json_text(json, "name", name.text);
	}
	pp_json_u64(json, "packet", alert->mark.packet);
	pp_json_object_end(json);
}

/* A number by its name, which is a constant; without one as the number itself. */
static void named(struct pp_json *json, const char *key, const char *name, uint16_t number)
{
	struct pp_line line;

	if (name) {
		pp_json_constant(json, key, name);
		return;
	}
	pp_line_start(&line);
	pp_name_hex(&line, number);
	pp_json_text(json, key, line.text);
}

static void tls_client(struct pp_json *json, const struct pp_tls_facts *tls)
{
	if (!pp_seen(tls->client_hello))
		return;
	pp_json_u64(json, "client_hello_packet", tls->client_hello.packet);
	pp_json_text(json, "sni", tls->sni);
	pp_json_list(json, "offered");
	for (unsigned i = 0; i < tls->offered_count; i++)
		named(json, NULL, pp_tls_version_name(tls->offered[i]), tls->offered[i]);
	pp_json_list_end(json);
	pp_json_list(json, "alpn");
	for (unsigned i = 0; i < tls->alpn_count; i++)
		pp_json_text(json, NULL, tls->alpn[i]);
	pp_json_list_end(json);
	if (tls->ja4[0])
		pp_json_text(json, "ja4", tls->ja4);
}

static void tls_server(struct pp_json *json, const struct pp_tls_facts *tls)
{
	bool hello = pp_seen(tls->server_hello);

	if (hello || !tls->server_first_unseen)
		pp_json_bool(json, "server_hello", hello);
	if (!hello)
		return;
	pp_json_u64(json, "server_hello_packet", tls->server_hello.packet);
	named(json, "version", pp_tls_version_name(tls->version), tls->version);
	named(json, "cipher", pp_tls_cipher_name(tls->cipher), tls->cipher);
	pp_json_bool(json, "resumed", tls->resumed);
}

void pp_json_tls(struct pp_json *json, struct pp_templates *templates, const struct pp_tls_facts *tls)
{
	if (!tls)
		return;
	pp_json_object(json, "tls");
	tls_client(json, tls);
	tls_server(json, tls);
	if (tls->complete || pp_seen(tls->client_hello))
		pp_json_bool(json, "complete", tls->complete);
	certificates(json, templates, tls);
	client_certificate(json, tls);
	pp_json_list(json, "alerts");
	for (unsigned i = 0; i < tls->alert_count; i++)
		alert(json, &tls->alerts[i]);
	pp_json_list_end(json);
	pp_json_object_end(json);
}
