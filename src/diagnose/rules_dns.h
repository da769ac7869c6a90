/* rules_dns: what the rules about lookups have in common; private to diagnose/. */
#ifndef PP_DIAGNOSE_RULES_DNS_H
#define PP_DIAGNOSE_RULES_DNS_H

#include "diagnose/lookup.h"

#define REMEDY_RESOLVER                                                                                                \
	N_("Make the resolver reachable or repair its forwarder; the name must resolve from this machine.")

/* rules_dns.c */
void pp_cite_dns_query(const struct pp_case *c, struct pp_verdict *verdict);
void pp_cite_dns_reply(const struct pp_case *c, struct pp_verdict *verdict);
void pp_cite_dns_icmp(const struct pp_case *c, struct pp_verdict *verdict);

#endif
