#include "diagnose/verdict.h"

#include <stddef.h>
#include <string.h>

const char *pp_outcome_name(enum pp_outcome outcome)
{
	static const char *const names[] = { "ok", "fault", "inconclusive" };

	return names[outcome];
}

const char *pp_grade_name(enum pp_grade grade)
{
	static const char *const names[] = { "", "consistent", "strong", "proven" };

	return names[grade];
}

const char *pp_domain_name(enum pp_domain domain)
{
	static const char *const names[] = { "none", "capture", "local", "dns",    "firewall", "proxy", "inspection",
					     "tls",  "trust",   "mtls",  "server", "mtu",      "idle" };

	return names[domain];
}

const char *pp_owner_name(enum pp_owner owner)
{
	static const char *const names[] = { "none", "network", "proxy", "dns", "server", "local", "security" };

	return names[owner];
}

size_t pp_verdict_bytes(const struct pp_verdict *verdict)
{
	return offsetof(struct pp_verdict, evidence) + verdict->evidence_count * sizeof(verdict->evidence[0]);
}

void pp_verdict_copy(struct pp_verdict *to, const struct pp_verdict *from) { memcpy(to, from, pp_verdict_bytes(from)); }
