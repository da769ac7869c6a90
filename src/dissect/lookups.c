/* The table of lookups.  Something is heard of a few of them at a time: those are open, the others packed, in a tenth of
 * the memory. */
#include "dissect/dns.h"

#include "dissect/lookup_pack.h"

#include <stddef.h>
#include <string.h>

enum { OPEN_MOST = 8, RECENT_KEPT = 256, ROOM_FIRST = 64, GRAIN = 16 }; /* powers of two; OPEN_MOST fits a byte */

struct entry {
	uint8_t *packed; /* NULL: it has been open from the beginning */
	uint32_t hash;
	uint16_t room; /* at `packed` */
	uint8_t slot;  /* where it is open, + 1; 0: it is not */
	char name[];
};

struct slot {
	struct entry *entry; /* NULL: free */
	struct pp_open_lookup open;
	char aliases[PP_DNS_ALIASES_MAX][256]; /* that it was opened without */
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
	struct entry **entries; /* in order of first packets */
	uint32_t *buckets;      /* 2 * room, open addressing; an index into entries + 1, 0: free */
	struct slot slots[OPEN_MOST];
	unsigned next_slot;
	uint8_t packing[PP_LOOKUP_PACKED_MOST];
	struct pp_open_lookup view;        /* of a packed one that is looked at */
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

static uint32_t hash_of(const struct pp_lookups *lookups, const struct pp_endpoint_addr *client,
			const struct pp_endpoint_addr *resolver, const char *name)
{
	struct key key;
	size_t len = strlen(name);

	memcpy(key.client, client->ip.b, sizeof(key.client));
	memcpy(key.resolver, resolver->ip.b, sizeof(key.resolver));
	key.port = resolver->port;
	memcpy(key.name, name, len);
	return (uint32_t)pp_hash(&lookups->key, &key, offsetof(struct key, name) + len);
}

static bool is_between(const struct pp_lookups *lookups, const struct entry *entry,
		       const struct pp_endpoint_addr *client, const struct pp_endpoint_addr *resolver)
{
	const struct pp_lookup *lookup;
	struct pp_lookup ends;

	if (entry->slot) {
		lookup = &lookups->slots[entry->slot - 1].open.lookup;
	} else {
		pp_lookup_unpack_ends(&ends, entry->packed);
		lookup = &ends;
	}
	return pp_addr_equal(&lookup->client.ip, &client->ip) && pp_addr_equal(&lookup->resolver.ip, &resolver->ip) &&
	       lookup->resolver.port == resolver->port;
}

/* The bucket of an equal lookup, or the free one where it belongs. */
static uint32_t *bucket_of(const struct pp_lookups *lookups, uint32_t hash, const struct pp_endpoint_addr *client,
			   const struct pp_endpoint_addr *resolver, const char *name)
{
	size_t mask = 2 * lookups->room - 1, at = hash & mask;

	for (;; at = (at + 1) & mask) {
		const struct entry *entry;

		if (lookups->buckets[at] == 0)
			return &lookups->buckets[at];
		entry = lookups->entries[lookups->buckets[at] - 1];
		if (entry->hash == hash && strcmp(entry->name, name) == 0 &&
		    is_between(lookups, entry, client, resolver))
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
		size_t at = lookups->entries[i]->hash & mask;

		entries[i] = lookups->entries[i];
		while (buckets[at] != 0)
			at = (at + 1) & mask;
		buckets[at] = (uint32_t)(i + 1);
	}
	lookups->room = room;
	lookups->entries = entries;
	lookups->buckets = buckets;
}

/* ------------------------------------------------------------------ open and packed */

/* False without memory: then it stays open. */
static bool put_away(struct pp_lookups *lookups, struct slot *slot)
{
	struct entry *entry = slot->entry;
	size_t len = pp_lookup_pack(&slot->open, lookups->packing);

	if (len > entry->room) {
		/* One that grows may do so again. */
		size_t room = (len + (entry->packed ? len / 4 : 0) + GRAIN - 1) / GRAIN * GRAIN;
		uint8_t *packed = pp_arena_alloc(&lookups->arena, room);

		if (!packed)
			return false;
		entry->packed = packed;
		entry->room = (uint16_t)room;
	}
	memcpy(entry->packed, lookups->packing, len);
	entry->slot = 0;
	slot->entry = NULL;
	return true;
}

/* The one that was opened first becomes free, or the next that can; NULL without memory. */
static struct slot *free_slot(struct pp_lookups *lookups)
{
	for (unsigned i = 0; i < OPEN_MOST; i++) {
		struct slot *slot = &lookups->slots[lookups->next_slot++ % OPEN_MOST];

		if (!slot->entry || put_away(lookups, slot))
			return slot;
	}
	return NULL;
}

/* NULL without memory. */
static struct slot *open_entry(struct pp_lookups *lookups, struct entry *entry)
{
	struct slot *slot;

