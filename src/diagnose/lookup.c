#include "diagnose/lookup.h"

#include <ctype.h>

#define SUFFIX_TRIES_NS (5 * PP_SECOND) /* a search list is gone through within */

static bool is_address_type(uint16_t type) { return type == PP_DNS_A || type == PP_DNS_AAAA; }

bool pp_lookup_wants_address(const struct pp_lookup *lookup)
{
	for (unsigned i = 0; i < lookup->question_count; i++)
		if (is_address_type(lookup->questions[i].type))
			return true;
	return false;
}

bool pp_lookup_rcode(const struct pp_lookup *lookup, uint8_t *ret_rcode)
{
	bool any = lookup->address_count > 0;

	if (any)
		*ret_rcode = PP_RCODE_NOERROR;
	for (unsigned i = 0; i < lookup->question_count && lookup->address_count == 0; i++) {
		const struct pp_dns_question *question = &lookup->questions[i];

		if (!question->answered || !is_address_type(question->type))
			continue;
		if (!any || question->type == PP_DNS_A)
			*ret_rcode = question->rcode;
		any = true;
	}
	return any;
}

bool pp_lookup_answered(const struct pp_lookup *lookup)
{
	uint8_t rcode;

	return pp_lookup_rcode(lookup, &rcode);
}

/* ------------------------------------------------------------------ names seen */

/* The key of "some name whose first label is this", beside the keys of whole names. */
static struct pp_map_key key_of_first_label(const struct pp_diagnosis *diagnosis, const char *name)
{
	char label[66] = "=";
	size_t n = strcspn(name, ".");

	if (n > sizeof(label) - 2)
		n = sizeof(label) - 2;
	memcpy(label + 1, name, n);
	label[n + 1] = '\0';
	return pp_key_of_text(diagnosis, label);
}

static void remember(struct pp_diagnosis *diagnosis, const struct pp_map_key *key, const struct pp_lookup *lookup)
{
	struct pp_name *name = pp_map_add(&diagnosis->names, key);

	if (!name || lookup->address_count == 0)
		return;
	pp_keep_earliest(&name->answered, lookup->last);
	pp_keep_latest(&name->last_answered, lookup->last.ts);
}

/* The last two labels: near enough to "who runs it" for the names the catalogue knows. */
static const char *domain_of(const char *name)
{
	const char *domain = name;
	unsigned dots = 0;

	for (const char *p = name + strlen(name); p > name && dots < 2; p--) {
		dots += p[-1] == '.';
		domain = p[-1] == '.' ? (dots < 2 ? domain : p) : domain;
	}
	return domain;
}

static void remember_private_addresses(struct pp_diagnosis *diagnosis, const struct pp_lookup *lookup)
{
	uint64_t domain = pp_bit_of_text(domain_of(lookup->name));

	for (unsigned i = 0; i < lookup->address_count; i++) {
		struct pp_map_key key = pp_key_of_addr(&lookup->addresses[i]);
		struct pp_baseline *baseline;

		if (!pp_addr_is_private(&lookup->addresses[i]))
			continue;
		baseline = pp_map_add(&diagnosis->addresses, &key);
		if (baseline)
			baseline->names |= domain;
	}
}

void pp_lookup_observe(struct pp_diagnosis *diagnosis, const struct pp_lookup *lookup, const struct pp_attribution *who)
{
	struct pp_map_key name = pp_key_of_text(diagnosis, lookup->name);
	struct pp_map_key label = key_of_first_label(diagnosis, lookup->name);
	struct pp_map_key asked = pp_key_of_name_for(diagnosis, &name, &lookup->client.ip);
	struct pp_map_key resolver = pp_key_of_socket(diagnosis, &lookup->resolver);

	pp_baseline_observe_lookup(diagnosis, lookup);
	remember(diagnosis, &name, lookup);
	remember(diagnosis, &asked, lookup);
	remember(diagnosis, &resolver, lookup);
	if (lookup->address_count)
		remember(diagnosis, &label, lookup);
	if (who->row)
		remember_private_addresses(diagnosis, lookup);
}

/* ------------------------------------------------------------------ asking */

const struct pp_name *pp_lookups_beside(const struct pp_case *c)
{
	struct pp_endpoint_addr resolver = { c->conn->server.ip, PP_DNS_PORT };
	struct pp_map_key key;

	if (c->conn->server.port != PP_DNS_PORT && c->conn->server.port != PP_DNS_OVER_TLS_PORT)
		return NULL;
	key = pp_key_of_socket(c->diagnosis, &resolver);
	return pp_map_find(&c->diagnosis->names, &key);
}

static bool begins(const char *name, const char *with) { return strncmp(name, with, strlen(with)) == 0; }

static bool ends(const char *name, const char *with)
{
	size_t n = strlen(name), m = strlen(with);

	return n >= m && strcmp(name + n - m, with) == 0;
}

