#include "dissect/dns.h"

#include <stddef.h>
#include <string.h>

enum { QUERIES_KEPT = 8, RECENT_KEPT = 256, ROOM_FIRST = 64 }; /* powers of two */

/* A query that a reply may still answer. */
struct query {
	uint16_t id, type, port;
	bool answered;
	struct pp_mark mark;
};

struct entry {
	struct pp_lookup lookup;
	uint64_t hash;
	struct query queries[QUERIES_KEPT]; /* a ring */
	unsigned next;
};

/* The way from a packet without a name (an ICMP error, a reply without a question) to its lookup. */
struct recent {
	struct entry *entry;
	uint16_t id, port;
};

struct pp_lookups {
	struct pp_arena arena;
	struct pp_hash_key key;
	size_t cap, count, room;
	struct entry **entries;            /* in order of first packets */
	uint32_t *buckets;                 /* 2 * room, open addressing; an index into entries + 1, 0: free */
	struct recent recent[RECENT_KEPT]; /* a ring */
	unsigned next;
	uint64_t refused;
};

struct pp_lookups *pp_lookups_new(size_t cap, struct pp_hash_key key, struct pp_pool *pool)
{
	struct pp_lookups *lookups;
	struct pp_arena arena;

	pp_arena_init(&arena, pool);
	lookups = pp_arena_alloc(&arena, sizeof(*lookups));
	if (!lookups)
		return NULL;
	lookups->arena = arena;
	lookups->key = key;
	lookups->cap = cap < UINT32_MAX / 4 ? cap : UINT32_MAX / 4;
	return lookups;
}

void pp_lookups_free(struct pp_lookups *lookups)
{
	struct pp_arena arena;

	if (!lookups)
		return;
	arena = lookups->arena; /* the table lies in it */
	pp_arena_reset(&arena);
}

/* ------------------------------------------------------------------ the table */

struct key {
	uint8_t client[16], resolver[16];
	uint16_t port;
	char name[PP_DNS_NAME_MAX];
};

static uint64_t hash_of(const struct pp_lookups *lookups, const struct pp_endpoint_addr *client,
			const struct pp_endpoint_addr *resolver, const char *name)
{
	struct key key;
	size_t len = strlen(name);

	memcpy(key.client, client->ip.b, sizeof(key.client));
	memcpy(key.resolver, resolver->ip.b, sizeof(key.resolver));
	key.port = resolver->port;
	memcpy(key.name, name, len);
	return pp_hash(&lookups->key, &key, offsetof(struct key, name) + len);
}

static bool same_lookup(const struct pp_lookup *lookup, const struct pp_endpoint_addr *client,
			const struct pp_endpoint_addr *resolver, const char *name)
{
	return pp_addr_equal(&lookup->client.ip, &client->ip) && pp_addr_equal(&lookup->resolver.ip, &resolver->ip) &&
	       lookup->resolver.port == resolver->port && strcmp(lookup->name, name) == 0;
}

/* The bucket of an equal lookup, or the free one where it belongs. */
static uint32_t *bucket_of(const struct pp_lookups *lookups, uint64_t hash, const struct pp_endpoint_addr *client,
			   const struct pp_endpoint_addr *resolver, const char *name)
{
	size_t mask = 2 * lookups->room - 1, at = (size_t)hash & mask;

	for (;; at = (at + 1) & mask) {
		const struct entry *entry;

		if (lookups->buckets[at] == 0)
			return &lookups->buckets[at];
		entry = lookups->entries[lookups->buckets[at] - 1];
		if (entry->hash == hash && same_lookup(&entry->lookup, client, resolver, name))
			return &lookups->buckets[at];
	}
}

/* Doubles the table; what was there stays in the arena unused, less than the new one's size altogether.
 * Without memory all stays as it was. */
static void grow(struct pp_lookups *lookups)
{
	size_t room = lookups->room ? 2 * lookups->room : ROOM_FIRST, mask = 2 * room - 1;
	struct entry **entries = pp_arena_alloc(&lookups->arena, room * sizeof(struct entry *));
	uint32_t *buckets = pp_arena_alloc(&lookups->arena, 2 * room * sizeof(uint32_t));

	if (!entries || !buckets)
		return;
	for (size_t i = 0; i < lookups->count; i++) {
		size_t at = (size_t)lookups->entries[i]->hash & mask;

		entries[i] = lookups->entries[i];
		while (buckets[at] != 0)
			at = (at + 1) & mask;
		buckets[at] = (uint32_t)(i + 1);
	}
	lookups->room = room;
	lookups->entries = entries;
	lookups->buckets = buckets;
}

