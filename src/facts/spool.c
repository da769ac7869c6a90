/* Connections end in another order than they begin, and are judged in the order in which they begin.  So records are
 * sorted while they are put: each shelf is a run of bytes, kept as a chain of blocks of one size.  When all blocks are
 * taken, those of the shelf that has most of them go to the temporary file.  There a shelf has pieces, which are larger than
 * blocks and are filled one after the other, so that its bytes lie side by side; what is not used of a piece is a hole.
 * Fetching a shelf puts its pieces in the file and its blocks in memory together again.
 *
 * Invariants  a shelf's bytes in the file come before those in memory.  A record may lie across blocks and pieces.
 */
#include "facts/spool.h"

#include "platform/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_BYTES = 4 * 1024,
	BLOCKS_LEAST = 4,
	BLOCKS_FIRST = 32, /* more than most captures need */
	SLAB_BLOCKS = PP_MEMORY_HUGE / BLOCK_BYTES,
	BLOCKS_WORTH = 8,
	PIECE_BYTES = 64 * 1024,
	RECORD_MAX = 1 << 20,
	NONE = -1
};

/* In front of each record, LABEL bytes: the length and the slot in one word of 4, then `beside`. */
enum { LABEL = 5, SLOT_BITS = 9 };
struct label {
	uint32_t len; /* of what follows: `beside`, then the packed connection */
	uint16_t slot;
	uint8_t beside;
};
_Static_assert(PP_SPOOL_SHELF == 1 << SLOT_BITS && RECORD_MAX < 1 << (32 - SLOT_BITS), "one word");

/* A chain of blocks, in memory or in the file; NONE: empty. */
struct chain {
	int32_t first, last;
};

struct block {
	int32_t next;
	uint32_t used;
};

struct shelf {
	struct chain memory, file;
	uint32_t bytes;
	uint32_t blocks;     /* in memory */
	struct pp_mark near; /* the first packet of the connection that was put first */
};

struct pp_spool {
	uint8_t **slabs; /* of the blocks in memory, SLAB_BLOCKS in each but the last */
	struct block *blocks;
	int32_t block_count, blocks_usual, blocks_most, free;
	struct block *filed; /* pieces of the file, by their place in it */
	int32_t filed_count, filed_room;
	struct pp_spill *file;
	bool owns_file;
	struct shelf *shelves;
	size_t shelf_count, first_held; /* shelves before that one have no blocks in memory */
	uint32_t count;
	struct pp_patterns *patterns;
	struct pp_buf record;
	/* The shelf that get() has at hand. */
	size_t fetched; /* its number, + 1; 0: none */
	struct pp_buf shelf;
	uint32_t at[PP_SPOOL_SHELF]; /* where a slot's label stands, + 1; 0: nobody put it */
};

/* Room for the blocks of one slab more, or of the last one if it is not whole, up to so many blocks in all; NULL without
 * memory. */
static uint8_t *take_slab(struct pp_spool *spool, int32_t slab, int32_t count)
{
	size_t before = (size_t)(spool->block_count - slab * SLAB_BLOCKS) * BLOCK_BYTES;
	struct block *blocks = realloc(spool->blocks, (size_t)count * sizeof(*blocks));
	uint8_t **slabs = realloc(spool->slabs, ((size_t)slab + 1) * sizeof(*slabs)), *bytes;

	if (blocks)
		spool->blocks = blocks;
	if (slabs)
		spool->slabs = slabs;
	if (!blocks || !slabs)
		return NULL;
	bytes = pp_memory_take((size_t)(count - slab * SLAB_BLOCKS) * BLOCK_BYTES);
	if (bytes && before) {
		memcpy(bytes, slabs[slab], before);
		pp_memory_give(slabs[slab], before);
	}
	return bytes;
}

