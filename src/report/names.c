#include "report/names.h"

#include "dissect/tls.h"

#include <stdio.h>

struct name {
	int number;
	const char *name;
};

static const char *find(const struct name *names, size_t count, int64_t number)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].number == number)
			return names[i].name;
	return NULL;
}

#define FIND(names, number) find(names, sizeof(names) / sizeof((names)[0]), number)

static void name_or_number(struct pp_line *line, const char *name, const char *prefix, int64_t number)
{
	pp_line_add(line, name ? name : prefix);
	if (!name)
		pp_line_i64(line, number);
}

const char *pp_phase_name(enum pp_phase phase)
{
	static const char *const names[] = {
		[PP_PHASE_SYN] = "syn",
		[PP_PHASE_HANDSHAKE] = "handshake",
		[PP_PHASE_CONNECT] = "connect",
		[PP_PHASE_TUNNEL] = "tunnel",
		[PP_PHASE_CLIENT_HELLO] = "client_hello",
		[PP_PHASE_SERVER_HELLO] = "server_hello",
		[PP_PHASE_TLS_ESTABLISHED] = "tls_established",
		[PP_PHASE_DATA] = "data",
		[PP_PHASE_CLOSE] = "close",
	};

	return (size_t)phase < sizeof(names) / sizeof(names[0]) ? names[phase] : NULL;
}

const char *pp_side_name(enum pp_side side) { return side == PP_CLIENT ? "client" : "server"; }

void pp_name_dns_type(struct pp_line *line, int64_t type)
{
	static const struct name names[] = {
		{ PP_DNS_A, "A" },       { PP_DNS_CNAME, "CNAME" }, { PP_DNS_PTR, "PTR" },     { PP_DNS_TXT, "TXT" },
		{ PP_DNS_AAAA, "AAAA" }, { PP_DNS_SRV, "SRV" },     { PP_DNS_HTTPS, "HTTPS" },
	};

	name_or_number(line, FIND(names, type), "TYPE", type); /* TYPEn: RFC 3597 section 5 */
}

void pp_name_rcode(struct pp_line *line, int64_t rcode)
{
	static const struct name names[] = {
		{ PP_RCODE_NOERROR, "NOERROR" },
		{ PP_RCODE_FORMERR, "FORMERR" },
		{ PP_RCODE_SERVFAIL, "SERVFAIL" },
		{ PP_RCODE_NXDOMAIN, "NXDOMAIN" },
		{ 4, "NOTIMP" },
		{ PP_RCODE_REFUSED, "REFUSED" },
		{ 9, "NOTAUTH" },
	};

	name_or_number(line, FIND(names, rcode), "RCODE", rcode);
}

void pp_name_extended_error(struct pp_line *line, int64_t code)
{
	static const struct name names[] = {
		{ 0, "Other" },          { 3, "Stale Answer" },       { 4, "Forged Answer" },
		{ 6, "DNSSEC Bogus" },   { 9, "DNSKEY Missing" },     { 14, "Not Ready" },
		{ 15, "Blocked" },       { 16, "Censored" },          { 17, "Filtered" },
		{ 18, "Prohibited" },    { 20, "Not Authoritative" }, { 22, "No Reachable Authority" },
		{ 23, "Network Error" },
	};

	name_or_number(line, FIND(names, code), "code ", code);
}

void pp_name_icmp(struct pp_line *line, bool v6, int64_t type, int64_t code)
{
	/* Type and code as one number: type * 256 + code. */
	static const struct name v4_names[] = {
		{ 0x300, "network unreachable" },
		{ 0x301, "host unreachable" },
		{ 0x302, "protocol unreachable" },
		{ 0x303, "port unreachable" },
		{ 0x304, "fragmentation needed" },
		{ 0x305, "source route failed" },
		{ 0x306, "network unknown" },
		{ 0x307, "host unknown" },
		{ 0x309, "network administratively prohibited" },
		{ 0x30a, "host administratively prohibited" },
		{ 0x30b, "network unreachable for this type of service" },
		{ 0x30c, "host unreachable for this type of service" },
		{ 0x30d, "communication administratively prohibited" },
		{ 0xb00, "time to live exceeded in transit" },
	};
	static const struct name v6_names[] = {
		{ 0x100, "no route to destination" },
		{ 0x101, "communication administratively prohibited" },
		{ 0x103, "address unreachable" },
		{ 0x104, "port unreachable" },
		{ 0x105, "source address failed ingress/egress policy" },
		{ 0x106, "reject route to destination" },
		{ 0x200, "packet too big" },
		{ 0x300, "hop limit exceeded in transit" },
	};
	const char *name = v6 ? FIND(v6_names, type * 256 + code) : FIND(v4_names, type * 256 + code);

	if (name)
		pp_line_add(line, name);
	pp_line_add(line, name ? (v6 ? " (ICMPv6 " : " (ICMP ") : (v6 ? "ICMPv6 " : "ICMP "));
	pp_line_i64(line, type);
	pp_line_add(line, "/");
	pp_line_i64(line, code);
	if (name)
		pp_line_add(line, ")");
}

void pp_name_hex(struct pp_line *line, uint16_t number)
{
	char hex[8];

	snprintf(hex, sizeof(hex), "0x%04x", number);
	pp_line_add(line, hex);
}

static void name_or_hex(struct pp_line *line, const char *name, uint16_t number)
{
	if (name)
		pp_line_add(line, name);
	else
		pp_name_hex(line, number);
}

void pp_name_tls_version(struct pp_line *line, int64_t version)
{
	name_or_hex(line, pp_tls_version_name((uint16_t)version), (uint16_t)version);
}

void pp_name_cipher(struct pp_line *line, uint16_t cipher) { name_or_hex(line, pp_tls_cipher_name(cipher), cipher); }

void pp_name_alert(struct pp_line *line, int64_t code)
{
	name_or_number(line, pp_tls_alert_name((uint8_t)code), "alert_", code);
}

void pp_name_link_type(struct pp_line *line, uint16_t link_type)
{
	name_or_number(line, pp_link_type_name(link_type), "LINKTYPE_", link_type);
}

static int rank(const struct pp_dns_question *question)
{
	if (!question->answered)
		return 0;
	if (question->rcode == PP_RCODE_NOERROR && question->address_count)
		return 3;
	return question->type == PP_DNS_A ? 2 : 1;
}

/* The question whose answer stands for the lookup; NULL when none was answered. */
static const struct pp_dns_question *answer(const struct pp_lookup *lookup)
{
	const struct pp_dns_question *best = NULL;

	for (unsigned i = 0; i < lookup->question_count; i++) {
		const struct pp_dns_question *question = &lookup->questions[i];

		if (rank(question) > (best ? rank(best) : 0))
			best = question;
	}
	return best;
}

void pp_name_lookup_status(struct pp_line *line, const struct pp_lookup *lookup)
{
	const struct pp_dns_question *best = answer(lookup);

	if (best)
		pp_name_rcode(line, best->rcode);
	else
		pp_line_add(line, "TIMEOUT");
}

int64_t pp_lookup_rtt(const struct pp_lookup *lookup)
{
	const struct pp_dns_question *best = answer(lookup);

	return best ? best->rtt_ns : -1;
}

uint32_t pp_lookup_queries(const struct pp_lookup *lookup)
{
	uint32_t queries = 0;

	for (unsigned i = 0; i < lookup->question_count; i++)
		queries += lookup->questions[i].queries;
	return queries;
}