static struct entry *new_entry(struct pp_lookups *lookups, const struct pp_endpoint_addr *client,
			       const struct pp_endpoint_addr *resolver, const char *name, uint64_t hash)
{
	struct entry *entry = pp_arena_alloc(&lookups->arena, sizeof(*entry));
	char *copy = pp_arena_copy(&lookups->arena, name, strlen(name) + 1);

	if (!entry || !copy)
		return NULL;
	entry->hash = hash;
	entry->lookup = (struct pp_lookup){ .client = *client, .resolver = *resolver, .name = copy };
	entry->lookup.replies_only = true; /* until a query comes */
	return entry;
}

/* The lookup, made when it is new; NULL at the cap or without memory. */
static struct entry *find_or_add(struct pp_lookups *lookups, const struct pp_endpoint_addr *client,
				 const struct pp_endpoint_addr *resolver, const char *name)
{
	uint64_t hash = hash_of(lookups, client, resolver, name);
	struct entry *entry = NULL;
	uint32_t *bucket;

	if (lookups->count == lookups->room && lookups->room < lookups->cap)
		grow(lookups);
	if (lookups->room == 0) {
		lookups->refused++;
		return NULL;
	}
	bucket = bucket_of(lookups, hash, client, resolver, name);
	if (*bucket != 0)
		return lookups->entries[*bucket - 1];
	if (lookups->count < lookups->cap && lookups->count < lookups->room)
		entry = new_entry(lookups, client, resolver, name, hash);
	if (!entry) {
		lookups->refused++;
		return NULL;
	}
	lookups->entries[lookups->count++] = entry;
	*bucket = (uint32_t)lookups->count;
	return entry;
}

/* ------------------------------------------------------------------ one lookup */

static struct pp_dns_question *question_of(struct pp_lookup *lookup, uint16_t type)
{
	for (unsigned i = 0; i < lookup->question_count; i++) {
		if (lookup->questions[i].type == type)
			return &lookup->questions[i];
	}
	if (lookup->question_count == PP_DNS_TYPES_MAX) {
		lookup->clipped = true;
		return NULL;
	}
	lookup->questions[lookup->question_count] = (struct pp_dns_question){ .type = type, .rtt_ns = -1 };
	return &lookup->questions[lookup->question_count++];
}

static void add_query(struct pp_lookups *lookups, struct entry *entry, const struct pp_dns_message *message,
		      uint16_t port, struct pp_mark mark)
{
	struct pp_dns_question *question = question_of(&entry->lookup, message->type);

	if (entry->lookup.replies_only)
		entry->lookup.client.port = port;
	entry->lookup.replies_only = false;
	entry->queries[entry->next++ % QUERIES_KEPT] =
	    (struct query){ .id = message->id, .type = message->type, .port = port, .mark = mark };
	lookups->recent[lookups->next++ % RECENT_KEPT] =
	    (struct recent){ .entry = entry, .id = message->id, .port = port };
	if (!question)
		return;
	question->queries += question->queries < UINT16_MAX;
	pp_mark_first(&question->first_query, mark);
	question->last_query = mark;
}

/* The latest unanswered query with this id; any type when `type` is 0. */
static struct query *query_of(struct entry *entry, uint16_t id, uint16_t type, uint16_t port)
{
	for (unsigned i = 1; i <= QUERIES_KEPT; i++) {
		struct query *query = &entry->queries[(entry->next - i) % QUERIES_KEPT];

		if (query->mark.packet && !query->answered && query->id == id && query->port == port &&
		    (type == 0 || query->type == type))
			return query;
	}
	return NULL;
}

static void add_addresses(struct pp_lookup *lookup, const struct pp_dns_message *message)
{
	if (message->address_count > 0 && (lookup->address_count == 0 || message->min_ttl < lookup->min_ttl))
		lookup->min_ttl = message->min_ttl;
	for (unsigned i = 0; i < message->address_count; i++) {
		unsigned k = 0;

		while (k < lookup->address_count && !pp_addr_equal(&lookup->addresses[k], &message->addresses[i]))
			k++;
		if (k < lookup->address_count)
			continue;
		if (k == PP_DNS_ADDRESSES_MAX)
			lookup->clipped = true;
		else
			lookup->addresses[lookup->address_count++] = message->addresses[i];
	}
}