/* More blocks, but no more than so many in all; false: there are, or no memory. */
static bool more_blocks(struct pp_spool *spool, int32_t most)
{
	int32_t slab = spool->block_count / SLAB_BLOCKS, whole = (slab + 1) * SLAB_BLOCKS;
	int32_t count = most < whole ? most : whole;
	uint8_t *bytes = count > spool->block_count ? take_slab(spool, slab, count) : NULL;

	if (!bytes)
		return false;
	spool->slabs[slab] = bytes;
	for (int32_t i = count; i-- > spool->block_count; spool->free = i)
		spool->blocks[i].next = spool->free;
	spool->block_count = count;
	return true;
}

static void free_slabs(struct pp_spool *spool)
{
	for (int32_t begin = 0; begin < spool->block_count; begin += SLAB_BLOCKS) {
		int32_t left = spool->block_count - begin, blocks = left < SLAB_BLOCKS ? left : SLAB_BLOCKS;

		pp_memory_give(spool->slabs[begin / SLAB_BLOCKS], (size_t)blocks * BLOCK_BYTES);
	}
	free(spool->slabs);
	free(spool->blocks);
}

static int32_t blocks_in(size_t memory)
{
	size_t count = memory / BLOCK_BYTES;

	return (int32_t)(count > BLOCKS_LEAST ? count : BLOCKS_LEAST);
}

struct pp_spool *pp_spool_new(size_t memory, size_t most, struct pp_spill *file)
{
	struct pp_spool *spool = calloc(1, sizeof(*spool));

	if (!spool)
		return NULL;
	pp_buf_init(&spool->record, RECORD_MAX);
	pp_buf_init(&spool->shelf, PP_SPOOL_SHELF_BYTES);
	spool->patterns = pp_patterns_new();
	spool->file = file;
	spool->blocks_usual = blocks_in(memory);
	spool->blocks_most = blocks_in(most);
	spool->free = NONE;
	if (!spool->patterns ||
	    !more_blocks(spool, spool->blocks_usual < BLOCKS_FIRST ? spool->blocks_usual : BLOCKS_FIRST)) {
		pp_spool_free(spool);
		return NULL;
	}
	return spool;
}

void pp_spool_free(struct pp_spool *spool)
{
	if (!spool)
		return;
	pp_buf_done(&spool->record);
	pp_buf_done(&spool->shelf);
	if (spool->owns_file)
		pp_spill_close(spool->file);
	pp_patterns_free(spool->patterns);
	free_slabs(spool);
	free(spool->filed);
	free(spool->shelves);
	free(spool);
}

uint32_t pp_spool_count(const struct pp_spool *spool) { return spool->count; }

/* ------------------------------------------------------------------ chains */

static uint8_t *bytes_of(const struct pp_spool *spool, int32_t block)
{
	return spool->slabs[block / SLAB_BLOCKS] + (size_t)(block % SLAB_BLOCKS) * BLOCK_BYTES;
}

static void append(struct chain *chain, struct block *blocks, int32_t block)
{
	blocks[block].next = NONE;
	if (chain->first == NONE)
		chain->first = block;
	else
		blocks[chain->last].next = block;
	chain->last = block;
}

static enum pp_err open_file(struct pp_spool *spool)
{
	enum pp_err err = PP_OK;

	if (!spool->file) {
		err = pp_spill_open(&spool->file);
		spool->owns_file = err == PP_OK;
	}
	return err;
}

/* Room for so many more pieces of the file. */
static enum pp_err filed_reserve(struct pp_spool *spool, uint32_t more)
{
	int32_t room = spool->filed_room ? spool->filed_room : 256;
	struct block *grown;

	while (room - spool->filed_count < (int32_t)more) {
		if (room > INT32_MAX / 2)
			return PP_LIMIT;
		room *= 2;
	}
	if (room == spool->filed_room)
		return PP_OK;
	grown = realloc(spool->filed, (size_t)room * sizeof(*grown));
	if (!grown)
		return PP_NOMEM;
	spool->filed = grown;
	spool->filed_room = room;
	return PP_OK;
}

