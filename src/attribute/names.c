/* Which name a client meant by an address: the latest DNS answer before the moment asked about.
 *
 * A hash table holds one tree of answers per (client, server address), ordered by time.  A client asks by one address
 * and connects by another where the families differ: which address of the other family is its own nobody tells, so such
 * answers are kept for nobody, and name what anybody connects to as long as one client was told that address.
 *
 * The trees are treaps whose priorities come from the keyed hash: thousands of names for one address, in whatever
 * order a capture brings them, cost a logarithm each and never a list.  Nodes refer to each other by number, because
 * the array that holds them grows.
 *
 * Invariants  node 0 is no node.  A slot holds the root of its tree, whose key is the slot's key.  The table is at most
 *             half full.
 */
#include "attribute/attribute.h"
#include "base/buf.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWERS_MAX = 1 << 24 }; /* their bytes fit 32 bits */
enum { IN_VAIN = 4096, BLIND = 64 };

struct key {
	struct pp_addr client, server;
};

struct answer {
	struct key key;
	int64_t ts;
	const char *name;
	uint32_t left, right; /* earlier; later or the same time */
	uint32_t priority;
	uint32_t asker : 30; /* who was told it, hashed */
	uint32_t late : 1;   /* it came for a moment that had been asked about */
	uint32_t shared : 1; /* of a root: its tree has answers to several */
};

/* An answer nobody could read: it may have given any address another name. */
struct blind {
	int64_t ts;
	uint32_t asker;
};

struct pp_names {
	struct pp_hash_key hash_key;
	struct pp_buf answers; /* struct answer */
	struct pp_buf slots;   /* uint32_t; a power of two */
	uint32_t cap, count;   /* of answers, without node 0 */
	uint32_t trees, slot_count;
	uint64_t refused;
	bool any_late, any_crossed; /* crossed: kept for nobody */
	/* The latest step of time asked about without finding a name, hashed. */
	uint32_t in_vain[IN_VAIN];
	struct blind blind[BLIND]; /* the last ones */
	uint64_t blind_count;      /* of all there were */
};

static struct answer *at(const struct pp_names *names, uint32_t node)
{
	return (struct answer *)(void *)names->answers.p + node;
}

static uint32_t *slots(const struct pp_names *names) { return (uint32_t *)(void *)names->slots.p; }

struct pp_names *pp_names_new(size_t cap, struct pp_hash_key key)
{
	struct pp_names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->hash_key = key;
	names->cap = cap < ANSWERS_MAX ? (uint32_t)cap : ANSWERS_MAX;
	pp_buf_init(&names->answers, SIZE_MAX);
	pp_buf_init(&names->slots, SIZE_MAX);
	return names;
}

void pp_names_free(struct pp_names *names)
{
	if (!names)
		return;
	pp_buf_done(&names->answers);
	pp_buf_done(&names->slots);
	free(names);
}

uint64_t pp_names_refused(const struct pp_names *names) { return names->refused; }

/* The slot of a key, or the free one where it belongs; there must be slots. */
static uint32_t *find_slot(const struct pp_names *names, const struct key *key)
{
	for (uint64_t hash = pp_hash(&names->hash_key, key, sizeof(*key));; hash++) {
		uint32_t *slot = &slots(names)[hash & (names->slot_count - 1)];

		if (*slot == 0 || memcmp(&at(names, *slot)->key, key, sizeof(*key)) == 0)
			return slot;
	}
}

static enum pp_err grow_slots(struct pp_names *names)
{
	struct pp_buf old = names->slots;
	uint32_t old_count = names->slot_count;
	enum pp_err err;

	if (names->trees < old_count / 2)
		return PP_OK;
	pp_buf_init(&names->slots, SIZE_MAX);
	names->slot_count = old_count ? 2 * old_count : 64;
	err = pp_buf_reserve(&names->slots, names->slot_count * sizeof(uint32_t));
	if (err != PP_OK) {
		names->slots = old;
		names->slot_count = old_count;
		return err;
	}
	memset(names->slots.p, 0, names->slot_count * sizeof(uint32_t));
	for (uint32_t i = 0; i < old_count; i++) {
		uint32_t root = ((uint32_t *)(void *)old.p)[i];

		if (root)
			*find_slot(names, &at(names, root)->key) = root;
	}
	pp_buf_done(&old);
	return PP_OK;
}