/* Names of discovery; a block list is asked with an IPv4 address written backwards. */
static bool is_discovery(const char *name)
{
	static const char *const firsts[] = { "wpad.",         "isatap.",     "_",         "teredo.",
					      "autodiscover.", "lb._dns-sd.", "b._dns-sd." };
	static const char *const lasts[] = { ".in-addr.arpa", ".ip6.arpa", ".localdomain", ".onion" };
	unsigned numbers = 0;

	if (!strchr(name, '.'))
		return true;
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++)
		if (begins(name, firsts[i]))
			return true;
	for (size_t i = 0; i < sizeof(lasts) / sizeof(lasts[0]); i++)
		if (ends(name, lasts[i]))
			return true;
	for (const char *p = name; isdigit((unsigned char)*p); p++) {
		p += strspn(p, "0123456789");
		numbers++;
		if (*p != '.')
			break;
	}
	return numbers >= 4;
}

/* The name begins with a whole name that was itself looked up or that the catalogue knows: "login.example.com.corp". */
static bool has_search_suffix(const struct pp_case *c)
{
	char prefix[PP_DNS_NAME_MAX];
	size_t len = strlen(c->lookup->name);
	const struct pp_catalogue *catalogue = c->diagnosis->options.catalogue;

	if (len >= sizeof(prefix))
		return false;
	memcpy(prefix, c->lookup->name, len + 1);
	for (char *dot = strrchr(prefix, '.'); dot; dot = strrchr(prefix, '.')) {
		struct pp_map_key key;

		*dot = '\0';
		if (!strchr(prefix, '.'))
			return false;
		key = pp_key_of_text(c->diagnosis, prefix);
		if (pp_map_find(&c->diagnosis->names, &key) || (catalogue && pp_catalogue_host(catalogue, prefix)))
			return true;
	}
	return false;
}

/* The same first label found an address at another suffix of the list. */
static bool label_found(const struct pp_case *c)
{
	struct pp_map_key key = key_of_first_label(c->diagnosis, c->lookup->name);
	const struct pp_name *name = pp_map_find(&c->diagnosis->names, &key);
	int64_t at = c->lookup->first.ts;

	/* A suffix makes a name of two labels longer: "example.com" is nobody's host with a suffix. */
	if (!name || c->who->row || begins(c->lookup->name, "www.") ||
	    strchr(c->lookup->name, '.') == strrchr(c->lookup->name, '.'))
		return false;
	return (name->answered.ts >= at && name->answered.ts - at <= SUFFIX_TRIES_NS) ||
	       (name->last_answered >= at && name->last_answered - at <= SUFFIX_TRIES_NS);
}

bool pp_lookup_is_noise(const struct pp_case *c)
{
	const char *name = c->lookup->name;

	return !pp_lookup_wants_address(c->lookup) || c->lookup->resolver.port == 5353 ||
	       c->lookup->resolver.port == 5355 || c->lookup->resolver.port == 137 || pp_is_wpad(c) ||
	       is_discovery(name) || strstr(name, ".privatelink.") || (!c->who->row && has_search_suffix(c)) ||
	       label_found(c);
}

bool pp_lookup_alias_found(const struct pp_case *c)
{
	for (unsigned i = 0; i < c->lookup->alias_count; i++) {
		struct pp_map_key key = pp_key_of_text(c->diagnosis, c->lookup->aliases[i]);
		const struct pp_name *name = pp_map_find(&c->diagnosis->names, &key);

		if (name && pp_seen(name->answered))
			return true;
	}
	return false;
}

/* The earliest answer with an address that the client had, as far as it can be told from others. */
static struct pp_mark answered_to(const struct pp_case *c, const struct pp_map_key *key)
{
	static const struct pp_addr nobody;
	const struct pp_addr *client = &c->lookup->client.ip;
	struct pp_map_key own = pp_key_of_name_for(c->diagnosis, key, client);
	struct pp_map_key anybodys =
	    pp_stands_for_itself(client) ? pp_key_of_name_for(c->diagnosis, key, &nobody) : *key;
	const struct pp_name *name = pp_map_find(&c->diagnosis->names, &own);

	if (!name || !pp_seen(name->answered))
		name = pp_map_find(&c->diagnosis->names, &anybodys);
	return name ? name->answered : (struct pp_mark){ 0 };
}

bool pp_lookup_recovered(const struct pp_case *c, struct pp_mark *ret_mark)
{
	struct pp_map_key key = pp_key_of_text(c->diagnosis, c->lookup->name);

	*ret_mark = answered_to(c, &key);
	if (!pp_seen(*ret_mark) && pp_host_worked_for(c))
		*ret_mark = pp_seen(pp_host_worked(c->host, PP_DIRECT)) ? pp_host_worked(c->host, PP_DIRECT)
									: pp_host_worked(c->host, PP_BY_PROXY);
	return pp_seen(*ret_mark);
}
