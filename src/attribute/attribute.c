#include "attribute/attribute.h"

#include <string.h>

#define OTHER "other"

const char *pp_attributed_by_name(enum pp_attributed_by by)
{
	static const char *const name[] = {
		[PP_ATTRIBUTED_BY_CONNECT] = "connect",
		[PP_ATTRIBUTED_BY_SNI] = "sni",
		[PP_ATTRIBUTED_BY_HTTP_HOST] = "http_host",
		[PP_ATTRIBUTED_BY_CERTIFICATE] = "certificate",
		[PP_ATTRIBUTED_BY_DNS] = "dns",
		[PP_ATTRIBUTED_BY_ADDRESS] = "address",
		[PP_ATTRIBUTED_BY_SERVICE_TAG] = "service_tag",
	};

	return (size_t)by < sizeof(name) / sizeof(name[0]) ? name[by] : NULL;
}

static void take_row(struct pp_attribution *result, const struct pp_endpoint_row *row)
{
	result->row = row;
	result->category = row->category;
	result->pattern = row->pattern;
}

struct pp_attribution pp_attribution_of_row(const struct pp_endpoint_row *row, const char *host, uint16_t port,
					    enum pp_attributed_by by)
{
	struct pp_attribution result = { .host = host, .port = port, .category = OTHER, .by = by };

	if (row)
		take_row(&result, row);
	return result;
}

struct pp_attribution pp_attribute_addr(const struct pp_attributor *attributor, const struct pp_addr *addr,
					uint16_t port)
{
	struct pp_attribution result = { .port = port, .category = OTHER };
	const struct pp_endpoint_row *row = pp_catalogue_addr(attributor->catalogue, addr);
	const char *category;

	if (row) {
		take_row(&result, row);
		result.by = PP_ATTRIBUTED_BY_ADDRESS;
		return result;
	}
	if (attributor->tags)
		result.pattern = pp_service_tags_find(attributor->tags, addr, &category);
	if (result.pattern) {
		result.category = category ? category : OTHER;
		result.by = PP_ATTRIBUTED_BY_SERVICE_TAG;
	}
	return result;
}

static void remember(struct pp_recent_row *slot, const char *host, size_t len, const struct pp_endpoint_row *row)
{
	if (!slot)
		return;
	slot->row = row;
	slot->len = (uint8_t)len;
	memcpy(slot->name, host, len);
}

/* A host that is an address in text form is attributed by that address, and keeps its text. */
struct pp_attribution pp_attribute_host(const struct pp_attributor *attributor, const char *host, uint16_t port)
{
	size_t len = strlen(host);
	bool fits = attributor->recent && len && len <= PP_RECENT_NAME;
	struct pp_recent_row *slot = fits ? &attributor->recent->slot[pp_mix_ends(host, len) % PP_RECENT_ROWS] : NULL;
	const struct pp_endpoint_row *row;
	struct pp_attribution result;
	struct pp_addr addr;

	if (slot && slot->len == len && memcmp(slot->name, host, len) == 0)
		return pp_attribution_of_row(slot->row, host, port, PP_ATTRIBUTED_BY_NOTHING);
	if (pp_addr_parse(host, &addr) == PP_OK) {
		result = pp_attribute_addr(attributor, &addr, port);
		result.by = PP_ATTRIBUTED_BY_NOTHING;
		result.host = host;
		return result;
	}
	row = pp_catalogue_host(attributor->catalogue, host);
	remember(slot, host, len, row);
	return pp_attribution_of_row(row, host, port, PP_ATTRIBUTED_BY_NOTHING);
}

static bool is_name(const char *text) { return text && text[0] != '\0'; }

static struct pp_attribution by_host(const struct pp_attributor *attributor, const char *host, uint16_t port,
				     enum pp_attributed_by by)
{
	struct pp_attribution result = pp_attribute_host(attributor, host, port);

	result.by = by;
	return result;
}

/* The CONNECT whose tunnel opened, else the last one tried. */
static const struct pp_connect *telling_connect(const struct pp_http_facts *http)
{
	const struct pp_connect *last = NULL;

	for (unsigned i = 0; i < http->connect_count; i++) {
		const struct pp_connect *connect = &http->connects[i];

		if (is_name(connect->host) && (connect->tunnel || !last || !last->tunnel))
			last = connect;
	}
	return last;
}

