/* The diagnosis as a whole: observe, prepare, judge.  Weighing per host and over all is endpoint.c, expect.c,
 * conclude.c. */
#include "diagnose/diagnose.h"

#include "diagnose/account.h"
#include "diagnose/judge.h"
#include "diagnose/lookup.h"
#include "diagnose/machine.h"
#include "diagnose/others.h"

#include <stddef.h>
#include <stdlib.h>

static const size_t MEMORY_DEFAULT = (size_t)128 << 20; /* a quarter for names and verdicts kept for the end, … */
enum { RECORD_BYTES = 2048 };                           /* … and a record of every table for so much of it */
enum { PACKED_MAX = 1 << 20 };                          /* of a verdict */
#define FOLLOWS_NS PP_SECOND                            /* a file that begins so soon after another continues it */

/* ------------------------------------------------------------------ keys */

/* 128 bits of keyed hash stand for the bytes: nobody who writes captures can make two names meet. */
static struct pp_map_key key_of_bytes(const struct pp_diagnosis *diagnosis, const void *bytes, size_t len)
{
	struct pp_hash_pair pair = pp_hash_twice(&diagnosis->options.key, bytes, len);

	return (struct pp_map_key){ { pair.word[0], pair.word[1] } };
}

struct pp_map_key pp_key_of_text(const struct pp_diagnosis *diagnosis, const char *text)
{
	return key_of_bytes(diagnosis, text, strlen(text));
}

struct pp_map_key pp_key_of_name(struct pp_diagnosis *diagnosis, const char *name)
{
	size_t len = strlen(name);
	struct pp_recent_key *recent = &diagnosis->recent_keys[pp_mix_ends(name, len) % PP_RECENT_KEYS];

	if (recent->len == len && memcmp(recent->name, name, len) == 0)
		return recent->key;
	if (len == 0 || len > sizeof(recent->name))
		return key_of_bytes(diagnosis, name, len);
	recent->key = key_of_bytes(diagnosis, name, len);
	recent->len = (uint8_t)len;
	memcpy(recent->name, name, len);
	return recent->key;
}

struct pp_map_key pp_key_of_socket(const struct pp_diagnosis *diagnosis, const struct pp_endpoint_addr *socket)
{
	struct pp_addr_words words = pp_addr_words(&socket->ip);

	return key_of_bytes(diagnosis, (uint64_t[]){ words.high, words.low, socket->port }, 3 * sizeof(uint64_t));
}

struct pp_map_key pp_key_of_name_for(const struct pp_diagnosis *diagnosis, const struct pp_map_key *name,
				     const struct pp_addr *client)
{
	struct pp_addr_words words = { 0 };

	if (pp_stands_for_itself(client))
		words = pp_addr_words(client);
	return key_of_bytes(diagnosis, (uint64_t[]){ name->word[0], name->word[1], words.high, words.low },
			    4 * sizeof(uint64_t));
}

struct pp_map_key pp_key_of_moment(const struct pp_diagnosis *diagnosis, const struct pp_map_key *what, int64_t moment)
{
	return key_of_bytes(diagnosis, (uint64_t[]){ what->word[0], what->word[1], (uint64_t)moment },
			    3 * sizeof(uint64_t));
}

/* The same bit in every run, so not by the run's key; the worst a chosen name can do is to share one. */
static uint64_t bit_of_bytes(const void *bytes, size_t len)
{
	static const struct pp_hash_key same = { { 0, 0 } };

	return pp_bit_of(pp_hash(&same, bytes, len));
}

uint64_t pp_bit_of_text(const char *text) { return bit_of_bytes(text, strlen(text)); }

uint64_t pp_bit_of_host(const struct pp_host_record *record)
{
	static const struct pp_map_key nowhere;
	const struct pp_map_key *key = record ? &record->key : &nowhere;

	if (record && record->name)
		return pp_bit_of_text(record->name);
	return record && pp_host_is_named(record) ? 1 : bit_of_bytes(key, sizeof(*key)); /* the key is the address */
}

/* ------------------------------------------------------------------ life */

