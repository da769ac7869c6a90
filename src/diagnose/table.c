#include "diagnose/table.h"

#include <string.h>
#include <strings.h>

#define R(name) &pp_rule_##name
#define S(name) (1U << PP_STAGE_##name)

const struct pp_rule *const pp_rules[] = {
#define ROW(name) R(name),
	PP_RULES(ROW)
#undef ROW
};
const size_t pp_rule_count = sizeof(pp_rules) / sizeof(pp_rules[0]);

/* Ids are upper case; every fault looks up its alternatives, so the first letter decides before a call does. */
const struct pp_rule *pp_rule_find(const char *id)
{
	char first = id[0] >= 'a' && id[0] <= 'z' ? (char)(id[0] - 'a' + 'A') : id[0];

	for (size_t i = 0; i < pp_rule_count; i++)
		if (pp_rules[i]->id[0] == first && strcasecmp(pp_rules[i]->id, id) == 0)
			return pp_rules[i];
	return NULL;
}

/* The slot of a rule, or the free one where it belongs. */
static size_t slot_of(const struct pp_look_alikes *slots, const struct pp_rule *rule)
{
	size_t at = (size_t)((uint64_t)(uintptr_t)rule * UINT64_C(0x9e3779b97f4a7c15) >> 32);

	while (slots[at % PP_LOOK_ALIKE_SLOTS].of && slots[at % PP_LOOK_ALIKE_SLOTS].of != rule)
		at++;
	return at % PP_LOOK_ALIKE_SLOTS;
}

static void add_look_alike(struct pp_look_alikes *row, const struct pp_rule *rule)
{
	if (!rule || rule == row->of || row->count == PP_ALTERNATIVES_MAX)
		return;
	for (unsigned i = 0; i < row->count; i++)
		if (row->as[i].rule == rule)
			return;
	row->as[row->count++] = (struct pp_alternative){ rule, N_("its conditions are not met") };
}

static void fill_row(struct pp_look_alikes *row, const struct pp_rule *rule)
{
	char id[16];

	row->of = rule;
	for (const char *p = rule->alternatives; *p;) {
		size_t n = strcspn(p, ",");

		if (n < sizeof(id)) {
			memcpy(id, p, n);
			id[n] = '\0';
			add_look_alike(row, pp_rule_find(id));
		}
		p += n + (p[n] == ',');
	}
}

void pp_look_alikes_fill(struct pp_look_alikes slots[PP_LOOK_ALIKE_SLOTS])
{
	_Static_assert(2 * sizeof(pp_rules) / sizeof(pp_rules[0]) <= PP_LOOK_ALIKE_SLOTS, "slots stay half free");

	for (size_t i = 0; i < pp_rule_count; i++)
		fill_row(&slots[slot_of(slots, pp_rules[i])], pp_rules[i]);
}

const struct pp_look_alikes *pp_look_alikes_of(const struct pp_look_alikes slots[PP_LOOK_ALIKE_SLOTS],
					       const struct pp_rule *rule)
{
	const struct pp_look_alikes *row = &slots[slot_of(slots, rule)];

	return row->of ? row : NULL;
}

/* What excuses a failure: it was a probe, or a sibling did the job. */
static const struct pp_rule *const excuses[] = { R(ok_06), R(ok_04), R(fw_16), R(ok_08), NULL };

/* Who says himself what he did. */
static const struct pp_rule *const told[] = { R(loc_01), R(fw_02), R(fw_03), NULL };

/* The same of what had worked. */
static const struct pp_rule *const cut_and_told[] = { R(fw_02), R(fw_03), NULL };

static const struct pp_rule *const opening[] = { R(prx_16), R(loc_04), R(fw_04), R(prx_03), R(prx_02), R(srv_01),
						 R(loc_08), R(fw_01),  R(fw_05), R(srv_07), NULL };

static const struct pp_rule *const connecting[] = { R(prx_05), R(prx_06), R(prx_04), R(fw_09),  R(prx_08),
						    R(prx_07), R(prx_11), R(prx_15), R(fw_13),  R(mtu_01),
						    R(prx_10), R(prx_12), R(prx_09), R(prx_17), R(prx_18),
						    R(prx_19), R(prx_16), R(loc_04), NULL };

/* After the request, before the answer.  Alerts and answers that are no TLS first; then what was acknowledged decides
 * between loss and silence, and who sent the reset or close between a device and the server. */