/* The first reply with a chain tells it; a refusal's chain counts as well, for it says where the name led. */
static void add_aliases(struct pp_lookups *lookups, struct pp_lookup *lookup, const struct pp_dns_message *message)
{
	if (lookup->alias_count > 0)
		return;
	for (unsigned i = 0; i < message->alias_count; i++) {
		const char *alias = message->aliases[i];
		char *copy = pp_arena_copy(&lookups->arena, alias, strlen(alias) + 1);

		if (copy)
			lookup->aliases[lookup->alias_count++] = copy;
		else
			lookup->clipped = true;
	}
}

static bool succeeded(const struct pp_dns_question *question)
{
	return question->answered && question->rcode == PP_RCODE_NOERROR && !question->truncated;
}

static void add_reply(struct pp_lookups *lookups, struct entry *entry, const struct pp_dns_message *message,
		      uint16_t port, struct pp_mark mark)
{
	struct pp_lookup *lookup = &entry->lookup;
	struct query *query = query_of(entry, message->id, message->has_question ? message->type : 0, port);
	struct pp_dns_question *question = NULL;

	if (message->has_question || query)
		question = question_of(lookup, message->has_question ? message->type : query->type);
	if (query)
		query->answered = true;
	if (message->rcode == PP_RCODE_NOERROR)
		add_addresses(lookup, message);
	add_aliases(lookups, lookup, message);
	if (message->has_extended_error && !lookup->has_extended_error) {
		lookup->has_extended_error = true;
		lookup->extended_error = message->extended_error;
	}
	if (!question || succeeded(question))
		return;
	question->answered = true;
	question->reply = mark;
	question->rcode = message->rcode;
	question->truncated = message->truncated;
	question->address_count = (uint16_t)message->address_count;
	question->rtt_ns = query ? mark.ts - query->mark.ts : -1;
}

/* The latest lookup that sent from this port to this resolver; `id` NULL: whatever the message's id. */
static struct entry *recent_of(const struct pp_lookups *lookups, const struct pp_endpoint_addr *client,
			       const struct pp_endpoint_addr *resolver, const uint16_t *id)
{
	for (unsigned i = 1; i <= RECENT_KEPT; i++) {
		const struct recent *recent = &lookups->recent[(lookups->next - i) % RECENT_KEPT];

		if (recent->entry && recent->port == client->port && (!id || recent->id == *id) &&
		    same_lookup(&recent->entry->lookup, client, resolver, recent->entry->lookup.name))
			return recent->entry;
	}
	return NULL;
}

/* ------------------------------------------------------------------ interface */

struct pp_lookup_news pp_lookups_add(struct pp_lookups *lookups, const struct pp_dns_message *message,
				     const struct pp_endpoint_addr *src, const struct pp_endpoint_addr *dst,
				     bool over_tcp, struct pp_mark mark)
{
	const struct pp_endpoint_addr *client = message->response ? dst : src;
	const struct pp_endpoint_addr *resolver = message->response ? src : dst;
	struct pp_lookup_news news = { .lookup = NULL };
	struct entry *entry = NULL;

	if (message->has_question)
		entry = find_or_add(lookups, client, resolver, message->name);
	else if (message->response) /* some resolvers refuse without repeating the question */
		entry = recent_of(lookups, client, resolver, &message->id);
	if (!entry)
		return news;
	news = (struct pp_lookup_news){ &entry->lookup, entry->lookup.address_count };
	pp_mark_first(&entry->lookup.first, mark);
	entry->lookup.last = mark;
	entry->lookup.over_tcp |= over_tcp;
	entry->lookup.clipped |= message->clipped;
	if (message->response)
		add_reply(lookups, entry, message, client->port, mark);
	else
		add_query(lookups, entry, message, client->port, mark);
	return news;
}

void pp_lookups_icmp(struct pp_lookups *lookups, const struct pp_endpoint_addr *client,
		     const struct pp_endpoint_addr *resolver, const struct pp_addr *from, uint8_t type, uint8_t code,
		     struct pp_mark mark)
{
	struct entry *entry = recent_of(lookups, client, resolver, NULL);

	if (!entry)
		return;
	entry->lookup.last = mark;
	if (pp_seen(entry->lookup.icmp))
		return;
	entry->lookup.icmp = mark;
	entry->lookup.icmp_from = *from;
	entry->lookup.icmp_type = type;
	entry->lookup.icmp_code = code;
}

size_t pp_lookups_count(const struct pp_lookups *lookups) { return lookups->count; }

const struct pp_lookup *pp_lookups_at(const struct pp_lookups *lookups, size_t i)
{
	return &lookups->entries[i]->lookup;
}

uint64_t pp_lookups_refused(const struct pp_lookups *lookups) { return lookups->refused; }