static const struct pp_http_exchange *telling_exchange(const struct pp_http_facts *http)
{
	for (unsigned i = http->exchange_count; i-- > 0;)
		if (is_name(http->exchanges[i].host))
			return &http->exchanges[i];
	return NULL;
}

/* A tunnel goes where its CONNECT said, whatever is in it; one that was refused may be followed by another request. */
static bool is_past(const struct pp_connect *connect, const struct pp_http_exchange *exchange)
{
	return connect && exchange && !connect->tunnel && exchange->mark.ts > connect->mark.ts;
}

/* The port a request meant: its own; http's where it names an origin to a proxy without one; else the server's. */
static uint16_t exchange_port(const struct pp_http_exchange *exchange, const struct pp_connection *conn)
{
	if (exchange->port)
		return exchange->port;
	return exchange->absolute_form ? 80 : conn->server.port;
}

static bool is_usable_name(const char *name)
{
	struct pp_addr addr;

	return strchr(name, '.') && !strchr(name, ' ') && pp_addr_parse(name, &addr) != PP_OK;
}

/* What the leaf's names tell.  A certificate for one name names the host.  One for several names only tells the
 * category, and that only when every name the catalogue knows is of the same one; the host then stays unknown unless
 * just one of the names is known.  The common name counts where there are no others, as clients once read it. */
static struct pp_attribution by_certificate(const struct pp_attributor *attributor,
					    const struct pp_tls_certificate *leaf, uint16_t port)
{
	const struct pp_attribution nothing = { .port = port, .category = OTHER };
	bool use_cn = leaf->name_count == 0 && leaf->subject_cn;
	const char *const *names = use_cn ? &leaf->subject_cn : leaf->names;
	struct pp_attribution result = nothing;
	const char *only = NULL, *match = NULL;
	unsigned usable = 0, known = 0;

	for (unsigned i = 0; i < (use_cn ? 1 : leaf->name_count); i++) {
		const struct pp_endpoint_row *row;

		if (!is_usable_name(names[i]))
			continue;
		only = usable++ ? NULL : names[i];
		row = pp_catalogue_host(attributor->catalogue, names[i]);
		if (!row)
			continue;
		if (known && strcmp(row->category, result.category) != 0)
			return nothing;
		if (known++ == 0)
			take_row(&result, row);
		match = known == 1 ? names[i] : NULL;
	}
	result.host = known ? match : only;
	if (result.host && result.host[0] == '*')
		result.host = NULL;
	if (known || result.host)
		result.by = PP_ATTRIBUTED_BY_CERTIFICATE;
	return result;
}

const char *pp_attribution_name(const struct pp_http_facts *http, const struct pp_tls_facts *tls)
{
	const struct pp_connect *connect = http ? telling_connect(http) : NULL;
	const struct pp_http_exchange *exchange = http ? telling_exchange(http) : NULL;

	if (connect && !is_past(connect, exchange))
		return connect->host;
	if (tls && is_name(tls->sni))
		return tls->sni;
	return exchange ? exchange->host : NULL;
}

struct pp_attribution pp_attribute_connection(const struct pp_attributor *attributor, const struct pp_connection *conn)
{
	const struct pp_connect *connect = conn->http ? telling_connect(conn->http) : NULL;
	const struct pp_http_exchange *exchange = conn->http ? telling_exchange(conn->http) : NULL;
	struct pp_attribution result = { .category = OTHER };
	const char *name = NULL;

	if (connect && !is_past(connect, exchange))
		return by_host(attributor, connect->host, connect->port, PP_ATTRIBUTED_BY_CONNECT);
	if (conn->tls && is_name(conn->tls->sni))
		return by_host(attributor, conn->tls->sni, conn->server.port, PP_ATTRIBUTED_BY_SNI);
	if (exchange)
		return by_host(attributor, exchange->host, exchange_port(exchange, conn), PP_ATTRIBUTED_BY_HTTP_HOST);
	if (conn->tls && conn->tls->certificate_count && !conn->tls->certificates[0]->unparsed)
		result = by_certificate(attributor, conn->tls->certificates[0], conn->server.port);
	if (result.host)
		return result;
	if (attributor->names)
		name = pp_names_find(attributor->names, &conn->client.ip, &conn->server.ip, conn->first.ts);
	if (name)
		return by_host(attributor, name, conn->server.port, PP_ATTRIBUTED_BY_DNS);
	if (result.by == PP_ATTRIBUTED_BY_CERTIFICATE)
		return result;
	return pp_attribute_addr(attributor, &conn->server.ip, conn->server.port);
}
