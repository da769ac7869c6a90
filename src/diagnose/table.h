/* table: the rules in the order in which they are asked; private to diagnose/.
 *
 * Shape   layers, each for some stages of a connection; judge.c stops at the first layer that has something to say
 *         (diagnosis facts section 3).  A row may stand in several layers.
 */
#ifndef PP_DIAGNOSE_TABLE_H
#define PP_DIAGNOSE_TABLE_H

#include "diagnose/rule.h"
#include "diagnose/shape.h"

/* How a layer chooses among its hits. */
enum pp_layer_choice {
	PP_CHOOSE_BEST, /* the highest grade, then table order; a row with outcome ok wins at once */
	PP_CHOOSE_FIRST,
};

struct pp_layer {
	const char *name;
	unsigned stages; /* 1 << enum pp_stage */
	bool failing;    /* only for connections that did not do their job */
	enum pp_layer_choice choice;
	const struct pp_rule *const *rules; /* NULL-terminated */
};

static inline bool pp_layer_asks(const struct pp_layer *layer, enum pp_stage stage, bool worked)
{
	return (layer->stages >> stage & 1) && !(layer->failing && worked);
}

extern const struct pp_layer pp_layers[];
extern const unsigned pp_layer_count;
extern const struct pp_layer pp_lookup_layer;       /* asked for lookups, in order */
extern const struct pp_rule *const pp_note_rules[]; /* said beside a verdict; NULL-terminated */

/* The rules a row names as its look-alikes, each once, as a verdict has them; found by the row. */
struct pp_look_alikes {
	const struct pp_rule *of; /* NULL: a free slot */
	struct pp_alternative as[PP_ALTERNATIVES_MAX];
	unsigned count;
};
enum { PP_LOOK_ALIKE_SLOTS = 256 }; /* a power of two, twice the rules or more */

void pp_look_alikes_fill(struct pp_look_alikes slots[PP_LOOK_ALIKE_SLOTS]);
const struct pp_look_alikes *pp_look_alikes_of(const struct pp_look_alikes slots[PP_LOOK_ALIKE_SLOTS],
					       const struct pp_rule *rule); /* NULL: not in the table */

/* Every row: layers first, then notes and rows that are only cited. */
/* clang-format off */
#define PP_RULES(X) \
	X(cap_01) X(cap_02) X(cap_03) X(cap_04) X(cap_05) X(cap_06) \
	X(cap_07) X(cap_08) X(cap_09) X(cap_10) X(cap_11) X(cap_12) \
	X(prx_01) X(dns_09) X(dns_05) X(dns_06) X(dns_08) X(dns_11) X(dns_12) X(dns_13) X(dns_07) \
	X(dns_02) X(dns_04) X(dns_03) X(dns_01) X(dns_10) X(loc_03) \
	X(ok_06) X(ok_04) X(fw_16) X(ok_08) \
	X(loc_01) X(fw_02) X(fw_03) \
	X(prx_16) X(loc_04) X(fw_04) X(prx_03) X(prx_02) X(srv_01) X(loc_08) X(fw_01) X(fw_05) \
	X(prx_05) X(prx_06) X(prx_04) X(fw_09) X(prx_08) X(prx_07) X(prx_11) X(prx_17) X(prx_18) X(prx_19) X(prx_15) X(prx_10) X(prx_09) \
	X(loc_06) X(tls_01) X(tls_06) X(tls_02) X(tls_04) X(tls_05) X(tls_09) X(tls_10) X(tls_07) X(tls_08) \
	X(fw_11) X(mtu_02) X(mtu_01) X(fw_13) X(fw_10) X(fw_07) X(prx_12) X(prx_13) X(fw_08) \
	X(srv_07) X(tls_03) X(srv_02) X(srv_03) X(fw_06) X(srv_04) \
	X(trust_03) X(trust_04) X(insp_06) X(loc_05) X(trust_05) X(trust_06) X(trust_01) X(trust_02) \
	X(mtls_01) X(mtls_02) X(mtls_03) X(tls_11) X(tls_12) \
	X(idle_03) X(idle_01) X(idle_02) X(fw_14) X(srv_05) X(fw_15) X(srv_06) X(srv_08) X(insp_05) \
	X(insp_01) X(ok_10) X(ok_03) X(ok_09) X(ok_07) X(ok_02) X(ok_01) X(ok_05) X(loc_02) X(loc_07) \
	X(insp_02) X(insp_03) X(insp_04) X(prx_14) X(mtu_03) X(fw_12)
/* clang-format on */

#define PP_DECLARE_RULE(name) extern const struct pp_rule pp_rule_##name;
PP_RULES(PP_DECLARE_RULE)
#undef PP_DECLARE_RULE

#endif