/* Cuts a tree at a time: what is not later goes to *lo. */
static void split(const struct pp_names *names, uint32_t node, int64_t ts, uint32_t *lo, uint32_t *hi)
{
	while (node) {
		struct answer *answer = at(names, node);

		if (answer->ts <= ts) {
			*lo = node;
			lo = &answer->right;
			node = *lo;
		} else {
			*hi = node;
			hi = &answer->left;
			node = *hi;
		}
	}
	*lo = *hi = 0;
}

static void insert(const struct pp_names *names, uint32_t *root, uint32_t node)
{
	struct answer *answer = at(names, node);

	while (*root && at(names, *root)->priority >= answer->priority)
		root = answer->ts < at(names, *root)->ts ? &at(names, *root)->left : &at(names, *root)->right;
	split(names, *root, answer->ts, &answer->left, &answer->right);
	*root = node;
}

/* Steps of two seconds fit 32 bits. */
static uint32_t step_of(int64_t ts) { return ts < 0 ? 0 : (uint32_t)(ts >> 31); }

/* Without the key: whoever makes two of them meet makes answers late that are not, no more. */
static uint32_t *in_vain(struct pp_names *names, const struct pp_addr *client, const struct pp_addr *server)
{
	struct pp_addr_words from = pp_addr_words(client), to = pp_addr_words(server);
	uint64_t mix = (from.high ^ from.low) * 3 + (to.high ^ to.low);

	return &names->in_vain[(mix ^ mix >> 32) * UINT64_C(0x9e3779b97f4a7c15) >> 52];
}

/* Without the key, too: two that meet count as one, so what one of them was told may name what the other connects to. */
static uint32_t asker_of(const struct pp_addr *client)
{
	struct pp_addr_words from = pp_addr_words(client);
	uint64_t mix = from.high * 3 + from.low;

	return (uint32_t)((mix ^ mix >> 32) * UINT64_C(0x9e3779b97f4a7c15) >> 34);
}

static enum pp_err add(struct pp_names *names, const struct key *key, uint32_t asker, const char *name, int64_t ts)
{
	uint32_t node = names->count + 1, *slot;
	bool shared;
	size_t need = (node + 1u) * sizeof(struct answer);
	enum pp_err err = names->count < names->cap ? PP_OK : PP_LIMIT;

	if (err == PP_OK)
		err = pp_buf_reserve(&names->answers, need - names->answers.len);
	if (err == PP_OK)
		err = grow_slots(names);
	if (err != PP_OK)
		return err;
	names->answers.len = need;
	names->count = node;
	*at(names, node) = (struct answer){
		.key = *key,
		.ts = ts,
		.name = name,
		.priority = (uint32_t)pp_hash(&names->hash_key, &node, sizeof(node)),
		.asker = asker,
		.late = *in_vain(names, &key->client, &key->server) >= step_of(ts),
	};
	names->any_late |= at(names, node)->late;
	slot = find_slot(names, key);
	names->trees += *slot == 0;
	shared = *slot && (at(names, *slot)->shared || at(names, *slot)->asker != asker);
	insert(names, slot, node);
	at(names, *slot)->shared = shared;
	return PP_OK;
}

/* When the answer that brought an address came: of its own type where that is known. */
static int64_t answered_at(const struct pp_lookup *lookup, const struct pp_addr *addr)
{
	uint16_t type = pp_addr_is_v4(addr) ? PP_DNS_A : PP_DNS_AAAA;
	int64_t any = lookup->last.ts;

	for (unsigned i = 0; i < lookup->question_count; i++) {
		const struct pp_dns_question *question = &lookup->questions[i];

		if (!question->answered || question->rcode != PP_RCODE_NOERROR || !pp_seen(question->reply))
			continue;
		if (question->type == type)
			return question->reply.ts;
		any = question->reply.ts;
	}
	return any;
}