static const struct pp_rule *const asked[] = {
	R(loc_06), R(tls_01), R(tls_06), R(tls_02), R(tls_04), R(tls_05), R(tls_09),   R(tls_10),
	R(tls_07), R(prx_15), R(loc_04), R(tls_08), R(fw_11),  R(mtu_02), R(mtu_01),   R(fw_13),
	R(fw_10),  R(fw_07),  R(prx_12), R(prx_13), R(prx_10), R(prx_09), R(fw_08),    R(fw_05),
	R(srv_07), R(tls_03), R(srv_02), R(srv_03), R(fw_06),  R(srv_04), R(trust_01), NULL,
};

static const struct pp_rule *const flight[] = {
	R(trust_03), R(trust_04), R(insp_06), R(loc_05), R(trust_05), R(trust_06), R(trust_01), R(mtls_01), R(mtls_02),
	R(tls_01),   R(tls_02),   R(tls_05),  R(tls_09), R(tls_07),   R(tls_10),   R(fw_13),    R(fw_07),   R(mtu_01),
	R(trust_02), R(tls_11),   R(mtu_02),  R(fw_15),  R(srv_02),   R(tls_12),   R(srv_04),   NULL,
};

static const struct pp_rule *const established[] = {
	R(fw_09), R(idle_03), R(idle_01), R(idle_02), R(fw_14),   R(fw_13),  R(srv_05), R(mtu_02), R(mtu_01),
	R(fw_15), R(srv_06),  R(mtls_03), R(mtls_01), R(insp_05), R(srv_02), R(srv_08), NULL,
};

static const struct pp_rule *const success[] = { R(insp_01), R(ok_10), R(ok_03), R(ok_09), R(ok_07),
						 R(ok_02),   R(ok_06), R(ok_01), R(ok_05), NULL };

/* Nothing fits: the gate that is shut, or the client that left. */
static const struct pp_rule *const rest[] = { R(cap_02), R(cap_03), R(cap_09), R(cap_01), R(loc_02), R(cap_08), NULL };

#define FAILING                                                                                                        \
	(S(SYN) | S(OPEN) | S(CONNECT) | S(DENIED) | S(TUNNEL) | S(HELLO) | S(FLIGHT) | S(ASKED) | S(ONE_VOICE) |      \
	 S(SOCKS))

const struct pp_layer pp_layers[] = {
	{ "excuses", FAILING, true, PP_CHOOSE_FIRST, excuses },
	{ "told by ICMP", FAILING, true, PP_CHOOSE_BEST, told },
	{ "cut, and told by ICMP", S(SECURE) | S(ANSWERED) | S(DATA), false, PP_CHOOSE_BEST, cut_and_told },
	{ "TCP open", S(SYN) | S(OPEN), true, PP_CHOOSE_BEST, opening },
	{ "CONNECT", S(CONNECT) | S(DENIED) | S(TUNNEL) | S(ANSWERED) | S(SOCKS), false, PP_CHOOSE_BEST, connecting },
	{ "after the request", S(HELLO) | S(ASKED) | S(ONE_VOICE), true, PP_CHOOSE_BEST, asked },
	{ "server flight", S(FLIGHT) | S(SECURE), true, PP_CHOOSE_BEST, flight },
	{ "established", S(SECURE) | S(ANSWERED) | S(DATA), false, PP_CHOOSE_BEST, established },
	{ "success", S(OPEN) | S(TUNNEL) | S(SECURE) | S(ANSWERED) | S(DATA) | S(ONE_VOICE) | S(OPAQUE), false,
	  PP_CHOOSE_FIRST, success },
	{ "rest", ~0U, false, PP_CHOOSE_FIRST, rest },
};
const unsigned pp_layer_count = sizeof(pp_layers) / sizeof(pp_layers[0]);

static const struct pp_rule *const lookups[] = { R(prx_01), R(dns_09), R(dns_05), R(dns_06), R(loc_03),
						 R(dns_08), R(dns_11), R(dns_13), R(dns_12), R(dns_07),
						 R(dns_02), R(dns_04), R(dns_03), R(dns_01), NULL };
const struct pp_layer pp_lookup_layer = { "lookup", ~0U, false, PP_CHOOSE_FIRST, lookups };

const struct pp_rule *const pp_note_rules[] = { R(prx_14), R(insp_01), R(insp_02), R(insp_03), R(mtu_03), R(ok_02),
						R(ok_03),  R(ok_07),   R(ok_09),   R(loc_02),  R(loc_04), NULL };