	if (entry->slot)
		return &lookups->slots[entry->slot - 1];
	slot = free_slot(lookups);
	if (!slot)
		return NULL;
	pp_lookup_unpack(&slot->open, entry->packed, entry->name);
	slot->entry = entry;
	entry->slot = (uint8_t)(slot - lookups->slots + 1);
	return slot;
}

static struct slot *new_entry(struct pp_lookups *lookups, const struct pp_endpoint_addr *client,
			      const struct pp_endpoint_addr *resolver, const char *name, uint32_t hash)
{
	struct slot *slot = free_slot(lookups);
	size_t len = strlen(name) + 1;
	struct entry *entry = slot ? pp_arena_alloc(&lookups->arena, offsetof(struct entry, name) + len) : NULL;

	if (!entry)
		return NULL;
	entry->hash = hash;
	entry->slot = (uint8_t)(slot - lookups->slots + 1);
	memcpy(entry->name, name, len);
	memset(&slot->open, 0, sizeof(slot->open));
	slot->entry = entry;
	slot->open.lookup = (struct pp_lookup){ .client = *client, .resolver = *resolver, .name = entry->name };
	slot->open.lookup.replies_only = true; /* until a query comes */
	return slot;
}

/* The lookup, open, made when it is new; NULL at the cap or without memory. */
static struct slot *find_or_add(struct pp_lookups *lookups, const struct pp_endpoint_addr *client,
				const struct pp_endpoint_addr *resolver, const char *name)
{
	uint32_t hash = hash_of(lookups, client, resolver, name);
	struct slot *slot = NULL;
	uint32_t *bucket;

	if (lookups->count == lookups->room && lookups->room < lookups->cap)
		grow(lookups);
	if (lookups->room == 0) {
		lookups->refused++;
		return NULL;
	}
	bucket = bucket_of(lookups, hash, client, resolver, name);
	if (*bucket != 0)
		slot = open_entry(lookups, lookups->entries[*bucket - 1]);
	else if (lookups->count < lookups->cap && lookups->count < lookups->room)
		slot = new_entry(lookups, client, resolver, name, hash);
	if (!slot) {
		lookups->refused++;
		return NULL;
	}
	if (*bucket == 0) {
		lookups->entries[lookups->count++] = slot->entry;
		*bucket = (uint32_t)lookups->count;
	}
	return slot;
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

static void add_query(struct pp_lookups *lookups, struct slot *slot, const struct pp_dns_message *message,
		      uint16_t port, struct pp_mark mark)
{
	struct pp_open_lookup *open = &slot->open;
	struct pp_dns_question *question = question_of(&open->lookup, message->type);

	if (open->lookup.replies_only)
		open->lookup.client.port = port;
	open->lookup.replies_only = false;
	open->queries[open->next++ % PP_QUERIES_KEPT] =
	    (struct pp_dns_query){ .id = message->id, .type = message->type, .port = port, .mark = mark };
	lookups->recent[lookups->next++ % RECENT_KEPT] =
	    (struct recent){ .entry = slot->entry, .id = message->id, .port = port };
	if (!question)
		return;
	question->queries += question->queries < UINT16_MAX;
	pp_mark_first(&question->first_query, mark);
	question->last_query = mark;
}

/* The latest unanswered query with this id; any type when `type` is 0. */
static struct pp_dns_query *query_of(struct pp_open_lookup *open, uint16_t id, uint16_t type, uint16_t port)
{
	for (unsigned i = 1; i <= PP_QUERIES_KEPT; i++) {
		struct pp_dns_query *query = &open->queries[(open->next - i) % PP_QUERIES_KEPT];

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
static void add_aliases(struct slot *slot, const struct pp_dns_message *message)
{
	struct pp_lookup *lookup = &slot->open.lookup;

	if (lookup->alias_count > 0)
		return;
	for (unsigned i = 0; i < message->alias_count; i++) {
		memcpy(slot->aliases[i], message->aliases[i], strlen(message->aliases[i]) + 1);
		lookup->aliases[lookup->alias_count++] = slot->aliases[i];
	}
}

static bool succeeded(const struct pp_dns_question *question)
{
	return question->answered && question->rcode == PP_RCODE_NOERROR && !question->truncated;
}

static void add_reply(struct slot *slot, const struct pp_dns_message *message, uint16_t port, struct pp_mark mark)
{
	struct pp_lookup *lookup = &slot->open.lookup;
	struct pp_dns_query *query =
	    query_of(&slot->open, message->id, message->has_question ? message->type : 0, port);
	struct pp_dns_question *question = NULL;

	if (message->has_question || query)
		question = question_of(lookup, message->has_question ? message->type : query->type);
	if (query)
		query->answered = true;
	if (message->rcode == PP_RCODE_NOERROR)
		add_addresses(lookup, message);
	add_aliases(slot, message);
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
static struct slot *open_recent(struct pp_lookups *lookups, const struct pp_endpoint_addr *client,
				const struct pp_endpoint_addr *resolver, const uint16_t *id)
{
	for (unsigned i = 1; i <= RECENT_KEPT; i++) {
		const struct recent *recent = &lookups->recent[(lookups->next - i) % RECENT_KEPT];

		if (recent->entry && recent->port == client->port && (!id || recent->id == *id) &&
		    is_between(lookups, recent->entry, client, resolver))
			return open_entry(lookups, recent->entry);
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
	struct slot *slot = NULL;
	struct pp_lookup *lookup;

	if (message->has_question)
		slot = find_or_add(lookups, client, resolver, message->name);
	else if (message->response) /* some resolvers refuse without repeating the question */
		slot = open_recent(lookups, client, resolver, &message->id);
	if (!slot)
		return news;
	lookup = &slot->open.lookup;
	news = (struct pp_lookup_news){ lookup, lookup->address_count };
	pp_mark_first(&lookup->first, mark);
	lookup->last = mark;
	lookup->over_tcp |= over_tcp;
	lookup->clipped |= message->clipped || message->answers_cut;
	if (message->response)
		add_reply(slot, message, client->port, mark);
	else
		add_query(lookups, slot, message, client->port, mark);
	return news;
}

void pp_lookups_icmp(struct pp_lookups *lookups, const struct pp_endpoint_addr *client,
		     const struct pp_endpoint_addr *resolver, const struct pp_addr *from, uint8_t type, uint8_t code,
		     struct pp_mark mark)
{
	struct slot *slot = open_recent(lookups, client, resolver, NULL);
	struct pp_lookup *lookup;

	if (!slot)
		return;
	lookup = &slot->open.lookup;
	lookup->last = mark;
	if (pp_seen(lookup->icmp))
		return;
	lookup->icmp = mark;
	lookup->icmp_from = *from;
	lookup->icmp_type = type;
	lookup->icmp_code = code;
}

size_t pp_lookups_count(const struct pp_lookups *lookups) { return lookups->count; }

const struct pp_lookup *pp_lookups_at(struct pp_lookups *lookups, size_t i)
{
	const struct entry *entry = lookups->entries[i];

	if (entry->slot)
		return &lookups->slots[entry->slot - 1].open.lookup;
	pp_lookup_unpack(&lookups->view, entry->packed, entry->name);
	return &lookups->view.lookup;
}

uint64_t pp_lookups_refused(const struct pp_lookups *lookups) { return lookups->refused; }