static const struct pp_addr nobody;

/* Loopback is every machine's, and its answers are those that the machine has asked for by its own address. */
static bool crosses(const struct pp_addr *client, const struct pp_addr *server)
{
	return pp_addr_is_v4(client) != pp_addr_is_v4(server) && !pp_addr_is_loopback(client);
}

void pp_names_add(struct pp_names *names, const struct pp_lookup *lookup, unsigned known)
{
	uint32_t asker = asker_of(&lookup->client.ip);

	if (!lookup->name || lookup->name[0] == '\0')
		return;
	for (unsigned i = known; i < lookup->address_count; i++) {
		bool crossed = crosses(&lookup->client.ip, &lookup->addresses[i]);
		struct key key = { crossed ? nobody : lookup->client.ip, lookup->addresses[i] };

		names->any_crossed |= crossed;
		if (add(names, &key, asker, lookup->name, answered_at(lookup, &key.server)) != PP_OK)
			names->refused++;
	}
}

static const struct answer *search(const struct pp_names *names, const struct key *key, int64_t when)
{
	const struct answer *found = NULL;
	uint32_t node;

	if (names->slot_count == 0)
		return NULL;
	for (node = *find_slot(names, key); node;) {
		const struct answer *answer = at(names, node);

		if (answer->ts <= when)
			found = answer;
		node = answer->ts <= when ? answer->right : answer->left;
	}
	return found;
}

/* What the client was told itself, else what the only one who was told that address was. */
static const struct answer *answer_for(const struct pp_names *names, const struct pp_addr *client,
				       const struct pp_addr *server, int64_t when)
{
	const struct key crossed = { nobody, *server };
	const struct answer *answer = search(names, &(struct key){ *client, *server }, when);

	if (answer || !names->any_crossed)
		return answer;
	answer = search(names, &crossed, when);
	return answer && !at(names, *find_slot(names, &crossed))->shared ? answer : NULL;
}

void pp_names_blind(struct pp_names *names, const struct pp_addr *client, int64_t at)
{
	names->blind[names->blind_count++ % BLIND] = (struct blind){ at, asker_of(client) };
}

/* Whether anything that was told to whom this answer was told, since then and until that moment, could not be read; of
 * what is kept no more it may be. */
static bool is_blind(const struct pp_names *names, const struct answer *answer, int64_t until)
{
	uint64_t kept = names->blind_count < BLIND ? names->blind_count : BLIND;
	int64_t oldest = INT64_MAX;

	for (uint64_t i = 0; i < kept; i++) {
		const struct blind *blind = &names->blind[i];

		oldest = blind->ts < oldest ? blind->ts : oldest;
		if (blind->ts > answer->ts && blind->ts <= until && blind->asker == answer->asker)
			return true;
	}
	return names->blind_count > BLIND && answer->ts < oldest;
}

/* Notes that it was asked about without finding a name. */
static void ask_in_vain(struct pp_names *names, const struct pp_addr *client, const struct pp_addr *server,
			int64_t when)
{
	uint32_t *latest = in_vain(names, client, server), step = step_of(when);

	if (step > *latest)
		*latest = step;
}

const char *pp_names_find(struct pp_names *names, const struct pp_addr *client, const struct pp_addr *server,
			  int64_t when)
{
	const struct answer *answer = answer_for(names, client, server, when);

	if (answer)
		return is_blind(names, answer, when) ? NULL : answer->name;
	ask_in_vain(names, client, server, when);
	ask_in_vain(names, &nobody, server, when);
	return NULL;
}

bool pp_names_any_late(const struct pp_names *names) { return names->any_late; }

const char *pp_names_late(const struct pp_names *names, uint32_t *at_answer, struct pp_addr *ret_server)
{
	while (*at_answer < names->count) {
		const struct answer *answer = at(names, ++*at_answer);

		if (!answer->late)
			continue;
		*ret_server = answer->key.server;
		return answer->name;
	}
	return NULL;
}