struct pp_diagnosis *pp_diagnosis_new(const struct pp_diagnosis_options *options)
{
	struct pp_diagnosis *diagnosis = calloc(1, sizeof(*diagnosis));
	size_t memory = options->memory ? options->memory : MEMORY_DEFAULT;
	uint32_t most = memory / RECORD_BYTES < PP_MAP_MOST ? (uint32_t)(memory / RECORD_BYTES) : PP_MAP_MOST;

	if (!diagnosis)
		return NULL;
	diagnosis->options = *options;
	pp_look_alikes_fill(diagnosis->look_alikes);
	pp_plans_fill(&diagnosis->plans);
	pp_pool_init(&diagnosis->pool, memory / 4);
	pp_arena_init(&diagnosis->arena, &diagnosis->pool);
	pp_pool_init(&diagnosis->end_pool, 0);
	pp_buf_init(&diagnosis->packing, PACKED_MAX);
	pp_arena_init(&diagnosis->end_arena, &diagnosis->end_pool);
	pp_wins_init(&diagnosis->wins, memory / 16);
	pp_map_init(&diagnosis->addresses, sizeof(struct pp_baseline), most, options->key);
	pp_map_init(&diagnosis->services, sizeof(struct pp_service), most, options->key);
	pp_map_init(&diagnosis->hosts, sizeof(struct pp_host_record), most, options->key);
	pp_map_init(&diagnosis->groups, sizeof(struct pp_group), 2 * most, options->key); /* several a host */
	pp_map_init(&diagnosis->legs, sizeof(struct pp_legs), most, options->key);
	pp_map_init(&diagnosis->openings, sizeof(struct pp_opening), most, options->key);
	pp_map_init(&diagnosis->resets, sizeof(struct pp_reset_second), most, options->key);
	pp_map_init(&diagnosis->probes, sizeof(struct pp_probes), most, options->key);
	pp_map_init(&diagnosis->names, sizeof(struct pp_name), most, options->key);
	pp_map_init(&diagnosis->issuers, sizeof(struct pp_known_issuer), most, options->key);
	return diagnosis;
}

static struct pp_map *map_at(struct pp_diagnosis *diagnosis, unsigned i)
{
	struct pp_map *maps[] = { &diagnosis->addresses, &diagnosis->services, &diagnosis->hosts,  &diagnosis->groups,
				  &diagnosis->legs,      &diagnosis->openings, &diagnosis->resets, &diagnosis->probes,
				  &diagnosis->names,     &diagnosis->issuers };

	return i < sizeof(maps) / sizeof(maps[0]) ? maps[i] : NULL;
}

void pp_diagnosis_free(struct pp_diagnosis *diagnosis)
{
	struct pp_map *map;

	if (!diagnosis)
		return;
	for (unsigned i = 0; (map = map_at(diagnosis, i)) != NULL; i++)
		pp_map_done(map);
	pp_wins_done(&diagnosis->wins);
	pp_arena_reset(&diagnosis->arena);
	pp_arena_reset(&diagnosis->end_arena);
	pp_pool_done(&diagnosis->pool);
	pp_buf_done(&diagnosis->packing);
	pp_pool_done(&diagnosis->end_pool);
	free(diagnosis);
}

uint64_t pp_diagnosis_refused(const struct pp_diagnosis *diagnosis)
{
	return diagnosis->pool.refused + diagnosis->addresses.refused + diagnosis->services.refused +
	       diagnosis->hosts.refused + diagnosis->groups.refused + diagnosis->legs.refused +
	       diagnosis->openings.refused + diagnosis->resets.refused + diagnosis->probes.refused +
	       diagnosis->names.refused + diagnosis->issuers.refused;
}

