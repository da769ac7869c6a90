/* sample: a small analysed capture made by hand, for tests of writers: one endpoint that a proxy refuses (tried three
 * times), one that works, one that cannot be judged, a failed attempt that was made good, a lookup, an expectation.
 */
#ifndef PP_TESTS_SAMPLE_H
#define PP_TESTS_SAMPLE_H

#include "engine/analysis.h"

#define PP_SAMPLE_HOST "login.microsoftonline.com"
#define PP_SAMPLE_START (INT64_C(1790000000) * PP_SECOND)

static const char *const pp_sample_paths[] = { "a.pcapng", "b.pcap" };

static const struct pp_rule pp_sample_refused = {
	.id = "PRX-04",
	.name = "authentication required and not given",
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_PROXY,
	.owner = PP_OWNER_PROXY,
	.most = PP_PROVEN,
	.summary = "The proxy {proxy} demands authentication ({detail}) for {host} and the client sent none.",
	.next_test = "Ask the proxy team for the log lines of {host}.",
	.remedy = "Allow the agent's destinations without authentication.",
	.alternatives = "PRX-06",
};

static const struct pp_rule pp_sample_silent = {
	.id = "FW-01",
	.name = "SYN unanswered",
	.outcome = PP_OUTCOME_FAULT,
	.domain = PP_DOMAIN_FIREWALL,
	.owner = PP_OWNER_NETWORK,
	.most = PP_STRONG,
	.summary = "Nothing answered {n} SYNs to {host} ({server}).",
	.remedy = "Allow {host}:443.",
};

static const struct pp_rule pp_sample_works = {
	.id = "OK-01",
	.name = "works",
	.outcome = PP_OUTCOME_OK,
	.summary = "{host} works.",
};

static const struct pp_rule pp_sample_pending = {
	.id = "CAP-08",
	.name = "the capture ended first",
	.outcome = PP_OUTCOME_INCONCLUSIVE,
	.domain = PP_DOMAIN_CAPTURE,
	.owner = PP_OWNER_LOCAL,
	.summary = "The capture ended before {host} had answered.",
};

static inline struct pp_endpoint_addr pp_sample_addr(const char *text, uint16_t port)
{
	struct pp_endpoint_addr endpoint = { .port = port };

	if (pp_addr_parse(text, &endpoint.ip) != PP_OK)
		endpoint.port = 0;
	return endpoint;
}

static inline struct pp_mark pp_sample_mark(uint32_t packet)
{
	return (struct pp_mark){ .ts = PP_SAMPLE_START + packet * PP_MS, .packet = packet };
}

static inline struct pp_verdict pp_sample_verdict(const struct pp_rule *rule, const char *host, uint32_t packet)
{
	struct pp_verdict verdict = {
		.rule = rule,
		.outcome = rule->outcome,
		.grade = rule->most,
		.domain = rule->domain,
		.owner = rule->owner,
		.host = host,
		.server = pp_sample_addr("10.2.0.16", 8080),
		.evidence_count = 1,
		.evidence[0] = { .kind = PP_EV_SYN, .mark = pp_sample_mark(packet), .a = 3, .b = 7130 },
	};

	return verdict;
}

static inline struct pp_verdict pp_sample_refusal(void)
{
	struct pp_verdict verdict = pp_sample_verdict(&pp_sample_refused, PP_SAMPLE_HOST, 21);

	verdict.proxy = verdict.server;
	verdict.detail = "Negotiate, Basic";
	verdict.evidence_count = 3;
	verdict.evidence[0] = (struct pp_evidence){
		.kind = PP_EV_CONNECT,
		.mark = pp_sample_mark(21),
		.text = PP_SAMPLE_HOST,
		.a = 443,
	};
	verdict.evidence[1] = (struct pp_evidence){
		.kind = PP_EV_HTTP_STATUS,
		.mark = pp_sample_mark(22),
		.text = "Proxy Authentication Required",
		.a = 407,
		.b = 1,
	};
	verdict.evidence[2] = (struct pp_evidence){
		.kind = PP_EV_CONTRAST_PATH,
		.mark = { .packet = 7, .file = 1 },
		.text = "direct",
	};
	verdict.alternative_count = 1;
	verdict.alternatives[0] = (struct pp_alternative){ &pp_sample_silent, "{proxy} answered." };
	return verdict;
}