/* The shelf's first block in memory is free again. */
static void free_first(struct pp_spool *spool, struct shelf *shelf)
{
	int32_t block = shelf->memory.first;

	shelf->memory.first = spool->blocks[block].next;
	shelf->blocks--;
	spool->blocks[block].next = spool->free;
	spool->free = block;
}

/* Where that many bytes of the shelf go in the file: behind those that are there if the piece has room for them or they may
 * run into the next one, else to a new piece. */
static enum pp_err place_in_file(struct pp_spool *spool, struct shelf *shelf, size_t len, uint64_t *ret_offset)
{
	int32_t last = shelf->file.last;
	enum pp_err err = filed_reserve(spool, (uint32_t)(len / PIECE_BYTES) + 2);

	if (err != PP_OK)
		return err;
	if (last == NONE || (len > PIECE_BYTES - spool->filed[last].used && last + 1 != spool->filed_count)) {
		last = spool->filed_count++;
		spool->filed[last].used = 0;
		append(&shelf->file, spool->filed, last);
	}
	*ret_offset = (uint64_t)last * PIECE_BYTES + spool->filed[last].used;
	return PP_OK;
}

static void note_filed(struct pp_spool *spool, struct shelf *shelf, size_t len)
{
	int32_t last = shelf->file.last;

	while (len > PIECE_BYTES - spool->filed[last].used) {
		len -= PIECE_BYTES - spool->filed[last].used;
		spool->filed[last].used = PIECE_BYTES;
		last = spool->filed_count++;
		spool->filed[last].used = 0;
		append(&shelf->file, spool->filed, last);
	}
	spool->filed[last].used += (uint32_t)len;
}

/* The shelf's first blocks in memory, as many as are written at once, go to the file. */
static enum pp_err file_blocks(struct pp_spool *spool, struct shelf *shelf)
{
	struct pp_span parts[PP_SPILL_PARTS_MAX];
	uint32_t count = 0;
	uint64_t offset;
	size_t len = 0;
	enum pp_err err;

	for (int32_t i = shelf->memory.first; i != NONE && count < PP_SPILL_PARTS_MAX; i = spool->blocks[i].next) {
		parts[count++] = (struct pp_span){ bytes_of(spool, i), spool->blocks[i].used };
		len += spool->blocks[i].used;
	}
	err = place_in_file(spool, shelf, len, &offset);
	if (err == PP_OK)
		err = pp_spill_write(spool->file, offset, parts, count);
	if (err != PP_OK)
		return err;
	note_filed(spool, shelf, len);
	while (count-- > 0)
		free_first(spool, shelf);
	return PP_OK;
}

static struct shelf *fullest_shelf(struct pp_spool *spool)
{
	struct shelf *fullest;

	while (spool->shelves[spool->first_held].blocks == 0)
		spool->first_held++;
	fullest = &spool->shelves[spool->first_held];
	for (size_t i = spool->first_held + 1; i < spool->shelf_count; i++)
		if (spool->shelves[i].blocks > fullest->blocks)
			fullest = &spool->shelves[i];
	return fullest;
}

/* A write of few blocks costs the kernel nearly as much as one of many.  Where so many shelves are in use that not even the
 * fullest has many, more memory than usual helps. */
static enum pp_err make_room(struct pp_spool *spool)
{
	struct shelf *fullest = fullest_shelf(spool);
	enum pp_err err;

	if (more_blocks(spool, fullest->blocks < BLOCKS_WORTH ? spool->blocks_most : spool->blocks_usual))
		return PP_OK;
	err = open_file(spool);
	while (fullest->memory.first != NONE && err == PP_OK)
		err = file_blocks(spool, fullest);
	return err;
}