size_t pp_diagnosis_memory(const struct pp_diagnosis *diagnosis)
{
	const struct pp_map *const maps[] = { &diagnosis->addresses, &diagnosis->services, &diagnosis->hosts,
					      &diagnosis->legs };
	size_t bytes = diagnosis->pool.bytes + diagnosis->wins.pool.bytes;

	for (unsigned i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		bytes += pp_map_memory(maps[i]);
	return bytes;
}

/* ------------------------------------------------------------------ observe, prepare */

PP_APART static void observe_others(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
				    const struct pp_attribution *who, const struct pp_places *places)
{
	struct pp_other other;
	struct pp_shape shape;
	unsigned at = 0;

	while (pp_others_next(diagnosis, conn, who, &at, &other)) {
		struct pp_places its = *places;

		pp_shape_of(&other.conn, &shape);
		pp_contrast_observe(diagnosis, &other.conn, &other.who, &shape, &its);
		pp_group_observe(diagnosis, &other.conn, &other.who, &shape, &its);
	}
}

void pp_diagnosis_observe(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
			  const struct pp_attribution *who, struct pp_places *ret_places)
{
	struct pp_shape shape;

	pp_shape_of(conn, &shape);
	ret_places->address = pp_baseline_observe(diagnosis, conn, who, &shape);
	pp_contrast_observe(diagnosis, conn, who, &shape, ret_places);
	pp_group_observe(diagnosis, conn, who, &shape, ret_places);
	if (pp_has_others(conn))
		observe_others(diagnosis, conn, who, ret_places);
}

const char *pp_diagnosis_host(const struct pp_diagnosis *diagnosis, const struct pp_places *places)
{
	const struct pp_host_record *host = pp_map_place(&diagnosis->hosts, places->host);

	return host ? host->name : NULL;
}

uint32_t pp_diagnosis_host_place(const struct pp_diagnosis *diagnosis, const char *name, uint32_t otherwise)
{
	struct pp_map_key key = pp_key_of_text(diagnosis, name);
	uint32_t place = pp_map_look(&diagnosis->hosts, &key);

	return place ? place : otherwise;
}

/* A macro, because a compiler sees that a function like this changes nothing and drops its calls.  Records begin
 * anywhere in a line. */
#define PREFETCH(record, bytes)                                                                                        \
	do {                                                                                                           \
		const char *at_ = (const void *)(record);                                                              \
		for (size_t i_ = 0; at_ && i_ < (bytes); i_ += 64)                                                     \
			__builtin_prefetch(at_ + i_);                                                                  \
		if (at_)                                                                                               \
			__builtin_prefetch(at_ + (bytes)-1);                                                           \
	} while (0)

enum { EXPECTED_MOST = 16, FEW_HOSTS = 4096 };

bool pp_diagnosis_scattered(const struct pp_diagnosis *diagnosis) { return diagnosis->hosts.count >= FEW_HOSTS; }

void pp_diagnosis_expect(const struct pp_diagnosis *diagnosis, const struct pp_addr *servers, unsigned count)
{
	const struct pp_baseline *known[EXPECTED_MOST];
	uint32_t tags[EXPECTED_MOST];

	count = count < EXPECTED_MOST ? count : EXPECTED_MOST;
	for (unsigned i = 0; i < count; i++) {
		struct pp_map_key key = pp_key_of_addr(&servers[i]);

		tags[i] = pp_map_prefetch(&diagnosis->addresses, &key);
	}
	for (unsigned i = 0; i < count; i++) {
		known[i] = pp_map_guess(&diagnosis->addresses, tags[i]);
		PREFETCH(known[i], offsetof(struct pp_baseline, answered));
	}
	for (unsigned i = 0; i < count; i++) {
		if (!known[i])
			continue;
		PREFETCH(pp_map_place(&diagnosis->services, known[i]->service), sizeof(struct pp_service));
		PREFETCH(pp_map_place(&diagnosis->hosts, known[i]->host), sizeof(struct pp_host_record));
	}
}

void pp_diagnosis_expect_names(struct pp_diagnosis *diagnosis, const char *const *names, unsigned count)
{
	uint32_t tags[EXPECTED_MOST];

	count = count < EXPECTED_MOST ? count : EXPECTED_MOST;
	for (unsigned i = 0; i < count; i++) {
		struct pp_map_key key;

		if (!names[i])
			continue;
		key = pp_key_of_name(diagnosis, names[i]);
		tags[i] = pp_map_prefetch(&diagnosis->hosts, &key);
	}
	for (unsigned i = 0; i < count; i++)
		if (names[i])
			PREFETCH(pp_map_guess(&diagnosis->hosts, tags[i]), sizeof(struct pp_host_record));
}

void pp_diagnosis_prefetch(const struct pp_diagnosis *diagnosis, const struct pp_places *places)
{
	PREFETCH(pp_map_place(&diagnosis->addresses, places->address), offsetof(struct pp_baseline, hello));
	PREFETCH(pp_map_place(&diagnosis->services, places->service), offsetof(struct pp_service, passed));
	PREFETCH(pp_map_place(&diagnosis->hosts, places->host), sizeof(struct pp_host_record));
}

void pp_diagnosis_prefetch_more(const struct pp_diagnosis *diagnosis, const struct pp_places *places)
{
	const struct pp_host_record *host = pp_map_place(&diagnosis->hosts, places->host);

	if (host && host->candidates)
		__builtin_prefetch(host->candidates);
	if (host)
		PREFETCH(host->all, sizeof(*host->all));
}

enum pp_err pp_diagnosis_proxy(struct pp_diagnosis *diagnosis, const struct pp_endpoint_addr *proxy)
{
	struct pp_map_key key = pp_key_of_socket(diagnosis, proxy);
	struct pp_service *service = pp_map_add(&diagnosis->services, &key);

	if (!service)
		return PP_NOMEM;
	service->proxy = true;
	return PP_OK;
}

void pp_diagnosis_observe_lookup(struct pp_diagnosis *diagnosis, const struct pp_lookup *lookup,
				 const struct pp_attribution *who)
{
	pp_lookup_observe(diagnosis, lookup, who);
}

struct run {
	int64_t first, last;
	unsigned file;
};

static int by_first(const void *a, const void *b)
{
	const struct run *one = a, *two = b;

	if (one->first != two->first)
		return one->first < two->first ? -1 : 1;
	return one->file < two->file ? -1 : one->file > two->file;
}

/* Files of a ring follow one another: a connection that is open at the end of one waits on in the next.  Each run of
 * such files has one end. */
static void find_ends(struct pp_file_span *files, struct run *runs, unsigned count)
{
	unsigned begin = 0, run = 0;

	qsort(runs, count, sizeof(*runs), by_first);
	while (begin < count) {
		int64_t end = runs[begin].last;
		unsigned next = begin + 1;

		for (; next < count && runs[next].first <= end + FOLLOWS_NS; next++)
			if (runs[next].last > end)
				end = runs[next].last;
		for (; begin < next; begin++) {
			files[runs[begin].file].end = end;
			files[runs[begin].file].run = run;
		}
		run++;
	}
}

/* Connections that ended without a name are judged as some to hosts of which DNS told too late. */
static void expect_late_names(struct pp_diagnosis *diagnosis, const struct pp_names *names)
{
	struct pp_addr server;
	const char *name;
	uint32_t at = 0;

	while ((name = pp_names_late(names, &at, &server)) != NULL) {
		struct pp_map_key nameless = pp_key_of_addr(&server);

		pp_wins_want_host(&diagnosis->wins, pp_diagnosis_host_place(diagnosis, name, 0));
		pp_wins_want_host(&diagnosis->wins, pp_map_look(&diagnosis->hosts, &nameless));
	}
}

void pp_diagnosis_holes(struct pp_diagnosis *diagnosis, const int64_t *from, unsigned count)
{
	diagnosis->holes = from;
	diagnosis->hole_count = count;
}

void pp_diagnosis_prepare(struct pp_diagnosis *diagnosis, int64_t first, int64_t last,
			  const struct pp_capture *captures, unsigned capture_count,
			  const struct pp_neighbour *neighbours, unsigned neighbour_count)
{
	struct run *runs = pp_arena_alloc(&diagnosis->arena, (capture_count + 1) * sizeof(*runs));
	unsigned run_count = 0;

	(void)first;
	if (diagnosis->options.attributor && diagnosis->options.attributor->names)
		expect_late_names(diagnosis, diagnosis->options.attributor->names);
	pp_wins_settle(diagnosis);
	pp_overviews_settle(diagnosis);
	diagnosis->end = last;
	diagnosis->files = pp_arena_alloc(&diagnosis->arena, (capture_count + 1) * sizeof(*diagnosis->files));
	diagnosis->file_count = runs && diagnosis->files ? capture_count : 0;
	for (unsigned i = 0; i < diagnosis->file_count; i++) {
		const struct pp_source_info *source = captures[i].source;

		diagnosis->seen.client |= captures[i].unread_dns > 0; /* some host asked, for whatever name */
		diagnosis->files[i].end = last;
		if (source->first != PP_TIME_NONE && source->last != PP_TIME_NONE)
			runs[run_count++] = (struct run){ source->first, source->last, i };
	}
	if (run_count)
		find_ends(diagnosis->files, runs, run_count);
	pp_machine_observe(diagnosis, captures, diagnosis->file_count);
	if (neighbour_count)
		diagnosis->neighbours =
		    pp_arena_copy(&diagnosis->arena, neighbours, neighbour_count * sizeof(*neighbours));
	diagnosis->neighbour_count = diagnosis->neighbours ? neighbour_count : 0;
}

/* ------------------------------------------------------------------ judge */

static PP_ALWAYS void judge(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
			    const struct pp_attribution *who, const struct pp_places *places,
			    struct pp_judgement *ret_judgement)
{
	struct pp_case c;

	pp_case_of(&c, diagnosis, conn, who, places);
	pp_case_inspect(&c, diagnosis);
	c.signs = pp_signs_of(&c);
	pp_judge_connection(&diagnosis->plans, &c, ret_judgement);
	pp_account_connection(diagnosis, &c, &ret_judgement->verdict);
}

void pp_diagnosis_judge(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
			const struct pp_attribution *who, const struct pp_places *places,
			struct pp_judgement *ret_judgement)
{
	judge(diagnosis, conn, who, places, ret_judgement);
	diagnosis->flows[ret_judgement->verdict.outcome]++;
}

enum pp_err pp_diagnosis_judge_others(struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
				      const struct pp_attribution *who, const struct pp_places *places,
				      pp_tell_host tell, void *context)
{
	struct pp_judgement judgement;
	struct pp_other other;
	enum pp_err err = PP_OK;
	unsigned at = 0;

	while (err == PP_OK && pp_others_next(diagnosis, conn, who, &at, &other)) {
		struct pp_places its = *places;

		its.host = pp_diagnosis_host_place(diagnosis, other.who.host, 0);
		judge(diagnosis, &other.conn, &other.who, &its, &judgement);
		err = tell(context, &other.conn, &other.who, &judgement);
	}
	return err;
}

void pp_diagnosis_judge_lookup(struct pp_diagnosis *diagnosis, const struct pp_lookup *lookup,
			       const struct pp_attribution *who, struct pp_judgement *ret_judgement)
{
	struct pp_case c;

	pp_case_of_lookup(&c, diagnosis, lookup, who);
	pp_judge_lookup(&c, ret_judgement);
	pp_account_lookup(diagnosis, &c, &ret_judgement->verdict);
}

enum pp_err pp_diagnosis_conclude(struct pp_diagnosis *diagnosis)
{
	enum pp_err err = pp_endpoints_weigh(diagnosis);

	if (err == PP_OK)
		err = pp_expectations_weigh(diagnosis);
	return err == PP_OK ? pp_conclusion_draw(diagnosis) : err;
}

size_t pp_diagnosis_endpoint_count(const struct pp_diagnosis *diagnosis) { return diagnosis->endpoint_count; }

const struct pp_endpoint *pp_diagnosis_endpoint_at(struct pp_diagnosis *diagnosis, size_t i)
{
	return pp_endpoint_of(diagnosis, diagnosis->endpoints[i]);
}

size_t pp_diagnosis_expectation_count(const struct pp_diagnosis *diagnosis) { return diagnosis->expectation_count; }

const struct pp_expectation *pp_diagnosis_expectation_at(const struct pp_diagnosis *diagnosis, size_t i)
{
	return &diagnosis->expectations[i];
}

const struct pp_conclusion *pp_diagnosis_conclusion(const struct pp_diagnosis *diagnosis)
{
	return &diagnosis->conclusion;
}