static inline struct pp_connection pp_sample_connection(uint32_t stream)
{
	struct pp_connection conn = {
		.index = stream,
		.stream = stream,
		.first = pp_sample_mark(19 + stream),
		.last = pp_sample_mark(25 + stream),
		.client = pp_sample_addr("10.0.0.4", (uint16_t)(50123 + stream)),
		.server = pp_sample_addr("10.2.0.16", 8080),
		.ip_version = 4,
	};

	conn.tcp.syn_count = 1;
	conn.tcp.syn = conn.first;
	conn.tcp.syn_ack = pp_sample_mark(20 + stream);
	conn.tcp.established = pp_sample_mark(21 + stream);
	conn.tcp.handshake_rtt_ns = 400000;
	conn.tcp.side[PP_CLIENT].packets = 9;
	conn.tcp.side[PP_SERVER].packets = 7;
	conn.tcp.side[PP_CLIENT].bytes = 1033;
	conn.tcp.side[PP_SERVER].bytes = 4711;
	conn.tcp.side[PP_SERVER].profile.ttl_syn = 117;
	return conn;
}

static inline void pp_sample_refused_flow(struct pp_connection *conn, struct pp_http_facts *http,
					  struct pp_connect *connect)
{
	*connect = (struct pp_connect){
		.host = PP_SAMPLE_HOST,
		.port = 443,
		.mark = pp_sample_mark(21),
		.reply = {
			.mark = pp_sample_mark(22),
			.status = 407,
			.reason = "Proxy Authentication Required",
			.schemes = { "Negotiate", "Basic" },
			.scheme_count = 2,
		},
	};
	*http = (struct pp_http_facts){ .connects = connect, .connect_count = 1 };
	conn->http = http;
	conn->tcp.rst = (struct pp_tcp_reset){
		.mark = pp_sample_mark(24),
		.from = PP_CLIENT,
		.after = PP_PHASE_CONNECT,
		.ttl = 64,
	};
}

static inline void pp_sample_tls_flow(struct pp_connection *conn, struct pp_tls_facts *tls,
				      struct pp_tls_certificate *certificate)
{
	static const struct pp_process himds = { .pid = 812,
						 .path = "/opt/azcmagent/bin/himds",
						 .unit = "himdsd.service" };

	*certificate = (struct pp_tls_certificate){
		.subject = "CN=" PP_SAMPLE_HOST,
		.issuer = "CN=DigiCert, C=US",
		.not_before = PP_SAMPLE_START - 86400 * PP_SECOND,
		.not_after = PP_SAMPLE_START + 86400 * PP_SECOND,
		.sha256 = { 0xab, 0xcd },
		.names = { PP_SAMPLE_HOST, "*.example.com" },
		.name_count = 2,
	};
	*tls = (struct pp_tls_facts){
		.client_hello = pp_sample_mark(25),
		.server_hello = pp_sample_mark(27),
		.server_hello_done = pp_sample_mark(27),
		.sni = PP_SAMPLE_HOST,
		.offered = { PP_TLS_1_3, PP_TLS_1_2 },
		.offered_count = 2,
		.alpn = { "h2", "http/1.1" },
		.alpn_count = 2,
		.ja4 = "t13d1516h2_8daaf6152771_e5627efa2ab1",
		.version = PP_TLS_1_2,
		.cipher = 0xc030,
		.complete = true,
		.certificate_count = 1,
		.certificates = { &certificate[0] },
		.alerts = { { .mark = pp_sample_mark(31), .from = PP_CLIENT, .level = 2, .code = 48 } },
		.alert_count = 1,
	};
	conn->tls = tls;
	conn->process = &himds;
	conn->tcp.fin_from = PP_CLIENT;
	conn->tcp.side[PP_CLIENT].fin = pp_sample_mark(33);
}

static inline enum pp_err pp_sample_visit_captures(const struct pp_visitor *visitor)
{
	const struct pp_source_info source = {
		.path = "a.pcapng",
		.format = "pcapng",
		.packets = 40,
		.bytes = 5000,
		.first = PP_SAMPLE_START,
		.last = PP_SAMPLE_START + 13 * PP_SECOND,
		.link_types = { 1, 65000 },
		.link_type_count = 2,
		.dropped_known = true,
		.dropped = 12,
		.damaged = true,
		.damage_offset = 4096,
		.damage = "a block that is longer than the file",
	};
	const struct pp_capture capture = {
		.source = &source,
		.duplicates = 3,
		.undecoded = 1,
		.unknown = { { "eth:0x88cc", 1 } },
		.unknown_count = 1,
		.flows = 5,
	};
	const struct pp_limits_hit limits = { .name = { "flows" }, .count = { 2 }, .n = 1 };

	return visitor->capture(visitor->context, &capture, &limits);
}