static enum pp_err add_bytes(struct pp_spool *spool, struct shelf *shelf, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		struct block *last;
		size_t n;

		if (shelf->memory.first == NONE || spool->blocks[shelf->memory.last].used == BLOCK_BYTES) {
			enum pp_err err = spool->free == NONE ? make_room(spool) : PP_OK;
			int32_t block = spool->free;

			if (err != PP_OK)
				return err;
			spool->free = spool->blocks[block].next;
			spool->blocks[block].used = 0;
			append(&shelf->memory, spool->blocks, block);
			if (spool->first_held > (size_t)(shelf - spool->shelves))
				spool->first_held = (size_t)(shelf - spool->shelves);
			shelf->blocks++;
		}
		last = &spool->blocks[shelf->memory.last];
		n = BLOCK_BYTES - last->used < len ? BLOCK_BYTES - last->used : len;
		memcpy(bytes_of(spool, shelf->memory.last) + last->used, bytes, n);
		last->used += (uint32_t)n;
		bytes += n;
		len -= n;
	}
	return PP_OK;
}

/* ------------------------------------------------------------------ put */

static void put_label(uint8_t to[LABEL], struct label label)
{
	uint32_t word = label.len << SLOT_BITS | label.slot;

	memcpy(to, &word, sizeof(word));
	to[sizeof(word)] = label.beside;
}

static struct label label_at(const uint8_t from[LABEL])
{
	uint32_t word;

	memcpy(&word, from, sizeof(word));
	return (struct label){ word >> SLOT_BITS, word % PP_SPOOL_SHELF, from[sizeof(word)] };
}

static enum pp_err shelf_for(struct pp_spool *spool, uint32_t index, struct shelf **ret_shelf)
{
	size_t number = index / PP_SPOOL_SHELF, room = spool->shelf_count ? spool->shelf_count : 16;
	struct shelf *grown;

	if (number >= spool->shelf_count) {
		while (room <= number)
			room *= 2;
		grown = realloc(spool->shelves, room * sizeof(*grown));
		if (!grown)
			return PP_NOMEM;
		for (size_t i = spool->shelf_count; i < room; i++)
			grown[i] = (struct shelf){ .memory = { NONE, NONE }, .file = { NONE, NONE } };
		spool->shelves = grown;
		spool->shelf_count = room;
	}
	*ret_shelf = &spool->shelves[number];
	return PP_OK;
}

/* The record up to the connection itself, its label left out. */
static enum pp_err begin_record(struct pp_buf *record, struct pp_span beside)
{
	enum pp_err err = beside.len <= UINT8_MAX ? PP_OK : PP_LIMIT;

	pp_buf_clear(record);
	if (err == PP_OK)
		err = pp_buf_reserve(record, LABEL + beside.len);
	if (err != PP_OK)
		return err;
	if (beside.len)
		memcpy(record->p + LABEL, beside.p, beside.len);
	record->len = LABEL + beside.len;
	return PP_OK;
}

static struct pp_pack_place place_of(const struct pp_spool *spool, uint32_t index)
{
	return (struct pp_pack_place){ spool->patterns, spool->shelves[index / PP_SPOOL_SHELF].near, index };
}

static enum pp_err file_record(struct pp_spool *spool, struct shelf *shelf, uint32_t index, size_t beside)
{
	struct label label = { .len = (uint32_t)(spool->record.len - LABEL),
			       .slot = index % PP_SPOOL_SHELF,
			       .beside = (uint8_t)beside };
	enum pp_err err;

	if (spool->record.len > PP_SPOOL_SHELF_BYTES - shelf->bytes)
		return PP_LIMIT;
	put_label(spool->record.p, label);
	spool->fetched = 0;
	err = add_bytes(spool, shelf, spool->record.p, spool->record.len);
	if (err != PP_OK)
		return err;
	shelf->bytes += (uint32_t)spool->record.len;
	if (index >= spool->count)
		spool->count = index + 1;
	return PP_OK;
}

enum pp_err pp_spool_put(struct pp_spool *spool, const struct pp_connection *conn, struct pp_span beside)
{
	struct shelf *shelf;
	struct pp_pack_place place;
	enum pp_err err = shelf_for(spool, conn->index, &shelf);

