/* The index is a trie over labels from the right ("com", "azure.com", "arc.azure.com"), kept as one hash table from
 * suffix to node.  Each pattern hangs at the node of its literal suffix, best first.  A search walks inwards while
 * there are nodes (a strange name ends after one or two probes) and comes back outwards, so the first match is the
 * best.  The hash runs from right to left: every suffix costs only its own label.
 *
 * Invariants  a node's parent is the node of the same suffix without its first label; node 0 is the empty suffix.
 *             A search reads each character of the name once, besides the few wildcard labels at the nodes it meets.
 */
#include "attribute/pattern.h"

#include <stdlib.h>
#include <string.h>

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

bool pp_same_text(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b))
		a++, b++;
	return lower(*a) == lower(*b);
}

bool pp_host_set(struct pp_host *host, const char *name)
{
	size_t len = strlen(name);

	if (len > sizeof(host->text))
		return false;
	for (size_t i = 0; i < len; i++)
		host->text[i] = lower(name[i]);
	if (len && host->text[len - 1] == '.')
		len--;
	host->len = len;
	return len > 0;
}

/* Greedy: only the last '*' is ever tried again, because an earlier one that ends sooner leaves no less to match.  So
 * the work is at most pattern times text. */
static bool glob(const char *pattern, size_t pattern_len, const char *text, size_t text_len)
{
	size_t p = 0, t = 0, star = SIZE_MAX, from = 0;

	while (t < text_len) {
		if (p < pattern_len && pattern[p] == '*') {
			star = p++;
			from = t;
		} else if (p < pattern_len && lower(pattern[p]) == lower(text[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern_len && pattern[p] == '*')
		p++;
	return p == pattern_len;
}

bool pp_glob(const char *pattern, const char *text)
{
	if (pattern[0] != '*' && lower(pattern[0]) != lower(text[0]))
		return false;
	return glob(pattern, strlen(pattern), text, strlen(text));
}

/* Grammar */

static bool label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*';
}

static const char *check_label(const char *label, size_t len)
{
	if (len == 0)
		return "empty label";
	if (len > PP_LABEL_MAX)
		return "label is longer than 63 characters";
	for (size_t i = 0; i < len; i++) {
		if (!label_char(label[i]))
			return "character that no host name has";
		if (i && label[i] == '*' && label[i - 1] == '*')
			return "'**' means nothing";
	}
	return NULL;
}

/* Where the label that ends at `end` begins. */
static size_t label_begin(const char *text, size_t end)
{
	while (end && text[end - 1] != '.')
		end--;
	return end;
}

static bool is_star(const char *text, size_t begin, size_t end) { return end - begin == 1 && text[begin] == '*'; }

/* Walks the labels from the right; fills in what matching needs to know. */
static const char *classify(struct pp_pattern *pattern)
{
	const char *text = pattern->text, *why;
	bool literal = true, first_star = false, last_star = false;
	size_t begin, end = pattern->len;

	pattern->left = pattern->len;
	for (;;) {
		begin = label_begin(text, end);
		why = check_label(text + begin, end - begin);
		if (why)
			return why;
		if (is_star(text, begin, end)) {
			first_star |= begin == 0;
			last_star |= end == pattern->len;
		}
		literal = literal && !memchr(text + begin, '*', end - begin);
		if (literal) {
			pattern->literal_labels++;
			pattern->left = (uint16_t)(begin ? begin - 1 : 0);
		}
		for (size_t i = begin; i < end; i++)
			pattern->literal_chars += text[i] != '*';
		if (begin == 0)
			break;
		end = begin - 1;
	}
	if (pattern->literal_chars == 0)
		return "only wildcards";
	if (first_star && last_star)
		return "wildcard at both ends";
	pattern->kind = literal ? PP_PATTERN_EXACT : last_star ? PP_PATTERN_PREFIX : PP_PATTERN_SUFFIX;
	return NULL;
}

enum pp_err pp_pattern_parse(struct pp_arena *arena, const char *text, struct pp_pattern *ret_pattern,
			     const char **ret_why)
{
	struct pp_pattern pattern = { 0 };
	size_t len = strlen(text);
	char *copy;

	*ret_why = "longer than 253 characters";
	if (len > PP_PATTERN_TEXT_MAX)
		return PP_MALFORMED;
	copy = pp_arena_alloc(arena, len + 1);
	if (!copy)
		return PP_NOMEM;
	for (size_t i = 0; i < len; i++)
		copy[i] = lower(text[i]);
	pattern.text = copy;
	pattern.len = (uint16_t)len;
	*ret_why = classify(&pattern);
	if (*ret_why)
		return PP_MALFORMED;
	*ret_pattern = pattern;
	return PP_OK;
}

/* Matching: `host_len` is the part of the host left of what already matched. */

static bool match_label(const char *pattern, size_t pattern_len, const char *label, size_t label_len)
{
	return label_len > 0 && glob(pattern, pattern_len, label, label_len);
}

/* The labels left of the literal suffix, from the right; a leading '*' takes all that is left. */
static bool match_left(const struct pp_pattern *pattern, const char *host, size_t host_len)
{
	size_t end = pattern->left, host_end = host_len;

	for (;;) {
		size_t begin = label_begin(pattern->text, end), host_begin = label_begin(host, host_end);

		if (begin == 0 && is_star(pattern->text, begin, end))
			return host_end > 0;
		if (!match_label(pattern->text + begin, end - begin, host + host_begin, host_end - host_begin))
			return false;
		if (begin == 0 || host_begin == 0)
			return begin == 0 && host_begin == 0;
		end = begin - 1;
		host_end = host_begin - 1;
	}
}

/* The labels before the final '.*', from the left. */
static bool match_right(const struct pp_pattern *pattern, const char *host, size_t host_len)
{
	size_t begin = 0, host_begin = 0, last = pattern->len - 2u; /* the dot of ".*" */

	while (begin < last) {
		const char *dot = memchr(pattern->text + begin, '.', pattern->len - begin);
		const char *host_dot = memchr(host + host_begin, '.', host_len - host_begin);
		size_t end = (size_t)(dot - pattern->text), host_end;

		if (!host_dot)
			return false;
		host_end = (size_t)(host_dot - host);
		if (!match_label(pattern->text + begin, end - begin, host + host_begin, host_end - host_begin))
			return false;
		begin = end + 1;
		host_begin = host_end + 1;
	}
	return host_begin < host_len;
}

/* What is left of the literal suffix; `left` is SIZE_MAX when nothing is, not even a dot. */
static bool match_rest(const struct pp_pattern *pattern, const struct pp_host *host, size_t left)
{
	switch (pattern->kind) {
	case PP_PATTERN_EXACT:
		return left == SIZE_MAX;
	case PP_PATTERN_SUFFIX:
		return left != SIZE_MAX && match_left(pattern, host->text, left);
	case PP_PATTERN_PREFIX:
		return match_right(pattern, host->text, host->len);
	}
	return false;
}

/* Length of the literal labels at the right end, the dot before them not counted. */
static size_t suffix_len(const struct pp_pattern *pattern)
{
	if (pattern->literal_labels == 0)
		return 0;
	return pattern->kind == PP_PATTERN_EXACT ? pattern->len : pattern->len - pattern->left - 1u;
}

/* Length of the host left of a suffix of it; SIZE_MAX when the suffix is the whole of it. */
static size_t left_of(const struct pp_host *host, size_t suffix)
{
	if (suffix == 0)
		return host->len;
	return host->len == suffix ? SIZE_MAX : host->len - suffix - 1;
}

bool pp_pattern_match(const struct pp_pattern *pattern, const struct pp_host *host)
{
	size_t suffix = suffix_len(pattern);

	if (suffix > host->len ||
	    memcmp(host->text + host->len - suffix, pattern->text + pattern->len - suffix, suffix) != 0)
		return false;
	if (suffix && suffix < host->len && host->text[host->len - suffix - 1] != '.')
		return false;
	return match_rest(pattern, host, left_of(host, suffix));
}

static int more_first(unsigned a, unsigned b) { return (a < b) - (a > b); }

int pp_pattern_compare(const struct pp_pattern *a, const struct pp_pattern *b)
{
	int exact = more_first(a->kind == PP_PATTERN_EXACT, b->kind == PP_PATTERN_EXACT);
	int labels = more_first(a->literal_labels, b->literal_labels);

	return exact ? exact : labels ? labels : more_first(a->literal_chars, b->literal_chars);
}

/* Index */

struct node {
	const char *suffix; /* in a pattern's text */
	uint32_t len;
	uint32_t hash;
	uint32_t parent;
	uint32_t first, count; /* of `order` */
};

struct pp_pattern_index {
	const struct pp_pattern *patterns;
	uint32_t *order; /* pattern numbers, grouped by node, best first */
	struct node *nodes;
	uint32_t node_count;
	uint32_t *slots; /* node numbers; 0 is the root and therefore "free" */
	uint32_t mask;
};

/* FNV-1a, one character at a time and from the right.  The keys come from files people edit and a search never adds
 * one, so a name made to collide can at most walk one run of the half-empty table. */
static const uint32_t hash_start = 0x811c9dc5u;

static uint32_t hash_char(uint32_t hash, char c) { return (hash ^ (unsigned char)c) * 0x01000193u; }

static uint32_t *find_slot(const struct pp_pattern_index *index, uint32_t hash, const char *suffix, size_t len)
{
	for (uint32_t at = hash ^ hash >> 15;; at++) {
		uint32_t *slot = &index->slots[at & index->mask];
		const struct node *node = &index->nodes[*slot];

		if (*slot == 0 || (node->hash == hash && node->len == len && memcmp(node->suffix, suffix, len) == 0))
			return slot;
	}
}

/* The node of the whole text, made with all those above it. */
static uint32_t add_nodes(struct pp_pattern_index *index, const char *text, size_t len)
{
	uint32_t hash = hash_start, node = 0;

	for (size_t at = len; at > 0;) {
		uint32_t *slot;

		hash = hash_char(hash, text[--at]);
		if (at > 0 && text[at - 1] != '.')
			continue;
		slot = find_slot(index, hash, text + at, len - at);
		if (*slot == 0) {
			index->nodes[index->node_count] = (struct node){
				.suffix = text + at,
				.len = (uint32_t)(len - at),
				.hash = hash,
				.parent = node,
			};
			*slot = index->node_count++;
		}
		node = *slot;
	}
	return node;
}

/* Sorted by node, then best first: `order`. */
struct place {
	const struct pp_pattern *pattern;
	uint32_t number, node;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int better;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	better = pp_pattern_compare(x->pattern, y->pattern);
	return better ? better : (x->number > y->number) - (x->number < y->number);
}

static void fill(struct pp_pattern_index *index, struct place *places, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct pp_pattern *pattern = &index->patterns[i];
		size_t suffix = suffix_len(pattern);

		places[i] =
		    (struct place){ pattern, i, add_nodes(index, pattern->text + pattern->len - suffix, suffix) };
	}
	if (count)
		qsort(places, count, sizeof(*places), compare_places);
	for (uint32_t i = 0; i < count; i++) {
		struct node *node = &index->nodes[places[i].node];

		index->order[i] = places[i].number;
		if (node->count++ == 0)
			node->first = i;
	}
}

enum pp_err pp_pattern_index_new(struct pp_arena *arena, const struct pp_pattern *patterns, uint32_t count,
				 struct pp_pattern_index **ret_index)
{
	struct pp_pattern_index *index = pp_arena_alloc(arena, sizeof(*index));
	struct place *places = pp_arena_alloc(arena, count * sizeof(*places));
	size_t nodes = 1, slots = 16;

	for (uint32_t i = 0; i < count; i++)
		nodes += patterns[i].literal_labels;
	while (slots < 2 * nodes)
		slots *= 2;
	if (!index || !places)
		return PP_NOMEM;
	*index = (struct pp_pattern_index){
		.patterns = patterns,
		.order = pp_arena_alloc(arena, count * sizeof(*index->order)),
		.nodes = pp_arena_alloc(arena, nodes * sizeof(*index->nodes)),
		.node_count = 1,
		.slots = pp_arena_alloc(arena, slots * sizeof(*index->slots)),
		.mask = (uint32_t)(slots - 1),
	};
	if (!index->order || !index->nodes || !index->slots)
		return PP_NOMEM;
	fill(index, places, count);
	*ret_index = index;
	return PP_OK;
}

/* The deepest node whose suffix the host has. */
static uint32_t deepest(const struct pp_pattern_index *index, const struct pp_host *host)
{
	uint32_t hash = hash_start, node = 0;

	for (size_t at = host->len; at > 0;) {
		uint32_t next;

		hash = hash_char(hash, host->text[--at]);
		if (at > 0 && host->text[at - 1] != '.')
			continue;
		next = *find_slot(index, hash, host->text + at, host->len - at);
		if (next == 0)
			break;
		node = next;
	}
	return node;
}

uint32_t pp_pattern_index_find(const struct pp_pattern_index *index, const struct pp_host *host)
{
	for (uint32_t at = deepest(index, host);; at = index->nodes[at].parent) {
		const struct node *node = &index->nodes[at];
		size_t left = left_of(host, node->len);

		for (uint32_t i = 0; i < node->count; i++) {
			uint32_t number = index->order[node->first + i];

			if (match_rest(&index->patterns[number], host, left))
				return number;
		}
		if (at == 0)
			return PP_PATTERN_NONE;
	}
}