static inline enum pp_err pp_sample_visit_flows(const struct pp_visitor *visitor)
{
	const struct pp_attribution login = { PP_SAMPLE_HOST,           443, "entra-id", PP_SAMPLE_HOST,
					      PP_ATTRIBUTED_BY_CONNECT, NULL };
	const struct pp_attribution other = { "example.com", 443, "other", NULL, PP_ATTRIBUTED_BY_SNI, NULL };
	struct pp_judgement judgement = { .verdict = pp_sample_refusal() };
	struct pp_tls_certificate certificate;
	struct pp_connection conn;
	struct pp_connect connect;
	struct pp_http_facts http;
	struct pp_tls_facts tls;
	enum pp_err err = PP_OK;

	for (uint32_t i = 0; i < 3 && err == PP_OK; i++) {
		conn = pp_sample_connection(i);
		pp_sample_refused_flow(&conn, &http, &connect);
		err = visitor->connection(visitor->context, &conn, &login, &judgement);
	}
	conn = pp_sample_connection(3);
	judgement.verdict = pp_sample_verdict(&pp_sample_silent, "example.com", 30);
	judgement.verdict.number = 3;
	if (err == PP_OK)
		err = visitor->connection(visitor->context, &conn, &other, &judgement);
	conn = pp_sample_connection(4);
	pp_sample_tls_flow(&conn, &tls, &certificate);
	judgement.verdict = pp_sample_verdict(&pp_sample_works, "example.com", 25);
	judgement.also[0] = pp_sample_verdict(&pp_sample_pending, "example.com", 26);
	judgement.also_count = 1;
	if (err == PP_OK)
		err = visitor->connection(visitor->context, &conn, &other, &judgement);
	return err;
}

static inline enum pp_err pp_sample_visit_lookup(const struct pp_visitor *visitor)
{
	const struct pp_attribution who = { PP_SAMPLE_HOST, 0, "entra-id", NULL, PP_ATTRIBUTED_BY_DNS, NULL };
	const struct pp_judgement judgement = { .verdict = pp_sample_verdict(&pp_sample_works, PP_SAMPLE_HOST, 2) };
	struct pp_lookup lookup = {
		.client = pp_sample_addr("10.0.0.4", 5353),
		.resolver = pp_sample_addr("10.0.0.1", 53),
		.name = PP_SAMPLE_HOST,
		.questions = {
			{ .type = PP_DNS_AAAA, .queries = 2, .answered = true, .rcode = PP_RCODE_REFUSED, .rtt_ns = 1 },
			{ .type = PP_DNS_A, .queries = 1, .answered = true, .address_count = 1, .rtt_ns = 2500000 },
		},
		.question_count = 2,
		.addresses = { pp_sample_addr("20.190.151.1", 0).ip },
		.address_count = 1,
		.aliases = { "www.tm.ak.prd.aadg.trafficmanager.net" },
		.alias_count = 1,
		.first = pp_sample_mark(1),
		.last = pp_sample_mark(4),
	};

	return visitor->lookup(visitor->context, &lookup, &who, &judgement);
}

static inline enum pp_err pp_sample_visit_end(const struct pp_visitor *visitor)
{
	static const char *hosts[] = { PP_SAMPLE_HOST };
	const struct pp_verdict refusal = pp_sample_refusal(),
				works = pp_sample_verdict(&pp_sample_works, "example.com", 25),
				pending = pp_sample_verdict(&pp_sample_pending, "late.example.com", 39);
	const struct pp_endpoint endpoints[] = {
		{ .host = PP_SAMPLE_HOST,
		  .category = "entra-id",
		  .flows = 3,
		  .failed = 3,
		  .proxy = true,
		  .verdict = &refusal },
		{ .host = "example.com",
		  .category = "other",
		  .flows = 2,
		  .failed = 1,
		  .succeeded = 1,
		  .direct = true,
		  .stream = 4,
		  .verdict = &works },
		{ .host = "late.example.com", .category = "other", .flows = 1, .direct = true, .verdict = &pending },
	};
	const struct pp_expectation expectation = {
		.category = "entra-id",
		.required = true,
		.seen = PP_SEEN_FAULT,
		.endpoints = { PP_SAMPLE_HOST },
		.endpoint_count = 1,
	};
	const struct pp_conclusion conclusion = {
		.verdict = pp_sample_refusal(),
		.outcome = PP_OUTCOME_FAULT,
		.faults = hosts,
		.fault_count = 1,
		.flows_ok = 1,
		.flows_fault = 4,
		.exit_status = 1,
	};
	enum pp_err err = PP_OK;

	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]) && err == PP_OK; i++)
		err = visitor->endpoint(visitor->context, &endpoints[i]);
	if (err == PP_OK)
		err = visitor->expectation(visitor->context, &expectation);
	if (err == PP_OK)
		err = visitor->conclusion(visitor->context, &conclusion);
	return err;
}

static inline enum pp_err pp_sample_visit(const struct pp_visitor *visitor)
{
	enum pp_err err = pp_sample_visit_captures(visitor);

	if (err == PP_OK)
		err = pp_sample_visit_flows(visitor);
	if (err == PP_OK)
		err = pp_sample_visit_lookup(visitor);
	return err == PP_OK ? pp_sample_visit_end(visitor) : err;
}

#endif