	if (err == PP_OK)
		err = begin_record(&spool->record, beside);
	if (err != PP_OK)
		return err;
	if (shelf->bytes == 0)
		shelf->near = conn->first;
	place = place_of(spool, conn->index);
	err = pp_pack_connection(&spool->record, conn, &place);
	return err == PP_OK ? file_record(spool, shelf, conn->index, beside.len) : err;
}

/* ------------------------------------------------------------------ get */

/* Where every slot's record begins. */
static enum pp_err find_slots(struct pp_spool *spool)
{
	struct pp_cur cur = pp_cur_span(pp_buf_span(&spool->shelf), PP_MALFORMED);

	memset(spool->at, 0, sizeof(spool->at));
	while (pp_cur_left(&cur) > 0) {
		size_t at = spool->shelf.len - pp_cur_left(&cur);
		struct pp_span taken = pp_cur_take(&cur, LABEL);
		struct label label;

		if (!pp_cur_ok(&cur))
			return PP_MALFORMED;
		label = label_at(taken.p);
		pp_cur_skip(&cur, label.len);
		if (!pp_cur_ok(&cur))
			return PP_MALFORMED;
		spool->at[label.slot] = (uint32_t)at + 1;
	}
	return PP_OK;
}

/* Reads from *place on, as far as one full piece lies behind the other, to the end of the shelf; *place goes on. */
static enum pp_err read_run(struct pp_spool *spool, int32_t *place)
{
	int32_t first = *place, last = first;
	size_t len;
	enum pp_err err;

	while (spool->filed[last].next == last + 1 && spool->filed[last].used == PIECE_BYTES)
		last++;
	len = (size_t)(last - first) * PIECE_BYTES + spool->filed[last].used;
	err = pp_spill_read(spool->file, (uint64_t)first * PIECE_BYTES, spool->shelf.p + spool->shelf.len, len);
	spool->shelf.len += len;
	*place = spool->filed[last].next;
	return err;
}

static enum pp_err fetch(struct pp_spool *spool, size_t number)
{
	const struct shelf *shelf = &spool->shelves[number];
	enum pp_err err;

	spool->fetched = 0;
	pp_buf_clear(&spool->shelf);
	err = pp_buf_reserve(&spool->shelf, shelf->bytes);
	for (int32_t i = shelf->file.first; i != NONE && err == PP_OK;)
		err = read_run(spool, &i);
	for (int32_t i = shelf->memory.first; i != NONE && err == PP_OK; i = spool->blocks[i].next)
		err = pp_buf_add(&spool->shelf, bytes_of(spool, i), spool->blocks[i].used);
	if (err == PP_OK)
		err = find_slots(spool);
	if (err == PP_OK)
		spool->fetched = number + 1;
	return err;
}

enum pp_err pp_spool_get(struct pp_spool *spool, uint32_t index, struct pp_arena *arena, struct pp_spooled *ret_spooled)
{
	struct pp_pack_place place;
	struct pp_spooled spooled;
	struct pp_cur cur, record;
	struct pp_span taken;
	struct label label;
	enum pp_err err = PP_OK;
	uint32_t at;

	if (index >= spool->count)
		return PP_END;
	if (spool->fetched != index / PP_SPOOL_SHELF + 1)
		err = fetch(spool, index / PP_SPOOL_SHELF);
	if (err != PP_OK)
		return err;
	at = spool->at[index % PP_SPOOL_SHELF];
	if (at == 0)
		return PP_END;
	cur = pp_cur_span(pp_buf_span(&spool->shelf), PP_MALFORMED);
	pp_cur_skip(&cur, at - 1);
	taken = pp_cur_take(&cur, LABEL);
	if (!pp_cur_ok(&cur))
		return PP_MALFORMED;
	label = label_at(taken.p);
	record = pp_cur_sub(&cur, label.len);
	spooled.beside = pp_cur_take(&record, label.beside);
	place = place_of(spool, index);
	err = pp_unpack_connection(pp_cur_rest(&record), &place, arena, &spooled.conn);
	if (err == PP_OK)
		*ret_spooled = spooled;
	return err;
}
